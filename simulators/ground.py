"""What a city stands on: its roads, and what is known of it before anything is drawn."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import shapely

from simulators.plane import CityPlane, Floats
from simulators.roads import RoadNetwork
from simulators.streets import lay_land, lay_roads
from simulators.weave import weave


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """Roads in their plane, grown from a seed or read from a map."""

    plane: CityPlane
    radius_m: float
    network: RoadNetwork
    room_m: float
    """A school, depot or stop takes a street longer than this."""
    schools: tuple[tuple[str, Floats], ...] = ()
    """Name (which may be empty) and place, shape (2,), of schools that are there already."""
    river: shapely.Polygon = field(default_factory=shapely.Polygon)
    """What its bridges cross, plane metres; empty where it is not known."""
    source: str = ""
    """The map's name; empty for what a seed has grown."""


def grow(radius_m: float, rng: np.random.Generator) -> Ground:
    """The ground of a city of about ``radius_m``, all of it drawn."""
    land = lay_land(radius_m, rng)
    return Ground(CityPlane(), radius_m, weave(lay_roads(land, rng)), room_m=170.0, river=land.river)
