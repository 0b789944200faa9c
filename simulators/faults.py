"""Driving faults: buses made to speed or to leave their route, and the truth of both; and bursts of speed too
short for a fault.

A fault is planned where the road allows it to become what it claims to be, so that none is injected
that nobody could find. Its truth is not the plan: it is read off the true state, second by second.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from fleet.clock import MINUTE_MS, SECOND_MS
from simulators.city import City
from simulators.detours import BEFORE_END_M, TERMINAL_M, Detours
from simulators.drive import Activity, Drive, State
from simulators.ledger import Ledger
from simulators.legs import Flags, Leg
from simulators.motion import ACCELERATION_MS2, EASING_MS2
from simulators.nation import Nation
from simulators.plane import Floats
from simulators.roads import SKIES
from simulators.truth import DrivingFault, Fault

Manoeuvre = DrivingFault | Literal["overtaking"]
"""What a driver is made to do."""

TOLERANCE_KMH = 5.0
"""Speeding is labelled where the true speed is above the limit by more than this."""
LEAST_EXCESS_KMH, MOST_EXCESS_KMH = 9.0, 40.0
LEAST_EXCESS_S, MOST_EXCESS_S = 13.0, 60.0
_BURST_KMH, _BURST_S = (6.0, 8.0), (1.2, 2.2)
"""How much over the limit a bus overtakes, and for how long it is over the tolerance."""
LEAST_OFF_M, LEAST_OFF_S = 110.0, 25.0
"""A detour is driven only when it is farther from the line than this for longer than this."""
_BEGINNING_M, _FOLLOWED_M, _FOLLOWED_MIDWAY_M = 270.0, 185.0, 1_650.0
"""A bus that leaves its line has followed it so far before, for only then is it seen to be on a trip:
less far when the simulation had it near the line's beginning, farther when it began midway."""
_UNSEEN_MS = 15.0
"""Metres a second that a bus drives between two of its fixes at most, about."""
_RESTS_MS = MINUTE_MS
"""A bus that has overtaken keeps to the limit for so long: to sparse fixes two in a row look like one."""
_WINDOW_LEFT_MS = 4 * MINUTE_MS
_TRIES = 40
LOOKED_AT = 2_000
"""Buses of a large fleet that are looked at for a place to put a fault."""
_SEARCH_S = 200.0
_SOON_M = 150.0
"""A detour leaves the line at a junction at most so far beyond the first place where it may."""
_LONGEST_SKIP_M = 1_800.0


class _OpenRoad(NamedTuple):
    """The road just ahead of a bus: one limit, nothing that slows the bus, and no tunnel that hides it."""

    along_m: float
    """Where on its leg the bus is."""
    speed_ms: float
    fast_ms: float
    """The speed at which it shall be driven."""
    end_m: float
    leaving_ms: float
    """How fast it may be there."""

    @property
    def gathering_m(self) -> float:
        """Metres that the bus takes to come to that speed …"""
        return max(self.fast_ms**2 - self.speed_ms**2, 0.0) / (2 * ACCELERATION_MS2)

    @property
    def easing_m(self) -> float:
        """… and to ease from it to what the road's end asks, with some to spare."""
        return max(self.fast_ms**2 - self.leaving_ms**2, 0.0) / (2 * 0.9 * EASING_MS2) + self.fast_ms


