"""Detours: buses that leave their approved lines and come back to them, and the truth of that.

Why one does is for others to say: a driver who takes another road, or a road that is closed.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
import shapely

from fleet.clock import MINUTE_MS
from simulators.city import City
from simulators.drive import Activity, Drive, State
from simulators.ledger import Ledger
from simulators.legs import Flags, Leg, lay_leg
from simulators.nation import Nation
from simulators.roads import Way
from simulators.routes import CORRIDOR_M, RouteVersion
from simulators.truth import Fault

BEFORE_END_M = 400.0
"""A bus is back on its line so far before the line's end, and has a while to be seen there."""
TERMINAL_M = 350.0
"""Nearer to the line's end than this a bus away from its line may have ended its trip."""
_TOLD_MS = 2 * MINUTE_MS
"""A bus that is back on its line so soon before its window ends, or after, is judged by no stop any more."""
_LINES_KEPT = 4_096
_PERHAPS_OFF_M, _CERTAINLY_OFF_M = 30.0, 150.0
"""A stop nearer than the first to the way driven is served; farther than the second it is left out."""


@dataclass(slots=True)
class _Detour:
    """A detour under way."""

    leg: Leg
    rule: Literal["deviation", "waived_detour"]
    left_out: int
    """Stops that it certainly leaves out, and …"""
    perhaps_left_out: int
    """… those that it may."""
    turn_m: float
    """Metres along the leg of the junction at which it turns off, and …"""
    back_m: float
    """… of the one at which it is back."""
    was_off: bool = False
    """Whether it has been outside its corridor: a short cut may never be."""
    left: tuple[int, float, float] | None = None
    """When the bus turned off, and where, plane metres."""


class Detours:
    """Lays detours under buses, and writes down when they were truly outside their corridors."""

    def __init__(self, city: City | Nation, drive: Drive) -> None:
        self._network, self._drive = city.network, drive
        self._ledger = Ledger(city)
        self.busy: Flags = np.zeros(len(city.bus_ids), np.bool_)
        """Buses on a detour, or about to be."""
        self._under_way: dict[int, _Detour] = {}
        self.line_of = lru_cache(_LINES_KEPT)(self._line_of)
        """The approved line of a route, plane metres."""

    @property
    def truth(self) -> list[Fault]:
        """Each time a bus was outside its corridor, and the stops that were left out by it."""
        return self._ledger.truth

    def lay(self, bus: int, i: int, j: int, way_round: Way) -> Leg:
        """The leg of a bus on its run that leaves its way at its node ``i`` and is back on it at ``j``."""
        leg, route = self._drive.legs[bus], self._drive.run_of(bus).route
        assert leg is not None
        way = leg.way
        before = Way(way.nodes[: i + 1], way.edges[:i])
        whole = before.then(way_round).then(Way(way.nodes[j:], way.edges[j:]))
        return lay_leg(
            self._network,
            whole,
            stops={stop.node for stop in route.stops},
            approved=self.line_of(route),
            away=(i, i + len(way_round.edges)),
        )

    def begin(
        self, bus: int, i: int, j: int, detour: Leg, rule: Literal["deviation", "waived_detour"]
    ) -> None:
        """Have a bus drive a ``detour`` that was laid for it; lights up to where it turns off are green."""
        leg = self._drive.legs[bus]
        assert leg is not None
        left_out = self._stops_left_out(bus, leg, i, j, detour)
        self.busy[bus] = True
        turn_m, back = float(leg.node_m[i]), len(detour.way.nodes) - len(leg.way.nodes) + j
        self._under_way[bus] = _Detour(detour, rule, *left_out, turn_m, float(detour.node_m[back]))
        self._drive.reroute(bus, detour, green_to_m=turn_m)

    def step(self, state: State) -> None:
        """Note what the last second held."""
        n = len(self._under_way)
        buses = np.fromiter(self._under_way, np.int64, n)
        turn_m = np.fromiter((detour.turn_m for detour in self._under_way.values()), np.float64, n)
        along_m, on_run = self._drive.along_m[buses], state.activity[buses] == Activity.RUN
        for bus in buses[~on_run].tolist():
            self._end(bus, state)
        turned = on_run & (along_m >= turn_m)
        for bus, here_m in zip(buses[turned].tolist(), along_m[turned].tolist(), strict=True):
            self._observe(bus, self._under_way[bus], here_m, state)

    def _stops_left_out(self, bus: int, leg: Leg, i: int, j: int, detour: Leg) -> tuple[int, int]:
        """How many stops between two nodes of a way a detour certainly leaves out, and how many perhaps."""
        nodes = {stop.node for stop in self._drive.run_of(bus).route.stops}
        between = [node for node in leg.way.nodes[i + 1 : j] if node in nodes]
        if not between:
            return 0, 0
        driven = shapely.LineString(np.column_stack((detour.x, detour.y)))
        off_m = shapely.distance(driven, shapely.points(self._network.nodes[between]))
        return int((off_m > _CERTAINLY_OFF_M).sum()), int((off_m > _PERHAPS_OFF_M).sum())

    def _line_of(self, route: RouteVersion) -> shapely.LineString:
        return shapely.LineString(self._network.line_of(route.way))

    def _observe(self, bus: int, detour: _Detour, along_m: float, state: State) -> None:
        if detour.left is None:
            detour.left = int(state.time_ms[bus]), float(state.x[bus]), float(state.y[bus])
        off_m, place = detour.leg.off_m, along_m / detour.leg.step_m
        cell = min(int(place), len(off_m) - 2)
        here_m = float(off_m[cell] + (place - cell) * (off_m[cell + 1] - off_m[cell]))
        if here_m > CORRIDOR_M:
            self._ledger.note(bus, detour.rule, here_m, state)
            detour.was_off = True
            return
        self._ledger.close(bus, detour.rule)
        over = detour.was_off or along_m >= detour.back_m
        if over and not (off_m[cell:] > CORRIDOR_M).any():
            self._end(bus, state)

    def _end(self, bus: int, state: State) -> None:
        detour = self._under_way.pop(bus)
        self._ledger.close(bus, detour.rule)
        if detour.perhaps_left_out and detour.left is not None:
            left_ms, *place = detour.left
            on_trip = self._drive.window_left_ms(bus) > _TOLD_MS
            to_ms, left_out = int(state.time_ms[bus]), float(detour.left_out if on_trip else 0)
            self._ledger.put(bus, "stops_skipped", left_ms, to_ms, left_out, (place[0], place[1]))
        self.busy[bus] = False
