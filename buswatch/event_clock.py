"""The clock of a monitor that is shown the past: it says what the fixes say.

Replayed at sixty times the speed, or the year after, a recording then brings the very alerts that it brought
live: nothing in it comes late, and nobody is silent because it is over.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fleet.clock import MINUTE_MS

_LEAP_MS = 5 * MINUTE_MS
"""A fix that lies farther ahead is not believed, but where most do: then time has passed unrecorded."""


class EventClock:
    """Called, it gives the event time of the newest fix heard, epoch milliseconds."""

    def __init__(self, stored_ms: int = 0) -> None:
        """``stored_ms``: the event time of the newest fix that is stored already."""
        self._ms = stored_ms

    def __call__(self) -> int:
        return self._ms

    def hear(self, times_ms: NDArray[np.int64]) -> None:
        """Messages have come, in any order; shape (n,), the newest fix of each."""
        if not len(times_ms):
            return
        near = times_ms[times_ms <= self._ms + _LEAP_MS]
        newest = near.max() if 2 * len(near) >= len(times_ms) else np.median(times_ms)
        self._ms = max(self._ms, int(newest))
