"""One process on a real broker and database: from a bus's fixes to the page, and back by its operator."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, time_ns
from typing import Any

import httpx
import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from buswatch.children import Child
from buswatch.embedded_broker import broker_kinds, free_port, start_broker
from fleet.clock import HOUR_MS, from_ms
from fleet.registry import Registry
from fleet.topics import position_topic
from ingest.mqtt import Broker, Message
from storage.database import Database
from storage.registry import import_registry
from tests.acceptance.conftest import publish
from tests.scenes import approval, degrees, drive, registry
from tests.stream import Page, page

AT_ONCE_S = 2.0


def record_of_now() -> Registry:
    """Two buses on the straight route, their trips under way since an hour ago."""
    now = time_ns() // 1_000_000
    today = dt.datetime.now(dt.UTC).date()
    month = dt.timedelta(days=30)
    record = registry(approval(valid_from=today - month, valid_to=today + month), buses=2)
    window = [from_ms(now + part, record.tz).time().replace(microsecond=0) for part in (-HOUR_MS, HOUR_MS)]
    trips = [msgspec.structs.replace(a, starts=window[0], ends=window[1]) for a in record.assignments]
    return msgspec.structs.replace(record, assignments=tuple(trips))


def drive_until_now(bus_id: str, x: NDArray[np.float64], y: NDArray[np.float64]) -> Message:
    """A bus's drive, a fix a second, the last of them now."""
    lon, lat = degrees(x, y)
    speed = np.hypot(np.diff(x, prepend=x[0]), np.diff(y, prepend=y[0])) * 3.6
    newest = time_ns() // 1_000_000
    fixes = [
        {"time": newest - 1_000 * (len(x) - 1 - n), "lon": lon[n], "lat": lat[n], "speed_kmh": speed[n]}
        for n in range(len(x))
    ]
    return Message(position_topic(bus_id), json.dumps(fixes).encode(), 0, 1)


def speeds() -> Message:
    x = np.r_[drive(0, 1_000, 36), drive(1_000, 1_300, 90)]
    return drive_until_now("B1", x, np.zeros(len(x)))


def leaves_its_route() -> Message:
    along, aside = drive(0, 1_000, 36), drive(10, 500, 36)
    return drive_until_now(
        "B2", np.r_[along, np.full(len(aside), along[-1])], np.r_[np.zeros(len(along)), aside]
    )


@dataclass
class Served:
    """`buswatch serve`, its broker and a client."""

    broker: Broker
    broker_child: Child
    child: Child
    client: httpx.AsyncClient
    folder: Path
    kind: str

    async def ready(self) -> httpx.Response:
        return await self.client.get("/api/v1/health/ready")

    async def becomes(self, status: int, within_s: float = 40.0) -> httpx.Response:
        """The first answer of readiness that has a status."""

        async def has_it() -> bool:
            try:
                return (await self.ready()).status_code == status
            except httpx.TransportError:
                return False

        await self.child.wait_until(has_it, within_s)
        return await self.ready()


@pytest.fixture(params=broker_kinds())
async def served(
    request: pytest.FixtureRequest, database: Database, database_url: str, tmp_path: Path
) -> AsyncIterator[Served]:
    await import_registry(database, record_of_now())
    broker_child, broker = await start_broker(tmp_path, request.param)
    port = free_port()
    env = {"BUSWATCH_DATABASE_URL": database_url, "BUSWATCH_MQTT_URL": f"mqtt://127.0.0.1:{broker.port}"}
    child = await Child.start_buswatch("serve", ["serve", "--http-port", str(port)], tmp_path, env)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=20) as client:
        it = Served(broker, broker_child, child, client, tmp_path, request.param)
        try:
            await it.becomes(200, within_s=60)
            yield it
        finally:
            status = await child.stop()
            await it.broker_child.stop()
    assert status == 0, child.tail()
    assert "Traceback" not in child.log.read_text()


async def opened(one: Page, rule: str) -> dict[str, Any]:
    """The opening of an alert of a rule, as the stream brings it."""
    while True:
        _, _, change = await one.next("alert")
        if change["kind"] == "opened" and change["alert"]["rule"] == rule:
            found: dict[str, Any] = change["alert"]
            return found


