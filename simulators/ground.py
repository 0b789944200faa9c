"""What a city stands on: its roads, and what is known of it before anything is drawn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

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
    source: str = ""
    """The map's name; empty for what a seed has grown."""


def grow(radius_m: float, rng: np.random.Generator) -> Ground:
    """The ground of a city of about ``radius_m``, all of it drawn."""
    network = weave(lay_roads(lay_land(radius_m, rng), rng))
    return Ground(CityPlane(), radius_m, network, room_m=170.0)
