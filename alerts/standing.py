"""Long stop: on a trip, standing away from any stop, the line's ends and the depot."""

from __future__ import annotations

import math

from alerts.bands import begin_run
from alerts.stops import near_a_stop
from alerts.telling import EVENT_OPENED, EVENT_UPDATED, LONG_STOP, Events, keep_peak, tell, tell_end
from geofence.compiled import Row, compiled
from geofence.corridors import Corridors

_CREEPS_KMH = 10.0
"""Faster than this a bus does not stand, however near it still is."""
_STANDS_KMH = 3.0
"""A reported speed below this is standing: the place may drift without the bus."""
_DRIFTS_M = 150.0
"""But no farther than this."""


@compiled
def keep_anchor(
    s: Row, t: int, x: float, y: float, lon: float, lat: float, speed_kmh: float, radius_m: float
) -> bool:
    """Whether the bus still stands where it stood; if not, it may stand from here on."""
    moves = speed_kmh > _CREEPS_KMH
    away_m = math.hypot(x - s.anchor_x, y - s.anchor_y)
    near = away_m <= radius_m or (speed_kmh < _STANDS_KMH and away_m <= _DRIFTS_M)
    if s.anchor_ms > 0 and near and not moves:
        return True
    s.anchor_ms = 0 if moves else t
    s.anchor_x = x
    s.anchor_y = y
    s.anchor_lon = lon
    s.anchor_lat = lat
    return False


@compiled
def judge_standing(
    events: Events,
    count: int,
    b: int,
    s: Row,
    band: Row,
    stands: bool,
    under_way: bool,
    t: int,
    off_m: float,
    chainage_m: float,
    from_depot_m: float,
    c: Corridors,
    line: int,
    assignment: int,
    late_before_ms: int,
    p: Row,
) -> int:
    """Raise a stop that lasts, and end it when the bus has gone on."""
    if band.open and not (stands and under_way):
        return tell_end(events, count, b, LONG_STOP, s.last_ms, band)
    stood_ms = t - s.anchor_ms
    if not under_way or not stands or stood_ms < p.after_ms:
        return count
    route = c.lines[line]
    may = (
        (off_m <= route.width_m and near_a_stop(c, line, chainage_m, p.stop_m))
        or chainage_m >= route.last_stop_m - p.stop_m
        or chainage_m <= p.stop_m
        or from_depot_m <= p.stop_m
    )
    if may and not band.open:
        return count
    if not band.open:
        begin_run(band, s.anchor_ms, s.anchor_lon, s.anchor_lat)
        band.open = True
        band.opened_ms = t
        band.fixes = 0
        band.severity = 0
        band.late = t < late_before_ms
        keep_peak(
            band, stood_ms / 1000.0, t, s.anchor_lon, s.anchor_lat, 0.0, 0.0, 0, chainage_m, line, assignment
        )
        return tell(events, count, b, LONG_STOP, EVENT_OPENED, t, band)
    band.peak = stood_ms / 1000.0
    band.peak_ms = t
    if band.severity == 0 and stood_ms >= p.serious_ms:
        band.severity = 1
        return tell(events, count, b, LONG_STOP, EVENT_UPDATED, t, band)
    return count
