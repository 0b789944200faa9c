"""Buses that move and should not: without permit (articles 14 to 23), or outside every window."""

from __future__ import annotations

import math

from alerts.bands import BETWEEN, CLEAR, ENDED, VIOLATING, step_band
from alerts.following import NOBODY_S, PARKED_MS, On, Report
from alerts.memory import Duties, Facts, Memory, Numbers
from alerts.telling import OFF_HOURS, UNAPPROVED, Events, keep_peak, noted, tell_end, tell_violation
from geofence.compiled import Row, compiled, inlined

_NEVER_MS = 1 << 60
_WARNING, _CRITICAL = 0, 2


@inlined
def judge_unapproved(
    events: Events,
    count: int,
    m: Memory,
    duties: Duties,
    facts: Facts,
    numbers: Numbers,
    fix: Report,
    on: On,
    forbidden: bool,
    stood_ms: int,
    assignment: int,
) -> int:
    """Take the rule about permits one fix further. ``forbidden``: whether the bus may not operate now."""
    s = m.buses[fix.bus]
    if not forbidden and not (s.active >> UNAPPROVED) & 1:
        return count
    p = numbers.unapproved[facts.parameter_set[on.line]]
    duty = duties.trips[on.forbidden_trip].assignment if on.forbidden_trip >= 0 else assignment
    verdict = permit_verdict(forbidden, fix.speed_kmh, stood_ms, p.kmh)
    return _step_moving(
        events, count, m, facts, numbers, fix, on, UNAPPROVED, verdict, p.moved_m, _CRITICAL, duty, p
    )


@inlined
def judge_off_hours(
    events: Events,
    count: int,
    m: Memory,
    duties: Duties,
    facts: Facts,
    numbers: Numbers,
    fix: Report,
    on: On,
    forbidden: bool,
    stood_ms: int,
    assignment: int,
) -> int:
    """Take the rule about hours one fix further."""
    s = m.buses[fix.bus]
    active = (s.active >> OFF_HOURS) & 1
    if on.whose != NOBODY_S and not active:
        return count
    p = numbers.off_hours[facts.parameter_set[on.line]]
    far = (
        from_depot_m(facts, fix) > p.depot_m
        and not forbidden
        and time_to_a_window(duties, s, fix.bus, fix.t) > p.margin_ms
    )
    if not far and not active:
        return count
    verdict = permit_verdict(far, fix.speed_kmh, stood_ms, p.kmh)
    return _step_moving(
        events, count, m, facts, numbers, fix, on, OFF_HOURS, verdict, 0.0, _WARNING, assignment, p
    )


@compiled
def _step_moving(
    events: Events,
    count: int,
    m: Memory,
    facts: Facts,
    numbers: Numbers,
    fix: Report,
    on: On,
    rule: int,
    verdict: int,
    moved_m: float,
    severity: int,
    assignment: int,
    p: Row,
) -> int:
    """Take a rule about a bus that should not move one fix further; its peak is its speed."""
    s = m.buses[fix.bus]
    band = m.bands[rule, fix.bus]
    if verdict == VIOLATING and band.fixes == 0:
        band.first_x, band.first_y = fix.x, fix.y
    enough = math.hypot(fix.x - band.first_x, fix.y - band.first_y) >= moved_m
    step = step_band(band, verdict, fix.t, fix.lon, fix.lat, enough, p)
    if verdict == VIOLATING:
        keep_peak(
            band, fix.speed_kmh, fix.t, fix.lon, fix.lat, fix.speed_kmh, 0.0, 0, on.place.chainage_m,
            on.line, assignment,
        )  # fmt: skip
        count = tell_violation(
            events, count, fix.bus, rule, step, fix.t, band, severity, fix.late_before_ms,
            numbers.episode[facts.parameter_set[on.line]].update_ms,
        )  # fmt: skip
    elif step == ENDED:
        count = tell_end(events, count, fix.bus, rule, band.clear_ms, band)
    s.active = noted(s.active, rule, band.fixes > 0)
    return count


@inlined
def from_depot_m(facts: Facts, fix: Report) -> float:
    """Metres from a bus's depot; NaN when that is not known."""
    depot = facts.buses[fix.bus]
    return math.hypot(fix.x - depot.depot_x, fix.y - depot.depot_y)


@compiled
def permit_verdict(forbidden: bool, speed_kmh: float, stood_ms: int, moving_kmh: float) -> int:
    """Whether a bus moves that should not; while it stands for a moment, between."""
    if not forbidden:
        return CLEAR
    if speed_kmh > moving_kmh:
        return VIOLATING
    return CLEAR if stood_ms >= PARKED_MS else BETWEEN


@inlined
def time_to_a_window(duties: Duties, s: Row, b: int, t: int) -> int:
    """Milliseconds from a moment to the nearest window of the bus, before or after; 0 within one. Huge
    when it has none on any of these days.
    """
    nearest = _NEVER_MS
    k = s.open_trip
    if k < duties.first[b + 1]:
        nearest = max(duties.trips[k].start_ms - t, 0)
    if k > duties.first[b]:
        nearest = min(nearest, max(t - duties.trips[k - 1].end_ms, 0))
    return nearest