async def test_an_alert_reaches_the_page_at_once_and_an_operator_acknowledges_it(served: Served) -> None:
    client = served.client
    async with page(str(client.base_url)) as one:
        name, _, frame = await one.next()
        assert name == "frame"
        assert frame["rows"] == []
        published = monotonic()
        await publish(served.broker, [speeds()])
        speeding = await opened(one, "speeding")
        assert monotonic() - published < AT_ONCE_S
        assert speeding["bus_id"] == "B1"
        assert not speeding["found_late"]
        assert speeding["evidence"]["limit_kmh"] == 60.0
        assert speeding["evidence"]["speed_kmh"] == pytest.approx(90, abs=3)
        published = monotonic()
        await publish(served.broker, [leaves_its_route()])
        deviation = await opened(one, "deviation")
        assert monotonic() - published < AT_ONCE_S
        assert deviation["bus_id"] == "B2"
        assert deviation["evidence"]["corridor_m"] == 50.0

        listed = (await client.get("/api/v1/alerts")).json()["items"]
        assert {alert["alert_id"] for alert in listed} == {speeding["alert_id"], deviation["alert_id"]}
        file = (await client.get(f"/api/v1/alerts/{speeding['alert_id']}")).json()
        assert len(file["fixes"]) > 10

        handling = {"by": "李雷", "note": "已电话联系驾驶员", "version": file["version"]}
        answer = await client.post(f"/api/v1/alerts/{speeding['alert_id']}/acknowledge", json=handling)
        assert answer.status_code == 200, answer.text
        while True:
            _, seq, change = await one.next("alert")
            if change["kind"] == "acknowledged":
                break
        assert change["seq"] == seq
        assert (change["by"], change["note"]) == ("李雷", "已电话联系驾驶员")
        assert (change["alert"]["alert_id"], change["alert"]["status"]) == (
            speeding["alert_id"],
            "acknowledged",
        )
        again = await client.post(f"/api/v1/alerts/{speeding['alert_id']}/acknowledge", json=handling)
        assert again.status_code == 409


async def test_positions_are_told_with_their_state_within_a_frame_or_two(served: Served) -> None:
    async with page(str(served.client.base_url)) as one:
        await one.next()
        await publish(served.broker, [leaves_its_route()])
        rows: list[list[Any]] = []
        while not rows:
            _, _, frame = await one.next("frame")
            rows = frame["rows"]
    told = dict(zip(frame["columns"], rows[0], strict=True))
    assert (told["bus"], told["state"]) == ("B2", "deviating")


@pytest.mark.parametrize("served", broker_kinds()[:1], indirect=True)
async def test_what_the_buses_did_is_counted_for_the_overview(served: Served) -> None:
    await publish(served.broker, [speeds()])

    async def counted() -> bool:
        told = (await served.client.get("/api/v1/overview")).json()
        found: bool = told["counted"]["until"] is not None and told["total"]["valid"]["part"] > 0
        return found

    await served.child.wait_until(counted, 90)


async def test_readiness_says_why_while_the_broker_is_away_and_recovers_with_it(served: Served) -> None:
    assert (await served.ready()).json()["ready"] is True
    await served.broker_child.stop()
    answer = await served.becomes(503)
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert told["checks"]["broker"] == {"ok": False, "reason": "the broker does not answer"}
    assert told["checks"]["database"] == {"ok": True, "reason": None}
    assert "the broker does not answer" in told["detail"]
    assert (await served.client.get("/api/v1/health/live")).status_code == 200
    assert (await served.client.get("/api/v1/buses")).status_code == 200, "what is stored is served still"
    served.broker_child, _ = await start_broker(served.folder, served.kind, served.broker.port)
    await served.becomes(200)
    await publishes_and_is_heard(served, speeds)


async def test_garbage_on_our_own_topics_does_not_end_the_feed(served: Served) -> None:
    await publish(
        served.broker,
        [
            Message("buswatch/v1/live", b"garbage", 0, 1),
            Message("buswatch/v1/alerts/B1", b"{}", 0, 1),
            Message("buswatch/v1/alerts/B1", b"[1]", 0, 1),
        ],
    )
    await publishes_and_is_heard(served, speeds)


async def publishes_and_is_heard(served: Served, drives: Callable[[], Message]) -> None:
    """The whole way works: what is published becomes an alert on the stream."""
    async with page(str(served.client.base_url)) as one:
        await one.next()
        await publish(served.broker, [drives()])
        assert (await opened(one, "speeding"))["bus_id"] == "B1"
