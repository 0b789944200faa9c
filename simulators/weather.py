"""Foul weather: an area in which, for a time, a limit of its own is in force, and most drivers heed it.

校车安全管理条例 article 35: at most 20 km/h on ice, in mud, in weather in which little can be seen.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

import msgspec
import numpy as np
import shapely

from fleet.registry import HAZARD_CAP_KMH, Advisory
from simulators.legs import Leg, cruised
from simulators.plane import CityPlane
from simulators.spell import LocalSpell, Metres

_SIDES = 12
"""The area of an advisory is a circle drawn with four times so many corners."""


class WeatherPlan(LocalSpell, frozen=True, kw_only=True):
    """Foul weather of a scenario."""

    name: str = "恶劣天气"
    radius_m: Metres = 5_000.0
    limit_kmh: Annotated[float, msgspec.Meta(gt=0)] = HAZARD_CAP_KMH
    heedless: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.0
    """The part of the drivers who take no notice."""

    def weather(self, start_ms: int) -> Weather:
        """The weather of a scenario that starts at ``start_ms``."""
        area = shapely.Point(self.east_m, self.north_m).buffer(self.radius_m, quad_segs=_SIDES)
        return Weather(area, *self.span_ms(start_ms), self.limit_kmh / 3.6, self.heedless)

    def advisory(self, plane: CityPlane, start_ms: int) -> Advisory:
        """What the authorities order for it."""
        weather = self.weather(start_ms)
        area = tuple(plane.places(shapely.get_coordinates(weather.area)[:-1]))
        return Advisory("simulated", self.name, area, weather.from_ms, weather.to_ms, self.limit_kmh)


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
