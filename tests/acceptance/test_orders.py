"""The monitor follows what people order, and judges by the clock what only time brings."""

from __future__ import annotations

import asyncio
import datetime as dt
from dataclasses import replace
from time import time_ns

import msgspec
import pytest

from alerts.episodes import Alert, Rule
from buswatch.embedded_broker import broker_kinds
from fleet.fixes import Fixes
from fleet.registry import Advisory
from fleet.topics import position_topic
from ingest.mqtt import Broker, Message
from storage.advisories import AdvisoryBook
from storage.alerts import AlertBook
from storage.database import Database
from storage.registry import import_registry
from tests.acceptance.conftest import StartMonitor, publish
from tests.scenes import drive, registry, track

pytestmark = [pytest.mark.timeout(120)]

ALL_DAY = (dt.time(0), dt.time(23, 59, 59))
EVERYWHERE = ((113.0, 30.0), (116.0, 30.0), (116.0, 31.0), (113.0, 31.0))


@pytest.fixture
async def on_record(database: Database) -> None:
    """In place of the city: buses that may be on their trip at any time of the day."""
    scene = registry(buses=4)
    today = dt.date.today()  # valid for longer than any offset
    route = msgspec.structs.replace(
        scene.approvals[0], valid_from=today - dt.timedelta(9), valid_to=today + dt.timedelta(9)
    )
    whole_day = tuple(
        msgspec.structs.replace(one, starts=ALL_DAY[0], ends=ALL_DAY[1]) for one in scene.assignments
    )
    await import_registry(database, msgspec.structs.replace(scene, approvals=(route,), assignments=whole_day))


def until(fixes: Fixes, end_ms: int) -> Fixes:
    """The same drive at another time: its last fix at ``end_ms``."""
    return replace(fixes, time_ms=fixes.time_ms - fixes.time_ms[-1] + end_ms)


def messages(fixes: Fixes, bus_id: str) -> list[Message]:
    columns = zip(
        fixes.time_ms.tolist(), fixes.lon.tolist(), fixes.lat.tolist(), fixes.speed_kmh.tolist(), strict=True
    )
    return [
        Message(
            position_topic(bus_id),
            msgspec.json.encode({"time": ms, "lon": lon, "lat": lat, "speed_kmh": speed, "accuracy_m": 5.0}),
            0,
            1,
        )
        for ms, lon, lat, speed in columns
    ]


async def raised(database: Database, rule: Rule, count: int = 1, within_s: float = 40.0) -> list[Alert]:
    """The alerts of a rule, once so many are on file."""
    async with asyncio.timeout(within_s):
        while len(found := await AlertBook(database).page(rule=rule, limit=9)) < count:  # noqa: ASYNC110  # another process raises them
            await asyncio.sleep(0.1)
    return found


@pytest.mark.parametrize("broker", broker_kinds()[:1], indirect=True)
@pytest.mark.parametrize("postgres", ["embedded"], indirect=True)
async def test_after_a_start_silence_is_what_nothing_that_comes_denies(
    broker: Broker, database: Database, start_monitor: StartMonitor
) -> None:
    """B1 stops sending while B2 goes on. B3 and B4 have a gap: that of B3 is filled a moment later, as by a
    broker that hands over in another order what it kept; that of B4 is not.
    """
    await start_monitor()
    now_ms = time_ns() // 1_000_000
    sent = track(drive(0, 4_000, 36, 5), every_s=5)
    gone, present = until(sent, now_ms - 240_000), until(sent, now_ms)
    filled, gap = messages(present, "B3"), messages(present, "B4")
    await publish(broker, [*messages(gone, "B1"), *filled[:20], *gap[:20], *filled[70:], *gap[70:]])
    await asyncio.sleep(2)
    assert await AlertBook(database).page(rule="silent", limit=9) == [], (
        "what the broker may hold is not silence"
    )
    await publish(broker, [*filled[20:70], *messages(present, "B2")])
    alerts = {alert.bus_id: alert for alert in await raised(database, "silent", count=2)}
    assert alerts.keys() == {"B1", "B4"}
    assert (alerts["B1"].started_ms, alerts["B1"].ended_ms) == (gone.time_ms[-1], None)
    assert (alerts["B4"].started_ms, alerts["B4"].ended_ms) == tuple(present.time_ms[[19, 70]].tolist())
    assert not alerts["B4"].found_late


async def test_an_advisory_limits_the_buses_within_seconds(
    broker: Broker, database: Database, start_monitor: StartMonitor
) -> None:
    await start_monitor()
    now_ms = time_ns() // 1_000_000
    ice = Advisory("V1", "道路结冰", EVERYWHERE, now_ms - 3_600_000, now_ms + 3_600_000)
    await AdvisoryBook(database).issue(ice, by="气象台", at_ms=now_ms)
    await asyncio.sleep(3)
    slow = until(track(drive(0, 4_000, 36, 5), every_s=5), time_ns() // 1_000_000)
    await publish(broker, messages(slow, "B1"))
    (alert,) = await raised(database, "speeding")
    assert (alert.evidence.limit_kmh, alert.evidence.limit_reason) == (20.0, "weather")
