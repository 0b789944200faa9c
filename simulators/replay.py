"""Playing a recording: each message at its own moment again, at a speed, with a pause and a place to go to.

Pacing is open-loop, as in ``publish``: a slow broker makes messages late, not the recording longer.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from fleet.clock import SECOND_MS
from fleet.topics import position_topic
from simulators.recordings.recording import Message, Recording, shifted

_TICK_S = 0.005
"""Messages that fall due within this are sent together."""
_GLANCE_S = 0.1
"""It looks up from waiting this often, to see what it was told."""
_MOST_WAITING = 100_000
"""With so many messages unacknowledged no more are read: a recording is larger than memory."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to play, and how."""

    speed: float = 1.0
    """Seconds of the recording in a second; infinite: as fast as it goes."""
    from_ms: int | None = None
    to_ms: int | None = None
    """Both included; None is the recording's own beginning or end."""
    bus_ids: frozenset[str] = frozenset()
    """These alone; empty: all."""
    loop: bool = False
    to_now: bool = False
    """Event times are moved, so that the recording's end is sent as what happens then."""


class Replay:
    """A recording under way. ``pause``, ``resume`` and ``seek`` may be called at any time."""

    def __init__(
        self,
        recording: Recording,
        plan: Plan,
        send: Callable[[Message, int], None],
        waiting: Callable[[], int] = lambda: 0,
        clock_s: Callable[[], float] = time.time,
    ) -> None:
        """``send`` is called with each message and the moment at which it is due, epoch milliseconds;
        ``waiting`` says how many of them are not acknowledged.
        """
        self._recording, self._plan, self._send, self._waiting = recording, plan, send, waiting
        self._clock_s = clock_s
        self._topics = {position_topic(bus_id) for bus_id in plan.bus_ids}
        self.begin_ms = recording.first_ms if plan.from_ms is None else max(plan.from_ms, recording.first_ms)
        self.end_ms = recording.last_ms if plan.to_ms is None else min(plan.to_ms, recording.last_ms)
        self._anchor_s, self._anchor_ms = 0.0, self.begin_ms
        self._sought_ms: int | None = None
        self.paused = False
        self._stopped = False
        self.sent = 0
        """Messages so far, over all rounds."""

    @property
    def position_ms(self) -> int:
        """Where in the recording we are."""
        if self.paused or self._anchor_s == 0.0:
            return self._anchor_ms
        passed_ms = (self._clock_s() - self._anchor_s) * SECOND_MS * self._plan.speed
        return min(self._anchor_ms + int(min(passed_ms, 1e15)), self.end_ms)

    def pause(self) -> None:
        """Send nothing until ``resume``."""
        self._anchor(self.position_ms)
        self.paused = True

    def resume(self) -> None:
        """Go on from where it was paused."""
        self._anchor(self._anchor_ms)
        self.paused = False

    def seek(self, to_ms: int) -> None:
        """Go on from another moment of the recording."""
        self._sought_ms = min(max(to_ms, self.begin_ms), self.end_ms)

    def stop(self) -> None:
        """End after the message under way."""
        self._stopped = True

    async def run(self) -> None:
        """Play until the end, or for ever in a loop, or until ``stop``. Raises as the recording does."""
        while not self._stopped:
            self._sought_ms = self.begin_ms
            while self._sought_ms is not None and not self._stopped:
                start, self._sought_ms = self._sought_ms, None
                await self._play(start)
            if not self._plan.loop:
                return

    async def _play(self, start_ms: int) -> None:
        """Play from a moment until the end, or until another moment is sought."""
        self._anchor(start_ms)
        by_ms = self._shift(start_ms) if self._plan.to_now else 0
        breath_s = self._clock_s()
        for message in self._recording.messages(start_ms):
            if message.at_ms > self.end_ms:
                return
            if self._topics and message.topic not in self._topics:
                continue
            due_s = await self._until_due(message.at_ms)
            if due_s is None:
                return
            if self._clock_s() - breath_s > _TICK_S:  # late or fast: others must get their turn all the same
                await asyncio.sleep(0)
                breath_s = self._clock_s()
            payload = shifted(message.payload, by_ms) if by_ms else message.payload
            self._send(message._replace(payload=payload), round(due_s * SECOND_MS))
            self.sent += 1

    async def _until_due(self, at_ms: int) -> float | None:
        """Wait for a message's moment and return it, epoch seconds; None when told to do something else."""
        while not self._stopped and self._sought_ms is None:
            if self.paused:
                await asyncio.sleep(_GLANCE_S)
                continue
            due_s = self._anchor_s + (at_ms - self._anchor_ms) / SECOND_MS / self._plan.speed
            left_s = due_s - self._clock_s()
            if left_s > _TICK_S:
                await asyncio.sleep(min(left_s, _GLANCE_S))
            elif self._waiting() >= _MOST_WAITING:
                await asyncio.sleep(_TICK_S)
            else:
                return due_s
        return None

    def _anchor(self, at_ms: int) -> None:
        """From now on the recording goes on from ``at_ms``."""
        self._anchor_s, self._anchor_ms = self._clock_s(), at_ms

    def _shift(self, start_ms: int) -> int:
        """Milliseconds by which event times are moved: at the end they are those of the clock, before they
        lie behind it, at more than the recorded speed ever less.
        """
        left_ms = self.end_ms - start_ms
        lasts_ms = 0.0 if math.isinf(self._plan.speed) else left_ms / self._plan.speed
        return round(self._anchor_s * SECOND_MS + lasts_ms) - self.end_ms
