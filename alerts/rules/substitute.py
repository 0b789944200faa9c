"""Substitutes: a bus that drives another bus's approved route, and not one of its own.

A bus without a trip leaves a thin trail, from where it last was on one or parked. When the trail leads
from near the beginning of a line whose trip is due for another bus, forward along it, and the bus has stood
at stops of that line, it is a substitute on that trip: it is held to that line's limits until it leaves the
line or the trip ends; its distance from the line is no deviation. An empty bus that happens to drive the same
way passes the stops by.
"""

from __future__ import annotations

import math

import numpy as np

from alerts.following import PARKED_MS, STANDS_KMH, On, Report
from alerts.memory import HALTS, WAY_POINTS, Duties, Facts, Memory, Numbers
from alerts.telling import EVENT_OPENED, SUBSTITUTE, Events, keep_peak, noted, tell, tell_end
from alerts.trips import UNDER_WAY, driven_m
from geofence.beginnings import lines_beginning_near
from geofence.compiled import Row, compiled, inlined
from geofence.corridors import Corridors
from geofence.matching import locate

STEP_M = 100.0
"""Metres between two points of the trail; doubled whenever it is full. Of two points the one stays at which
the bus was longer: it waits where it sets out."""
_LAYOVER_MS = 60_000
"""Where a bus stands for so long there is a point of its trail; at stops and lights it is shorter."""
_CRAWLED_MS = 10_000, 45_000
_CRAWLS_KMH = 10.0
"""Of two fixes so far apart in time the way between them shows a halt that neither of them shows: slower than
that, a bus has stood for a part of it. It stood about half way."""
_SAME_M = 30.0
"""A halt nearer to the last one is the same."""
_BACKWARD_M = 50.0
"""Noise: the trail may fall back so far along the line."""


@inlined
def judge_substitute(
    events: Events,
    count: int,
    m: Memory,
    duties: Duties,
    facts: Facts,
    numbers: Numbers,
    fix: Report,
    on: On,
) -> int:
    """Take the rule one fix further."""
    s = m.buses[fix.bus]
    if (s.active >> SUBSTITUTE) & 1 and s.foreign_line < 0:
        count = tell_end(events, count, fix.bus, SUBSTITUTE, fix.t, m.bands[SUBSTITUTE, fix.bus])
        s.active = noted(s.active, SUBSTITUTE, False)
    stood_ms = fix.t - s.anchor_ms if s.anchor_ms > 0 else 0
    if s.has_way and (on.under_way or stood_ms >= PARKED_MS):
        m.ways[fix.bus].kept = m.ways[fix.bus].halts = 0
        s.has_way = False
    if on.under_way:
        return count
    s.has_way = True
    w = m.ways[fix.bus]
    if fix.speed_kmh < STANDS_KMH:
        keep_halt(w, fix.t, fix.x, fix.y)
    elif crawled(fix.elapsed_ms, math.hypot(fix.x - s.x, fix.y - s.y)):
        keep_halt(w, fix.t, 0.5 * (fix.x + s.x), 0.5 * (fix.y + s.y))
    extend_way(w, fix.t, fix.x, fix.y, fix.lon, fix.lat, stood_ms >= _LAYOVER_MS)
    if s.foreign_line < 0 and math.hypot(fix.x - w.asked_x, fix.y - w.asked_y) >= _asks_m(w):
        w.asked_x, w.asked_y = fix.x, fix.y
        count = _open(events, count, m, duties, facts, numbers, fix, on)
    return count


@inlined
def _asks_m(w: Row) -> float:
    """Metres between two places at which the trail is held against the lines."""
    return max(STEP_M, 0.25 * w.step_m)


