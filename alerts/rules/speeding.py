"""Speeding (校车安全管理条例 article 35): over the limit in force."""

from __future__ import annotations

import math

from alerts.bands import BETWEEN, CLEAR, ENDED, OPENED, VIOLATING, step_band
from alerts.doubt import Doubt
from alerts.following import On, Report, is_astray
from alerts.memory import Facts, Memory, Numbers
from alerts.telling import SPEEDING, Events, keep_peak, noted, tell_end, tell_violation
from fleet.registry import MOTORWAY_CAP_KMH
from geofence.compiled import Row, compiled, inlined
from geofence.limits import REASONS
from geofence.matching import Place, limit_at
from geofence.zones import lowest_here

_LEGAL_CAP = REASONS.index("legal_cap")
_LEAST_GAIN_MS = 2.0
"""Metres a second that a lone fix must be faster than its neighbours for the way to tell how long."""
_GATHERS_MS2, _SHEDS_MS2 = 1.5, 2.5
"""No bus with pupils gathers speed faster, or sheds it."""


@inlined
def judge_speeding(
    events: Events,
    count: int,
    m: Memory,
    facts: Facts,
    numbers: Numbers,
    fix: Report,
    on: On,
    limit_kmh: float,
    reason: int,
    doubt: Doubt,
    assignment: int,
) -> int:
    """Take the rule one fix further."""
    s = m.buses[fix.bus]
    chosen = facts.parameter_set[on.line]
    p = numbers.speeding[chosen]
    verdict = speeding_verdict(fix.speed_kmh, limit_kmh, p)
    if verdict == CLEAR and on.follows and not doubt.along_it:
        verdict = BETWEEN
    if verdict != VIOLATING and not (s.active >> SPEEDING) & 1:
        s.single = False
        return count
    band = m.bands[SPEEDING, fix.bus]
    if (
        verdict != VIOLATING
        and s.single
        and shows_lone_speeding(s, fix.t, fix.x, fix.y, fix.speed_kmh, band.peak_limit, p)
    ):
        band.open = True
        band.opened_ms = fix.t
        graver = speeding_severity(band.peak, p)
        count = tell_violation(
            events, count, fix.bus, SPEEDING, OPENED, fix.t, band, graver, fix.late_before_ms, 0
        )
    step = step_band(band, verdict, fix.t, fix.lon, fix.lat, True, p)
    if verdict == VIOLATING:
        over = 100.0 * (fix.speed_kmh - limit_kmh) / limit_kmh
        keep_peak(
            band, over, fix.t, fix.lon, fix.lat, fix.speed_kmh, limit_kmh, reason, on.place.chainage_m,
            on.line, assignment,
        )  # fmt: skip
        graver = speeding_severity(band.peak, p)
        count = tell_violation(
            events, count, fix.bus, SPEEDING, step, fix.t, band, graver, fix.late_before_ms,
            numbers.episode[chosen].update_ms,
        )  # fmt: skip
    elif step == ENDED:
        count = tell_end(events, count, fix.bus, SPEEDING, band.clear_ms, band)
    s.active = noted(s.active, SPEEDING, band.fixes > 0)
    s.single = (
        verdict == VIOLATING
        and band.fixes == 1
        and not band.open
        and fix.reported
        and stays_over(fix.speed_kmh, on.follows, on.line, on.place, doubt.edge_m, facts, p)
    )
    return count


@inlined
def limit_in_force(facts: Facts, p: Row, fix: Report, on: On, doubt: Doubt) -> tuple[float, int]:
    """The limit in km/h and its reason: the line's where the bus follows it; off the line, on a trip,
    or astray on it, the highest cap its roads have; elsewhere the highest that the law knows. There the zones
    count by place, and the weather counts everywhere.
    """
    c, line = facts.corridors, on.line
    near = (
        on.follows
        and not is_astray(on, fix.t)
        and on.place.off_m <= min(c.lines[line].width_m + doubt.widened_m, p.on_line_m + doubt.spread_m)
    )
    if near and doubt.along_it:
        limit, reason = limit_at(c, line, on.place.chainage_m, doubt.edge_m)
    else:
        cap = c.lines[line].cap_kmh if on.follows else MOTORWAY_CAP_KMH
        limit, reason = lowest_here(facts.zones, fix.x, fix.y, fix.t, cap, _LEGAL_CAP)
    return lowest_here(facts.weather, fix.x, fix.y, fix.t, limit, reason)


@compiled
def speeding_verdict(speed_kmh: float, limit_kmh: float, p: Row) -> int:
    """Whether a fix is over its limit; an unknown speed (NaN) is between."""
    if speed_kmh > limit_kmh + p.tolerance_kmh:
        return VIOLATING
    return CLEAR if speed_kmh <= limit_kmh + p.leave_kmh else BETWEEN


@inlined
def stays_over(
    speed_kmh: float, follows: bool, line: int, place: Place, edge_m: float, facts: Facts, p: Row
) -> bool:
    """Whether a speed is over every limit that the bus passes within ``single_ms`` round the fix."""
    if not follows:
        return True
    around_m = max(edge_m, speed_kmh / 3.6 * p.single_ms / 2_000.0)
    limit, _ = limit_at(facts.corridors, line, place.chainage_m, around_m)
    return speed_kmh > limit + p.tolerance_kmh


@compiled
def shows_lone_speeding(
    s: Row, t: int, x: float, y: float, speed_kmh: float, limit_kmh: float, p: Row
) -> bool:
    """Whether the way from the fix before the last to this one shows that the bus was for at least
    ``single_ms`` as fast as the last one says.

    It would have come as far as its speed before and after takes it; what it came farther, by the
    speed that it was faster, is how long it was. But a bus that overtakes on its way from one stop to the
    next is slow before and after, and comes no farther than one that gathers speed at once, keeps the
    limit, and slows down late.
    """
    base = (s.before_kmh + speed_kmh) / 7.2
    gain = s.speed_kmh / 3.6 - base
    dense = t - s.before_ms < 2 * p.single_ms  # one that lasted would have left two fixes
    if s.before_ms == 0 or dense or not gain >= _LEAST_GAIN_MS:
        return False
    way_m = math.hypot(s.x - s.before_x, s.y - s.before_y) + math.hypot(x - s.x, y - s.y)
    elapsed_s = (t - s.before_ms) / 1000.0
    over_s = (way_m - base * elapsed_s) / gain
    gathered, shed = max(limit_kmh - s.before_kmh, 0.0) / 3.6, max(limit_kmh - speed_kmh, 0.0) / 3.6
    lost_m = gathered**2 / (2 * _GATHERS_MS2) + shed**2 / (2 * _SHEDS_MS2)
    return over_s >= p.single_ms / 1000.0 and way_m >= limit_kmh / 3.6 * elapsed_s - lost_m


@compiled
def speeding_severity(over_percent: float, p: Row) -> int:
    """0 warning, 1 serious, 2 critical."""
    if over_percent >= p.critical_percent:
        return 2
    return 1 if over_percent >= p.serious_percent else 0
