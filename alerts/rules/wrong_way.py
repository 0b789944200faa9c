"""Wrong way: driving backwards along the approved line."""

from __future__ import annotations

import math

from alerts.bands import BETWEEN, CLEAR, ENDED, VIOLATING, step_band
from alerts.doubt import Doubt
from alerts.following import OWN, On, Report
from alerts.memory import Duties, Facts, Memory, Numbers
from alerts.telling import WRONG_WAY, Events, keep_peak, noted, tell_end, tell_violation
from geofence.compiled import Row, compiled, inlined
from geofence.matching import Place, lies_by, runs_along

_SERIOUS = 1
_DROVE_M = 20.0
"""Metres of falling chainage that are no drift of a bus that stands."""


@inlined
def judge_wrong_way(
    events: Events,
    count: int,
    m: Memory,
    duties: Duties,
    facts: Facts,
    numbers: Numbers,
    fix: Report,
    on: On,
    doubt: Doubt,
    limit_kmh: float,
    reason: int,
    assignment: int,
) -> int:
    """Take the rule one fix further."""
    s, band = m.buses[fix.bus], m.bands[WRONG_WAY, fix.bus]
    chosen = facts.parameter_set[on.line]
    p = numbers.wrong_way[chosen]
    verdict = CLEAR
    if on.under_way and on.whose == OWN and not duties.trips[on.trip].open_ended:
        near_m = numbers.speeding[chosen].on_line_m + doubt.beside_m
        width_m = facts.corridors.lines[on.line].width_m
        began = (s.active >> WRONG_WAY) & 1 and band.fixes > 0
        beside = on.place.off_m > near_m
        if beside and began:  # at a corner it is matched to the leg that does not run against it
            beside = not lies_by(facts.corridors, on.line, fix.x, fix.y, near_m)
        verdict = wrong_way_verdict(on.place, width_m, beside, on.came_from_m, began, p)
        if verdict == VIOLATING and runs_along(
            facts.corridors, on.line, fix.x, fix.y, fix.course_x, fix.course_y, width_m + doubt.widened_m
        ):
            verdict = CLEAR
    if verdict != VIOLATING and not (s.active >> WRONG_WAY) & 1:
        return count
    if verdict == BETWEEN and not band.open:
        return count  # it stands, at a light perhaps: where it began to drive back is not forgotten
    if verdict == VIOLATING and band.fixes == 0:
        band.first_chainage_m = on.came_from_m
    back_m = band.first_chainage_m - on.place.chainage_m
    step = step_band(band, verdict, fix.t, fix.lon, fix.lat, back_m >= p.back_m, p)
    if verdict == VIOLATING:
        keep_peak(
            band, back_m, fix.t, fix.lon, fix.lat, fix.speed_kmh, limit_kmh, reason, on.place.chainage_m,
            on.line, assignment,
        )  # fmt: skip
        count = tell_violation(
            events, count, fix.bus, WRONG_WAY, step, fix.t, band, _SERIOUS, fix.late_before_ms,
            numbers.episode[chosen].update_ms,
        )  # fmt: skip
    elif step == ENDED:
        count = tell_end(events, count, fix.bus, WRONG_WAY, band.clear_ms, band)
    s.active = noted(s.active, WRONG_WAY, band.fixes > 0)
    return count


@compiled
def wrong_way_verdict(
    place: Place, width_m: float, beside: bool, came_from_m: float, began: bool, p: Row
) -> int:
    """Whether a bus on its line drives against it; where it stands or its course is not known, between.

    ``beside`` the line, within the corridor still, it may be on another road. Once it has ``began``, the way
    back along the line is evidence by itself: a bus that has driven back and stands has no course, and at a
    corner the line's says little.
    """
    if place.off_m > width_m:
        return CLEAR
    if beside:
        return BETWEEN
    if place.along < math.cos(math.radians(p.against_deg)) and place.chainage_m < came_from_m:
        return VIOLATING
    if place.chainage_m < came_from_m - _DROVE_M:
        return VIOLATING if began else BETWEEN
    return CLEAR if place.along > 0.0 else BETWEEN
