"""Verdicts: what each rule says of one fix, violating, clear or between."""

from __future__ import annotations

import math

from alerts.bands import BETWEEN, CLEAR, VIOLATING
from alerts.memory import Duties, Facts
from fleet.registry import MOTORWAY_CAP_KMH
from geofence.compiled import Row, compiled, inlined
from geofence.limits import REASONS
from geofence.matching import Place, limit_at
from geofence.zones import lowest_here

_LEGAL_CAP = REASONS.index("legal_cap")
_PARKED_MS = 300_000
"""A bus that has stood so long is not moving."""
_NEVER_MS = 1 << 60
_DRIVEN_M = 8.0
"""A bus that has not driven so far since it was last on its line has not left it: its place drifts."""
_FAR_OFF_M = 150.0
"""So far from where it was last on its line, a bus has driven, whatever its speed sensor says."""
_LEAST_GAIN_MS = 2.0
"""Metres a second that a lone fix must be faster than its neighbours for the way to tell how long."""


@compiled
def accuracy_of(reported_m: float, p: Row) -> float:
    """The accuracy of a fix in metres, reported or not."""
    return p.unknown_accuracy_m if math.isnan(reported_m) else float(reported_m)


@inlined
def limit_in_force(
    follows: bool,
    line: int,
    place: Place,
    beside_m: float,
    edge_m: float,
    t: int,
    x: float,
    y: float,
    facts: Facts,
    p: Row,
) -> tuple[float, int]:
    """The limit in km/h and its reason: the line's where the bus follows it; off the line, on a trip,
    the highest cap its roads have; elsewhere the highest that the law knows. Off the line the zones
    count by place, and the weather counts everywhere. ``beside_m``: how far drift may put a
    bus beside its line; ``edge_m``: within so far along it the higher limit counts.
    """
    if follows and place.off_m <= min(facts.corridors.lines[line].width_m, p.on_line_m + beside_m):
        limit, reason = limit_at(facts.corridors, line, place.chainage_m, edge_m)
    else:
        cap = facts.corridors.lines[line].cap_kmh if follows else MOTORWAY_CAP_KMH
        limit, reason = lowest_here(facts.zones, x, y, t, cap, _LEGAL_CAP)
    return lowest_here(facts.weather, x, y, t, limit, reason)


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
def shows_lone_speeding(s: Row, t: int, x: float, y: float, speed_kmh: float, p: Row) -> bool:
    """Whether the way from the fix before the last to this one shows that the bus was for at least
    ``single_ms`` as fast as the last one says.

    It would have come as far as its speed before and after takes it; what it came farther, by the
    speed that it was faster, is how long it was.
    """
    base = (s.before_kmh + speed_kmh) / 7.2
    gain = s.speed_kmh / 3.6 - base
    if s.before_ms == 0 or not gain >= _LEAST_GAIN_MS:
        return False
    way_m = math.hypot(s.x - s.before_x, s.y - s.before_y) + math.hypot(x - s.x, y - s.y)
    over_s = (way_m - base * (t - s.before_ms) / 1000.0) / gain
    return over_s >= p.single_ms / 1000.0


@compiled
def speeding_severity(over_percent: float, p: Row) -> int:
    """0 warning, 1 serious, 2 critical."""
    if over_percent >= p.critical_percent:
        return 2
    return 1 if over_percent >= p.serious_percent else 0


@compiled
def wander_of(s: Row, p: Row) -> float:
    """Metres that a bus's fixes wander across its line, as they count for its accuracy."""
    return min(p.scatter_factor * math.sqrt(s.scatter_m2), p.scatter_most_m)


@compiled
def keep_wander(s: Row, off_m: float, elapsed_ms: int, p: Row) -> None:
    """Take the wander across the line one fix further."""
    s.scatter_m2 += min(elapsed_ms / p.scatter_ms, 0.25) * (off_m * off_m - s.scatter_m2)


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
    crossing = abs(place.along) < math.cos(math.radians(p.crossing_deg))
    return BETWEEN if crossing else CLEAR


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


@compiled
def wrong_way_verdict(place: Place, width_m: float, near_m: float, came_from_m: float, p: Row) -> int:
    """Whether a bus on its line drives against it; where it stands or its course is not known, between.

    ``near_m``: farther from the line, within the corridor still, it may be on another road.
    """
    if place.off_m > width_m:
        return CLEAR
    if place.off_m > near_m:
        return BETWEEN
    if place.along < math.cos(math.radians(p.against_deg)) and place.chainage_m < came_from_m:
        return VIOLATING
    return CLEAR if place.along > 0.0 else BETWEEN


@compiled
def permit_verdict(forbidden: bool, speed_kmh: float, stood_ms: int, moving_kmh: float) -> int:
    """Whether a bus moves that should not; while it stands for a moment, between."""
    if not forbidden:
        return CLEAR
    if speed_kmh > moving_kmh:
        return VIOLATING
    return CLEAR if stood_ms >= _PARKED_MS else BETWEEN


@inlined
def time_to_a_window(duties: Duties, s: Row, b: int, t: int) -> int:
    """Milliseconds from a moment to the nearest window of the bus, before or after; 0 within one. Huge
    when it has none on any of these days.
    """
    nearest = _NEVER_MS
    k = max(s.open_trip, duties.first[b])
    if k < duties.first[b + 1]:
        nearest = max(duties.start_ms[k] - t, 0)
    if k > duties.first[b]:
        nearest = min(nearest, max(t - duties.end_ms[k - 1], 0))
    return nearest
