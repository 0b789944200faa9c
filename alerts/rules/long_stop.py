"""Long stop: on a trip, standing away from any stop, the line's ends and the depot."""

from __future__ import annotations

import math

from alerts.bands import begin_run
from alerts.following import OWN, STANDS_KMH, On, Report
from alerts.memory import Facts, Memory, Numbers
from alerts.rules.moving import from_depot_m
from alerts.rules.stops_skipped import near_a_stop
from alerts.telling import EVENT_OPENED, EVENT_UPDATED, LONG_STOP, Events, keep_peak, noted, tell, tell_end
from geofence.compiled import Row, compiled, inlined

_CREEPS_KMH = 10.0
"""Faster than this a bus does not stand, however near it still is."""
_DRIFTS_M = 150.0
"""So far the place of a bus that stands by its speed may drift."""


@inlined
def keep_anchor(s: Row, fix: Report, radius_m: float) -> bool:
    """Whether the bus still stands where it stood; if not, it may stand from here on."""
    moves = fix.speed_kmh > _CREEPS_KMH
    away_m = math.hypot(fix.x - s.anchor_x, fix.y - s.anchor_y)
    near = away_m <= radius_m or (fix.speed_kmh < STANDS_KMH and away_m <= _DRIFTS_M)
    if s.anchor_ms > 0 and near and not moves:
        return True
    s.anchor_ms = 0 if moves else fix.t
    s.anchor_x, s.anchor_y = fix.x, fix.y
    s.anchor_lon, s.anchor_lat = fix.lon, fix.lat
    return False


@inlined
def judge_long_stop(
    events: Events,
    count: int,
    m: Memory,
    facts: Facts,
    numbers: Numbers,
    fix: Report,
    on: On,
    stands: bool,
    assignment: int,
) -> int:
    """Raise a stop that lasts, and end it when the bus has gone on."""
    s = m.buses[fix.bus]
    if not stands and not (s.active >> LONG_STOP) & 1:
        return count
    count = _judge(events, count, m, facts, numbers, fix, on, stands, assignment)
    s.active = noted(s.active, LONG_STOP, m.bands[LONG_STOP, fix.bus].open)
    return count


@compiled
def _judge(
    events: Events,
    count: int,
    m: Memory,
    facts: Facts,
    numbers: Numbers,
    fix: Report,
    on: On,
    stands: bool,
    assignment: int,
) -> int:
    s, band = m.buses[fix.bus], m.bands[LONG_STOP, fix.bus]
    on_trip = on.under_way and on.whose == OWN
    if band.open and not (stands and on_trip):
        return tell_end(events, count, fix.bus, LONG_STOP, s.last_ms, band)
    p = numbers.long_stop[facts.parameter_set[on.line]]
    stood_ms = fix.t - s.anchor_ms
    if not on_trip or not stands or stood_ms < p.after_ms:
        return count
    if not band.open:
        if _may_stand(facts, fix, on, p.stop_m):
            return count
        begin_run(band, s.anchor_ms, s.anchor_lon, s.anchor_lat)
        band.open = True
        band.opened_ms = fix.t
        band.fixes = 0
        band.severity = 0
        band.late = fix.t < fix.late_before_ms
        keep_peak(
            band, stood_ms / 1000.0, fix.t, s.anchor_lon, s.anchor_lat, 0.0, 0.0, 0, on.place.chainage_m,
            on.line, assignment,
        )  # fmt: skip
        return tell(events, count, fix.bus, LONG_STOP, EVENT_OPENED, fix.t, band)
    band.peak = stood_ms / 1000.0
    band.peak_ms = fix.t
    if band.severity == 0 and stood_ms >= p.serious_ms:
        band.severity = 1
        return tell(events, count, fix.bus, LONG_STOP, EVENT_UPDATED, fix.t, band)
    return count


@compiled
def _may_stand(facts: Facts, fix: Report, on: On, within_m: float) -> bool:
    """Whether a bus is at a stop, an end of its line, or its depot."""
    c, chainage_m = facts.corridors, on.place.chainage_m
    route = c.lines[on.line]
    at_stop = on.place.off_m <= route.width_m and near_a_stop(c, on.line, chainage_m, within_m)
    at_end = chainage_m >= route.last_stop_m - within_m or chainage_m <= within_m
    if at_stop or at_end or from_depot_m(facts, fix) <= within_m:
        return True
    for k in range(route.first_stop, route.last_stop):  # whichever pass of its line it was matched to
        stop = c.stops[k]
        if math.hypot(fix.x - route.x0 - stop.x, fix.y - route.y0 - stop.y) <= within_m:
            return True
    return False
