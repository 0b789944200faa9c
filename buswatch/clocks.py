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

    def hear(self, messages: Sequence[Received]) -> NDArray[np.int64]:
        """Messages have come, in this order, and are judged next. Returns when each came; shape (n,)."""


class WallClock:
    """The machine's own clock, whatever comes."""

    def __call__(self) -> int:
        return time_ns() // 1_000_000

    def hear(self, messages: Sequence[Received]) -> NDArray[np.int64]:
        """They have come now."""
        return np.full(len(messages), self(), np.int64)


class EventClock:
    """The event time of the newest fix heard."""

    def __init__(
        self, newest_times: Callable[[Sequence[Received]], NDArray[np.int64]], stored_ms: int = 0
    ) -> None:
        """``newest_times`` gives the event time of the newest fix of each message, see
        ``ingest.decode.Decoder``; ``stored_ms`` is that of the newest fix that is stored already.
        """
        self._newest_times = newest_times
        self._ms = stored_ms

    def __call__(self) -> int:
        return self._ms

    def hear(self, messages: Sequence[Received]) -> NDArray[np.int64]:
        """Each came when the newest fix until then says, whatever comes after it: where a batch is cut
        does not count.
        """
        times_ms = self._newest_times(messages)
        fixes_ms = times_ms[times_ms > 0]
        latest_ms = self._ms + _LEAP_MS
        if 2 * np.count_nonzero(fixes_ms > latest_ms) > len(fixes_ms):
            latest_ms = int(np.median(fixes_ms))
        believed_ms = np.where(times_ms <= latest_ms, times_ms, 0)
        came_ms = np.maximum.accumulate(np.concatenate(([self._ms], believed_ms)))[1:]
        self._ms = int(came_ms.max(initial=self._ms))
        return came_ms
