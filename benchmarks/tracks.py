"""How vehicles and their receivers behave, read off their fixes: speeds, accelerations, stands, noise.

Pure: columns go in and samples come out, so that real traces and simulated ones are read by the same eyes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray

Floats = NDArray[np.float64]

STANDING_MS = 3 / 3.6
"""Slower than this a vehicle stands: receivers at rest report up to so much."""
JUMP_MS = 50.0
"""Places that lie apart faster than this are a jump."""
WANDER_LAGS_S = (1, 10, 60)
_WHOLE_STEP = 1.5
"""Two fixes are neighbours when they lie no further apart than so many sampling intervals."""
_COURSE_M = 3.0
"""A step shorter than this has no course worth the name."""


@dataclass(frozen=True, slots=True, eq=False)
class Tracks:
    """The fixes of some vehicles in columns of shape (n,), by vehicle and time; plane metres."""

    vehicle: NDArray[np.int64]
    time_s: Floats
    x: Floats
    y: Floats
    speed_ms: Floats
    """Reported, or true; NaN where it is not known."""
    off_m: Floats
    """Signed metres left of the line, NaN where there is none."""

    @staticmethod
    def of(
        vehicle: NDArray[np.integer], time_s: Floats, x: Floats, y: Floats, speed_ms: Floats,
        off_m: Floats | None = None,
    ) -> Tracks:  # fmt: skip
        """Tracks from columns in any order. Of two fixes of a vehicle at one moment the first stays."""
        off_m = np.full(len(x), np.nan) if off_m is None else off_m
        order = np.lexsort((time_s, vehicle))
        same = (np.diff(vehicle[order]) == 0) & (np.diff(time_s[order]) == 0)
        order = order[np.r_[True, ~same][: len(order)]]
        columns = (np.asarray(column, np.float64)[order] for column in (time_s, x, y, speed_ms, off_m))
        return Tracks(np.asarray(vehicle, np.int64)[order], *columns)

    def __len__(self) -> int:
        return len(self.x)

    @property
    def interval_s(self) -> float:
        """The usual seconds between two fixes of a vehicle; ``ValueError`` when none has two."""
        if not len(self.gaps_s):
            raise ValueError("no vehicle has two fixes")
        return float(np.median(self.gaps_s))

    @property
    def gaps_s(self) -> Floats:
        """Seconds from each fix to the next of its vehicle."""
        gaps: Floats = np.diff(self.time_s)[np.diff(self.vehicle) == 0]
        return gaps

    def pieces(self) -> Iterator[slice]:
        """The stretches of two fixes or more without a gap."""
        longest = self.interval_s * _WHOLE_STEP
        whole = (np.diff(self.vehicle) == 0) & (np.diff(self.time_s) <= longest)
        ends = [0, *(np.flatnonzero(~whole) + 1).tolist(), len(self)]
        for start, stop in pairwise(ends):
            if stop - start >= 2:
                yield slice(start, stop)


@dataclass(slots=True)
class Sample:
    """What was found in some tracks, each quantity as all its values."""

    fixes: int
    vehicles: int
    interval_s: Floats
    speed_kmh: Floats
    """Of fixes that move; so many as are not ``standing``."""
    standing: float
    """The part of the fixes that stand."""
    acceleration_ms2: Floats
    """Between neighbours of which one moves at least; below 0 it brakes."""
    stand_s: Floats
    """How long those lasted that begin and end under our eyes."""
    between_stands_m: Floats
    turn_deg_s: Floats
    aside_m: Floats
    """Metres of a moving fix beside the middle of its neighbours, across its course."""
    wander_m: dict[int, float]
    """Root mean square of how far a standing fix lies from that so many seconds before."""
    jumps: float
    """The part of the steps that are jumps."""
    stale: float
    """The part of the steps, between others that move, that stay at one place to the last digit."""
    off_m: Floats
    """Metres from the line, empty without one."""
    off_tau_s: float
    """Seconds in which the autocorrelation of the signed distance falls to 1/e; NaN without a line."""


@dataclass(slots=True)
class _Found:
    """Values as they are gathered, piece by piece."""

    speed: list[Floats] = field(default_factory=list)
    acceleration: list[Floats] = field(default_factory=list)
    stands: list[float] = field(default_factory=list)
    between: list[float] = field(default_factory=list)
    turn: list[Floats] = field(default_factory=list)
    aside: list[Floats] = field(default_factory=list)
    wander: dict[int, list[Floats]] = field(default_factory=lambda: {lag: [] for lag in WANDER_LAGS_S})
    steps: int = 0
    jumps: int = 0
    stale: int = 0


def sample_of(tracks: Tracks, *, reported: bool) -> Sample:
    """What tracks show. ``reported``: speeds are those reported, else what the places say.

    Raises ``ValueError`` when no vehicle has two fixes in a row.
    """
    interval, found = tracks.interval_s, _Found()
    for piece in tracks.pieces():
        time, x, y = tracks.time_s[piece], tracks.x[piece], tracks.y[piece]
        step_s, dx, dy = np.diff(time), np.diff(x), np.diff(y)
        by_places = np.hypot(dx, dy) / step_s
        if reported:
            speed = tracks.speed_ms[piece]
            sound = np.isfinite(speed)
            stale = (by_places == 0) & (speed[:-1] >= STANDING_MS) & (speed[1:] >= STANDING_MS)
        else:
            stale = _lonely(by_places == 0)
            late = stale | np.r_[False, stale[:-1]]  # one place told twice, and the step that makes up for it
            speed = np.r_[by_places, by_places[-1]]
            sound = np.r_[(by_places <= JUMP_MS) & ~late, False]
        stands = (speed < STANDING_MS) & ~np.r_[stale, False]
        found.speed.append(speed[sound])
        found.steps += len(step_s)
        found.jumps += int((by_places > JUMP_MS).sum())
        found.stale += int(stale.sum())
        whole = sound[1:] & sound[:-1] & ~(stands[1:] & stands[:-1])
        found.acceleration.append((np.diff(speed) / step_s)[whole])
        _stands(found, time, np.hypot(dx, dy), stands)
        _courses(found, dx, dy, step_s)
        _wander(found, x, y, stands, interval)
    speed = tracks.speed_ms[np.isfinite(tracks.speed_ms)] if reported else _joined(found.speed)
    if not len(speed) or not found.steps:
        raise ValueError("no vehicle has two fixes in a row that say how fast it is")
    off, tau = _off_line(tracks)
    moving = speed >= STANDING_MS
    return Sample(
        fixes=len(tracks),
        vehicles=len(np.unique(tracks.vehicle)),
        interval_s=tracks.gaps_s,
        speed_kmh=3.6 * speed[moving],
        standing=float(1 - moving.mean()),
        acceleration_ms2=_joined(found.acceleration),
        stand_s=np.array(found.stands),
        between_stands_m=np.array(found.between),
        turn_deg_s=_joined(found.turn),
        aside_m=_joined(found.aside),
        wander_m={lag: _rms(_joined(values)) for lag, values in found.wander.items()},
        jumps=found.jumps / found.steps,
        stale=found.stale / found.steps,
        off_m=np.abs(off),
        off_tau_s=tau,
    )


def _stands(found: _Found, time: Floats, step_m: Floats, stands: NDArray[np.bool_]) -> None:
    """Stands that begin and end in the piece, and the metres from one to the next."""
    driven = np.r_[0.0, np.cumsum(step_m)]
    arrived: int | None = None
    left: int | None = None
    for last in np.flatnonzero(stands[1:] != stands[:-1]).tolist():
        if stands[last]:
            if arrived is not None:
                found.stands.append(float(time[last + 1] - time[arrived]))
            left = last
        else:
            arrived = last + 1
            if left is not None:
                found.between.append(float(driven[arrived] - driven[left]))


def _courses(found: _Found, dx: Floats, dy: Floats, step_s: Floats) -> None:
    """Turn rates, and how far fixes lie beside the middle of their neighbours."""
    far = np.hypot(dx, dy) >= _COURSE_M
    both = far[1:] & far[:-1]
    course = np.arctan2(dx, dy)
    turned = np.abs((np.diff(course) + np.pi) % (2 * np.pi) - np.pi)
    found.turn.append((np.degrees(turned) / ((step_s[1:] + step_s[:-1]) / 2))[both])
    chord_x, chord_y = dx[1:] + dx[:-1], dy[1:] + dy[:-1]
    half = (dx[:-1] * chord_y - dy[:-1] * chord_x) / np.maximum(np.hypot(chord_x, chord_y), 1e-9)
    found.aside.append(np.abs(half)[both])


def _wander(found: _Found, x: Floats, y: Floats, stands: NDArray[np.bool_], interval_s: float) -> None:
    ends = np.flatnonzero(np.diff(np.r_[0, stands.astype(np.int8), 0]))
    for start, stop in ends.reshape(-1, 2).tolist():
        for lag, values in found.wander.items():
            cells = max(1, round(lag / interval_s))
            if cells * interval_s < lag * _WHOLE_STEP and stop - start > cells:
                moved_x = x[start + cells : stop] - x[start : stop - cells]
                values.append(np.hypot(moved_x, y[start + cells : stop] - y[start : stop - cells]))


def _lonely(flags: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Those that have no neighbour: one place repeated once, between steps, is no stand."""
    padded = np.r_[True, flags, True]
    lonely: NDArray[np.bool_] = flags & ~padded[2:] & ~padded[:-2]
    return lonely


