"""Skipped stops (articles 14 and 30): which stops of a trip were passed, and which a shortcut left out.

A stop is passed on the stretch driven between two fixes on the line, so that sparse fixes do not jump
over one. While a bus is away from its line, a stop counts as visited when the bus comes near it all the
same. What was left out is judged when the bus has followed its line again for some way: crossing it is
no return.
"""

from __future__ import annotations

import math

import numpy as np

from alerts.doubt import Doubt
from alerts.following import OWN, On, Report
from alerts.memory import Duties, Facts, Memory, Numbers
from alerts.telling import EVENT_OPENED, STOPS_SKIPPED, Events, keep_peak, tell, tell_end
from geofence.compiled import Row, compiled, inlined
from geofence.corridors import Corridors
from geofence.matching import Place, stop_about

_MOST_STOPS = 62
"""Stops that the bits of ``visited`` hold; further ones count as visited."""
_PLAUSIBLE_MS, _PLAUSIBLE_M = 30.0, 150.0
"""So far a bus drives along its line between two fixes on it; farther on it has left it between, or the
fix was matched to another pass of it."""
_UNSEEN_MS = 17.0
"""Metres a second that a bus drives unseen: 60 km/h, the legal cap."""
_SILENCE_MS = 60_000
"""Of a longer time without a believed fix nothing is known but how far the bus can have driven in it."""


@inlined
def judge_stops_skipped(
    events: Events,
    count: int,
    m: Memory,
    duties: Duties,
    facts: Facts,
    numbers: Numbers,
    fix: Report,
    on: On,
    on_line: bool,
    doubt: Doubt,
    assignment: int,
) -> int:
    """Take the rule one fix further."""
    if on.whose != OWN or not (on.under_way or on.ended) or duties.trips[on.trip].open_ended:
        return count
    s, r, c = m.buses[fix.bus], m.runs[on.trip], facts.corridors
    chosen = facts.parameter_set[on.line]
    p = numbers.stops_skipped[chosen]
    follow_stops(
        r, on.place, on_line, on.came_from_m, on.came_from_ms, fix.t, fix.x, fix.y, s.x, s.y, s.last_ms,
        s.chainage_m, p.stop_m + doubt.widened_m, numbers.trip[chosen].backward_m, c, on.line,
    )  # fmt: skip
    skipped = stops_left_out(r, numbers.trip[chosen].joined_m, on.ended, p.stop_m, c, on.line)
    if skipped < p.fewest:
        return count
    band = m.bands[STOPS_SKIPPED, fix.bus]
    band.open = True
    band.first_ms, band.first_lon, band.first_lat = r.left_ms, fix.lon, fix.lat
    band.opened_ms, band.peak, band.fixes, band.severity = fix.t, -np.inf, 0, 0
    band.late = fix.t < fix.late_before_ms
    keep_peak(band, float(skipped), fix.t, fix.lon, fix.lat, 0.0, 0.0, 0, r.left_m, on.line, assignment)
    count = tell(events, count, fix.bus, STOPS_SKIPPED, EVENT_OPENED, fix.t, band)
    return tell_end(events, count, fix.bus, STOPS_SKIPPED, fix.t, band)


