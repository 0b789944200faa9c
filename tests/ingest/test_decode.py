"""Decoding: good fixes in columns, everything else rejected with its reason."""

import json
from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from fleet.fixes import UNKNOWN_SATELLITES
from fleet.rejects import KEPT_BYTES, Reason
from ingest.decode import LARGEST_BYTES, OLDEST_MS, Decoded, Decoder
from ingest.mqtt import Message
from tests.scenes import START_MS, registry

TOPIC = "buswatch/v1/B1/position"
GOOD = {"time": START_MS, "lon": 114.3, "lat": 30.6}


def decode(*payloads: bytes | Mapping[str, object] | Sequence[object], topic: str = TOPIC) -> Decoded:
    raws = [p if isinstance(p, bytes) else json.dumps(p).encode() for p in payloads]
    return Decoder(registry()).decode([Message(topic, raw, 1, 1) for raw in raws], START_MS)


def test_one_fix_a_message_with_all_its_fields() -> None:
    full = {
        **GOOD,
        "speed_kmh": 34.25,
        "heading": 122.0,
        "accuracy_m": 5.5,
        "satellites": 11,
        "unheard_of": 1,
    }
    fixes = decode(full).fixes
    assert (fixes.bus[0], fixes.time_ms[0], fixes.lon[0], fixes.lat[0]) == (0, START_MS, 114.3, 30.6)
    assert (fixes.speed_kmh[0], fixes.heading_deg[0], fixes.accuracy_m[0], fixes.satellites[0]) == (
        34.25,
        122,
        5.5,
        11,
    )


def test_fields_left_out_are_not_reported() -> None:
    fixes = decode(GOOD).fixes
    assert np.isnan([fixes.speed_kmh[0], fixes.heading_deg[0], fixes.accuracy_m[0]]).all()
    assert fixes.satellites[0] == UNKNOWN_SATELLITES


def test_an_array_of_fixes_is_a_backfill_in_order() -> None:
    fixes = decode([{**GOOD, "time": START_MS - n * 1_000} for n in (3, 2, 1)]).fixes
    assert list(fixes.time_ms) == [START_MS - 3_000, START_MS - 2_000, START_MS - 1_000]


def test_time_may_be_rfc_3339() -> None:
    assert decode({**GOOD, "time": "2026-09-01T07:00:00+08:00"}).fixes.time_ms[0] == START_MS
    assert decode({**GOOD, "time": "2026-08-31T23:00:00.250Z"}).fixes.time_ms[0] == START_MS + 250


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"hello", Reason.NOT_JSON),
        (b"", Reason.NOT_JSON),
        (b"\xff\xfe\x00", Reason.NOT_JSON),
        (b"[" * 50_000, Reason.WRONG_SHAPE),
        (json.dumps({**GOOD, "lat": float("nan")}).encode(), Reason.NOT_JSON),
        (b'{"time": 1, "lon": 1e999, "lat": 2}', Reason.WRONG_SHAPE),
        (b"42", Reason.WRONG_SHAPE),
        ({"lon": 114.3, "lat": 30.6}, Reason.WRONG_SHAPE),
        ({**GOOD, "lat": "30.6"}, Reason.WRONG_SHAPE),
        ({**GOOD, "lat": 91}, Reason.OUT_OF_RANGE),
        ({**GOOD, "lon": -180.5}, Reason.OUT_OF_RANGE),
        ({**GOOD, "speed_kmh": -1}, Reason.OUT_OF_RANGE),
        ({**GOOD, "heading": 361}, Reason.OUT_OF_RANGE),
        ({**GOOD, "accuracy_m": -5}, Reason.OUT_OF_RANGE),
        ({**GOOD, "satellites": 100_000}, Reason.OUT_OF_RANGE),
        ({**GOOD, "lon": 0, "lat": 0}, Reason.NULL_ISLAND),
        ({**GOOD, "time": START_MS + 3_600_000}, Reason.FROM_FUTURE),
        ({**GOOD, "time": START_MS - OLDEST_MS - 1}, Reason.BAD_TIME),
        ({**GOOD, "time": 10**30}, Reason.FROM_FUTURE),
        ({**GOOD, "time": "2026-09-01T07:00:00"}, Reason.BAD_TIME),
        ({**GOOD, "time": "yesterday"}, Reason.WRONG_SHAPE),
        (b" " * 10_000_000, Reason.TOO_LARGE),
    ],
)
def test_what_cannot_be_a_fix_is_rejected_with_its_reason_and_the_next_goes_through(
    payload: bytes | Mapping[str, object], reason: Reason
) -> None:
    decoded = decode(payload, GOOD)
    assert len(decoded.fixes) == 1
    (reject,) = decoded.rejects
    assert reject.reason is reason
    assert reject.detail
    assert reject.topic == TOPIC
    assert len(reject.payload) <= KEPT_BYTES


@pytest.mark.parametrize(
    ("topic", "reason"),
    [
        ("buswatch/v1/B999/position", Reason.UNKNOWN_BUS),
        ("buswatch/v1/B1/place", Reason.WRONG_TOPIC),
        ("position", Reason.WRONG_TOPIC),
        ("", Reason.WRONG_TOPIC),
        ("buswatch/v1/B1/position/extra", Reason.WRONG_TOPIC),
    ],
)
def test_a_topic_that_is_no_bus_of_ours_is_rejected(topic: str, reason: Reason) -> None:
    decoded = decode(GOOD, topic=topic)
    assert len(decoded.fixes) == 0
    assert [r.reason for r in decoded.rejects] == [reason]


@pytest.mark.parametrize("topic", ["buswatch/v1/live", "buswatch/v1/alerts/B1"])
def test_what_buswatch_itself_publishes_is_passed_over(topic: str) -> None:
    decoded = decode(b"{}", topic=topic)
    assert (len(decoded.fixes), decoded.rejects) == (0, [])


def test_bad_items_of_an_array_are_rejected_one_by_one_with_their_own_bytes() -> None:
    decoded = decode(
        [GOOD, {"lat": 1}, {**GOOD, "time": START_MS + 1, "lat": 91}, {**GOOD, "time": START_MS + 2}]
    )
    assert list(decoded.fixes.time_ms) == [START_MS, START_MS + 2]
    assert [(r.item, r.reason) for r in decoded.rejects] == [
        (1, Reason.WRONG_SHAPE),
        (2, Reason.OUT_OF_RANGE),
    ]
    assert json.loads(decoded.rejects[0].payload) == {"lat": 1}
    assert json.loads(decoded.rejects[1].payload)["lat"] == 91


def test_a_large_payload_at_the_limit_is_read() -> None:
    raw = json.dumps(GOOD).encode()
    assert len(decode(raw + b" " * (LARGEST_BYTES - len(raw))).fixes) == 1


def test_the_newest_time_of_each_message_is_told_whatever_else_it_says() -> None:
    messages = [
        Message(
            TOPIC,
            b'[{"time":5,"lon":0,"lat":0},{"time":9,"lon":500,"lat":1},{"time":7,"lon":1,"lat":1}]',
            0,
            1,
        ),
        Message(TOPIC, b"garbage", 0, 1),
        Message(TOPIC, b'{"time":"1970-01-01T00:00:00.003Z","lon":1,"lat":1}', 0, 1),
        Message("buswatch/v1/nobody/position", b'{"time":99,"lon":1,"lat":1}', 0, 1),
        Message(TOPIC, b'{"time":"1970-01-01T00:00:00","lon":1,"lat":1}', 0, 1),
    ]
    assert Decoder(registry()).newest_times(messages).tolist() == [9, 0, 3, 0, 0]
