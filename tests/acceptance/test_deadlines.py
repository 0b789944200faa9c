"""An alert that nobody takes is raised by the running monitor, once at each deadline whatever is killed, and
told to everybody.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from time import time_ns
from typing import Any

import msgspec
import numpy as np
import pytest

from alerts.episodes import Change
from alerts.handling import Deadlines
from buswatch.children import Child
from buswatch.embedded_broker import broker_kinds
from fleet.fixes import Fixes
from fleet.topics import EVERY_ALERT
from ingest.mqtt import Broker, Connection, connect
from storage.alerts import AlertBook
from storage.commit import Batch, Committer
from storage.database import Database
from storage.registry import import_registry, load_registry
from tests.scenes import registry
from tests.storage.records import alert, change

DEADLINE_MIN = 0.05


@pytest.mark.timeout(300)
@pytest.mark.parametrize("broker", broker_kinds()[:1], indirect=True)
async def test_a_monitor_that_is_killed_between_two_deadlines_raises_each_once(
    broker: Broker, database: Database, database_url: str, tmp_path: Path
) -> None:
    await import_registry(database, registry(buses=1))
    _, keys = await load_registry(database)
    now_ms = time_ns() // 1_000_000
    over = alert(started_ms=now_ms - 20_000, ended_ms=now_ms - 10_000, severity="critical")
    opened: list[Change] = [change(of=over)]
    nothing = np.zeros(0, np.int16)
    deadlines = Deadlines(critical_ms=1)
    await Committer(database, keys, deadlines).commit(Batch(Fixes.empty(), nothing, now_ms, [], opened))
    env = {
        "BUSWATCH_DATABASE_URL": database_url, "BUSWATCH_MQTT_URL": f"mqtt://127.0.0.1:{broker.port}",
        "BUSWATCH_DEADLINE_CRITICAL_MIN": str(DEADLINE_MIN),
    }  # fmt: skip
    async with connect(broker, identifier="onlooker") as onlooker:
        await onlooker.subscribe(EVERY_ALERT, qos=1)
        monitor = await Child.start_buswatch("monitor", ["monitor"], tmp_path, env)
        first = await told(onlooker)
        monitor.kill()
        await monitor.wait()
        monitor = await Child.start_buswatch("monitor-again", ["monitor"], tmp_path, env)
        second = await told(onlooker)
        await asyncio.sleep(2 * DEADLINE_MIN * 60)
        assert await monitor.stop() == 0
    _, steps = await AlertBook(database).one(over.alert_id)
    assert [(step.kind, step.alert.level) for step in steps] == [
        ("opened", 0),
        ("escalated", 1),
        ("escalated", 2),
    ]
    assert [(one["kind"], one["seq"], one["by"]) for one in (first, second)] == [
        ("escalated", step.seq, None) for step in steps[1:]
    ]
    assert (first["alert"]["level"], first["alert"]["due_at"] is None) == (1, False)
    assert (second["alert"]["level"], second["alert"]["due_at"]) == (2, None)


async def told(onlooker: Connection) -> dict[str, Any]:
    """The next change of an alert that is told over the broker."""
    async with asyncio.timeout(120):
        while not (messages := await onlooker.take(1, 0.1, 0.02)):
            pass
    (message,) = messages
    onlooker.acknowledge(messages)
    change: dict[str, Any] = msgspec.json.decode(message.payload)
    return change
