"""Substitutes: a bus that drives another bus's approved route, and not one of its own.

A bus without a trip leaves a thin trail. When the trail leads from near the beginning of a line whose
trip is due for another bus, forward along it, the bus is a substitute on that trip: it is held to that line's
limits until it leaves the line or the trip ends; its distance from the line is no deviation.
"""

from __future__ import annotations

import math

from alerts.memory import WAY_POINTS, Duties, Facts, Memory
from alerts.trips import UNDER_WAY
from geofence.beginnings import lines_beginning_near
from geofence.compiled import Row, compiled
from geofence.corridors import Corridors
from geofence.matching import locate

STEP_M = 100.0
"""Metres between two points of the trail; doubled whenever it is full."""
_BACKWARD_M = 50.0
"""Noise: the trail may fall back so far along the line."""


@compiled
def extend_way(w: Row, t: int, x: float, y: float, lon: float, lat: float) -> bool:
    """Take the trail to a place; whether that made it longer by a point."""
    if w.kept > 0:
        k = w.kept - 1
        if math.hypot(x - w.x[k], y - w.y[k]) < w.step_m:
            return False
    else:
        w.step_m = STEP_M
    if w.kept == WAY_POINTS:
        for k in range(WAY_POINTS // 2):
            j = 2 * k
            w.ms[k], w.x[k], w.y[k], w.lon[k], w.lat[k] = w.ms[j], w.x[j], w.y[j], w.lon[j], w.lat[j]
        w.kept = WAY_POINTS // 2
        w.step_m *= 2.0
    k = w.kept
    w.ms[k], w.x[k], w.y[k], w.lon[k], w.lat[k] = t, x, y, lon, lat
    w.kept += 1
    return True


@compiled
def find_substitute(
    m: Memory, duties: Duties, facts: Facts, b: int, t: int, beginning_m: float, for_substitute: Row
) -> int:
    """The trip of another bus that this bus drives, -1 for none. Sets the bus's foreign run, and drops
    what the trail holds from before it.
    """
    w = m.ways[b]
    c = facts.corridors
    found = m.found
    for p in range(w.kept - 1):
        near = lines_beginning_near(facts.beginnings, c, w.x[p], w.y[p], beginning_m, found)
        for f in range(near):
            line = found[f]
            trip = _due(duties, line, t)
            if trip < 0 or _is_own(duties, b, line, t):
                continue
            if _drives_along(m, c, b, line, p, for_substitute):
                m.buses[b].foreign_line = line
                m.buses[b].foreign_end_ms = duties.end_ms[trip]
                return trip
    return -1


@compiled
def _due(duties: Duties, line: int, t: int) -> int:
    """A trip on a line whose window is open; -1 for none."""
    for k in range(duties.first_of_line[line], duties.first_of_line[line + 1]):
        trip = duties.of_line[k]
        if duties.start_ms[trip] > t:
            break
        if t < duties.end_ms[trip] and not duties.open_ended[trip]:
            return trip
    return -1


@compiled
def _is_own(duties: Duties, b: int, line: int, t: int) -> bool:
    """Whether the bus has a trip of its own on a line now."""
    for k in range(duties.first[b], duties.first[b + 1]):
        if duties.line[k] == line and duties.start_ms[k] <= t < duties.end_ms[k]:
            return True
    return False


@compiled
def _drives_along(m: Memory, c: Corridors, b: int, line: int, first: int, for_substitute: Row) -> bool:
    """Whether the trail from a point on leads forward along a line, for long enough."""
    w = m.ways[b]
    r = m.foreign[b]
    r.known = False
    began = reached = 0.0
    for p in range(first, w.kept):
        place = locate(c, line, r, w.ms[p], w.x[p], w.y[p], 0.0, 0.0)
        if place.off_m > c.lines[line].width_m:
            return False
        if p == first:
            began = reached = place.chainage_m
        elif place.chainage_m < reached - _BACKWARD_M:
            return False
        reached = max(reached, place.chainage_m)
    route = c.lines[line]
    if reached - began < max(for_substitute.driven_m, for_substitute.part * route.length_m):
        return False
    r.phase = UNDER_WAY
    r.running = True
    r.absent = False
    r.visited = 0
    r.run_from_m = began
    r.run_to_m = reached
    r.run_ms = w.ms[w.kept - 1]
    return True
