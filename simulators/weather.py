"""Foul weather: an area in which, for a time, a limit of its own is in force, and most drivers heed it.

校车安全管理条例 article 35: at most 20 km/h on ice, in mud, in weather in which little can be seen.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import shapely

from simulators.legs import Leg, cruised


@dataclass(frozen=True, slots=True)
class Weather:
    """Foul weather over a city."""

    area: shapely.Polygon
    """Metres in the city's plane."""
    from_ms: int
    to_ms: int
    """In force from the one (included) to the other (not included), epoch milliseconds."""
    limit_ms: float
    """The limit in the area, metres a second."""
    heedless: float
    """The part of the drivers who take no notice."""

    def over(self, leg: Leg) -> Leg:
        """A leg as it is driven in this weather."""
        inside = shapely.contains_xy(self.area, leg.x, leg.y)
        limit = np.where(inside, np.minimum(leg.limit_ms, self.limit_ms), leg.limit_ms)
        return replace(leg, limit_ms=limit, cruise_ms=cruised(leg.bend_ms, limit, leg.step_m))
