"""Whatever is published, it is kept with its reason, counted, and the next good fix goes through."""

from __future__ import annotations

import json
from time import time_ns

from fleet.rejects import Reason
from ingest.mqtt import Broker, Message
from storage.database import Database
from storage.rejects import RejectShelf
from tests.acceptance.conftest import City, StartMonitor, publish, reached


async def test_bad_input_is_rejected_with_its_reason_and_the_next_good_fix_goes_through(
    broker: Broker, database: Database, city: City, start_monitor: StartMonitor
) -> None:
    now_ms = time_ns() // 1_000_000
    bus = f"buswatch/v1/{city.registry.buses[0].bus_id}/position"
    good = {"time": now_ms, "lon": 114.3, "lat": 30.6}

    def fix(**changes: object) -> bytes:
        return json.dumps({**good, **changes}).encode()

    bad = [
        (bus, b"not JSON", Reason.NOT_JSON),
        (bus, fix(lat=float("nan")), Reason.NOT_JSON),
        ("buswatch/v1/NOBODY/position", fix(), Reason.UNKNOWN_BUS),
        (bus, fix(lat=91), Reason.OUT_OF_RANGE),
        (bus, fix(time=now_ms + 3_600_000), Reason.FROM_FUTURE),
        (bus, fix(lon=0, lat=0), Reason.NULL_ISLAND),
        (bus, json.dumps({"lon": 1}).encode(), Reason.WRONG_SHAPE),
        (bus.replace("position", "place"), fix(), Reason.WRONG_TOPIC),
        (f"{bus}/extra", fix(), Reason.WRONG_TOPIC),
        (bus, b" " * 10_000_000, Reason.TOO_LARGE),
        (bus, b"\x00\xff", Reason.NOT_JSON),
    ]
    await start_monitor()
    await publish(broker, [Message(topic, payload, 0, 1) for topic, payload, _ in bad])
    await publish(broker, [Message(bus, fix(), 0, 1)])
    await reached(database, 1)
    expected: dict[str, int] = {}
    for _, _, reason in bad:
        expected[reason.value] = expected.get(reason.value, 0) + 1
    assert await RejectShelf(database).counts() == expected
    newest = await RejectShelf(database).newest(100)
    assert {(r.reject.topic, r.reject.payload[:20]) for r in newest} == {(t, p[:20]) for t, p, _ in bad}
    assert all(r.reject.detail for r in newest)