@inlined
def follow_stops(
    r: Row,
    place: Place,
    on_line: bool,
    came_from_m: float,
    came_from_ms: int,
    t: int,
    x: float,
    y: float,
    from_x: float,
    from_y: float,
    from_ms: int,
    from_m: float,
    near_m: float,
    backward_m: float,
    c: Corridors,
    line: int,
) -> None:
    """Take the stops of a trip under way one fix further.

    ``came_from_m, came_from_ms``: where and when it was last on its line before this fix; ``from_x,
    from_y, from_ms, from_m``: its last believed place, metres in the plane, when that was, and the chainage
    there; ``near_m``: how near a stop it must come; ``backward_m``: so far behind the place where it came
    back to its line, it came back at another one.
    """
    route = c.lines[line]
    unseen_m = _UNSEEN_MS * (t - from_ms) / 1000.0 if t - from_ms > _SILENCE_MS else 0.0
    if not on_line:
        if not r.absent:
            r.absent = True
            r.left_m = came_from_m
            r.left_ms = came_from_ms
        r.running = False
        _visit_near(
            r, c, line, x - route.x0, y - route.y0, from_x - route.x0, from_y - route.y0, near_m, unseen_m,
            from_m - near_m, place.chainage_m + near_m,
        )  # fmt: skip
        return
    way_m = place.chainage_m - came_from_m
    elsewhere = abs(way_m) > _PLAUSIBLE_M + _PLAUSIBLE_MS * (t - came_from_ms) / 1000.0
    if elsewhere and way_m > 0.0 and not r.absent:
        r.absent = True
        r.left_m = came_from_m
        r.left_ms = came_from_ms
    if elsewhere or place.chainage_m < r.run_from_m - backward_m:
        r.running = False
    if r.running:
        r.passed_m = r.passed_m if r.absent else max(r.passed_m, place.chainage_m)
    else:
        r.running = True
        r.run_from_m = place.chainage_m
        _visit_near(
            r, c, line, x - route.x0, y - route.y0, from_x - route.x0, from_y - route.y0, near_m, unseen_m,
            from_m - near_m, place.chainage_m + near_m,
        )  # fmt: skip


@compiled
def _visit_near(
    r: Row,
    c: Corridors,
    line: int,
    x: float,
    y: float,
    from_x: float,
    from_y: float,
    near_m: float,
    unseen_m: float,
    unseen_from_m: float,
    unseen_to_m: float,
) -> None:
    """Mark the stops after the place where the bus left that the way from the last fix comes near to.

    And those from ``unseen_from_m`` to ``unseen_to_m`` along the line by which a bus can have come that has
    driven ``unseen_m`` since that fix, 0 for one that was seen.
    """
    route = c.lines[line]
    dx, dy = x - from_x, y - from_y
    length2 = dx * dx + dy * dy
    for k in range(route.first_stop, min(route.last_stop, route.first_stop + _MOST_STOPS)):
        stop = c.stops[k]
        if stop.chainage_m < r.left_m:
            continue
        sx, sy = float(stop.x) - from_x, float(stop.y) - from_y
        part = min(max((sx * dx + sy * dy) / length2, 0.0), 1.0) if length2 > 0.0 else 0.0
        by_m = math.hypot(sx, sy) + math.hypot(sx - dx, sy - dy)
        unseen = by_m <= unseen_m and unseen_from_m <= stop.chainage_m <= unseen_to_m
        if unseen or math.hypot(sx - part * dx, sy - part * dy) <= near_m:
            r.visited |= 1 << (k - route.first_stop)


@compiled
def stops_left_out(r: Row, joined_m: float, ended: bool, margin_m: float, c: Corridors, line: int) -> int:
    """How many stops the bus has left out, once it follows its line again (or has ended its trip) after
    an absence; -1 while that is not known. Asking ends the absence.
    """
    if not r.absent or not r.running or not (ended or r.run_to_m - r.run_from_m >= joined_m):
        return -1
    r.absent = False
    route = c.lines[line]
    passed_m = max(r.left_m, r.passed_m)
    count = 0
    for k in range(route.first_stop, min(route.last_stop, route.first_stop + _MOST_STOPS)):
        stop_m = c.stops[k].chainage_m
        if (
            passed_m + margin_m < stop_m < r.run_from_m - margin_m
            and not (r.visited >> (k - route.first_stop)) & 1
        ):
            count += 1
    return count


@inlined
def stops_passed(c: Corridors, line: int, chainage_m: float) -> int:
    """How many stops of a line lie at or before a chainage."""
    route = c.lines[line]
    k = stop_about(c, line, chainage_m)
    while k < route.last_stop and c.stops[k].chainage_m <= chainage_m:
        k += 1
    while k > route.first_stop and c.stops[k - 1].chainage_m > chainage_m:
        k -= 1
    return k - route.first_stop


@compiled
def near_a_stop(c: Corridors, line: int, chainage_m: float, within_m: float) -> bool:
    """Whether a stop of the line lies within so many metres along it."""
    route = c.lines[line]
    k = route.first_stop + stops_passed(c, line, chainage_m)
    after = k < route.last_stop and c.stops[k].chainage_m - chainage_m <= within_m
    before = k > route.first_stop and chainage_m - c.stops[k - 1].chainage_m <= within_m
    return after or before