def _off_line(tracks: Tracks) -> tuple[Floats, float]:
    """The signed distances from the line, and the time in which their autocorrelation falls to 1/e."""
    known = np.isfinite(tracks.off_m)
    if not known.any():
        return np.empty(0), np.nan
    pieces = [tracks.off_m[piece] for piece in tracks.pieces()]
    pieces = [part for part in pieces if np.isfinite(part).all()]
    power = np.mean(np.square(_joined(pieces))) if pieces else np.nan
    before = 1.0
    for cells in range(1, max(map(len, pieces), default=1)):
        products = [part[cells:] * part[:-cells] for part in pieces if len(part) > cells]
        here = float(np.mean(_joined(products)) / power)
        if here < np.exp(-1):
            share = (before - np.exp(-1)) / (before - here)
            return tracks.off_m[known], tracks.interval_s * (cells - 1 + float(share))
        before = here
    return tracks.off_m[known], np.nan


def off_line(line: shapely.LineString | shapely.MultiLineString, x: Floats, y: Floats) -> Floats:
    """Signed metres left of ``line`` in its own direction; plane metres, shape (n,)."""
    parts = np.array(list(getattr(line, "geoms", [line])), dtype=object)
    points = np.asarray(shapely.points(x, y))
    off = shapely.distance(parts[:, None], points[None])
    nearest = parts[np.argmin(off, axis=0)]
    along = shapely.line_locate_point(nearest, points)
    lengths = shapely.length(nearest)
    behind = shapely.line_interpolate_point(nearest, np.clip(along - 1, 0, lengths))
    ahead = shapely.line_interpolate_point(nearest, np.clip(along + 1, 0, lengths))
    east, north = shapely.get_x(ahead) - shapely.get_x(behind), shapely.get_y(ahead) - shapely.get_y(behind)
    left = east * (y - shapely.get_y(behind)) - north * (x - shapely.get_x(behind))
    return np.asarray(np.where(left < 0, -1.0, 1.0) * off.min(axis=0), np.float64)


def ks_distance(one: Floats, other: Floats) -> float:
    """Kolmogorov and Smirnov's: the greatest difference of the two distribution functions, 0 to 1."""
    if not len(one) or not len(other):
        return float("nan")
    at = np.concatenate([one, other])
    rank = [np.searchsorted(np.sort(values), at, side="right") / len(values) for values in (one, other)]
    return float(np.abs(rank[0] - rank[1]).max())


def _joined(parts: list[Floats]) -> Floats:
    return np.concatenate(parts) if parts else np.empty(0)


def _rms(values: Floats) -> float:
    return float(np.sqrt(np.mean(np.square(values)))) if len(values) else float("nan")
