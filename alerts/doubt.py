"""What a fix leaves open about where its bus is: doubt goes to the driver."""

from __future__ import annotations

from typing import NamedTuple

from alerts.following import OWN, On, Report
from alerts.memory import Duties, Memory, Numbers
from alerts.wander import spread_of, wander_of
from geofence.compiled import inlined
from geofence.matching import runs_along_it


class Doubt(NamedTuple):
    """How far drift may put a bus from where it is, in metres, and whether it drives its line's way."""

    widened_m: float
    """By how much its corridor is widened."""
    beside_m: float
    """Twice the accuracy, which holds 19 fixes of 20, or the wander: farther off, it is not on its line."""
    spread_m: float
    """The same, however far its fixes are known to wander."""
    edge_m: float
    """So far along its line a limit ahead or behind may be the one that it is held to."""
    along_it: bool
    """Its course is the line's way, or not known; without a timetable either way is."""


@inlined
def doubt_of(m: Memory, duties: Duties, numbers: Numbers, chosen: int, fix: Report, on: On) -> Doubt:
    """The doubt about a fix by the trip that its bus is on; ``chosen``: the row of its line's numbers."""
    wander_m = spread_m = 0.0
    either_way = False
    if on.whose == OWN:
        wander_m = wander_of(m.runs[on.trip], numbers.deviation[chosen])
        spread_m = spread_of(m.runs[on.trip], numbers.deviation[chosen])
        either_way = duties.trips[on.trip].open_ended
    p = numbers.speeding[chosen]
    widened_m = max(fix.accuracy_m, wander_m)
    return Doubt(
        widened_m,
        max(2.0 * fix.accuracy_m, wander_m),
        max(2.0 * fix.accuracy_m, spread_m),
        max(p.edge_m, widened_m),
        runs_along_it(on.place, p.crossing_deg, either_way),
    )
