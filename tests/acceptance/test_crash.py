"""kill -9 of the monitor under load: no fix lost, no alert lost or doubled."""

from __future__ import annotations

import asyncio
import contextlib
import random
from time import time_ns

import numpy as np

from alerts.detector import Detector
from alerts.episodes import Alert
from buswatch.pipeline import LATE_S
from ingest.decode import Decoder
from ingest.mqtt import Broker
from storage.alerts import AlertBook
from storage.database import Database
from storage.positions import Tracks
from storage.rejects import RejectShelf
from tests.acceptance.conftest import City, StartMonitor, publish, reached

KILLS = 4


def undisturbed(city: City) -> tuple[int, list[Alert]]:
    """How many distinct fixes the messages hold, and the alerts that these give in event order."""
    fixes = Decoder(city.registry).decode(city.messages, time_ns() // 1_000_000).fixes
    _, first = np.unique(np.column_stack((fixes.time_ms, fixes.bus)), axis=0, return_index=True)
    changes = Detector(city.registry).detect(fixes.take(first), time_ns() // 1_000_000).changes
    return len(first), list({change.alert.alert_id: change.alert for change in changes}.values())


async def stored(database: Database) -> list[Alert]:
    return await AlertBook(database).page(limit=1_000)


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
    with contextlib.suppress(TimeoutError):  # what was redelivered out of order is judged a moment later
        async with asyncio.timeout(20):
            while not agree(await stored(database), expected):  # noqa: ASYNC110  # a database sends no event
                await asyncio.sleep(LATE_S)
    await monitor.stop()
    assert await Tracks(database).count() == distinct
    assert await RejectShelf(database).counts() == {}
    found = await stored(database)
    assert agree(found, expected), differences(found, expected)


def agree(found: list[Alert], expected: list[Alert]) -> bool:
    """Whether every episode of the calm run is on file as one alert, and there is no other alert."""
    pairs = [found_as(calm, found) for calm in expected]
    return len(found) == len(expected) and all(
        len(same) == 1 and same[0].severity == calm.severity
        for same, calm in zip(pairs, expected, strict=True)
    )


def differences(found: list[Alert], expected: list[Alert]) -> str:
    """What differs, a line an alert: one of a calm run that is not one alert on file, and the reverse."""
    lost = [f"expected {told(calm)}" for calm in expected if not agree(found_as(calm, found), [calm])]
    more = [f"on file  {told(a)}" for a in found if not any(same_episode(a, calm) for calm in expected)]
    return "\n".join(["", *lost, *more])


def found_as(calm: Alert, found: list[Alert]) -> list[Alert]:
    return [alert for alert in found if same_episode(alert, calm)]


def told(alert: Alert) -> str:
    return f"{alert.alert_id} {alert.severity} detected {alert.detected_ms} ended {alert.ended_ms}"


def same_episode(found: Alert, calm: Alert) -> bool:
    """Whether an alert on file is an episode of the calm run: a broker may hand fixes over out of their
    order after a crash, so an alert may keep the start by which it was first known.
    """
    return (found.bus_id, found.rule, found.ended_ms) == (calm.bus_id, calm.rule, calm.ended_ms) and (
        calm.ended_ms is None or found.started_ms < calm.ended_ms
    )
