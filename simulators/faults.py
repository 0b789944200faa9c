"""Driving faults: buses made to speed or to leave their route, and the truth of both.

A fault is planned where the road allows it to become what it claims to be, so that none is injected
that nobody could find. Its truth is not the plan: it is read off the true state, second by second.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import msgspec
import numpy as np
import shapely
from numpy.typing import NDArray

from fleet.clock import MINUTE_MS, SECOND_MS
from simulators.city import City
from simulators.drive import Activity, Drive, State
from simulators.legs import Flags, Leg, lay_leg
from simulators.motion import ACCELERATION_MS2, EASING_MS2
from simulators.nation import Nation
from simulators.plane import Floats
from simulators.roads import Way
from simulators.routes import CORRIDOR_M
from simulators.truth import DrivingFault, Fault, Harmless

TOLERANCE_KMH = 5.0
"""Speeding is labelled where the true speed is above the limit by more than this."""
LEAST_EXCESS_KMH, MOST_EXCESS_KMH = 9.0, 40.0
LEAST_EXCESS_S, MOST_EXCESS_S = 13.0, 60.0
LEAST_OFF_M, LEAST_OFF_S = 110.0, 25.0
"""A detour is driven only when it is farther from the line than this for longer than this."""
_BEGINNING_M, _FOLLOWED_M, _FOLLOWED_MIDWAY_M = 270.0, 185.0, 1_650.0
"""A bus that leaves its line has followed it so far before, for only then is it seen to be on a trip:
less far when the simulation had it near the line's beginning, farther when it began midway."""
_UNSEEN_MS = 15.0
"""Metres a second that a bus drives between two of its fixes at most, about."""
_BEFORE_END_M = 400.0
_WINDOW_LEFT_MS = 4 * MINUTE_MS
_TRIES = 40
_LOOKED_AT = 2_000
"""Buses of a large fleet that are looked at for a place to put a fault."""
_BURST_KMH = 1.5
_BURST_MS = 3_000
"""A burst that lasts longer over limit and tolerance may be seen as speeding."""

Deed = DrivingFault | Literal["overtaking"]
"""What a bus is made to do at the wheel."""
_PERHAPS_OFF_M, _CERTAINLY_OFF_M = 30.0, 150.0
"""A stop nearer than the first to the way driven is served; farther than the second it is left out."""
_SEARCH_S = 200.0
_SOON_M = 150.0
"""A detour leaves the line at a junction at most so far beyond the first place where it may."""
_LONGEST_SKIP_M = 1_800.0


@dataclass(slots=True)
class _Open:
    """A fault whose end has not come yet."""

    rule: DrivingFault | Literal["stops_skipped"] | Harmless
    from_ms: int
    to_ms: int
    size: float
    x: float
    y: float
    waived: bool = False


