"""kill -9 of the monitor under load: no fix lost, no alert lost or doubled."""

from __future__ import annotations

import asyncio
import contextlib
import random
from time import time_ns

import numpy as np

from alerts.detector import Detector
from alerts.episodes import Alert
from buswatch.listening import FIRST_MS
from buswatch.pipeline import LATE_S
from ingest.decode import Decoder
from ingest.mqtt import Broker
from storage.alerts import AlertBook
from storage.database import Database
from storage.positions import Tracks
from storage.rejects import RejectShelf
from tests.acceptance.conftest import City, StartMonitor, publish, reached
from tests.comparison import agree, differences

KILLS = 4
TOLD_S = FIRST_MS / 1_000 + 20
"""By then a silence is told that a bus kept while we were away."""


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
        async with asyncio.timeout(TOLD_S):
            while not agree(await stored(database), expected):  # noqa: ASYNC110  # a database sends no event
                await asyncio.sleep(LATE_S)
    await monitor.stop()
    assert await Tracks(database).count() == distinct
    assert await RejectShelf(database).counts() == {}
    found = await stored(database)
    assert agree(found, expected), differences(found, expected)
