"""A fleet for benchmarks: any number of buses, each on a line of its own that turns as streets do."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fleet.clock import SECOND_MS, parse_time
from fleet.fixes import Fixes
from fleet.registry import Approval, Assignment, Bus, Driver, LimitStretch, Registry, Stop, Zone
from geofence.plane import Plane

START_MS = parse_time("2026-09-01T07:05:00+08:00")
CITY_M = 40_000.0
FEWEST, MOST = 300, 1_500
"""Vertices of a line."""
_DAY, _FAR = dt.date(2026, 1, 1), dt.date(2026, 12, 31)
_PLANE = Plane(114.3, 30.6)
_NOISE_M = 3.0
_OFF_SHARE, _OFF_M = 0.03, 150.0
_OFF_AFTER_S = 30
"""Nearly all buses are under way by then; also the largest fleet, driven for 45 s only, must see it."""
_WIDE = 1e6
"""More than any chainage: keeps the lines apart in one sorted array."""


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of a fleet in metres, one after the other: line i from ``first[i]`` to ``first[i + 1]``."""

    first: NDArray[np.int64]
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    chainage_m: NDArray[np.float64]


def make_lines(buses: int, seed: int = 1) -> Lines:
    """A line for each bus: 300 to 1,500 vertices 8 to 26 m apart, some crossing themselves, one in ten
    running out and back on one street.
    """
    rng = np.random.default_rng(seed)
    xs, ys, chainages, first = [], [], [], [0]
    for line in range(buses):
        n = int(rng.integers(FEWEST, MOST + 1))
        if line % 10 == 0:
            n = n // 2 + 1
        turns = rng.normal(0, 0.02, n) + np.where(rng.random(n) < 0.02, rng.choice([-1.5, 1.5], n), 0.0)
        course = rng.uniform(0, 2 * np.pi) + np.cumsum(turns)
        step = rng.uniform(8, 26, n)
        x = rng.uniform(-CITY_M / 2, CITY_M / 2) + np.cumsum(step * np.cos(course))
        y = rng.uniform(-CITY_M / 2, CITY_M / 2) + np.cumsum(step * np.sin(course))
        if line % 10 == 0:
            x, y = np.r_[x, x[-2::-1]], np.r_[y, y[-2::-1]]
        xs.append(x)
        ys.append(y)
        chainages.append(np.r_[0.0, np.cumsum(np.hypot(np.diff(x), np.diff(y)))])
        first.append(first[-1] + len(x))
    return Lines(np.array(first), np.concatenate(xs), np.concatenate(ys), np.concatenate(chainages))


def make_registry(lines: Lines) -> Registry:
    """The lines as approvals with stops and limits, a bus and an assignment for each, and school zones."""
    lon, lat = _PLANE.to_degrees(lines.x, lines.y)
    approvals, buses, assignments = [], [], []
    for row in range(len(lines.first) - 1):
        part = slice(lines.first[row], lines.first[row + 1])
        way = tuple(zip(lon[part].tolist(), lat[part].tolist(), strict=True))
        chainage = lines.chainage_m[part]
        length = float(chainage[-1])
        at = np.searchsorted(chainage, np.arange(0, length, 800.0)).tolist()
        stops = tuple(Stop("", way[k][0], way[k][1], float(chainage[k])) for k in at)
        limits = tuple(
            LimitStretch(length * f, length * (f + 0.1), kmh, "posted")
            for f, kmh in ((0.1, 40.0), (0.5, 50.0), (0.8, 30.0))
        )
        approvals.append(
            Approval(f"R{row}.1", f"R{row}", 1, "", "", "", "to_school", way, 50.0, stops, limits, _DAY, _FAR)
        )
        buses.append(Bus(f"B{row}", "", "", _FAR, _FAR, "", "", 40, way[0]))
        assignments.append(
            Assignment(f"A{row}", f"B{row}", "D", f"R{row}", (1, 2, 3, 4, 5), dt.time(7), dt.time(9))
        )
    rng = np.random.default_rng(2)
    zones = tuple(
        Zone(f"Z{k}", "", tuple((float(a), float(b)) for a, b in corners), 30.0)
        for k, corners in enumerate(_squares(rng.uniform(-CITY_M / 2, CITY_M / 2, (20, 2)), 150.0))
    )
    drivers = (Driver("D", "", "", _FAR),)
    return Registry(tuple(buses), drivers, tuple(approvals), tuple(assignments), version="bench", zones=zones)


def _squares(centres: NDArray[np.float64], half_m: float) -> Iterator[NDArray[np.float64]]:
    for x, y in centres:
        lon, lat = _PLANE.to_degrees(
            x + half_m * np.array([-1, 1, 1, -1]), y + half_m * np.array([-1, -1, 1, 1])
        )
        yield np.column_stack((lon, lat))


def drive(lines: Lines, seconds: int, seed: int = 3) -> Fixes:
    """A fix a second of each bus, second after second, the buses of a second in shuffled order: along
    their lines at 6 to 14 m/s, a few metres of noise, three in a hundred 150 m beside them after a while.
    """
    rng = np.random.default_rng(seed)
    buses = len(lines.first) - 1
    key = lines.chainage_m + np.repeat(np.arange(buses) * _WIDE, np.diff(lines.first))
    speed = rng.uniform(6, 14, buses)
    length = lines.chainage_m[lines.first[1:] - 1]
    at = rng.uniform(0, 100, buses)
    off = np.where(rng.random(buses) < _OFF_SHARE, _OFF_M, 0.0)
    drift = rng.normal(0, _NOISE_M, (2, buses))
    batches = []
    for second in range(seconds):
        speed = np.clip(speed + rng.normal(0, 0.5, buses), 4, 15)
        at = np.where(at < length - 500, at + speed, 0.0)
        drift = 0.98 * drift + 0.2 * rng.normal(0, _NOISE_M, (2, buses))
        k = np.minimum(np.searchsorted(key, at + np.arange(buses) * _WIDE, side="right") - 1, len(key) - 2)
        dx, dy = lines.x[k + 1] - lines.x[k], lines.y[k + 1] - lines.y[k]
        step = np.maximum(np.hypot(dx, dy), 1e-6)
        along = at - lines.chainage_m[k]
        aside = off * (second > _OFF_AFTER_S)
        x = lines.x[k] + dx / step * along - dy / step * aside + drift[0]
        y = lines.y[k] + dy / step * along + dx / step * aside + drift[1]
        lon, lat = _PLANE.to_degrees(x, y)
        order = rng.permutation(buses)
        fixes = Fixes.of(
            bus=np.arange(buses, dtype=np.int32),
            time_ms=np.full(buses, START_MS + second * SECOND_MS),
            lon=lon,
            lat=lat,
            speed_kmh=(speed * 3.6).astype(np.float32),
            heading_deg=(np.degrees(np.arctan2(dx, dy)) % 360).astype(np.float32),
            accuracy_m=np.full(buses, 4.0, np.float32),
        )
        batches.append(fixes.take(order))
    return Fixes.concat(batches)
