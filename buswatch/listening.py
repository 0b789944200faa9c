"""The clock by which silence is judged: never ahead of what we have really listened to.

A bus is silent when it sends nothing, not when we were away. So this clock stands while nothing is
taken from the broker; after an absence it follows the event times of what the broker had kept, and
agrees with the clock on the wall once nothing more has waited for a while.
"""

from __future__ import annotations

from fleet.clock import MINUTE_MS, SECOND_MS

QUIET_MS = 10 * SECOND_MS
"""When nothing came for this long, nothing waits at the broker any more."""
FIRST_MS = 30 * SECOND_MS
"""After a start buses may hand in what they had kept, each in its own time: another bus's newest fix says
nothing of theirs."""
CATCH_UP_MS = 10 * MINUTE_MS
"""After so long of listening what comes is called new, however old: a fleet's fixes may always come late."""
RETURN_MS = 3 * MINUTE_MS
"""Buses that lost the broker as we did come back within this."""


class ListeningClock:
    """Told when we listen and what we hear; times are epoch milliseconds."""

    def __init__(self) -> None:
        self._listening_ms: int | None = None
        """Since when we have listened without hearing anything; None while we do not listen."""
        self._heard_ms: int | None = None
        """What the clock said when we last heard something."""
        self._lost_ms: int | None = None
        self._held_until_ms = 0
        self._caught_up = False

    def connected(self, now_ms: int) -> None:
        """The broker has taken our subscription. It was away for as long as we were: buses that it left
        as well get time to come back.
        """
        if self._lost_ms is None:
            self._held_until_ms = max(self._held_until_ms, now_ms + FIRST_MS)
        else:
            self._held_until_ms = now_ms + min(now_ms - self._lost_ms, RETURN_MS) + QUIET_MS
        self.listen(now_ms)

    def lost(self, now_ms: int) -> None:
        """The connection is gone, or was never there."""
        self._listening_ms = None
        self._caught_up = False
        if self._lost_ms is None or now_ms >= self._held_until_ms:
            self._lost_ms = now_ms

    def listen(self, now_ms: int) -> None:
        """What was heard is dealt with, and we listen again."""
        self._listening_ms = now_ms

    def heard(self, newest_ms: int | None, now_ms: int) -> None:
        """Something came, with fixes up to event time ``newest_ms`` (None: with no fix)."""
        known = [ms for ms in (self._event_ms(now_ms), newest_ms) if ms is not None]
        self._heard_ms = min(max(known), now_ms) if known else None
        self._listening_ms = None

    def time_ms(self, now_ms: int) -> int | None:
        """Up to when silence may be judged; None while it may not."""
        if self._listening_ms is None or now_ms < self._held_until_ms:
            return None
        if now_ms - self._listening_ms >= QUIET_MS:
            return now_ms
        return self._event_ms(now_ms)

    def caught_up(self, now_ms: int) -> bool:
        """Whether all that waited for us while we were away has come; so it stays until we are away again."""
        until_ms = self.time_ms(now_ms)
        if until_ms is not None:
            self._caught_up |= now_ms - until_ms <= QUIET_MS or now_ms >= self._held_until_ms + CATCH_UP_MS
        return self._caught_up

    def _event_ms(self, now_ms: int) -> int | None:
        if self._heard_ms is None or self._listening_ms is None:
            return self._heard_ms
        return self._heard_ms + now_ms - self._listening_ms
