"""Payloads are what docs/interfaces.md says a bus sends."""

from __future__ import annotations

import json

import numpy as np

from fleet.fixes import Fixes
from simulators.link import Sent
from simulators.payload import encode, topic


def sent(messages: list[int]) -> Sent:
    n = len(messages)
    fixes = Fixes.of(
        bus=[0] * n,
        time_ms=[1_790_000_000_000 + 1_000 * i for i in range(n)],
        lon=[114.280123] * n,
        lat=[30.59] * n,
        speed_kmh=np.full(n, 34.2, np.float32),
        heading_deg=np.full(n, 122, np.float32),
        accuracy_m=np.full(n, 5.2, np.float32),
        satellites=np.full(n, 11, np.int16),
    )
    return Sent(fixes, fixes.time_ms, np.array(messages), np.zeros(n, np.bool_))


def test_a_fix_is_one_json_object_with_all_fields() -> None:
    (message,) = encode(sent([0]))

    assert json.loads(message.payload) == {
        "time": 1_790_000_000_000,
        "lon": 114.280123,
        "lat": 30.59,
        "speed_kmh": 34.2,
        "heading": 122.0,
        "accuracy_m": 5.2,
        "satellites": 11,
    }


def test_fixes_of_one_message_are_an_array() -> None:
    single, backfill = encode(sent([0, 1, 1, 1]))

    assert isinstance(json.loads(single.payload), dict)
    assert [fix["time"] % 1_000_000 for fix in json.loads(backfill.payload)] == [1_000, 2_000, 3_000]
    assert backfill.fixes == 3


def test_a_bus_reports_on_its_own_topic() -> None:
    assert topic("B0001") == "buswatch/v1/B0001/position"
