"""Where a bus is by its trip: the one it is under way on, or all that it may be on."""

from __future__ import annotations

import math
from typing import NamedTuple

from alerts.memory import Duties, Facts, Memory, Numbers
from alerts.trips import (
    AWAY,
    HERE,
    NEAR,
    NO_TRIP,
    UNDER_WAY,
    WAITING,
    can_have_come,
    driven_m,
    first_stop,
    step_run,
)
from alerts.trips import ENDED as TRIP_ENDED
from alerts.wander import wander_of
from geofence.compiled import Row, compiled, inlined, wide
from geofence.corridors import Corridors
from geofence.matching import NO_LINE, Place, by_an_end, locate

PARKED_MS = 300_000
"""A bus that has stood so long is parked."""

STANDS_KMH = 3.0
"""A reported speed below this is standing: the place may drift without the bus."""

_CREEPS_KMH = 10.0
"""So slow a bus drives into its depot, or turns round there."""
_HOME_M = 150.0
"""So near to its depot a bus is in it."""

_WAITED_MS = 120_000
"""A bus that has stood so long by its first stop has waited to set out, not for a light."""
_UNSEEN_MS = 17.0
"""Metres a second that a bus drives unseen between two fixes: 60 km/h, the legal cap."""
_LONG_UNSEEN_MS = 45_000
"""Longer than from one fix to the next of a device that reports every 30 s."""
_TURNED = -0.5
"""The cosine of an angle between course and line from which a bus has turned round."""
_BOARDS_MS = 10_000
"""So long it stands at a stop at least."""

NOBODY_S, OWN, FOREIGN = range(3)
"""Whose trip a bus is on."""


class Report(NamedTuple):
    """A believed fix, as the rules take it."""

    bus: int
    t: int
    """Event time, epoch milliseconds."""
    lon: float
    lat: float
    x: float
    """Metres in the plane."""
    y: float
    speed_kmh: float
    """The speed to judge by; NaN when not known."""
    reported: bool
    """Whether that is the reported one."""
    course_x: float
    course_y: float
    """The course over ground, of length 1; (0, 0) when not known."""
    accuracy_m: float
    elapsed_ms: int
    """Since the last believed fix of the bus, -1 when there was none for long."""
    late_before_ms: int
    """An episode opened by an older fix was found late."""


class On(NamedTuple):
    """Where a bus is by its trip."""

    whose: int
    """``OWN``, ``FOREIGN`` or ``NOBODY_S``."""
    trip: int
    """Row of its own trip; -1 for none."""
    line: int
    place: Place
    follows: bool
    """Under way, or driven far enough forward along the line to be on that road."""
    under_way: bool
    ended: bool
    """This fix ended the trip."""
    came_from_m: float
    came_from_ms: int
    """Where along the line and when it was last on it."""
    forbidden_trip: int
    """Row of a trip that is due and may not be run; -1 for none."""


_NOWHERE = On(
    NOBODY_S, -1, NO_LINE, Place(math.nan, math.nan, math.nan, 0, False), False, False, False, 0.0, 0, -1
)


@inlined
def phase_of(m: Memory, on: On) -> int:
    if on.whose == FOREIGN:
        return UNDER_WAY
    if on.trip < 0:
        return NO_TRIP
    return m.runs[on.trip].phase


@inlined
def is_astray(on: On, t: int) -> bool:
    """Whether a bus under way is matched to a place on its line to which it cannot have come: drift has
    put it nearer to another pass, and what holds of that pass does not hold of the bus.
    """
    return on.under_way and not can_have_come(on.place.chainage_m - on.came_from_m, t - on.came_from_ms)


@compiled
def begin_afresh(m: Memory, duties: Duties, b: int) -> None:
    """A bus without a timetable that was silent for long is on its route from its next fix near it."""
    for k in range(duties.first[b], duties.first[b + 1]):
        if duties.trips[k].open_ended:
            m.runs[k].phase = NO_TRIP
            m.runs[k].again = False
            m.runs[k].running = False
            m.runs[k].known = False
            if m.buses[b].trip == k:
                m.buses[b].trip = -1


@compiled
def lays_over(duties: Duties, c: Corridors, b: int, t: int, x: float, y: float, terminal_m: float) -> bool:
    """Whether a bus without a timetable is by an end of any of its lines, where it turns or waits."""
    for k in range(duties.first[b], duties.first[b + 1]):
        if not duties.trips[k].open_ended or not duties.trips[k].start_ms <= t < duties.trips[k].end_ms:
            continue
        if by_an_end(c, duties.trips[k].line, x, y, terminal_m):
            return True
    return False


