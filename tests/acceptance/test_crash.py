"""kill -9 of the monitor under load: no fix lost, no alert lost or doubled."""

from __future__ import annotations

import asyncio
import random
from time import time_ns

from alerts.detector import Detector
from alerts.episodes import Alert
from ingest.decode import Decoder
from ingest.mqtt import Broker
from storage.alerts import AlertBook
from storage.database import Database
from storage.positions import Tracks
from storage.rejects import RejectShelf
from tests.acceptance.conftest import City, StartMonitor, publish

KILLS = 4


def undisturbed(city: City) -> tuple[int, dict[str, Alert]]:
    """How many distinct fixes the messages hold, and the alerts that one detector raises of them."""
    decoded = Decoder(city.registry).decode(city.messages, time_ns() // 1_000_000)
    assert not decoded.rejects
    fixes = decoded.fixes
    changes = Detector(city.registry).detect(fixes, time_ns() // 1_000_000).changes
    distinct = set(zip(fixes.bus.tolist(), fixes.time_ms.tolist(), strict=True))
    return len(distinct), {change.alert.alert_id: change.alert for change in changes}


async def stored(database: Database) -> dict[str, Alert]:
    page = await AlertBook(database).page(
        rule=None, severity=None, status=None, ongoing=None, bus_id=None,
        from_ms=None, to_ms=None, after=None, limit=1_000,
    )  # fmt: skip
    assert len({alert.alert_id for alert in page}) == len(page)
    return {alert.alert_id: alert for alert in page}


async def test_no_fix_is_lost_and_no_alert_lost_or_doubled_when_the_monitor_is_killed(
    broker: Broker, database: Database, city: City, start_monitor: StartMonitor
) -> None:
    distinct, expected = undisturbed(city)
    assert len(expected) >= 5, "the scene is too calm to show anything"
    monitor = await start_monitor()
    publishing = asyncio.create_task(publish(broker, city.messages))
    moments = random.Random(1)
    for kill in range(KILLS):
        await reached(database, distinct * (kill + moments.random()) / (KILLS + 1))
        monitor.kill()
        await monitor.wait()
        await asyncio.sleep(moments.random())
        monitor = await start_monitor()
    await publishing
    await reached(database, distinct)
    await monitor.stop()
    assert await Tracks(database).count() == distinct
    assert await RejectShelf(database).counts() == {}
    found = await stored(database)
    assert found.keys() == expected.keys()
    for alert_id, alert in expected.items():
        assert same_episode(found[alert_id]) == same_episode(alert)


async def reached(database: Database, count: float) -> None:
    """Wait until so many fixes are committed."""
    async with asyncio.timeout(60):
        while await Tracks(database).count() < count:
            await asyncio.sleep(0.05)


def same_episode(alert: Alert) -> tuple[object, ...]:
    """What must be the same however often the monitor died: all but the count of changes, and whether
    it was found late, which depends on when it was found.
    """
    return (
        alert.started_ms,
        alert.detected_ms,
        alert.ended_ms,
        alert.severity,
        alert.lon,
        alert.lat,
        alert.evidence if alert.ended_ms is not None else None,
    )
