"""A closed road: from a moment on, no bus may pass a bridge that many of them use, and each goes round it.

Article 30 of 校车安全管理条例 allows it under traffic control, with a waiver.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import shapely

from fleet.clock import HOUR_MS, SECOND_MS
from fleet.registry import Waiver
from simulators.city import DEFAULT_BUSES, City
from simulators.drive import Activity, Drive, State
from simulators.legs import Flags, Leg, lay_leg
from simulators.roads import Way
from simulators.timetable import Timetable

_BUSES = 40
"""Of the default fleet's buses about so many meet the closure in its first hour."""
_FROM_AFAR, _TO_AFAR = 10, 16
"""Junctions before the closure at which a bus may leave its line, and after it at which it may come back."""
_SEARCH_S = 900.0
_TURN_M = 40.0
"""A bus needs so much road, beside what it brakes on, to take another way at a junction."""
_WAIVED_M = 3_000.0


@dataclass(frozen=True, slots=True)
class ClosurePlan:
    """A closure of a scenario."""

    from_s: int
    """Seconds after the scenario's start."""
    lasts_s: int
    waived: bool = False
    """Whether a waiver covers the ways round it."""


class Closure:
    """The closed road of a fleet, and who goes round it."""

    def __init__(self, plan: ClosurePlan, city: City, timetable: Timetable, start_ms: int) -> None:
        self.from_ms = start_ms + plan.from_s * SECOND_MS
        self.to_ms = self.from_ms + plan.lasts_s * SECOND_MS
        self.waived = plan.waived
        self._city = city
        self.edge = self._choose(timetable)
        """The number of the closed edge."""
        self._seen: Flags = np.zeros(len(city.bus_ids), np.bool_)
        """Buses whose run has been looked at."""

    @property
    def place(self) -> tuple[float, float]:
        """The middle of the closed road, WGS-84."""
        edge = self._city.network.edges[self.edge]
        x, y = shapely.get_coordinates(
            shapely.line_interpolate_point(shapely.LineString(edge.line), 0.5, normalized=True)
        ).T
        lon, lat = self._city.plane.to_degrees(x, y)
        return round(float(lon[0]), 6), round(float(lat[0]), 6)

    def waiver(self) -> Waiver:
        """What the traffic police sign for it: the area round the closure, for its time."""
        edge = self._city.network.edges[self.edge]
        corners = shapely.get_coordinates(shapely.LineString(edge.line).buffer(_WAIVED_M, quad_segs=3))[:-1]
        lon, lat = (np.round(a, 6).tolist() for a in self._city.plane.to_degrees(*corners.T))
        return Waiver(
            "simulated-closure", "traffic_control", "交警支队", self.from_ms, self.to_ms,
            area=tuple(zip(lon, lat, strict=True)), note=edge.road.name,
        )  # fmt: skip

    def detours(self, state: State, drive: Drive, spared: Flags) -> Iterator[tuple[int, Leg, int, int, Leg]]:
        """Buses that meet the closure on the run that they are on, each looked at once a run: its row, its
        leg, the places among the leg's nodes where it leaves it and comes back, and the leg round.

        Those that are ``spared``, shape (buses,), or have passed their last turning, drive on.
        """
        running = (state.activity == Activity.RUN) & (drive.activity == Activity.RUN)
        self._seen &= running
        closed = (state.time_ms >= self.from_ms) & (state.time_ms < self.to_ms)
        for bus in np.flatnonzero(running & closed & ~self._seen & ~spared).tolist():
            self._seen[bus] = True
            leg = drive.legs[bus]
            if leg is not None and self.edge in leg.way.edges:
                found = self._round(bus, leg, drive)
                if found is not None:
                    yield (bus, leg, *found)

    def _choose(self, timetable: Timetable) -> int:
        """Of the bridges (of all roads, where none is known) the one that about so many buses pass."""
        wanted = _BUSES * len(self._city.bus_ids) / DEFAULT_BUSES
        passing: Counter[int] = Counter()
        for runs in timetable.runs:
            mine = {
                edge
                for run in runs
                if run.depart_ms < self.from_ms + HOUR_MS and run.arrive_ms > self.from_ms
                for edge in run.route.way.edges
            }
            passing.update(mine)
        bridges = [edge for edge in sorted(passing) if edge in self._city.bridges] or sorted(passing)
        return min(bridges, key=lambda edge: abs(passing[edge] - wanted))

    def _round(self, bus: int, leg: Leg, drive: Drive) -> tuple[int, int, Leg] | None:
        """The quickest way round, from a junction ahead of a bus to one behind the closure."""
        network, way = self._city.network, leg.way
        closed = way.edges.index(self.edge)
        earliest = float(drive.along_m[bus]) + float(drive.speed_ms[bus]) ** 2 / 2 + _TURN_M
        best: tuple[float, int, int, Way] | None = None
        ends = range(closed + 1, min(closed + 1 + _TO_AFAR, len(way.nodes)))
        beyond = set(way.nodes[closed + 1 :])
        for i in range(closed, max(closed - _FROM_AFAR, 0), -1):
            if leg.node_m[i] < earliest:
                break
            passed = {*way.nodes[:i], *way.nodes[i + 1 : closed + 1]}  # no bus turns back along its line
            settled, via = network.search(way.nodes[i], None, {self.edge}, passed, _SEARCH_S)
            for j in ends:
                if way.nodes[j] not in settled:
                    continue
                round_way = network.trace(via, way.nodes[i], way.nodes[j])
                saved = sum(network.edges[edge].seconds for edge in way.edges[i:j])
                extra = settled[way.nodes[j]] - saved
                back_at_once = beyond.isdisjoint(round_way.nodes[:-1])
                if back_at_once and (best is None or extra < best[0]):
                    best = extra, i, j, round_way
        if best is None:
            return None
        _, i, j, round_way = best
        route = drive.run_of(bus).route
        whole = Way(way.nodes[: i + 1], way.edges[:i]).then(round_way).then(Way(way.nodes[j:], way.edges[j:]))
        leg_round = lay_leg(
            network,
            whole,
            stops={stop.node for stop in route.stops},
            approved=shapely.LineString(network.line_of(route.way)),
        )
        return i, j, leg_round
