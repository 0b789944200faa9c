"""The truth of a fleet as it is written down: what began, what still goes on, and what is over."""

from __future__ import annotations

import msgspec
import numpy as np

from fleet.clock import SECOND_MS
from simulators.city import City
from simulators.drive import State
from simulators.nation import Nation
from simulators.truth import Fault, TrueRule


class Ledger:
    """Faults of single buses as they come and go, second by second; one of a rule and bus at a time."""

    def __init__(self, city: City | Nation) -> None:
        self._city = city
        self._open: dict[tuple[int, TrueRule], Fault] = {}
        self._closed: list[Fault] = []

    @property
    def truth(self) -> list[Fault]:
        """The faults so far, those still going on as far as they have come."""
        return [*self._closed, *self._open.values()]

    def note(self, bus: int, rule: TrueRule, size: float, state: State) -> Fault:
        """Begin or prolong a fault that is true this second; returns it as it now is."""
        now = int(state.time_ms[bus])
        known = self._open.get((bus, rule))
        if known is None:
            place = float(state.x[bus]), float(state.y[bus])
            known = self._fault(bus, rule, now, now, size, place)
        self.amend(bus, msgspec.structs.replace(known, to_ms=now, size=max(known.size, round(size, 1))))
        return self._open[bus, rule]

    def amend(self, bus: int, fault: Fault) -> None:
        """Have a fault that goes on say something else."""
        self._open[bus, fault.rule] = fault

    def note_lasting(self, bus: int, rule: TrueRule, state: State) -> None:
        """Begin or prolong a fault whose size is how many seconds it has lasted."""
        fault = self._open.get((bus, rule))
        lasted_ms = 0 if fault is None else int(state.time_ms[bus]) - fault.from_ms
        self.note(bus, rule, lasted_ms / SECOND_MS, state)

    def close(self, bus: int, rule: TrueRule) -> None:
        """End a fault with the last second that was noted; nothing when none goes on."""
        fault = self._open.pop((bus, rule), None)
        if fault is not None:
            self._closed.append(fault)

    def put(
        self, bus: int, rule: TrueRule, from_ms: int, to_ms: int, size: float, place: tuple[float, float]
    ) -> None:
        """Write down a fault that is known from one end to the other; ``place`` in plane metres."""
        self._closed.append(self._fault(bus, rule, from_ms, to_ms, size, place))

    def _fault(
        self, bus: int, rule: TrueRule, from_ms: int, to_ms: int, size: float, place: tuple[float, float]
    ) -> Fault:
        lon, lat = self._city.sites.to_degrees(np.array([bus]), np.array([place[0]]), np.array([place[1]]))
        return Fault(
            bus=self._city.bus_ids[bus],
            rule=rule,
            from_ms=from_ms,
            to_ms=to_ms,
            size=round(size, 1),
            lon=round(float(lon[0]), 6),
            lat=round(float(lat[0]), 6),
        )
