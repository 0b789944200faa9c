"""A road closure: one carriageway shut for a time, and the buses that drive round it.

Which one is chosen by the timetable: about as many buses as the scenario asks for are due on it while it is
shut, and have a way round it. Of those that come near the number it is a bridge, where there is one, and the
longest.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated

import msgspec
import numpy as np
import shapely

from fleet.clock import MINUTE_MS, SECOND_MS
from fleet.errors import BadSetting
from fleet.registry import LonLat, Waiver, WaiverReason
from simulators.city import City
from simulators.detours import BEFORE_END_M, TERMINAL_M, Detours
from simulators.drive import Activity, Drive, State
from simulators.legs import Flags
from simulators.roads import Way
from simulators.routes import CORRIDOR_M, RouteVersion
from simulators.spell import Spell
from simulators.timetable import Run, Timetable
from simulators.truth import Fault

_SEEN_M = 700.0
"""Nearer to its beginning a line is not left: the bus is not known yet to be on its trip."""
_ABOUT = 0.25
"""Numbers of buses that differ by no more than this part are near to each other."""
_SEARCH_S = 900.0
_MOST_TRIED = 40
_MOST_LET_THROUGH = 0.2
"""A carriageway is none to close when more of its buses have no way round it."""
_TURN_M, _BRAKING_M = 500.0, 25.0
"""So far before the junction at which they turn off, drivers see that the road is closed."""
_AROUND_MS = 600 * SECOND_MS
"""How far from its plan a bus may come to the place."""
_APART_MS = 15 * MINUTE_MS
"""Buses that leave their routes farther apart are no one incident."""
_SIGNED_BY = "市交警支队"
_AREA_M = 800.0
"""The waiver's area reaches so far beyond the ways that lead round."""


class ClosurePlan(Spell, frozen=True, kw_only=True):
    """A closure of a scenario."""

    buses: Annotated[int, msgspec.Meta(gt=0)] = 40
    """About how many of a fleet of the default size are to drive round it, of another in proportion."""
    waiver: WaiverReason | None = None
    """Why it is closed, when the traffic police sign a waiver for it (校车安全管理条例 article 30)."""


@dataclass(frozen=True, slots=True)
class _Round:
    """How a route drives round the closure: from the node ``i`` of its way to the node ``j`` of it."""

    i: int
    j: int
    way: Way
    turn_m: float
    """Metres along the route of the node ``i``."""


@dataclass(frozen=True, slots=True)
class _Road:
    """A carriageway that can be closed."""

    edge: int
    node: int
    """The node from which it would be driven."""
    rounds: dict[RouteVersion, _Round]
    served: list[tuple[Run, int]]
    """The runs that are due there and have a way round, and when, epoch milliseconds."""