class DrivingFaults:
    """Draws driving faults, steers the drive into them, and writes down what truly happened."""

    def __init__(
        self,
        city: City | Nation,
        drive: Drive,
        detours: Detours,
        *,
        start_ms: int,
        per_bus_hour: dict[Manoeuvre, float],
        at_opening: dict[DrivingFault, int],
        opening_s: dict[DrivingFault, float],
        interval_s: int = 1,
    ) -> None:
        """``per_bus_hour`` of each go on for ever; ``at_opening`` more begin in ``opening_s``, or as soon
        after as the road allows.

        A bus that reports every ``interval_s`` seconds is seen to follow its line so much later.
        """
        self._city, self._drive, self._detours = city, drive, detours
        self._rng = np.random.default_rng([city.seed, 6])
        per_step = len(city.bus_ids) / 3_600
        self._unseen_m = _UNSEEN_MS * (interval_s - 1)
        self._rate = {rule: rate * per_step for rule, rate in per_bus_hour.items()}
        self._due_ms: dict[DrivingFault, list[float]] = {
            rule: sorted((start_ms + self._rng.uniform(0, opening_s[rule] * SECOND_MS, count)).tolist())
            for rule, count in at_opening.items()
        }
        self._inject: dict[Manoeuvre, Callable[[int], bool]] = {
            "speeding": self._speed,
            "deviation": self._deviate,
            "overtaking": self._overtake,
        }
        self.busy: Flags = np.zeros(len(city.bus_ids), np.bool_)
        """Buses that speed or overtake, or are about to."""
        self._heedless: Flags = drive.heedless
        """Who speeds in foul weather, and has no other fault."""
        self._fast: dict[int, Literal["speeding", "overtaking"]] = {}
        self._rested_ms: dict[int, int] = {}
        self._ledger = Ledger(city)
        self._motorway = {i for i, edge in enumerate(city.network.edges) if edge.road.kind == "motorway"}

    @property
    def truth(self) -> list[Fault]:
        """Speedings and overtakings so far, those still under way as far as they have come."""
        return self._ledger.truth

    def step(self, state: State, held: Flags) -> None:
        """Note what the last second held, and steer buses into new faults; not those that are ``held``, shape
        (buses,).
        """
        self._observe(state)
        now = int(state.time_ms.min())
        for rule, rate in self._rate.items():
            for _ in range(int(self._rng.poisson(rate))):
                self._inject_somewhere(rule, held)
        for due_rule, due in self._due_ms.items():
            while due and due[0] <= now and self._inject_somewhere(due_rule, held):
                due.pop(0)

    def _inject_somewhere(self, rule: Manoeuvre, held: Flags) -> bool:
        """Put a fault where it can become one, among some of the fleet; False where none can."""
        drive, n = self._drive, len(self.busy)
        rows = self._rng.choice(n, min(n, LOOKED_AT), replace=False)
        ready = (
            (drive.activity[rows] == Activity.RUN)
            & ~self.busy[rows]
            & ~self._detours.busy[rows]
            & ~held[rows]
            & ~self._heedless[rows]
            & (drive.speed_ms[rows] > 4.0)
            & (drive.driven_m[rows] >= 2 * self._unseen_m)
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
        road = self._open_road(
            bus, LEAST_EXCESS_KMH + (MOST_EXCESS_KMH - LEAST_EXCESS_KMH) * self._rng.beta(1.1, 2.6)
        )
        if road is None:
            return False
        gathering = road.gathering_m + road.fast_ms
        seconds = min(
            (road.end_m - road.along_m - gathering - road.easing_m) / road.fast_ms,
            self._rng.uniform(LEAST_EXCESS_S, MOST_EXCESS_S),
        )
        if seconds < LEAST_EXCESS_S:
            return False
        self._drive_fast(bus, "speeding", road, road.along_m + gathering + seconds * road.fast_ms)
        return True

    def _overtake(self, bus: int) -> bool:
        """Have a bus pass another: over the limit and its tolerance, for too short a time to be speeding."""
        excess_kmh, seconds = self._rng.uniform(*_BURST_KMH), self._rng.uniform(*_BURST_S)
        road = self._open_road(bus, excess_kmh)
        if road is None:
            return False
        over_ms = (excess_kmh - TOLERANCE_KMH) / 3.6
        coming_and_going_s = over_ms / ACCELERATION_MS2 + over_ms / EASING_MS2
        holding_m = max(seconds - coming_and_going_s, 0.0) * road.fast_ms
        to_m = road.along_m + road.gathering_m + holding_m
        if to_m + road.easing_m > road.end_m:
            return False
        self._drive_fast(bus, "overtaking", road, to_m)
        return True

    def _open_road(self, bus: int, excess_kmh: float) -> _OpenRoad | None:
        """The road on which a bus can drive so much over the limit; None when it has none ahead."""
        drive, leg = self._drive, self._drive.legs[bus]
        assert leg is not None
        along, speed = float(drive.along_m[bus]), float(drive.speed_ms[bus])
        first = int(along / leg.step_m) + 1
        limit = float(leg.limit_ms[first])
        fast = limit + excess_kmh / 3.6
        seen = leg.sky[first:] != SKIES.index("tunnel")
        open_road = (leg.limit_ms[first:] == limit) & (leg.bend_ms[first:] >= fast) & seen
        last = first + (len(open_road) if open_road.all() else int(np.argmin(open_road))) - 1
        if last <= first:
            return None
        end, leaving = last * leg.step_m, float(leg.cruise_ms[last])
        stop = drive.next_stop_m(bus)
        if stop < end + leaving**2:
            end, leaving = min(stop, end), 0.0
        return _OpenRoad(along, speed, fast, end, leaving)

    def _drive_fast(
        self, bus: int, rule: Literal["speeding", "overtaking"], road: _OpenRoad, to_m: float
    ) -> None:
        self.busy[bus] = True
        self._fast[bus] = rule
        self._drive.speed_up(bus, road.along_m, to_m, road.fast_ms, road.end_m)

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
                and leg.node_m[j] < leg.length_m - BEFORE_END_M
            ]
            for j in self._rng.permutation(ends)[:4].tolist():
                detour = self._detour_leg(bus, leg, i, j)
                if detour is not None:
                    self._detours.begin(bus, i, j, detour, "deviation")
                    return True
        return False

    def _detour_leg(self, bus: int, leg: Leg, i: int, j: int) -> Leg | None:
        """The leg that leaves the approved way at its node ``i`` and joins it again at ``j``."""
        network, way = self._city.network, leg.way
        route = self._drive.run_of(bus).route  # what the leg follows, but for an earlier detour behind it
        others = {*way.nodes, *route.way.nodes} - {way.nodes[i], way.nodes[j]}
        closed = self._motorway.union(way.edges, route.way.edges)
        round_way = network.way(way.nodes[i], way.nodes[j], closed, others, _SEARCH_S)
        if round_way is None:
            return None
        corners = shapely.points(network.nodes[list(round_way.nodes)])
        if shapely.distance(corners, self._detours.line_of(route)).max() < LEAST_OFF_M:
            return None
        detour = self._detours.lay(bus, i, j, round_way)
        away = (detour.off_m > LEAST_OFF_M) & (detour.sky != SKIES.index("tunnel"))
        from_end_m = np.hypot(detour.x - leg.x[-1], detour.y - leg.y[-1])
        if from_end_m[away].min(initial=np.inf) < TERMINAL_M:
            return None
        seconds = float((detour.step_m / np.maximum(detour.cruise_ms[away], 2.0)).sum())
        return detour if seconds >= LEAST_OFF_S else None

    def _observe(self, state: State) -> None:
        for bus, rule in list(self._fast.items()):
            over_kmh, now = _over_kmh(state, bus), int(state.time_ms[bus])
            speeding = over_kmh > TOLERANCE_KMH
            if speeding:
                self._ledger.note(bus, rule, over_kmh, state)
                self._rested_ms[bus] = now + (_RESTS_MS if rule == "overtaking" else 0)
            else:
                self._ledger.close(bus, rule)
            past = self._drive.along_m[bus] > self._drive.excess_to_m[bus]
            if past and not speeding and self._rested_ms.get(bus, now) <= now:
                self.busy[bus] = False
                self._rested_ms.pop(bus, None)
                del self._fast[bus]
        for bus in np.flatnonzero(self._heedless).tolist():
            over_kmh = _over_kmh(state, bus)
            if state.activity[bus] == Activity.RUN and over_kmh > TOLERANCE_KMH:
                self._ledger.note(bus, "speeding", over_kmh, state)
            else:
                self._ledger.close(bus, "speeding")


def _over_kmh(state: State, bus: int) -> float:
    """How much faster than its limit a bus drives."""
    return float((state.speed_ms[bus] - state.limit_ms[bus]) * 3.6)