@compiled
def _open(
    events: Events,
    count: int,
    m: Memory,
    duties: Duties,
    facts: Facts,
    numbers: Numbers,
    fix: Report,
    on: On,
) -> int:
    """Raise it, if the trail shows one."""
    chosen = facts.parameter_set[on.line]
    b = fix.bus
    s, way, band = m.buses[b], m.ways[b], m.bands[SUBSTITUTE, b]
    here = way.kept  # the trail, and the place where the bus is now
    if here < WAY_POINTS:
        way.ms[here], way.x[here], way.y[here] = fix.t, fix.x, fix.y
        way.kept += 1
    trip = find_substitute(
        m, duties, facts, b, fix.t, numbers.trip[chosen].beginning_m, numbers.substitute[chosen]
    )
    if here < WAY_POINTS:
        way.kept -= 1
    if trip < 0:
        return count
    duty = duties.trips[trip]
    band.open = True
    band.first_ms, band.first_lon, band.first_lat = way.ms[0], way.lon[0], way.lat[0]
    band.opened_ms, band.peak, band.fixes, band.severity = fix.t, -np.inf, 0, 0
    band.late = fix.t < fix.late_before_ms
    keep_peak(
        band, driven_m(m.foreign[b]), fix.t, fix.lon, fix.lat, 0.0, 0.0, 0, m.foreign[b].run_to_m, duty.line,
        duty.assignment,
    )  # fmt: skip
    s.active = noted(s.active, SUBSTITUTE, True)
    return tell(events, count, b, SUBSTITUTE, EVENT_OPENED, fix.t, band)


@compiled
def keep_halt(w: Row, t: int, x: float, y: float) -> None:
    """Remember that the bus stood at a place, once for each time."""
    last = (w.halts - 1) % HALTS
    if w.halts == 0 or math.hypot(x - w.halt_x[last], y - w.halt_y[last]) > _SAME_M:
        last = w.halts % HALTS
        w.halts += 1
        w.halt_x[last], w.halt_y[last] = x, y
    w.halt_ms[last] = t


@inlined
def crawled(elapsed_ms: int, moved_m: float) -> bool:
    """Whether a bus has stood for a part of the time between two fixes, by the way between them."""
    within = _CRAWLED_MS[0] <= elapsed_ms <= _CRAWLED_MS[1]
    return within and 3_600.0 * moved_m < _CRAWLS_KMH * elapsed_ms


