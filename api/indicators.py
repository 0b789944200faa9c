"""The indicators by which transport officials judge the monitoring of a fleet, as a pure function of figures.

====================  ==================================================================================
上线率 online         buses in service with a trip due on a day by the school calendar that reported on that
                      day ÷ such buses, summed over the days
数据合格率 valid       fixes whose place can be believed ÷ fixes
轨迹完整率 complete    metres driven less those between two believed fixes more than two minutes apart ÷
                      metres driven
漂移率 drift           fixes that are a jump or a frozen place ÷ fixes
连通率 connected       minutes of due trips in which the bus made a fix ÷ minutes of due trips
====================  ==================================================================================

What is due counts up to the time for which figures stand: a trip of this evening is not missing at noon. A
fix that came late counts in the minute it was made in: a stretch that the device kept and handed in is track,
though nobody could watch it live.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from fleet.clock import HOUR_MS, MINUTE_MS
from fleet.hours import BusHours
from fleet.registry import Registry
from fleet.timetable import Trips

Ints = NDArray[np.int64]
GroupOf = Callable[[NDArray[np.int64], NDArray[np.int64]], NDArray[np.int64]]
"""The group of each (row of the bus in the registry, moment in ms), shape (n,); below 0 for none."""

_HOURS = 1 << 21
"""More hours than there are from 1970 to the year 2200."""


@dataclass(frozen=True, slots=True, eq=False)
class Figures:
    """Sums by group, shape (groups,). A rate is one of them by another."""

    buses_due: Ints
    """Buses in service with a trip due, once for each day (or hour, where a group is an hour)."""
    buses_online: Ints
    """Of them those that reported on that day (in their trips of that hour)."""
    fixes: Ints
    valid: Ints
    jumps: Ints
    frozen: Ints
    moved_m: NDArray[np.float64]
    unseen_m: NDArray[np.float64]
    minutes: Ints
    """Minutes of buses in which a fix was made."""
    minutes_due: Ints
    minutes_connected: Ints
    trips_due: Ints
    """Trips whose window has opened."""
    trips_seen: Ints
    """Of them those during which the bus made a fix."""
    top_speed_kmh: NDArray[np.float64]
    """The highest believed speed; NaN where there is none."""


@dataclass(frozen=True, slots=True, eq=False)
class Facts:
    """What sums are made of, in columns. A bus is its row in the registry, -1 when no longer on record."""

    hours: BusHours
    hour_bus: Ints
    pair_bus: Ints
    """Of each bus and hour with due minutes: the bus, …"""
    pair_ms: Ints
    """… the beginning of the hour, …"""
    pair_due: Ints
    """… the due minutes in it, …"""
    pair_connected: Ints
    """… and those of them with a fix."""
    day_bus: Ints
    """Of each bus and day with a trip due: the bus, …"""
    day_ms: Ints
    """… the beginning of the day, …"""
    day_online: NDArray[np.bool_]
    """… and whether it reported."""
    trip_bus: Ints
    trip_ms: Ints
    trip_seen: NDArray[np.bool_]


def gather(registry: Registry, hours: BusHours, trips: Trips, days_ms: Ints, until_ms: int) -> Facts:
    """What is due and what was done on some days.

    ``days_ms`` are the beginnings of the days and the end of the last, shape (days + 1,); ``trips`` are those
    of the days, and ``hours`` what buses did in them. What lies after ``until_ms`` is not due.
    """
    rows = np.array([registry.bus_rows.get(bus_id, -1) for bus_id in hours.bus_ids], np.int64)
    hour_bus = rows[hours.bus] if len(hours) else np.empty(0, np.int64)
    in_service = np.array([bus.state == "in_service" for bus in registry.buses], np.bool_)
    until_ms = min(until_ms, int(days_ms[-1])) // MINUTE_MS * MINUTE_MS
    kept = in_service[trips.bus] & (trips.start_ms < until_ms)
    bus, start_ms = trips.bus[kept].astype(np.int64), trips.start_ms[kept]
    end_ms = np.minimum(trips.end_ms[kept], until_ms)

    trip, pair_ms, minutes = _by_hour(start_ms, end_ms)
    key = bus[trip] * _HOURS + pair_ms // HOUR_MS
    seen_minutes = minutes & _minutes_at(key, hour_bus * _HOURS + hours.begins_ms // HOUR_MS, hours.minutes)
    trip_seen = np.zeros(len(bus), np.bool_)
    np.logical_or.at(trip_seen, trip, seen_minutes != 0)

    keys, group = np.unique(key, return_inverse=True)
    due, connected = np.zeros(len(keys), np.int64), np.zeros(len(keys), np.int64)
    np.bitwise_or.at(due, group, minutes)  # windows of one bus may overlap
    np.bitwise_or.at(connected, group, seen_minutes)

    days = len(days_ms) - 1
    day_key = np.unique(bus * days + _place(days_ms, start_ms))
    reported = np.unique(hour_bus * days + _place(days_ms, hours.begins_ms))
    return Facts(
        hours=hours,
        hour_bus=hour_bus,
        pair_bus=keys // _HOURS,
        pair_ms=keys % _HOURS * HOUR_MS,
        pair_due=_count_bits(due),
        pair_connected=_count_bits(connected),
        day_bus=day_key // days,
        day_ms=days_ms[day_key % days],
        day_online=np.isin(day_key, reported),
        trip_bus=bus,
        trip_ms=start_ms,
        trip_seen=trip_seen,
    )


def sum_up(facts: Facts, group_of: GroupOf, groups: int, *, by_hour: bool = False) -> Figures:
    """The sums of each group. ``by_hour`` says that a group is an hour, in which a bus is online when it made
    a fix during its due minutes.
    """
    hours = facts.hours
    hour = group_of(facts.hour_bus, hours.begins_ms)
    pair = group_of(facts.pair_bus, facts.pair_ms)
    trip = group_of(facts.trip_bus, facts.trip_ms)
    if by_hour:
        due_of, online = pair, facts.pair_connected > 0
    else:
        due_of, online = group_of(facts.day_bus, facts.day_ms), facts.day_online
    top = np.full(groups, -np.inf)
    spoken = (hour >= 0) & np.isfinite(hours.top_speed_kmh)
    np.maximum.at(top, hour[spoken], hours.top_speed_kmh[spoken])

    def count(of: Ints, what: NDArray[np.generic] | None = None) -> Ints:
        return np.rint(total(of, what)).astype(np.int64)

    def total(of: Ints, what: NDArray[np.generic] | None = None) -> NDArray[np.float64]:
        inside = of >= 0
        weights = None if what is None else what[inside].astype(np.float64)
        return np.bincount(of[inside], weights, minlength=groups).astype(np.float64)

    return Figures(
        buses_due=count(due_of),
        buses_online=count(due_of, online),
        fixes=count(hour, hours.fixes),
        valid=count(hour, hours.valid),
        jumps=count(hour, hours.jumps),
        frozen=count(hour, hours.frozen),
        moved_m=total(hour, hours.moved_m),
        unseen_m=total(hour, hours.unseen_m),
        minutes=count(hour, _count_bits(hours.minutes)),
        minutes_due=count(pair, facts.pair_due),
        minutes_connected=count(pair, facts.pair_connected),
        trips_due=count(trip),
        trips_seen=count(trip, facts.trip_seen),
        top_speed_kmh=np.where(np.isfinite(top), top, np.nan),
    )


def cut(hours: BusHours, until_ms: int) -> BusHours:
    """The hours up to a moment. Of the hour that it cuts, counts and metres are shared out by the minutes in
    which fixes were made, which is an estimate; the minutes themselves are exact.
    """
    before = hours.begins_ms < until_ms
    part = BusHours(
        hours.bus_ids, **{name: getattr(hours, name)[before] for name in _columns() if name != "bus_ids"}
    )
    over = np.minimum((until_ms - part.begins_ms) // MINUTE_MS, HOUR_MS // MINUTE_MS)
    minutes = part.minutes & ((np.int64(1) << over) - 1)
    share = _count_bits(minutes) / np.maximum(_count_bits(part.minutes), 1)
    scaled = {
        name: np.rint(getattr(part, name) * share).astype(np.int64)
        for name in ("fixes", "valid", "jumps", "frozen")
    }
    metres = {name: getattr(part, name) * share for name in ("moved_m", "unseen_m")}
    cut_off = replace(part, minutes=minutes, **scaled, **metres)
    left = minutes != 0
    return replace(
        cut_off, **{name: getattr(cut_off, name)[left] for name in _columns() if name != "bus_ids"}
    )


def _columns() -> tuple[str, ...]:
    return tuple(column.name for column in fields(BusHours))


def _by_hour(start_ms: Ints, end_ms: Ints) -> tuple[Ints, Ints, Ints]:
    """Windows cut at full hours: of each part the row of its window, the beginning of its hour, its minutes
    as bits, one begun among them.
    """
    first = start_ms // HOUR_MS
    parts = (end_ms - 1) // HOUR_MS - first + 1
    window = np.repeat(np.arange(len(start_ms)), parts)
    nth = np.arange(len(window)) - np.repeat(np.cumsum(parts) - parts, parts)
    begins_ms = (first[window] + nth) * HOUR_MS
    low = (np.maximum(start_ms[window], begins_ms) - begins_ms) // MINUTE_MS
    high = -(-(np.minimum(end_ms[window], begins_ms + HOUR_MS) - begins_ms) // MINUTE_MS)
    one = np.int64(1)
    return window, begins_ms, (one << high) - (one << low)


def _minutes_at(asked: Ints, keys: Ints, minutes: Ints) -> Ints:
    """The minutes of each asked bus and hour, 0 where the bus did not report."""
    if not len(keys):
        return np.zeros(len(asked), np.int64)
    order = np.argsort(keys)
    place = np.minimum(np.searchsorted(keys[order], asked), len(keys) - 1)
    return np.where(keys[order][place] == asked, minutes[order][place], 0)


def _place(edges_ms: Ints, moments_ms: Ints) -> Ints:
    """Between which two edges moments lie; the last part for one after them all."""
    return np.clip(np.searchsorted(edges_ms, moments_ms, side="right") - 1, 0, len(edges_ms) - 2)


def _count_bits(bits: Ints) -> Ints:
    return np.bitwise_count(bits).astype(np.int64)
