"""Route deviation (校车安全管理条例 article 30 paragraph 2): on a trip, and off its approved line."""

from __future__ import annotations

import math

from alerts.bands import BETWEEN, CLEAR, ENDED, VIOLATING, step_band
from alerts.doubt import Doubt
from alerts.following import OWN, On, Report, lays_over
from alerts.memory import Duties, Facts, Memory, Numbers
from alerts.telling import DEVIATION, Events, keep_peak, noted, tell_end, tell_violation
from alerts.wander import keep_wander
from geofence.compiled import Row, compiled, inlined
from geofence.matching import Place, crosses

_DRIVEN_M = 8.0
"""A bus that has not driven so far since it was last on its line has not left it: its place drifts."""
_FAR_OFF_M = 150.0
"""So far from where it was last on its line, a bus has driven, whatever its speed sensor says."""
_SENSED_MS = 5_000
"""Over no longer than this do two reported speeds tell how far a bus has driven."""


@inlined
def judge_deviation(
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
    limit_kmh: float,
    reason: int,
    assignment: int,
) -> int:
    """Take the rule one fix further."""
    s = m.buses[fix.bus]
    chosen = facts.parameter_set[on.line]
    p = numbers.deviation[chosen]
    verdict = CLEAR
    if on.under_way and on.whose == OWN:
        width_m, for_trip = facts.corridors.lines[on.line].width_m, numbers.trip[chosen]
        verdict = deviation_verdict(
            on.place, fix.accuracy_m, doubt.widened_m, s, fix.x, fix.y, width_m, for_trip, p
        )
        if (
            verdict == VIOLATING
            and duties.trips[on.trip].open_ended
            and lays_over(duties, facts.corridors, fix.bus, fix.t, fix.x, fix.y, for_trip.terminal_m)
        ):
            verdict = BETWEEN
    if on_line and fix.elapsed_ms > 0 and on.whose == OWN and (on.under_way or m.runs[on.trip].running):
        keep_wander(m.runs[on.trip], on.place, fix.elapsed_ms, p)
    if verdict != VIOLATING and not (s.active >> DEVIATION) & 1:
        return count
    band = m.bands[DEVIATION, fix.bus]
    width_m = facts.corridors.lines[on.line].width_m
    plain = is_plainly_off(on.place, fix.accuracy_m, doubt.widened_m, width_m, p)
    if band.fixes > 0:
        plain = plain or band.plain or fix.t - band.first_ms >= p.near_ms
    step = step_band(band, verdict, fix.t, fix.lon, fix.lat, plain, p)
    if verdict == VIOLATING:
        band.plain = plain
        keep_peak(
            band, on.place.off_m, fix.t, fix.lon, fix.lat, fix.speed_kmh, limit_kmh, reason,
            on.place.chainage_m, on.line, assignment,
        )  # fmt: skip
        graver = deviation_severity(band.peak, fix.t - band.first_ms, p)
        count = tell_violation(
            events, count, fix.bus, DEVIATION, step, fix.t, band, graver, fix.late_before_ms,
            numbers.episode[chosen].update_ms,
        )  # fmt: skip
    elif step == ENDED:
        count = tell_end(events, count, fix.bus, DEVIATION, band.clear_ms, band)
    s.active = noted(s.active, DEVIATION, band.fixes > 0)
    return count


@inlined
def keep_driven(s: Row, fix: Report, on_line: bool) -> None:
    """Remember how far the bus has driven since it was last on its line, and where that was."""
    if on_line:
        s.driven_m = 0.0
        s.on_line_x, s.on_line_y = fix.x, fix.y
    elif fix.elapsed_ms > 0:
        moved_m = math.hypot(fix.x - s.x, fix.y - s.y)
        sensed = fix.elapsed_ms <= _SENSED_MS and fix.reported and s.speed_kmh >= 0.0
        s.driven_m += (fix.speed_kmh + s.speed_kmh) / 7.2 * fix.elapsed_ms / 1000.0 if sensed else moved_m


@compiled
def accuracy_of(reported_m: float, p: Row) -> float:
    """The accuracy of a fix in metres, reported or not."""
    return p.unknown_accuracy_m if math.isnan(reported_m) else float(reported_m)


@compiled
def deviation_verdict(
    place: Place,
    accuracy_m: float,
    widened_m: float,
    s: Row,
    x: float,
    y: float,
    width_m: float,
    for_trip: Row,
    p: Row,
) -> int:
    """Whether a bus on a trip under way has left its line. ``widened_m``: by how much the corridor is
    widened for the accuracy; ``s``: the bus, see ``memory``.
    """
    if accuracy_m > p.worst_accuracy_m:
        return BETWEEN
    leave_m = p.leave_m if p.leave_m > 0.0 else width_m
    return_m = p.return_m if p.return_m > 0.0 else leave_m
    if place.off_m > leave_m + widened_m:
        if place.at_gap and place.off_m <= for_trip.terminal_m:
            return BETWEEN
        drove = s.driven_m >= _DRIVEN_M
        far = math.hypot(x - s.on_line_x, y - s.on_line_y) >= _FAR_OFF_M
        return VIOLATING if drove or far else BETWEEN
    if place.off_m > return_m:
        return BETWEEN
    return BETWEEN if crosses(place, p.crossing_deg) else CLEAR


@compiled
def is_plainly_off(place: Place, accuracy_m: float, widened_m: float, width_m: float, p: Row) -> bool:
    """Whether a fix lies farther from the line than drift may put it; widths as in ``deviation_verdict``."""
    leave_m = p.leave_m if p.leave_m > 0.0 else width_m
    beyond_m = accuracy_m + min(p.plain_factor * accuracy_m, p.plain_most_m)
    return place.off_m > leave_m + max(beyond_m, p.plain_wander * widened_m)


@compiled
def deviation_severity(off_m: float, elapsed_ms: int, p: Row) -> int:
    """0 warning, 1 serious, 2 critical."""
    if off_m > p.critical_m or elapsed_ms > p.critical_ms:
        return 2
    return 1 if off_m > p.serious_m or elapsed_ms > p.serious_ms else 0