@inlined
def take_trip(
    m: Memory,
    duties: Duties,
    facts: Facts,
    numbers: Numbers,
    fix: Report,
) -> On:
    """Match a fix against the trip that its bus is on, or else against all that it may be on."""
    s = m.buses[fix.bus]
    if s.open_trip < 0:
        s.open_trip = duties.first[fix.bus]
    last = duties.first[fix.bus + 1]
    while s.open_trip < last and duties.trips[s.open_trip].end_ms <= fix.t:
        s.open_trip += 1
    if s.trip >= 0 and fix.t >= duties.trips[s.trip].end_ms:
        s.trip = -1
    best = _NOWHERE
    if s.foreign_line >= 0:
        best = _follow_foreign(m, facts, numbers, fix)
        if best.under_way:
            return best
        best = _NOWHERE
    k = wide(s.trip)
    forbidden = -1
    if k >= 0:
        best = _follow(m, duties, facts, numbers, fix, k)
        forbidden = -1 if duties.trips[k].permitted else k
        if not best.under_way:
            s.trip = -1
        keeps_to_it = best.under_way and best.place.off_m <= facts.corridors.lines[best.line].width_m
        if not duties.trips[k].open_ended or keeps_to_it:
            return _forbidding(best, forbidden)
    for j in range(s.open_trip, last):
        duty = duties.trips[j]
        if duty.start_ms - numbers.trip[facts.parameter_set[duty.line]].early_ms > fix.t:
            break
        if j == k or fix.t >= duty.end_ms:
            continue
        if not duty.permitted and fix.t >= duty.start_ms:
            forbidden = j
        if duty.line < 0 or m.runs[j].phase == TRIP_ENDED:
            continue
        other = _follow(m, duties, facts, numbers, fix, j)
        nearer = not best.place.off_m <= other.place.off_m
        if k >= 0:
            nearer &= other.under_way and other.place.off_m <= facts.corridors.lines[other.line].width_m
        if nearer or (other.under_way and not best.under_way):
            best = other
    if best.under_way:
        s.trip = best.trip
    return _forbidding(best, forbidden)


@inlined
def _follow(
    m: Memory,
    duties: Duties,
    facts: Facts,
    numbers: Numbers,
    fix: Report,
    k: int,
) -> On:
    """Take the bus's trip in row ``k`` one fix further."""
    duty, r = duties.trips[k], m.runs[k]
    line = wide(duty.line)
    chosen = facts.parameter_set[line]
    p = numbers.trip[chosen]
    if fix.elapsed_ms < 0:
        r.scatter_m2 = 0.0
    wander_m = wander_of(r, numbers.deviation[chosen])
    came_from_m, came_from_ms = r.run_to_m, r.run_ms
    place = locate(facts.corridors, line, r, fix.t, fix.x, fix.y, fix.course_x, fix.course_y, wander_m)
    s = m.buses[fix.bus]
    stood_ms = fix.t - s.anchor_ms if s.anchor_ms > 0 else 0
    parked = stood_ms >= PARKED_MS or (stood_ms >= _WAITED_MS and r.phase == WAITING and _is_home(facts, fix))
    if r.phase == UNDER_WAY and not duty.open_ended and _is_home(facts, fix):
        if parked:
            r.phase, r.running = WAITING, False
        elif _came_home_early(r, fix, duty.start_ms, p):
            r.phase, r.early_m = WAITING, r.run_to_m
    if r.phase == UNDER_WAY and not duty.open_ended:
        if fix.t - s.last_ms > _LONG_UNSEEN_MS:
            _lose_sight(facts.corridors, line, r, s, fix)
        if r.lost and _ended_unseen(facts.corridors, line, r, place, p):
            r.phase, r.running = TRIP_ENDED, False
    by_first = NEAR if r.phase == UNDER_WAY else _by_first_stop(facts.corridors, line, place, s, fix, p)
    step_run(
        r, place, fix.t, duty.start_ms, duty.open_ended, fix.elapsed_ms, max(fix.accuracy_m, wander_m),
        fix.speed_kmh < STANDS_KMH, parked, by_first, facts.corridors, line, p,
    )  # fmt: skip
    under_way = r.phase == UNDER_WAY
    follows = under_way or (r.phase == WAITING and driven_m(r) >= p.joined_m)
    ended = r.phase == TRIP_ENDED
    return On(OWN, wide(k), line, place, follows, under_way, ended, came_from_m, came_from_ms, -1)


