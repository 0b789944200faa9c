"""What time it is: by the wall, or, for a monitor that is shown the past, by what the fixes say.

By the latter a recording that is replayed at sixty times the speed, or the year after, brings the very alerts
that it brought live: nothing in it comes late, and nobody is silent because it is over.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import time_ns
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fleet.clock import MINUTE_MS
from ingest.decode import Received

_LEAP_MS = 5 * MINUTE_MS
"""A fix that lies farther ahead is not believed, but where most do: then time has passed unrecorded."""


class Clock(Protocol):
    """Called, it gives the time, epoch milliseconds."""

    def __call__(self) -> int: ...

    def hear(self, messages: Sequence[Received]) -> None:
        """Messages have come, in any order, and are judged next."""


class WallClock:
    """The machine's own clock, whatever comes."""

    def __call__(self) -> int:
        return time_ns() // 1_000_000

    def hear(self, messages: Sequence[Received]) -> None:
        """Nothing that comes changes it."""


class EventClock:
    """The event time of the newest fix heard."""

    def __init__(
        self, newest_times: Callable[[Sequence[Received]], NDArray[np.int64]], stored_ms: int = 0
    ) -> None:
        """``newest_times`` gives the newest fix of each message, see ``ingest.decode.Decoder``; ``stored_ms``
        is the event time of the newest fix that is stored already.
        """
        self._newest_times = newest_times
        self._ms = stored_ms

    def __call__(self) -> int:
        return self._ms

    def hear(self, messages: Sequence[Received]) -> None:
        times_ms = self._newest_times(messages)
        if not len(times_ms):
            return
        near = times_ms[times_ms <= self._ms + _LEAP_MS]
        newest = near.max() if 2 * len(near) >= len(times_ms) else np.median(times_ms)
        self._ms = max(self._ms, int(newest))
