"""Faults of conduct: what a bus does, or leaves undone, apart from how it drives.

Some hold all day and are laid into timetable and record: a bus without valid inspection, a bus that
stays in its depot though a trip is due, a bus that drives though no assignment calls for it, on its own route
or, while a colleague stays in the depot, on the colleague's. Others begin on the road: a long stop where none
is approved, a device that falls silent, a bus that drives back along its line. The truth is read off the true
state, second by second.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta

import msgspec
import numpy as np

from fleet.clock import MINUTE_MS, SECOND_MS, local_day
from fleet.registry import Bus
from simulators.city import City
from simulators.drive import Activity, Drive, State
from simulators.faults import LOOKED_AT
from simulators.ledger import Ledger
from simulators.legs import Flags, Leg, lay_leg
from simulators.nation import Nation
from simulators.plane import Floats
from simulators.roads import SKIES, Way
from simulators.timetable import ZONE, Run, Timetable
from simulators.truth import ConductFault, Fault

_MOVING_MS = 10 / 3.6
_PARKED_MS = 5 * MINUTE_MS
_FAR_M = 2_000.0
"""Nearer to its depot a bus may be moved at any hour."""
_SILENT_S, _STOP_S = (200, 900), (330, 900)
_SEEN_M, _SEEN_MIDWAY_M = 400.0, 2_000.0
"""A bus is known to be on its trip once it has driven so far: farther when the simulation began midway."""
_BACK_M = (200.0, 700.0)
"""How far a bus drives back that goes the wrong way."""
_BEGINNING_M = 100.0
"""A bus that was farther along its line when it was first seen began midway."""
_ROOM_M = 150.0
"""A long stop lies so far from stops and ends."""
_WINDOW_LEFT_MS = 25 * MINUTE_MS
_TRIES = 40


class ConductFaults:
    """Lays the faults of a day into timetable and record, draws those of the road, notes their truth."""

    def __init__(
        self,
        city: City | Nation,
        timetable: Timetable,
        start_ms: int,
        *,
        buses: Mapping[ConductFault, int],
        per_bus_hour: Mapping[ConductFault, float],
    ) -> None:
        """``buses`` that have a fault all day, ``per_bus_hour`` faults on the road, by rule.

        A bus that is a ``substitute`` takes another one with it: the colleague of its depot whose runs it
        drives, and who stays there.
        """
        self._city = city
        self._rng = np.random.default_rng([city.seed, 10])
        self._start_ms = start_ms
        self._day = local_day(start_ms, ZONE)
        able = [row for row, runs in enumerate(timetable.runs) if runs]
        drawn = iter(self._rng.permutation(able).tolist())
        self._all_day: dict[ConductFault, list[int]] = {
            rule: [row for row, _ in zip(drawn, range(count), strict=False)] for rule, count in buses.items()
        }
        self._colleague = self._pair(self._all_day.get("substitute", ()), drawn)
        self._absent = [*self._all_day.get("trip_not_begun", ()), *self._colleague.values()]
        self._strays = [*self._all_day.get("off_hours", ()), *self._colleague]
        self._due = self._windows(timetable)
        self.timetable = self._lay(timetable)
        self._rate = {rule: rate * len(city.bus_ids) / 3_600 for rule, rate in per_bus_hour.items()}
        n = len(city.bus_ids)
        self.held: Flags = np.zeros(n, np.bool_)
        """Buses that no other fault may touch."""
        self.mute: Flags = np.zeros(n, np.bool_)
        """Buses whose device sends nothing and keeps nothing."""
        for rows in (*self._all_day.values(), self._absent):
            self.held[rows] = True
        self._until_ms: dict[int, int] = {}
        self._stop_m: dict[int, float] = {}
        self._back_m: dict[int, tuple[float, float]] = {}
        self._depot: Floats = np.array([city.network.nodes[city.depots[d].node] for d in city.bus_depot])
        self._ledger = Ledger(city)
        self._moved_ms: dict[int, int] = {}
        self._put_absences(timetable)

    @property
    def truth(self) -> list[Fault]:
        """The faults so far, those still going on as far as they have come."""
        return self._ledger.truth

    def on_record(self, buses: tuple[Bus, ...]) -> tuple[Bus, ...]:
        """The buses as they stand in the registry."""
        expired = self._day - timedelta(days=3)
        rows = set(self._all_day.get("unapproved_operation", ()))
        return tuple(
            msgspec.structs.replace(bus, inspection_expires=expired) if row in rows else bus
            for row, bus in enumerate(buses)
        )

    def step(self, state: State, drive: Drive, busy: Flags) -> None:
        """Note what the last second held, and have buses begin new faults; not those that are ``busy``."""
        self._observe(state, drive)
        for rule, rate in self._rate.items():
            for _ in range(int(self._rng.poisson(rate))):
                self._begin_somewhere(rule, state, drive, busy)

    def _pair(self, rows: Iterable[int], drawn: Iterator[int]) -> dict[int, int]:
        """For each of ``rows`` a colleague of its depot among those not ``drawn`` yet, if there is one."""
        left, depot = list(drawn), self._city.bus_depot
        pairs = {}
        for row in rows:
            near = next((other for other in left if depot[other] == depot[row]), None)
            if near is not None:
                left.remove(near)
                pairs[row] = near
        return pairs

    def _windows(self, timetable: Timetable) -> dict[str, list[Run]]:
        """The runs that are due by the assignments on record, by their approvals."""
        due: dict[str, list[Run]] = defaultdict(list)
        for row, runs in enumerate(timetable.runs):
            if row not in self._strays:
                for run in runs:
                    due[run.route.approval_id].append(run)
        return due

    def _lay(self, timetable: Timetable) -> Timetable:
        runs = list(timetable.runs)
        for row, colleague in self._colleague.items():
            runs[row] = tuple(replace(run, bus=row) for run in runs[colleague])
        for row in self._absent:
            runs[row] = ()
        strays = {self._city.bus_ids[row] for row in self._strays}
        return replace(
            timetable,
            runs=tuple(runs),
            assignments=tuple(a for a in timetable.assignments if a.bus_id not in strays),
        )

    def _put_absences(self, timetable: Timetable) -> None:
        """Write down the trips of the buses that stay in their depots, each for all of its window."""
        for row in self._absent:
            for run in timetable.runs[row]:
                x, y = self._city.network.nodes[run.route.stops[0].node].tolist()
                seconds = (run.ends_ms - run.starts_ms) / SECOND_MS
                self._ledger.put(row, "trip_not_begun", run.starts_ms, run.ends_ms, seconds, (x, y))

    def _begin_somewhere(self, rule: ConductFault, state: State, drive: Drive, busy: Flags) -> None:
        n = len(self.held)
        rows = np.arange(n) if n <= LOOKED_AT else self._rng.choice(n, LOOKED_AT, replace=False)
        driven_m = drive.driven_m[rows]
        midway = drive.along_m[rows] - driven_m >= _BEGINNING_M
        seen = driven_m > np.where(midway, _SEEN_MIDWAY_M, _SEEN_M)
        on_run = (state.activity[rows] == Activity.RUN) & (drive.activity[rows] == Activity.RUN)
        ready = on_run & ~self.held[rows] & ~busy[rows] & seen
        for bus in self._rng.permutation(rows[ready])[:_TRIES].tolist():
            now = int(state.time_ms[bus])
            if drive.window_left_ms(bus) < _WINDOW_LEFT_MS:
                continue
            if rule == "silent":
                seconds = self._rng.uniform(*_SILENT_S)
                self._until_ms[bus] = now + int(seconds * SECOND_MS)
                self.mute[bus] = self.held[bus] = True
                self._ledger.note_lasting(bus, "silent", state)
                return
            if self._stand(bus, drive) if rule == "long_stop" else self._turn_back(bus, drive):
                return

    def _stand(self, bus: int, drive: Drive) -> bool:
        """Have a bus stand for long at a place on its leg ahead, away from every stop and in no tunnel."""
        leg = drive.legs[bus]
        assert leg is not None
        place_m = float(drive.along_m[bus]) + self._rng.uniform(120.0, 500.0)
        stops = np.array([0.0, leg.length_m, *leg.stops_m])
        if np.abs(stops - place_m).min() < _ROOM_M or place_m > drive.next_stop_m(bus):
            return False
        if _in_tunnel(leg, place_m, place_m):
            return False
        drive.stand_at(bus, place_m, float(self._rng.uniform(*_STOP_S)))
        self.held[bus] = True
        self._stop_m[bus] = place_m
        return True

    def _turn_back(self, bus: int, drive: Drive) -> bool:
        """Have a bus turn round at a junction ahead, drive back along its line, and turn again."""
        leg = drive.legs[bus]
        assert leg is not None
        along_m, node_m = float(drive.along_m[bus]), leg.node_m
        turns = np.flatnonzero(
            (node_m > along_m + 120.0) & (node_m < min(along_m + 600.0, drive.next_stop_m(bus)))
        )
        for i in turns.tolist():
            first = int(np.searchsorted(node_m, node_m[i] - self._rng.uniform(*_BACK_M)))
            if first >= i or node_m[i] - node_m[first] < _BACK_M[0]:
                continue
            if _in_tunnel(leg, float(node_m[first]), float(node_m[i])):
                continue
            way = leg.way
            back = Way(way.nodes[first : i + 1], way.edges[first:i])
            ahead = Way(way.nodes[first:], way.edges[first:])
            whole = Way(way.nodes[: i + 1], way.edges[:i]).then(back.reversed()).then(ahead)
            stops = {stop.node for stop in drive.run_of(bus).route.stops}
            drive.reroute(bus, lay_leg(self._city.network, whole, stops=stops), green_to_m=float(node_m[i]))
            self.held[bus] = True
            self._back_m[bus] = float(node_m[i]), float(2 * node_m[i] - node_m[first])
            return True
        return False

    def _observe(self, state: State, drive: Drive) -> None:
        moving = state.speed_ms > _MOVING_MS
        for bus in self._all_day.get("unapproved_operation", ()):
            self._note_moving(bus, "unapproved_operation", bool(moving[bus]), state)
        for bus in self._strays:
            far = np.hypot(*(np.array([state.x[bus], state.y[bus]]) - self._depot[bus])) > _FAR_M
            self._note_moving(bus, "off_hours", bool(moving[bus] and far), state, MINUTE_MS)
            if not far:
                self._ledger.close(bus, "off_hours")
            self._observe_substitute(bus, state, drive)
        for bus in list(self._until_ms):
            self._observe_silent(bus, state)
        for bus in list(self._stop_m):
            self._observe_stop(bus, state, drive)
        for bus in list(self._back_m):
            self._observe_turn(bus, state, drive)

    def _observe_substitute(self, bus: int, state: State, drive: Drive) -> None:
        """Whether a bus drives a line that is due for another; size: per cent of it."""
        leg = drive.legs[bus]
        on_run = state.activity[bus] == Activity.RUN == drive.activity[bus]
        if leg is None or not on_run:
            self._ledger.close(bus, "substitute")
            return
        midway = drive.along_m[bus] - drive.driven_m[bus] > _BEGINNING_M
        now, approval = int(state.time_ms[bus]), drive.run_of(bus).route.approval_id
        if any(run.starts_ms <= now < run.ends_ms for run in self._due.get(approval, ())):
            part = float(drive.along_m[bus]) / leg.length_m
            fault = self._ledger.note(bus, "substitute", 100 * part, state)
            if midway or fault.from_ms < self._start_ms + SECOND_MS:  # it went on before the beginning
                self._ledger.amend(bus, msgspec.structs.replace(fault, from_ms=self._start_ms - 1))
        else:
            self._ledger.close(bus, "substitute")

    def _observe_silent(self, bus: int, state: State) -> None:
        self._ledger.note_lasting(bus, "silent", state)
        if state.time_ms[bus] >= self._until_ms[bus] or state.activity[bus] != Activity.RUN:
            self._ledger.close(bus, "silent")
            del self._until_ms[bus]
            self.mute[bus] = self.held[bus] = False

    def _observe_stop(self, bus: int, state: State, drive: Drive) -> None:
        ahead_m = self._stop_m[bus] - drive.along_m[bus]
        if abs(ahead_m) < 5.0 and state.speed_ms[bus] < 0.1:
            self._ledger.note_lasting(bus, "long_stop", state)
        elif ahead_m < -5.0 or state.activity[bus] != Activity.RUN:
            self._ledger.close(bus, "long_stop")
            del self._stop_m[bus]
            self.held[bus] = False

    def _observe_turn(self, bus: int, state: State, drive: Drive) -> None:
        from_m, to_m = self._back_m[bus]
        if from_m < drive.along_m[bus] <= to_m and state.activity[bus] == Activity.RUN:
            self._ledger.note(bus, "wrong_way", float(drive.along_m[bus]) - from_m, state)
        else:
            self._ledger.close(bus, "wrong_way")
        if state.activity[bus] != Activity.RUN:  # until then its leg is no single way to plan on
            del self._back_m[bus]
            self.held[bus] = False

    def _note_moving(
        self, bus: int, rule: ConductFault, moving: bool, state: State, stood_ms: int = _PARKED_MS
    ) -> None:
        """Begin or prolong the truth of a bus that moves and should not; a stand of so long ends it."""
        now = int(state.time_ms[bus])
        if moving:
            fault = self._ledger.note(bus, rule, float(state.speed_ms[bus]) * 3.6, state)
            if fault.from_ms < self._start_ms + _PARKED_MS:  # it went on before the beginning
                self._ledger.amend(bus, msgspec.structs.replace(fault, from_ms=self._start_ms - 1))
            self._moved_ms[bus] = now
        elif now - self._moved_ms.get(bus, now) > stood_ms:
            self._ledger.close(bus, rule)


def _in_tunnel(leg: Leg, from_m: float, to_m: float) -> bool:
    """Whether a part of a leg lies in a tunnel, where no receiver would tell of what a bus does."""
    part = slice(int(from_m / leg.step_m), int(to_m / leg.step_m) + 1)
    return bool((leg.sky[part] == SKIES.index("tunnel")).any())
