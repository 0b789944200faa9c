"""What waits to be sent to one connected page: bounded, whatever the page's speed.

At most one frame waits; later ones are merged into it, the newest row of each bus. A bounded number
of changes waits; when there would be more they are dropped, and the page is told by ``gap``.
"""

from __future__ import annotations

import asyncio
from collections import deque

from api.frames import EncodedFrame, Row, event, merge, rows_by_bus

MOST_CHANGES = 1_000


class Listener:
    """One connected page. Offers never wait; ``take`` gives what to send next."""

    def __init__(self, seq: int) -> None:
        """``seq`` is the newest change that need not be sent."""
        self.seq = seq
        """The newest change sent, or known to the page from before."""
        self.offered = asyncio.Event()
        self._changes: deque[tuple[int, bytes]] = deque()
        self._incidents: dict[str, bytes] = {}
        self._frame: EncodedFrame | None = None
        self._merged: dict[str, Row] = {}
        self._lost_up_to: int | None = None

    def offer_change(self, seq: int, encoded: bytes) -> None:
        """Have the event of change ``seq`` sent, unless the page knows it."""
        if seq <= self.seq:
            return
        if len(self._changes) == MOST_CHANGES:
            self.lose(seq)
        else:
            self._changes.append((seq, encoded))
        self.offered.set()

    def offer_incident(self, incident_id: str, data: bytes) -> None:
        """Have an incident sent, in place of its state that still waits."""
        self._incidents[incident_id] = data
        self.offered.set()

    def offer_frame(self, frame: EncodedFrame) -> None:
        """Have a frame sent, merged with the one that still waits."""
        if self._frame is not None:
            self._merged = self._merged or rows_by_bus(self._frame.frame.rows)
            self._merged.update(rows_by_bus(frame.frame.rows))
        self._frame = frame
        self.offered.set()

    def lose(self, seq: int) -> None:
        """Tell the page, in place of every change up to ``seq``, that it missed some."""
        self._lost_up_to = seq
        self._drop(seq)

    def know(self, seq: int) -> None:
        """The page has had every change up to ``seq`` by another way."""
        self.seq = max(self.seq, seq)
        self._drop(seq)

    def take(self) -> bytes | None:
        """The next event, or None when nothing waits. Changes go before the frame.

        A frame's id is the seq of the newest change sent, so it must not overtake one.
        """
        if self._lost_up_to is not None:
            self.seq, self._lost_up_to = self._lost_up_to, None
            return event("gap", self.seq, b"{}")
        if self._changes:
            self.seq, encoded = self._changes.popleft()
            return encoded
        if self._incidents:
            return event("incident", self.seq, self._incidents.pop(next(iter(self._incidents))))
        if self._frame is not None:
            frame, merged, self._frame, self._merged = self._frame, self._merged, None, {}
            return (merge(frame.frame, merged.values()) if merged else frame).event(self.seq)
        return None

    def _drop(self, seq: int) -> None:
        while self._changes and self._changes[0][0] <= seq:
            self._changes.popleft()