class DrivingFaults:
    """Draws driving faults, steers the drive into them, and writes down what truly happened."""

    def __init__(
        self,
        city: City | Nation,
        drive: Drive,
        *,
        start_ms: int,
        per_bus_hour: dict[Deed, float],
        at_opening: dict[DrivingFault, int],
        opening_s: dict[DrivingFault, float],
        interval_s: int = 1,
        held: Flags | None = None,
    ) -> None:
        """``per_bus_hour`` faults of each rule go on for ever; ``at_opening`` more begin in ``opening_s``,
        or as soon after as the road allows.

        A bus that reports every ``interval_s`` seconds is seen to follow its line so much later. Buses that
        are ``held``, shape (buses,), get no fault.
        """
        self._city, self._drive = city, drive
        self._rng = np.random.default_rng([city.seed, 6])
        per_step = len(city.bus_ids) / 3_600
        self._unseen_m = _UNSEEN_MS * (interval_s - 1)
        self._rate = {rule: rate * per_step for rule, rate in per_bus_hour.items()}
        self._due_ms: dict[DrivingFault, list[float]] = {
            rule: sorted((start_ms + self._rng.uniform(0, opening_s[rule] * SECOND_MS, count)).tolist())
            for rule, count in at_opening.items()
        }
        self._inject: dict[Deed, Callable[[int], bool]] = {
            "speeding": self._speed,
            "deviation": self._deviate,
            "overtaking": self._overtake,
        }
        self.busy: Flags = np.zeros(len(city.bus_ids), np.bool_)
        """Buses with a driving fault planned or under way."""
        self._heedless: Flags = drive.heedless
        """Who speeds in foul weather, and has no other fault."""
        self._held: Flags = np.zeros(len(city.bus_ids), np.bool_) if held is None else held
        self._bursting: set[int] = set()
        self._detour: dict[int, Leg] = {}
        self._waived: set[int] = set()
        self._left_out: dict[int, tuple[int, int]] = {}
        self._left_ms: dict[int, int] = {}
        self._open: dict[int, _Open] = {}
        self._closed: list[Fault] = []
        self._motorway = {i for i, edge in enumerate(city.network.edges) if edge.road.kind == "motorway"}

    @property
    def truth(self) -> list[Fault]:
        """The faults so far, those still under way as far as they have come."""
        return self._closed + [self._fault(bus, fault) for bus, fault in self._open.items()]

    def step(self, state: State) -> None:
        """Note what the last second held, and steer buses into new faults."""
        self._observe(state)
        now = int(state.time_ms.min())
        for rule, rate in self._rate.items():
            for _ in range(int(self._rng.poisson(rate))):
                self._inject_somewhere(rule)
        for rule, due in self._due_ms.items():
            while due and due[0] <= now and self._inject_somewhere(rule):
                due.pop(0)

    def _inject_somewhere(self, rule: Deed) -> bool:
        """Put a fault where it can become one, among some of the fleet; False where none can."""
        drive, n = self._drive, len(self.busy)
        rows = self._rng.choice(n, min(n, _LOOKED_AT), replace=False)
        ready = (
            (drive.activity[rows] == Activity.RUN)
            & ~self.busy[rows]
            & ~self._held[rows]
            & ~self._heedless[rows]
            & (drive.speed_ms[rows] > 4.0)
        )
        candidates = rows[ready]
        if rule == "deviation":
            candidates = candidates[np.argsort(self._still_to_follow_m(candidates), kind="stable")]
        tried = candidates[:_TRIES].tolist()
        return any(self._has_time(bus) and self._inject[rule](bus) for bus in tried)

    def _still_to_follow_m(self, rows: NDArray[np.int64]) -> Floats:
        """Metres that each of the buses ``rows`` must still follow its line before it may leave it."""
        driven_m = self._drive.driven_m[rows]
        near = self._drive.along_m[rows] - driven_m < _BEGINNING_M - self._unseen_m
        needed = np.where(near, _FOLLOWED_M, _FOLLOWED_MIDWAY_M) + 2 * self._unseen_m
        return np.maximum(needed - driven_m, 0.0)

    def _has_time(self, bus: int) -> bool:
        return self._drive.window_left_ms(bus) > _WINDOW_LEFT_MS

    def _speed(self, bus: int) -> bool:
        """Have a bus speed on the road just ahead, if that is long and straight enough."""
        drive, leg = self._drive, self._drive.legs[bus]
        assert leg is not None
        along, speed = float(drive.along_m[bus]), float(drive.speed_ms[bus])
        first = int(along / leg.step_m) + 1
        limit = float(leg.limit_ms[first])
        excess = LEAST_EXCESS_KMH + (MOST_EXCESS_KMH - LEAST_EXCESS_KMH) * self._rng.beta(1.1, 2.6)
        fast = limit + excess / 3.6
        open_road = (leg.limit_ms[first:] == limit) & (leg.bend_ms[first:] >= fast)
        last = first + (len(open_road) if open_road.all() else int(np.argmin(open_road))) - 1
        if last <= first:
            return False
        end, leaving = last * leg.step_m, float(leg.cruise_ms[last])
        stop = drive.next_stop_m(bus)
        if stop < end + leaving**2:
            end, leaving = min(stop, end), 0.0
        gathering = max(fast**2 - speed**2, 0.0) / (2 * ACCELERATION_MS2) + fast
        easing = max(fast**2 - leaving**2, 0.0) / (2 * 0.9 * EASING_MS2) + fast
        seconds = min(
            (end - along - gathering - easing) / fast, self._rng.uniform(LEAST_EXCESS_S, MOST_EXCESS_S)
        )
        if seconds < LEAST_EXCESS_S:
            return False
        self.busy[bus] = True
        drive.speed_up(bus, along, along + gathering + seconds * fast, fast, end)
        return True

    def _overtake(self, bus: int) -> bool:
        """Have a bus be over limit and tolerance for a moment, too short to be speeding."""
        drive, leg = self._drive, self._drive.legs[bus]
        assert leg is not None
        along, speed = float(drive.along_m[bus]), float(drive.speed_ms[bus])
        first = int(along / leg.step_m) + 1
        limit = float(leg.limit_ms[min(first, len(leg.limit_ms) - 1)])
        fast = limit + (TOLERANCE_KMH + _BURST_KMH) / 3.6
        gathering = max(fast**2 - speed**2, 0.0) / (2 * ACCELERATION_MS2)
        end = along + gathering + fast
        last = int((end + 2 * fast) / leg.step_m)
        road = slice(first, last + 1)
        free = last < len(leg.x) and (leg.limit_ms[road] == limit).all() and (leg.bend_ms[road] >= fast).all()
        if not free or drive.next_stop_m(bus) < end + fast**2 or limit < speed - 1.0:
            return False
        self.busy[bus] = True
        self._bursting.add(bus)
        drive.speed_up(bus, along, end, fast, end + fast**2)
        return True

    def _deviate(self, bus: int) -> bool:
        """Have a bus leave its line at a junction ahead and come back to it at a later one."""
        drive, leg = self._drive, self._drive.legs[bus]
        assert leg is not None
        along = float(drive.along_m[bus])
        braking = float(drive.speed_ms[bus]) ** 2 / 2 + 25.0
        halt = drive.next_halt_m(bus)
        earliest = along + max(braking, float(self._still_to_follow_m(np.array([bus]))[0]))
        junctions = [
            i
            for i in range(1, len(leg.way.nodes) - 1)
            if earliest < leg.node_m[i] < min(earliest + _SOON_M, halt)
            and len(self._city.network.meeting[leg.way.nodes[i]]) > 2
        ]
        for i in junctions:
            ends = [
                j
                for j in range(i + 1, len(leg.way.nodes) - 1)
                if leg.node_m[j] - leg.node_m[i] < _LONGEST_SKIP_M
                and leg.node_m[j] < leg.length_m - _BEFORE_END_M
            ]
            for j in self._rng.permutation(ends)[:4].tolist():
                detour = self._detour_leg(bus, leg, i, j)
                if detour is not None:
                    self.send_round(bus, leg, i, j, detour)
                    return True
        return False

    def send_round(self, bus: int, leg: Leg, i: int, j: int, detour: Leg, *, waived: bool = False) -> None:
        """Have a bus leave its leg at its node ``i`` for ``detour``, which comes back to it at node ``j``."""
        self.busy[bus] = True
        self._detour[bus] = detour
        self._left_out[bus] = self._stops_left_out(bus, leg, i, j, detour)
        if waived:
            self._waived.add(bus)
        self._drive.reroute(bus, detour, green_to_m=float(leg.node_m[i]))

    def _detour_leg(self, bus: int, leg: Leg, i: int, j: int) -> Leg | None:
        """The leg that leaves the approved way at its node ``i`` and joins it again at ``j``."""
        network, way = self._city.network, leg.way
        route = self._drive.run_of(bus).route  # what the leg follows, but for an earlier detour behind it
        others = {*way.nodes, *route.way.nodes} - {way.nodes[i], way.nodes[j]}
        closed = self._motorway.union(way.edges, route.way.edges)
        round_way = network.way(way.nodes[i], way.nodes[j], closed, others, _SEARCH_S)
        if round_way is None:
            return None
        approved = shapely.LineString(network.line_of(route.way))
        corners = shapely.points(network.nodes[list(round_way.nodes)])
        if shapely.distance(corners, approved).max() < LEAST_OFF_M:
            return None
        before = Way(way.nodes[: i + 1], way.edges[:i])
        whole = before.then(round_way).then(Way(way.nodes[j:], way.edges[j:]))
        stops = {stop.node for stop in route.stops}
        detour = lay_leg(network, whole, stops=stops, approved=approved)
        away = detour.off_m > LEAST_OFF_M
        seconds = float((detour.step_m / np.maximum(detour.cruise_ms[away], 2.0)).sum())
        return detour if seconds >= LEAST_OFF_S else None

    def _stops_left_out(self, bus: int, leg: Leg, i: int, j: int, detour: Leg) -> tuple[int, int]:
        """How many stops between two nodes of a way a detour certainly leaves out, and how many perhaps."""
        nodes = {stop.node for stop in self._drive.run_of(bus).route.stops}
        between = [node for node in leg.way.nodes[i + 1 : j] if node in nodes]
        if not between:
            return 0, 0
        driven = shapely.LineString(np.column_stack((detour.x, detour.y)))
        off_m = shapely.distance(driven, shapely.points(self._city.network.nodes[between]))
        return int((off_m > _CERTAINLY_OFF_M).sum()), int((off_m > _PERHAPS_OFF_M).sum())

    def _observe(self, state: State) -> None:
        over_kmh = (state.speed_ms - state.limit_ms) * 3.6
        for bus in np.flatnonzero(self.busy).tolist():
            detour = self._detour.get(bus)
            if detour is not None:
                self._observe_detour(bus, detour, state)
            else:
                speeding = over_kmh[bus] > TOLERANCE_KMH
                rule: Deed = "overtaking" if bus in self._bursting else "speeding"
                self._note(bus, rule, bool(speeding), float(over_kmh[bus]), state)
                past = self._drive.along_m[bus] > self._drive.excess_to_m[bus]
                if past and not speeding:
                    self.busy[bus] = False
                    self._bursting.discard(bus)
        for bus in np.flatnonzero(self._heedless).tolist():
            speeding = state.activity[bus] == Activity.RUN and over_kmh[bus] > TOLERANCE_KMH
            self._note(bus, "speeding", bool(speeding), float(over_kmh[bus]), state)

    def _observe_detour(self, bus: int, detour: Leg, state: State) -> None:
        if state.activity[bus] != Activity.RUN:
            self._forget_detour(bus)
            return
        place = self._drive.along_m[bus] / detour.step_m
        off_m = float(np.interp(place, np.arange(len(detour.off_m)), detour.off_m))
        self._note(bus, "deviation", off_m > CORRIDOR_M, off_m, state)
        if off_m > CORRIDOR_M and bus in self._waived:
            self._open[bus].waived = True
        if off_m > CORRIDOR_M:
            self._left_ms.setdefault(bus, int(state.time_ms[bus]))
        if off_m <= CORRIDOR_M and not (detour.off_m[int(place) :] > CORRIDOR_M).any():
            self._forget_detour(bus)

    def _forget_detour(self, bus: int) -> None:
        del self._detour[bus]
        self._waived.discard(bus)
        certain, perhaps = self._left_out.pop(bus)
        left_ms = self._left_ms.pop(bus, None)
        if perhaps and left_ms is not None:
            place = float(self._drive.along_m[bus])
            back = _Open("stops_skipped", left_ms, int(self._drive.time_ms[bus]), float(certain), 0.0, 0.0)
            leg = self._drive.legs[bus]
            if leg is not None:
                cell = min(int(place / leg.step_m), len(leg.x) - 1)
                back.x, back.y = float(leg.x[cell]), float(leg.y[cell])
            self._closed.append(self._fault(bus, back))
        self.busy[bus] = False

    def _note(self, bus: int, rule: Deed, faulty: bool, size: float, state: State) -> None:
        """Begin, prolong or end the truth of a bus's fault by what is true this second."""
        now = int(state.time_ms[bus])
        fault = self._open.get(bus)
        if faulty and fault is None:
            self._open[bus] = _Open(rule, now, now, size, float(state.x[bus]), float(state.y[bus]))
        elif faulty and fault is not None:
            fault.to_ms, fault.size = now, max(fault.size, size)
        elif fault is not None:
            self._close(bus, self._open.pop(bus))

    def _close(self, bus: int, fault: _Open) -> None:
        if fault.rule == "overtaking" and fault.to_ms - fault.from_ms > _BURST_MS:
            fault.rule = "speeding"  # the road let it last
        self._closed.append(self._fault(bus, fault))
        if fault.waived:
            self._closed.append(msgspec.structs.replace(self._closed[-1], rule="waived_detour"))

    def _fault(self, bus: int, fault: _Open) -> Fault:
        place = self._city.sites.to_degrees(np.array([bus]), np.array([fault.x]), np.array([fault.y]))
        return Fault(
            bus=self._city.bus_ids[bus],
            rule=fault.rule,
            from_ms=fault.from_ms,
            to_ms=fault.to_ms,
            size=round(fault.size, 1),
            lon=round(float(place[0][0]), 6),
            lat=round(float(place[1][0]), 6),
        )
