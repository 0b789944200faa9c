"""What waits for a page is bounded and in order, however slow the page is."""

from __future__ import annotations

from typing import Any

import msgspec

from api.audience import MOST_CHANGES, Listener
from api.frames import decode_frame, event
from tests.api.conftest import frame, row


def told(listener: Listener) -> list[tuple[str, int, Any]]:
    """All that waits, as (event, id, data)."""
    events = []
    while (encoded := listener.take()) is not None:
        identity, name, data = (line.partition(b": ")[2] for line in encoded.splitlines()[:3])
        events.append((name.decode(), int(identity), msgspec.json.decode(data)))
    return events


def change(seq: int) -> tuple[int, bytes]:
    return seq, event("alert", seq, b"%d" % seq)


def test_changes_come_in_order_and_before_the_frame_that_carries_their_id() -> None:
    listener = Listener(4)
    listener.offer_frame(decode_frame(frame(row("B1"))))
    listener.offer_change(*change(5))
    listener.offer_change(*change(6))
    assert [(name, seq) for name, seq, _ in told(listener)] == [("alert", 5), ("alert", 6), ("frame", 6)]


def test_a_page_that_keeps_up_gets_the_very_bytes_of_the_others() -> None:
    one, other, encoded = Listener(4), Listener(4), decode_frame(frame(row("B1")))
    one.offer_frame(encoded)
    other.offer_frame(encoded)
    assert one.take() is other.take()


def test_frames_that_wait_are_merged_into_the_newest_row_of_each_bus() -> None:
    listener = Listener(0)
    listener.offer_frame(decode_frame(frame(row("B1", 1), row("B2", 1), time_ms=1)))
    listener.offer_frame(decode_frame(frame(row("B1", 2), time_ms=2)))
    listener.offer_frame(decode_frame(frame(row("B3", 3), time_ms=3, stalled="disk full")))
    ((_, _, data),) = told(listener)
    assert {found[0]: found[1] for found in data["rows"]} == {"B1": 2, "B2": 1, "B3": 3}
    assert (data["time_ms"], data["stalled"]) == (3, "disk full")


def test_merging_for_one_page_leaves_the_frame_of_the_others_alone() -> None:
    slow, encoded = Listener(0), decode_frame(frame(row("B1", 1)))
    slow.offer_frame(encoded)
    slow.offer_frame(decode_frame(frame(row("B1", 2))))
    assert encoded.frame.rows[0][1] == 1


def test_changes_that_the_page_knows_are_not_sent() -> None:
    listener = Listener(5)
    listener.offer_change(*change(5))
    listener.offer_change(*change(6))
    listener.know(6)
    listener.offer_change(*change(7))
    assert [seq for _, seq, _ in told(listener)] == [7]


def test_too_many_changes_become_a_gap_and_what_follows_is_sent_again() -> None:
    listener = Listener(0)
    for seq in range(1, MOST_CHANGES + 2):
        listener.offer_change(*change(seq))
    listener.offer_change(*change(MOST_CHANGES + 2))
    assert [(name, seq) for name, seq, _ in told(listener)] == [
        ("gap", MOST_CHANGES + 1),
        ("alert", MOST_CHANGES + 2),
    ]


def test_nothing_waits_after_all_is_taken() -> None:
    listener = Listener(0)
    listener.offer_change(*change(1))
    assert listener.take()
    assert listener.take() is None
