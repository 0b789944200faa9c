"""The clock that says what the fixes say."""

from __future__ import annotations

import numpy as np

from buswatch.event_clock import EventClock
from fleet.clock import HOUR_MS, MINUTE_MS

START_MS = 1_700_000_000_000


def test_it_is_the_newest_fix_that_was_heard_and_never_goes_back() -> None:
    clock = EventClock()
    assert clock() == 0
    clock.hear(np.array([], np.int64))
    clock.hear(np.array([START_MS, START_MS + 500, START_MS - 800]))
    clock.hear(np.array([START_MS + 2_000]))
    assert clock() == START_MS + 2_000
    clock.hear(np.array([START_MS + 1_000]))
    assert clock() == START_MS + 2_000


def test_one_fix_from_far_ahead_is_not_believed_and_a_gap_in_the_recording_is() -> None:
    clock = EventClock(START_MS)
    clock.hear(np.array([START_MS + 1_000, START_MS + 10 * HOUR_MS, START_MS + 900]))
    assert clock() == START_MS + 1_000
    clock.hear(np.array([START_MS + 10 * HOUR_MS, START_MS + 10 * HOUR_MS + 5, START_MS + 900]))
    assert clock() == START_MS + 10 * HOUR_MS
    clock.hear(np.array([START_MS + 10 * HOUR_MS + 4 * MINUTE_MS]))
    assert clock() == START_MS + 10 * HOUR_MS + 4 * MINUTE_MS