@compiled
def _follow_foreign(m: Memory, facts: Facts, numbers: Numbers, fix: Report) -> On:
    """Take the bus along the line that it drives as a substitute, until it leaves it or the trip ends."""
    s, r, c = m.buses[fix.bus], m.foreign[fix.bus], facts.corridors
    line = wide(s.foreign_line)
    s.foreign_line = -1
    if fix.t >= s.foreign_end_ms:
        return _NOWHERE
    came_from_m, came_from_ms = r.run_to_m, r.run_ms
    place = locate(c, line, r, fix.t, fix.x, fix.y, fix.course_x, fix.course_y, 0.0)
    p = numbers.trip[facts.parameter_set[line]]
    step_run(r, place, fix.t, 0, False, fix.elapsed_ms, fix.accuracy_m, False, False, NEAR, c, line, p)
    if r.phase != UNDER_WAY or place.off_m > 2.0 * c.lines[line].width_m:
        return _NOWHERE
    s.foreign_line = line
    return On(FOREIGN, -1, line, place, True, True, False, came_from_m, came_from_ms, -1)


@compiled
def _by_first_stop(c: Corridors, line: int, place: Place, s: Row, fix: Report, p: Row) -> int:
    """Where a bus is by the first stop of a line: at it when it stands there or is on the line's beginning,
    when it may have stood there since its last fix, and when it has waited near by.
    """
    x, y, first_m = first_stop(c, line)
    near_m = p.first_stop_m + fix.accuracy_m
    from_m = math.hypot(fix.x - x, fix.y - y)
    begins = place.off_m <= c.lines[line].width_m and place.chainage_m <= first_m + near_m
    stands = from_m <= near_m and fix.speed_kmh < STANDS_KMH
    waits = from_m <= p.terminal_m and s.anchor_ms > 0 and fix.t - s.anchor_ms >= _WAITED_MS
    if not s.seen or begins or stands or waits:
        return HERE
    if fix.t - s.last_ms > _BOARDS_MS:
        unseen_m = _UNSEEN_MS * (fix.t - s.last_ms - _BOARDS_MS) / 1000.0
        if from_m + math.hypot(s.x - x, s.y - y) <= near_m + unseen_m:
            return HERE
    return NEAR if from_m <= p.terminal_m else AWAY


@compiled
def _lose_sight(c: Corridors, line: int, r: Row, s: Row, fix: Report) -> None:
    """Remember where a bus was before it was long unseen, if it can have driven to its last stop meanwhile,
    and from there to where it is: in a tunnel perhaps.
    """
    unseen_m = _UNSEEN_MS * (fix.t - s.last_ms - _BOARDS_MS) / 1000.0
    if _by_last_stop_m(c, line, r.run_to_m, fix.x, fix.y) <= unseen_m:
        r.lost = True
        r.lost_m = r.run_to_m


@inlined
def _ended_unseen(c: Corridors, line: int, r: Row, place: Place, p: Row) -> bool:
    """Whether a bus that may have been at its last stop does not go on along its line: it is driving home."""
    if place.off_m > c.lines[line].width_m:
        return True
    if place.chainage_m > r.lost_m + p.joined_m and not place.along < 0.0:
        r.lost = False
    return r.lost and (place.chainage_m < r.lost_m - p.backward_m or place.along < _TURNED)


@compiled
def _by_last_stop_m(c: Corridors, line: int, from_m: float, x: float, y: float) -> float:
    """Metres along a line from a chainage to its last stop, and straight from there to a place."""
    route = c.lines[line]
    k = route.first
    while k < route.last - 1 and c.vertices[k + 1].chainage_m <= route.last_stop_m:
        k += 1
    from_end_m = math.hypot(x - route.x0 - c.vertices[k].x, y - route.y0 - c.vertices[k].y)
    return max(route.last_stop_m - from_m, 0.0) + from_end_m


@compiled
def _is_home(facts: Facts, fix: Report) -> bool:
    """Whether a bus is at its depot: parked there it is on no trip, though its line may pass the gate."""
    home = facts.buses[fix.bus]
    return math.hypot(fix.x - home.depot_x, fix.y - home.depot_y) <= _HOME_M


@inlined
def _came_home_early(r: Row, fix: Report, start_ms: int, p: Row) -> bool:
    """Whether a bus at its depot has driven home along its next line: it set out before that was due, and
    stops or turns at home in the first minutes of the window. It must drive on from there, or come back.
    """
    set_out = r.early_m - r.run_from_m >= p.joined_m
    return set_out and fix.t < start_ms + p.early_ms and fix.speed_kmh < _CREEPS_KMH


@inlined
def _forbidding(on: On, trip: int) -> On:
    """The same with a trip that is due and may not be run."""
    return On(
        on.whose, on.trip, on.line, on.place, on.follows, on.under_way, on.ended, on.came_from_m,
        on.came_from_ms, trip,
    )  # fmt: skip
