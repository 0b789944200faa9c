"""Trips as they are driven: waiting, under way, ended.

Route deviation is judged on a trip under way only: the way from the depot to the first stop and
home from the last is no deviation. A trip is under way once the bus has driven forward along the
line for some way that began near the line's beginning; it has ended at the last stop.

Without a timetable (``open_ended``) a bus is under way from its first fix near the line. At either end
of it it lays over; it is under way again when it has driven off along the line, either way.
"""

from __future__ import annotations

import numpy as np

from geofence.compiled import Row, compiled, inlined, row_dtype
from geofence.corridors import Corridors
from geofence.matching import MATCH, Place

NO_TRIP, WAITING, UNDER_WAY, ENDED = range(4)
"""The phases of a trip, as the column holds them. ``NO_TRIP``: no fix in its window yet."""

STANDING, FORWARD, BACKWARD = 0, 1, -1
"""Progress along the line since the last fix."""

RUN = row_dtype(
    [
        *MATCH,
        ("run_from_m", np.float64),
        ("run_to_m", np.float64),
        ("run_ms", np.int64),
        ("early_m", np.float64),
        ("left_m", np.float64),
        ("left_ms", np.int64),
        ("passed_m", np.float64),
        ("visited", np.int64),
        ("scatter_m2", np.float64),
        ("lost_m", np.float64),
        ("phase", np.int8),
        ("at_first", np.int8),
        ("running", np.bool_),
        ("near_beginning", np.bool_),
        ("midway", np.bool_),
        ("again", np.bool_),
        ("absent", np.bool_),
        ("told", np.bool_),
        ("lost", np.bool_),
    ]
)
"""What is remembered of one trip. ``running``: on the line and going forward from ``run_from_m`` to
``run_to_m`` at ``run_ms``, a run that began ``near_beginning``; ``at_first``: not 0 when the bus has been
at its first stop, and not gone away from there since; ``early_m``: so far it had come before the trip was
due, minus infinity if it began later; ``midway``: its first fix in the window lay on the line, unseen before.
``left_m, left_ms``: where and when the bus was last on its line before it was ``absent`` from it;
``passed_m``: as far as it had followed the line; ``visited``: bit k for stop k. ``scatter_m2``: mean square
of the wander of the bus across the line. ``again``: an open-ended one that has reached an end before.
``told``: that it has not begun. ``lost``: it may have ended while the bus was not seen, which had come to
``lost_m`` before."""

_UNSEEN_MS = 17.0
"""Metres a second that a bus drives unseen between two fixes: 60 km/h, the legal cap."""
_PLAUSIBLE_MS, _PLAUSIBLE_M = 35.0, 300.0
"""A bus can have come so far along its line since its last fix on it."""
_DRIVES_MS, _DRIVES_M = 25.0, 100.0
"""So far it comes while it drives along it: farther on, it crosses another pass of its line."""
_ASIDE_MS = 60_000
"""A run from the first stop goes on in the next one, when drift put the bus aside for no longer."""
HERE, NEAR, AWAY = range(3)
"""Where a bus is by its first stop."""
_BEEN = 2
"""So many fixes away from there, one after the other or not, say that it has gone: one may be wrong."""


@inlined
def first_stop(c: Corridors, line: int) -> tuple[float, float, float]:
    """Where a line's first stop is, metres on the plane, and its chainage; without one, its beginning."""
    route = c.lines[line]
    if route.first_stop >= route.last_stop:
        return route.x0, route.y0, 0.0
    stop = c.stops[route.first_stop]
    return route.x0 + stop.x, route.y0 + stop.y, stop.chainage_m


