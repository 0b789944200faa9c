"""The clocks: one that says what the fixes say, and the wall's."""

from __future__ import annotations

import time
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from buswatch.clocks import EventClock, WallClock
from fleet.clock import HOUR_MS, MINUTE_MS
from fleet.topics import position_topic
from ingest.decode import Decoder
from ingest.mqtt import Message
from tests.scenes import registry

START_MS = 1_700_000_000_000


def event_clock(stored_ms: int = 0) -> EventClock:
    return EventClock(Decoder(registry()).newest_times, stored_ms)


def fixes(*times_ms: int) -> list[Message]:
    """A message for each time."""
    topic = position_topic("B1")
    return [Message(topic, b'{"time":%d,"lon":1,"lat":1}' % time_ms, 0, 1) for time_ms in times_ms]


def test_it_is_the_newest_fix_that_was_heard_and_never_goes_back() -> None:
    clock = event_clock()
    assert clock() == 0
    assert clock.hear([]).tolist() == []
    clock.hear(fixes(START_MS, START_MS + 500, START_MS - 800))
    clock.hear(fixes(START_MS + 2_000))
    assert clock() == START_MS + 2_000
    clock.hear(fixes(START_MS + 1_000))
    assert clock() == START_MS + 2_000


@given(st.lists(st.integers(-90_000, 90_000), min_size=1, max_size=30), st.sets(st.integers(1, 29)))
def test_each_message_came_when_the_newest_before_it_says_wherever_batches_are_cut(
    offsets: list[int], cuts: set[int]
) -> None:
    messages = fixes(*(START_MS + offset for offset in offsets))
    messages[len(messages) // 2] = Message("buswatch/v1/B1/position", b"garbage", 0, 1)
    whole, parts = event_clock(START_MS), event_clock(START_MS)
    edges = [0, *sorted(cuts), len(messages)]
    came = [parts.hear(messages[begin:end]) for begin, end in pairwise(edges)]
    assert np.concatenate(came).tolist() == whole.hear(messages).tolist()
    assert parts() == whole()


def test_one_fix_from_far_ahead_is_not_believed_and_a_gap_in_the_recording_is() -> None:
    clock = event_clock(START_MS)
    clock.hear(fixes(START_MS + 1_000, START_MS + 10 * HOUR_MS, START_MS + 900))
    assert clock() == START_MS + 1_000
    clock.hear(fixes(START_MS + 10 * HOUR_MS, START_MS + 10 * HOUR_MS + 5, START_MS + 900))
    assert clock() == START_MS + 10 * HOUR_MS
    clock.hear(fixes(START_MS + 10 * HOUR_MS + 4 * MINUTE_MS))
    assert clock() == START_MS + 10 * HOUR_MS + 4 * MINUTE_MS


def test_the_clock_on_the_wall_is_not_moved_by_what_comes() -> None:
    clock = WallClock()
    (came_ms,) = clock.hear(fixes(START_MS))
    assert abs(came_ms - time.time() * 1_000) < 1_000
    assert abs(clock() - time.time() * 1_000) < 1_000
