"""When a bus was at the stops of its trip, read off its stored track.

The track is followed along the approved line by the very loops that judge it live, so the trip is under
way here when it is there. For people who look at a bus; no alert comes of it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from alerts.memory import pack_numbers
from alerts.trips import AWAY, ENDED, HERE, NEAR, NO_TRIP, RUN, UNDER_WAY, WAITING, first_stop, step_run
from fleet.fixes import Fixes
from fleet.parameters import Parameters
from fleet.quality import UNBELIEVED, Quality
from fleet.registry import Approval, Stop
from geofence.compiled import compiled
from geofence.corridors import Corridors, pack_corridors
from geofence.matching import locate
from geofence.plane import Plane

NEAR_M = 30.0
"""A stop is reached so many metres before it along the line, and left so many beyond it."""
EARLY_MS = 600_000
"""So long before its window a trip may begin."""

_UNSEEN = -1
_APART_MS = 90_000
"""Between fixes farther apart than this nobody knows when a stop was passed."""
_PLAUSIBLE_MS, _PLAUSIBLE_M = 30.0, 150.0
"""So far a bus drives along its line between two fixes; farther on it was matched to another pass of it."""
_ROOM_M = 30.0
_COURSE_M = 15.0
"""A displacement shorter than this says nothing of the course."""
_STANDS_KMH = 3.0

TripState = Literal["waiting", "under_way", "ended"]
_STATES: dict[int, TripState] = {
    NO_TRIP: "waiting",
    WAITING: "waiting",
    UNDER_WAY: "under_way",
    ENDED: "ended",
}


@dataclass(frozen=True, slots=True)
class Passage:
    """A stop, and when the bus was there: epoch milliseconds, None where it was not seen."""

    stop: Stop
    reached_ms: int | None
    left_ms: int | None


def passages(
    approval: Approval, start_ms: int, fixes: Fixes, quality: NDArray[np.int16]
) -> tuple[TripState, list[Passage]]:
    """How far a trip came, and its stops in the order of their chainage.

    ``start_ms``: when its window opens. ``fixes``: the track of its bus in event order, shape (n,), from
    ``EARLY_MS`` before; ``quality``: its marks. A backfilled fix counts like any other, a doubtful place
    for nothing. Between two fixes on the line the moment is interpolated; a stop that the bus drove round is
    not seen.
    """
    # Late is a mark of the order in which fixes came, which no longer matters here.
    believed = (quality & int(UNBELIEVED & ~Quality.LATE)) == 0
    track = fixes.take(believed)
    points = np.array(approval.line, np.float64)
    plane = Plane.around(points[:, 0], points[:, 1])
    corridors = pack_corridors([approval], plane)
    parameters = Parameters().with_settings(approval.parameters)
    runs = np.zeros(1, RUN)
    reached = np.full(len(corridors.stops), _UNSEEN, np.int64)
    left = reached.copy()
    x, y = plane.to_metres(track.lon, track.lat)
    speed = track.speed_kmh.astype(np.float64)
    _follow_track(
        corridors, pack_numbers([parameters]).trip, runs, track.time_ms, x, y, speed, start_ms,
        parameters.stops_skipped.stop_m, reached, left,
    )  # fmt: skip
    stops = sorted(approval.stops, key=lambda stop: stop.chainage_m)
    columns = zip(stops, reached.tolist(), left.tolist(), strict=True)
    return _STATES[int(runs[0]["phase"])], [
        Passage(stop, _known(reached_ms), _known(left_ms)) for stop, reached_ms, left_ms in columns
    ]


def _known(moment_ms: int) -> int | None:
    return None if moment_ms == _UNSEEN else moment_ms


@compiled
def _follow_track(
    c: Corridors,
    trip: NDArray[np.void],
    runs: NDArray[np.void],
    time_ms: NDArray[np.int64],
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    speed_kmh: NDArray[np.float64],
    start_ms: int,
    stop_m: float,
    reached: NDArray[np.int64],
    left: NDArray[np.int64],
) -> None:
    """Follow a track along line 0; writes the moments at its stops."""
    p, r, route = trip[0], runs[0], c.lines[0]
    first_x, first_y, first_m = first_stop(c, 0)
    before_m, before_ms = 0.0, -1
    for i in range(len(time_ms)):
        t = time_ms[i]
        elapsed = t - time_ms[i - 1] if i > 0 else -1
        course_x, course_y = 0.0, 0.0
        if i > 0:
            dx, dy = x[i] - x[i - 1], y[i] - y[i - 1]
            moved = math.hypot(dx, dy)
            if moved >= _COURSE_M:
                course_x, course_y = dx / moved, dy / moved
        ran, ran_from_m = r.running, r.run_from_m
        ended = r.phase == ENDED
        place = locate(c, 0, r, t, x[i], y[i], course_x, course_y, 0.0)
        stands = speed_kmh[i] < _STANDS_KMH
        from_m = math.hypot(x[i] - first_x, y[i] - first_y)
        by_first = NEAR if from_m <= p.terminal_m else AWAY
        begins = place.off_m <= route.width_m and place.chainage_m <= first_m + p.first_stop_m
        if i == 0 or begins or (stands and from_m <= p.first_stop_m):
            by_first = HERE
        step_run(r, place, t, start_ms, False, elapsed, _ROOM_M, stands, False, by_first, c, 0, p)
        if r.phase == WAITING and not (ran and r.running and r.run_from_m == ran_from_m):
            # Another run along the line: what was passed on the one before is no part of the trip.
            reached[:] = _UNSEEN
            left[:] = _UNSEEN
            before_ms = -1
        if not r.running and r.phase != ENDED:
            continue
        if place.off_m > route.width_m:
            before_ms = -1
            if not ended:
                _pass_near(c, t, x[i] - route.x0, y[i] - route.y0, stop_m, reached, left)
            continue
        here_m = place.chainage_m
        follows = (
            before_ms >= 0
            and t - before_ms <= _APART_MS
            and abs(here_m - before_m) <= _PLAUSIBLE_M + _PLAUSIBLE_MS * (t - before_ms) / 1000.0
        )
        if not follows:
            before_m, before_ms = here_m, t
        _pass_along(c, before_m, before_ms, here_m, t, reached, left)
        before_m, before_ms = here_m, t
        if r.phase == ENDED:
            if not ended and len(reached) > 0 and reached[-1] == _UNSEEN:
                reached[-1] = t  # it ends some metres before its last stop
            if len(reached) == 0 or left[-1] != _UNSEEN:
                return


@compiled
def _pass_along(
    c: Corridors,
    from_m: float,
    from_ms: int,
    to_m: float,
    to_ms: int,
    reached: NDArray[np.int64],
    left: NDArray[np.int64],
) -> None:
    """Mark what was reached or left on a stretch of line driven between two fixes, or at one."""
    for k in range(len(reached)):
        near_m, beyond_m = c.stops[k].chainage_m - NEAR_M, c.stops[k].chainage_m + NEAR_M
        if reached[k] == _UNSEEN and to_m >= near_m and (from_m < near_m or from_m <= beyond_m):
            reached[k] = _moment(from_m, from_ms, to_m, to_ms, near_m)
        if left[k] == _UNSEEN and reached[k] != _UNSEEN and to_m > beyond_m:
            left[k] = max(_moment(from_m, from_ms, to_m, to_ms, beyond_m), reached[k])


@compiled
def _moment(from_m: float, from_ms: int, to_m: float, to_ms: int, at_m: float) -> int:
    """When a place was passed between two others."""
    if to_m <= from_m or at_m <= from_m:
        return from_ms
    return from_ms + round((to_ms - from_ms) * (at_m - from_m) / (to_m - from_m))


@compiled
def _pass_near(
    c: Corridors,
    t: int,
    x: float,
    y: float,
    near_m: float,
    reached: NDArray[np.int64],
    left: NDArray[np.int64],
) -> None:
    """Mark what a bus away from its line comes near to all the same."""
    for k in range(len(reached)):
        away = math.hypot(c.stops[k].x - x, c.stops[k].y - y)
        if away <= near_m and reached[k] == _UNSEEN:
            reached[k] = t
        elif away > near_m and reached[k] != _UNSEEN and left[k] == _UNSEEN:
            left[k] = t
