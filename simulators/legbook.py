"""The legs a fleet drives, laid once each: runs over approved ways, and the ways from and to the depots."""

from __future__ import annotations

from functools import cache, lru_cache

import numpy as np

from simulators.city import City
from simulators.legs import Leg, lay_leg
from simulators.motion import MEAN_TRAFFIC
from simulators.plane import Floats
from simulators.roads import Tree
from simulators.routes import Place, RouteVersion

_SLOT_M = 7.0
_LEGS_KEPT = 1_024
"""Ways from and to depots that are kept: all of a small city, whose fleet a nation drives many times."""


class LegBook:
    """Every leg of a city's fleet by what it serves. A driver's temper belongs to the bus."""

    def __init__(self, city: City) -> None:
        self.city = city
        self.temper = np.random.default_rng([city.seed, 2]).uniform(0.87, 0.975, len(city.buses))
        """Part of the allowed speed at which each bus is driven, shape (buses,)."""
        self.run = cache(self._lay_run)
        self.out = lru_cache(_LEGS_KEPT)(self._lay_out)
        self.home = lru_cache(_LEGS_KEPT)(self._lay_home)
        self._tree = cache(self._grow_tree)
        self._run_ms = cache(self._plan_run)
        self._planned_s = lru_cache(_LEGS_KEPT)(self._plan)

    def _lay_out(self, bus: int, route: RouteVersion) -> Leg:
        """From the depot of ``bus`` to the first stop of ``route``."""
        way = self._tree(self.city.bus_depot[bus], towards=False).way(route.stops[0].node)
        return lay_leg(self.city.network, way, begin=self.slot(bus), pupils=False)

    def _lay_home(self, bus: int, route: RouteVersion) -> Leg:
        """From the last stop of ``route`` to the depot of ``bus``."""
        way = self._tree(self.city.bus_depot[bus], towards=True).way(route.stops[-1].node)
        return lay_leg(self.city.network, way, end=self.slot(bus), pupils=False)

    def slot(self, bus: int) -> Floats:
        """Where in its depot ``bus`` is parked, plane metres, shape (2,)."""
        row, column = divmod(bus, 8)
        gate = self.city.network.nodes[self.city.depots[self.city.bus_depot[bus]].node]
        return np.asarray(gate + np.array([column * _SLOT_M - 25.0, 12.0 + row % 6 * _SLOT_M]), np.float64)

    def run_ms(self, bus: int, route: RouteVersion) -> int:
        """Milliseconds that ``bus`` is expected to take from the first stop of ``route`` to the last."""
        return self._run_ms(bus, route)

    def stops_ms(self, bus: int, route: RouteVersion) -> list[int]:
        """Milliseconds after its departure at which ``bus`` is expected at each stop of ``route``."""
        leg = self.run(route)
        planned = self._planned_s(bus, leg)
        at_m = np.array([0.0, *leg.stops_m.tolist(), leg.length_m])
        expected = np.interp(at_m, np.arange(len(planned)) * leg.step_m, planned)
        return [round(1_000 * seconds) for seconds in expected.tolist()]

    def depot_ms(self, bus: int, stop: Place) -> int:
        """Milliseconds that ``bus`` is expected to take between its depot and a stop, by the longer way."""
        depot = self.city.bus_depot[bus]
        seconds = max(self._tree(depot, towards=back).seconds[stop.node] for back in (False, True))
        return round(1_000 * seconds / (float(self.temper[bus]) * MEAN_TRAFFIC))

    def planned_m(self, bus: int, leg: Leg, seconds: float) -> float:
        """Metres along ``leg`` that ``bus`` is expected to be so long after its departure."""
        planned = self._planned_s(bus, leg)
        return float(np.interp(seconds, planned, np.arange(len(planned)) * leg.step_m))

    def _plan(self, bus: int, leg: Leg) -> Floats:
        return leg.planned_seconds(float(self.temper[bus]) * MEAN_TRAFFIC)

    def _plan_run(self, bus: int, route: RouteVersion) -> int:
        return round(1_000 * float(self._planned_s(bus, self.run(route))[-1]))

    def _lay_run(self, route: RouteVersion) -> Leg:
        return lay_leg(self.city.network, route.way, stops={stop.node for stop in route.stops})

    def _grow_tree(self, depot: int, *, towards: bool) -> Tree:
        return Tree(self.city.network, self.city.depots[depot].node, towards=towards)
