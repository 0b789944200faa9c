"""How far the fixes of a bus wander across the line that it follows: what its receiver does not say.

Learned on each trip anew, so that what is judged of a trip follows from the fixes of that trip.
"""

from __future__ import annotations

import math

from geofence.compiled import Row, compiled
from geofence.matching import Place, crosses


@compiled
def spread_of(r: Row, p: Row) -> float:
    """Metres from the line within which the fixes of a trip lie, but for one of twenty. ``r``: the trip's
    run, see ``trips``; ``p``: of ``DeviationParameters``.
    """
    return float(p.scatter_factor * math.sqrt(r.scatter_m2))


@compiled
def wander_of(r: Row, p: Row) -> float:
    """The same as it counts for the accuracy of the fixes."""
    return min(spread_of(r, p), p.scatter_most_m)


@compiled
def keep_wander(r: Row, place: Place, elapsed_ms: int, p: Row) -> None:
    """Take the wander across the line one fix further; a bus that turns off it does not wander."""
    if crosses(place, p.crossing_deg):
        return
    more_m2 = place.off_m * place.off_m - r.scatter_m2
    r.scatter_m2 += min(elapsed_ms / (p.scatter_ms if more_m2 > 0.0 else p.settle_ms), 0.25) * more_m2