@inlined
def step_run(
    r: Row,
    place: Place,
    t: int,
    start_ms: int,
    open_ended: bool,
    elapsed_ms: int,
    room_m: float,
    stands: bool,
    parked: bool,
    by_first: int,
    c: Corridors,
    line: int,
    p: Row,
) -> None:
    """Take a trip one believed fix further.

    ``elapsed_ms``: since the last believed fix of the bus, -1 when there was none for long.
    ``room_m``: a bus that drives along its line may seem so far outside its corridor. ``stands``: by
    its speed it does not move, so that what it comes forward is drift, to another pass of its line perhaps;
    ``parked``: it has stood for long, and the way that it had come before is no part of the trip.
    ``by_first``: ``HERE`` at the first stop, ``NEAR`` it, or ``AWAY`` from it.
    """
    route = c.lines[line]
    on_line = place.off_m <= route.width_m
    if r.phase == NO_TRIP:
        r.phase = WAITING
        r.midway = on_line and (elapsed_ms < 0 or t - start_ms >= p.late_ms)
    if r.phase == WAITING:
        if by_first == HERE:
            r.at_first = _BEEN
            r.midway |= on_line and elapsed_ms < 0  # it may have begun in the silence
        if place.off_m > route.width_m + (room_m if r.running else 0.0):
            r.running = False
            r.midway = False
            if by_first == AWAY and r.at_first > 0 and t - r.run_ms > _ASIDE_MS:
                r.at_first -= 1
            return
        if parked and place.chainage_m > p.beginning_m and not open_ended:
            r.running = False
        if stands and r.running:
            return
        _join(r, place.chainage_m, t, t >= start_ms, open_ended, elapsed_ms, route, p)
    elif r.phase == UNDER_WAY:
        if _at_end(r, place, t, on_line, open_ended, route, p):
            r.phase = ENDED
            if open_ended:
                r.phase = WAITING
                r.again = True
                r.running = False
        elif on_line and can_have_come(place.chainage_m - r.run_to_m, t - r.run_ms):
            r.run_to_m = place.chainage_m
            r.run_ms = t


@compiled
def _join(
    r: Row, chainage_m: float, t: int, due: bool, open_ended: bool, elapsed_ms: int, route: Row, p: Row
) -> None:
    """Take the run of a waiting bus along its line one fix further; it is no trip before it is ``due``, and
    a bus that waits on its line for that may still turn round to its first stop.
    """
    if open_ended and not r.again and p.ending_m <= chainage_m <= route.length_m - p.ending_m:
        _begin(r, t, chainage_m)
        r.phase = UNDER_WAY
        return
    ahead_m = chainage_m - r.run_to_m
    elsewhere = ahead_m < -p.backward_m or ahead_m > _DRIVES_M + _DRIVES_MS * (t - r.run_ms) / 1000.0
    if not r.running or (not open_ended and elsewhere):
        goes_on = r.near_beginning and r.at_first > 0 and t - r.run_ms <= _ASIDE_MS
        goes_on = goes_on and can_have_come(ahead_m, t - r.run_ms)
        _begin(r, t, chainage_m)
        unseen_m = _UNSEEN_MS * min(max(elapsed_ms, 0), 90_000) / 1000.0 if elapsed_ms > 2_000 else 0.0
        r.near_beginning = open_ended or goes_on or chainage_m <= p.beginning_m + unseen_m
        return
    r.run_to_m = chainage_m if open_ended else max(r.run_to_m, chainage_m)
    r.run_ms = t
    driven = driven_m(r)
    if not due:
        r.early_m = r.run_to_m
        return
    if r.run_to_m - r.early_m < p.backward_m:
        return
    enough_m = p.joined_late_m
    if r.midway or r.near_beginning:
        enough_m = p.joined_m if r.near_beginning and (r.at_first > 0 or open_ended) else p.joined_midway_m
    if driven >= enough_m:
        r.phase = UNDER_WAY


@compiled
def _begin(r: Row, t: int, chainage_m: float) -> None:
    r.running = True
    r.run_from_m = chainage_m
    r.run_to_m = chainage_m
    r.run_ms = t
    r.early_m = -np.inf
    r.absent = False
    r.passed_m = chainage_m
    r.visited = 0


@compiled
def driven_m(r: Row) -> float:
    """Metres driven along the line without a break."""
    return abs(r.run_to_m - r.run_from_m) if r.running else 0.0


@compiled
def _at_end(r: Row, place: Place, t: int, on_line: bool, open_ended: bool, route: Row, p: Row) -> bool:
    """Whether the bus has reached an end of its line, or has passed it to turn round or lay over."""
    if not on_line and place.off_m > p.terminal_m:
        return False
    end_m = route.length_m if open_ended else route.last_stop_m
    if place.chainage_m >= end_m - p.ending_m:
        way_m = place.chainage_m - r.run_to_m
    elif open_ended and place.chainage_m <= p.ending_m:
        way_m = r.run_to_m - place.chainage_m
    else:
        return False
    return can_have_come(way_m, t - r.run_ms)


@inlined
def can_have_come(way_m: float, elapsed_ms: int) -> bool:
    """Whether a bus can have driven so far along its line since it was last on it, either way; if not,
    another pass of the line is near.
    """
    return abs(way_m) <= _PLAUSIBLE_M + _PLAUSIBLE_MS * elapsed_ms / 1000.0