class Closure:
    """Closes a carriageway and sends the buses that are due on it round it."""

    def __init__(
        self,
        plan: ClosurePlan,
        city: City,
        drive: Drive,
        detours: Detours,
        timetable: Timetable,
        held: Flags,
        *,
        start_ms: int,
        buses: int,
    ) -> None:
        """``buses``: about how many are to drive round it; those that are ``held``, shape (buses,), are let
        through. Raises ``BadSetting`` when there is no such road.
        """
        self._city, self._drive, self._detours, self._held = city, drive, detours, held
        self.from_ms, self.to_ms = plan.span_ms(start_ms)
        self._reason = plan.waiver
        road = self._choose(timetable, buses)
        self.edge, self.node, self._rounds, watched = road.edge, road.node, road.rounds, road.served
        """The closed edge, and the node from which it would be driven."""
        self.awaited: Flags = np.zeros(len(city.bus_ids), np.bool_)
        """Buses that are to drive round it and have not yet: no fault may keep them from it."""
        self.awaited[[run.bus for run, _ in watched]] = True
        self._bus = np.array([run.bus for run, _ in watched])
        self._run = np.array([timetable.runs[run.bus].index(run) for run, _ in watched])
        self._round = [self._rounds[run.route] for run, _ in watched]
        self._turn_m = np.array([one.turn_m for one in self._round])
        self._turned: list[tuple[int, int]] = []

    @property
    def truth(self) -> list[Fault]:
        """The incident: from the first bus that was sent round to the last. Where none came for long, what
        follows is another one.
        """
        ((lon, lat),) = self._city.plane.places(self._city.network.nodes[[self.node]])
        moments = np.array([at_ms for _, at_ms in self._turned], np.int64)
        pieces = np.split(np.arange(len(moments)), np.flatnonzero(np.diff(moments) > _APART_MS) + 1)
        return [
            Fault(
                bus="",
                rule="incident",
                from_ms=int(moments[piece[0]]),
                to_ms=int(moments[piece[-1]]),
                size=float(len({self._turned[row][0] for row in piece.tolist()})),
                lon=lon,
                lat=lat,
            )
            for piece in pieces
            if len(piece)
        ]

    @cached_property
    def waiver(self) -> Waiver | None:
        """What the traffic police sign for it; None when they sign nothing."""
        if self._reason is None:
            return None
        road = self._city.network.edges[self.edge].road.name
        return Waiver(
            waiver_id=f"W.{self.from_ms}",
            reason=self._reason,
            approved_by=_SIGNED_BY,
            from_ms=self.from_ms,
            to_ms=self.to_ms + _AROUND_MS,  # who was sent round last is back
            route_ids=tuple(sorted({route.route_id for route in self._rounds})),
            area=self._area(),
            note=f"{road}封闭",
        )

    def step(self, state: State) -> None:
        """Send the buses that come near round it, while it is closed."""
        now = int(state.time_ms.min())
        if not self.from_ms <= now:
            return
        drive, bus = self._drive, self._bus
        on_run = (state.activity[bus] == Activity.RUN) & (drive.activity[bus] == Activity.RUN)
        on_it = on_run & (drive.run_number[bus] == self._run)
        passed = (drive.run_number[bus] > self._run) | (on_it & (drive.along_m[bus] > self._turn_m))
        self.awaited[:] = False
        if now >= self.to_ms:
            return
        self.awaited[bus[~passed]] = True
        left_m = self._turn_m - drive.along_m[bus]
        braking_m = drive.speed_ms[bus] ** 2 / 2 + _BRAKING_M
        near = on_it & (left_m > braking_m) & (left_m < _TURN_M) & ~self._detours.busy[bus]
        for number in np.flatnonzero(near).tolist():
            self._send_round(int(bus[number]), self._round[number], now)

    def _send_round(self, bus: int, how: _Round, now_ms: int) -> None:
        leg = self._drive.legs[bus]
        if leg is None or leg.way != self._drive.run_of(bus).route.way:
            return
        detour = self._detours.lay(bus, how.i, how.j, how.way)
        self._detours.begin(bus, how.i, how.j, detour, "waived_detour" if self._reason else "deviation")
        self._turned.append((bus, now_ms))

    def _choose(self, timetable: Timetable, wanted: int) -> _Road:
        """The road on which about ``wanted`` buses that have a way round are due while it is closed; where
        there is none, the one that comes nearest of those tried.
        """
        due: dict[tuple[int, int], list[tuple[Run, int]]] = defaultdict(list)
        for edge, node, run, at_ms in self._passes(timetable):
            due[edge, node].append((run, at_ms))
        network = self._city.network

        def off(passes: list[tuple[Run, int]]) -> float:
            buses = {run.bus for run, at_ms in passes if self.from_ms <= at_ms < self.to_ms}
            apart = abs(len(buses) - wanted)
            return 0.0 if apart <= _ABOUT * wanted else float(apart)

        def rank(place: tuple[int, int]) -> tuple[float, bool, float]:
            return off(due[place]), place[0] not in self._city.bridges, -network.length_m[place[0]]

        nearest: _Road | None = None
        for edge, node in sorted(due, key=rank)[:_MOST_TRIED]:
            road = self._road(edge, node, due[edge, node])
            if road is not None and (nearest is None or off(road.served) < off(nearest.served)):
                nearest = road
                if not off(road.served):
                    break
        if nearest is None:
            raise BadSetting("no road can be closed then: no bus is due on one that others lead round")
        return nearest

    def _road(self, edge: int, node: int, due: list[tuple[Run, int]]) -> _Road | None:
        """A carriageway on which runs are ``due``; None when too many of them have no way round it."""
        found = {route: self._way_round(route, edge, node) for route in {run.route for run, _ in due}}
        rounds = {route: one for route, one in found.items() if one is not None}
        served = [(run, at_ms) for run, at_ms in due if run.route in rounds]
        if not served or len(served) < (1 - _MOST_LET_THROUGH) * len(due):
            return None
        return _Road(edge, node, rounds, served)

    def _passes(self, timetable: Timetable) -> Iterator[tuple[int, int, Run, int]]:
        """Where and when buses are due while it is closed, or about then: edge, node from which it is driven,
        run, and epoch milliseconds.
        """
        early_ms, late_ms = self.from_ms - _AROUND_MS, self.to_ms + _AROUND_MS
        chainages = {}
        for run in (run for runs in timetable.runs for run in runs):
            if self._held[run.bus] or run.depart_ms > late_ms or run.arrive_ms < early_ms:
                continue
            way = run.route.way
            if run.route not in chainages:
                chainages[run.route] = self._city.network.chainages(way)
            part = chainages[run.route] / chainages[run.route][-1]
            at_ms = run.depart_ms + part * (run.arrive_ms - run.depart_ms)
            for k in np.flatnonzero((at_ms[:-1] >= early_ms) & (at_ms[:-1] <= late_ms)).tolist():
                yield way.edges[k], way.nodes[k], run, int(at_ms[k])

    def _way_round(self, route: RouteVersion, edge: int, node: int) -> _Round | None:
        """The quickest way from ``node`` to the line beyond the closed edge, which goes back along no part of
        the line; None when there is none, or none that is back before the line's end.
        """
        network, way = self._city.network, route.way
        i = way.nodes.index(node)
        chainage = network.chainages(way)
        last = int(np.searchsorted(chainage, chainage[-1] - BEFORE_END_M, side="right"))
        if chainage[i] < _SEEN_M or i + 1 >= last:
            return None
        settled, via = network.search(node, None, {edge, way.edges[i - 1]}, set(way.nodes[:i]), _SEARCH_S)
        left_s = np.cumsum([0.0, *(network.edges[e].seconds for e in reversed(way.edges))])[::-1]
        ends = [j for j in range(i + 1, last) if way.nodes[j] in settled]
        if not ends:
            return None
        aim = min(ends, key=lambda j: settled[way.nodes[j]] + left_s[j])
        whole = network.trace(via, node, way.nodes[aim])
        met = next(k for k in range(1, len(whole.nodes)) if whole.nodes[k] in way.nodes[i + 1 :])
        j = way.nodes.index(whole.nodes[met])
        way_round = Way(whole.nodes[: met + 1], whole.edges[:met])
        approved, driven = (shapely.LineString(network.line_of(one)) for one in (way, way_round))
        away = driven.difference(approved.buffer(CORRIDOR_M))
        if j >= last or away.distance(shapely.Point(network.nodes[way.nodes[-1]])) < TERMINAL_M:
            return None
        return _Round(i, j, way_round, float(chainage[i]))

    def _area(self) -> tuple[LonLat, ...]:
        """The corners, WGS-84, of a polygon round all ways that lead round the closure."""
        nodes = {node for one in self._rounds.values() for node in one.way.nodes}
        hull = shapely.MultiPoint(self._city.network.nodes[sorted(nodes)]).convex_hull.buffer(
            _AREA_M, quad_segs=2
        )
        return tuple(self._city.plane.places(shapely.get_coordinates(hull)[:-1]))