@compiled
def extend_way(w: Row, t: int, x: float, y: float, lon: float, lat: float, waits: bool) -> None:
    """Take the trail to a place."""
    if w.kept > 0:
        k = w.kept - 1
        if math.hypot(x - w.x[k], y - w.y[k]) < (STEP_M if waits else w.step_m):
            if waits:
                w.x[k], w.y[k], w.lon[k], w.lat[k] = x, y, lon, lat
            return
    else:
        w.step_m = STEP_M
        w.asked_x, w.asked_y = x, y
    if w.kept == WAY_POINTS:
        for k in range(WAY_POINTS // 2):
            j = 2 * k
            following_ms = w.ms[j + 2] if j + 2 < WAY_POINTS else t
            if following_ms - w.ms[j + 1] > w.ms[j + 1] - w.ms[j]:
                j += 1
            w.ms[k], w.x[k], w.y[k], w.lon[k], w.lat[k] = w.ms[j], w.x[j], w.y[j], w.lon[j], w.lat[j]
        w.kept = WAY_POINTS // 2
        w.step_m *= 2.0
    k = w.kept
    w.ms[k], w.x[k], w.y[k], w.lon[k], w.lat[k] = t, x, y, lon, lat
    w.kept += 1


@compiled
def find_substitute(
    m: Memory, duties: Duties, facts: Facts, b: int, t: int, beginning_m: float, for_substitute: Row
) -> int:
    """The trip of another bus that this bus drives, -1 for none. Sets the bus's foreign run, and drops
    what the trail holds from before it.
    """
    w = m.ways[b]
    for p in range(w.kept - 1):
        trip = _find_from(
            m, duties, facts, b, t, p, w.ms[p], w.x[p], w.y[p], beginning_m + w.step_m, for_substitute
        )
        if trip >= 0:
            return trip
    for j in range(min(w.halts, HALTS)):  # a long trail may have lost the first stop, where the bus stood
        p = 0
        while p < w.kept - 1 and w.ms[p] < w.halt_ms[j]:
            p += 1
        trip = _find_from(
            m, duties, facts, b, t, p, w.halt_ms[j], w.halt_x[j], w.halt_y[j], beginning_m, for_substitute
        )
        if trip >= 0:
            return trip
    return -1


@compiled
def _find_from(
    m: Memory,
    duties: Duties,
    facts: Facts,
    b: int,
    t: int,
    first: int,
    from_ms: int,
    x: float,
    y: float,
    within_m: float,
    for_substitute: Row,
) -> int:
    """The same for a trip whose line begins within so many metres of a place of the trail, at ``from_ms``;
    ``first``: the point of the trail there or after it.
    """
    w, c, found = m.ways[b], facts.corridors, m.found
    near = lines_beginning_near(facts.beginnings, c, x, y, within_m, found)
    for f in range(near):
        line = found[f]
        trip = _due(duties, line, t)
        if trip < 0 or _is_own(duties, b, line, t):
            continue
        if _drives_along(m, c, b, line, first, from_ms, x, y, for_substitute):
            _begin_at(w, first)
            m.buses[b].foreign_line = line
            m.buses[b].foreign_end_ms = duties.trips[trip].end_ms
            return trip
    return -1


@compiled
def _begin_at(w: Row, first: int) -> None:
    """Drop the points of a trail before one of them."""
    for k in range(first, w.kept):
        j = k - first
        w.ms[j], w.x[j], w.y[j], w.lon[j], w.lat[j] = w.ms[k], w.x[k], w.y[k], w.lon[k], w.lat[k]
    w.kept -= first


@compiled
def _due(duties: Duties, line: int, t: int) -> int:
    """A trip on a line whose window is open; -1 for none."""
    for k in range(duties.first_of_line[line], duties.first_of_line[line + 1]):
        trip = duties.of_line[k]
        if duties.trips[trip].start_ms > t:
            break
        if t < duties.trips[trip].end_ms and not duties.trips[trip].open_ended:
            return trip
    return -1


@compiled
def _is_own(duties: Duties, b: int, line: int, t: int) -> bool:
    """Whether the bus has a trip of its own on a line now."""
    for k in range(duties.first[b], duties.first[b + 1]):
        if duties.trips[k].line == line and duties.trips[k].start_ms <= t < duties.trips[k].end_ms:
            return True
    return False


@compiled
def _drives_along(
    m: Memory,
    c: Corridors,
    b: int,
    line: int,
    first: int,
    from_ms: int,
    x: float,
    y: float,
    for_substitute: Row,
) -> bool:
    """Whether the trail from a place, and then from its point ``first``, leads forward along a line, for long
    enough and with a stand at its stops.
    """
    w = m.ways[b]
    r = m.foreign[b]
    r.known = False
    route = c.lines[line]
    place = locate(c, line, r, from_ms, x, y, 0.0, 0.0, 0.0)
    if place.off_m > route.width_m:
        return False
    began = reached = place.chainage_m
    for p in range(first, w.kept):
        place = locate(c, line, r, w.ms[p], w.x[p], w.y[p], 0.0, 0.0, 0.0)
        if place.off_m > 2.0 * route.width_m or place.chainage_m < reached - _BACKWARD_M:
            return False
        reached = max(reached, place.chainage_m)
    if reached - began < max(for_substitute.driven_m, for_substitute.part * route.length_m):
        return False
    if not _served(c, line, w, from_ms, began, reached, for_substitute):
        return False
    r.phase = UNDER_WAY
    r.running = True
    r.absent = False
    r.visited = 0
    r.run_from_m = began
    r.run_to_m = reached
    r.run_ms = w.ms[w.kept - 1]
    return True


@compiled
def _served(
    c: Corridors, line: int, w: Row, since_ms: int, from_m: float, to_m: float, for_substitute: Row
) -> bool:
    """Whether the bus has stood, since a moment, at enough of a line's stops between two places of it."""
    route = c.lines[line]
    passed = served = 0
    for k in range(route.first_stop, route.last_stop):
        stop = c.stops[k]
        if not from_m + for_substitute.stop_m < stop.chainage_m < to_m - for_substitute.stop_m:
            continue
        passed += 1
        x, y = route.x0 + float(stop.x), route.y0 + float(stop.y)
        for j in range(min(w.halts, HALTS)):
            if w.halt_ms[j] >= since_ms and math.hypot(w.halt_x[j] - x, w.halt_y[j] - y) <= (
                for_substitute.stop_m
            ):
                served += 1
                break
    return served >= for_substitute.served * passed
