"""The load: a fleet at a steady rate, some of whose messages are bad, and the memory of all it sent.

The simulator's own publisher sends it: each message at its moment, and again whatever the broker had
not acknowledged when a connection was lost. A second of 2,000 buses takes 25 ms to work out and encode,
too little to do it beforehand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from simulators.link import Sent
from simulators.mqtt import Broker
from simulators.payload import Outgoing, topic
from simulators.publish import Publisher
from simulators.scenario import FaultRates, Scenario, Simulation

MANY_FAULTS = FaultRates(speeding=4.0, deviation=4.0, opening_speeding=120, opening_deviation=40)
NOT_ON_RECORD = "NOT-ON-RECORD"
"""The bus beside the registry's, under the row after the last of them."""
_FIXES_PER_BAD = 400


@dataclass(frozen=True)
class Fleet:
    """How many buses, and how often each reports."""

    buses: int
    interval_s: int

    @staticmethod
    def at(rate: int, buses: int | None) -> Fleet:
        """The fleet that sends ``rate`` fixes a second; ``ValueError`` where ``buses`` cannot."""
        if buses is None:
            return Fleet(rate, 1)
        if buses % rate or not 1 <= buses // rate <= 60:
            raise ValueError(
                f"{buses} buses cannot send {rate} fixes/s: give a multiple of the rate, 1 to 60"
            )
        return Fleet(buses, buses // rate)


class Source(Simulation):
    """A simulation that puts in a bad fix now and then."""

    def __init__(self, fleet: Fleet, start_ms: int, seed: int) -> None:
        super().__init__(
            Scenario(
                start_ms=start_ms,
                seed=seed,
                buses=fleet.buses,
                interval_s=fleet.interval_s,
                history_s=0,  # ten minutes of every bus at once are no steady load
                faults=MANY_FAULTS,
            )
        )
        self._bad_a_step = max(1, fleet.buses // fleet.interval_s // _FIXES_PER_BAD)
        self._first_kind = 0

    def step(self) -> Sent:
        self._first_kind += 1
        return self._with_bad(super().step())

    def _with_bad(self, sent: Sent) -> Sent:
        """Behind the good fixes some that nothing can be made of: latitude 91, longitude and latitude 0,
        a bus that is not on record. Each is another, or it would count once only among the rejected.
        """
        rows = np.flatnonzero(~sent.repeat)[: self._bad_a_step]
        if not len(rows):
            return sent
        bad = sent.fixes.take(rows)
        kind = (self._first_kind + np.arange(len(rows))) % 3
        bad = replace(
            bad,
            bus=np.where(kind == 2, self.scenario.buses, bad.bus).astype(np.int32),
            time_ms=bad.time_ms + 1,
            lat=np.select((kind == 0, kind == 1), (91.0, 0.0), bad.lat),
            lon=np.where(kind == 1, 0.0, bad.lon),
        )
        return Sent(
            fixes=type(bad).concat([sent.fixes, bad]),
            due_ms=np.r_[sent.due_ms, np.full(len(rows), sent.due_ms[-1])],
            message=np.r_[sent.message, sent.message[-1] + 1 + np.arange(len(rows))],
            repeat=np.r_[sent.repeat, np.zeros(len(rows), np.bool_)],
        )


class Recorder(Publisher):
    """A publisher that keeps every message that the broker has acknowledged."""

    def __init__(self, broker: Broker, bus_ids: Sequence[str], connections: int) -> None:
        super().__init__(
            broker, [topic(bus_id) for bus_id in bus_ids], [f"bus-{n}" for n in range(connections)]
        )
        self.acknowledged: list[Outgoing] = []

    def note_acknowledged(self, message: Outgoing) -> None:
        self.acknowledged.append(message)
        super().note_acknowledged(message)
