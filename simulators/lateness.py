"""Lateness: the buses that have not left their first stop though it was time, read off the drive.

Whatever keeps a bus (ice, a run before that took longer, a closed road), its trip has not begun: to tell it
is right. How late a bus must be to be told is the monitor's to judge.
"""

from __future__ import annotations

import numpy as np

from fleet.clock import MINUTE_MS
from simulators.city import City
from simulators.drive import Drive, State
from simulators.ledger import Ledger
from simulators.motion import NEVER_MS
from simulators.nation import Nation
from simulators.truth import Fault

LATE_MS = 5 * MINUTE_MS
"""From so long after its time of departure on a bus is late."""


class LateBook:
    """Which buses are late, second by second."""

    def __init__(self, city: City | Nation, drive: Drive) -> None:
        self._drive = drive
        self._ledger = Ledger(city)
        n = len(city.bus_ids)
        self._activity = np.full(n, -1, np.int8)
        self._departs_ms = np.full(n, NEVER_MS, np.int64)
        self._late = np.zeros(n, np.bool_)

    @property
    def truth(self) -> list[Fault]:
        """The times in which buses were late, from five minutes after their departure was due."""
        return self._ledger.truth

    def step(self, state: State) -> None:
        """Note what the last second held."""
        activity = self._drive.activity
        turned = np.flatnonzero(activity != self._activity)
        self._departs_ms[turned] = self._drive.next_departures_ms(turned)
        self._activity = activity.copy()
        late = state.time_ms - LATE_MS > self._departs_ms
        for bus in np.flatnonzero(self._late & ~late).tolist():
            self._ledger.close(bus, "late")
        for bus in np.flatnonzero(late).tolist():
            self._ledger.note_lasting(bus, "late", state)
        self._late = late
