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
from tests.comparison import agree, differences

KILLS = 4


def undisturbed(city: City) -> tuple[int, list[Alert]]:
    """How many distinct fixes the messages hold, and the alerts that these give in event order."""
    fixes = Decoder(city.registry).decode(city.messages, time_ns() // 1_000_000).fixes
    _, first = np.unique(np.column_stack((fixes.time_ms, fixes.bus)), axis=0, return_index=True)
    changes = Detector(city.registry).detect(fixes.take(first), time_ns() // 1_000_000).changes
    return len(first), list({change.alert.alert_id: change.alert for change in changes}.values())


async def stored(database: Database) -> list[Alert]:
    """The alerts on file, but for silences that the broker made: it may hand a bus's fixes over in another
    order after a kill, and a silence that was told then is not taken back (alerts/reconcile.py) when the
    fixes that deny it follow.
    """
    alerts = await AlertBook(database).page(limit=1_000)
    return [alert for alert in alerts if not await is_denied(database, alert)]


async def is_denied(database: Database, alert: Alert) -> bool:
    """Whether the fixes on file deny a silence."""
    if alert.rule != "silent" or alert.ended_ms is None:
        return False
    within, _ = await Tracks(database).way(alert.bus_id, alert.started_ms + 1, alert.ended_ms - 1, 1_000)
    return len(within) > 0


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
