"""A run that was recorded brings the same alerts when it is replayed, to the last field.

Half a minute of it; an hour with `BUSWATCH_TEST_RECORD_S=3600 make test
ARGS=tests/acceptance/test_replay.py`.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from time import time_ns

import msgspec
import pytest

from alerts.episodes import Alert
from buswatch.children import Child
from buswatch.embedded_broker import broker_kinds
from ingest.mqtt import Broker
from simulators import mqtt
from simulators.publish import Publisher, Summary
from simulators.recordings.mqtt_dump import MqttDump
from simulators.scenario import FaultRates, Scenario, Simulation
from storage.alerts import AlertBook
from storage.database import Database
from storage.positions import Tracks
from storage.registry import import_registry
from storage.rejects import RejectShelf
from tests.acceptance.conftest import reached

BUSES, SECONDS = 150, int(os.environ.get("BUSWATCH_TEST_RECORD_S", "30"))
SPEED = 60
LEAD_MS = 8_000
FAULTS = FaultRates(
    speeding=3.0, deviation=3.0, dropout=2.0, duplicate=4.0, disorder=4.0, jump=2.0, opening_speeding=40,
    opening_deviation=60,
)  # fmt: skip


async def started(name: str, arguments: list[str], said: str, folder: Path, env: dict[str, str]) -> Child:
    """A process of ours, once it has said that it is ready."""
    child = await Child.start_buswatch(name, arguments, folder, env)

    async def ready() -> bool:
        return said in child.log.read_text()

    await child.wait_until(ready, 60)
    return child


async def on_record(database: Database) -> dict[str, Alert]:
    """What the buses did. Left out is how it came to be known and whether anybody took it: the number of
    changes depends on when late fixes came, deadline and level on the wall's clock.
    """
    alerts = await AlertBook(database).page(limit=100_000)
    return {
        alert.alert_id: msgspec.structs.replace(alert, version=0, due_ms=None, level=0) for alert in alerts
    }


def differences(live: dict[str, Alert], replayed: dict[str, Alert]) -> dict[str, object]:
    """By alert, what the two say otherwise: each field with both values, or where alone it is."""
    told: dict[str, object] = {}
    for name in sorted(live.keys() | replayed.keys()):
        if name not in live or name not in replayed:
            told[name] = "live alone" if name in live else "replayed alone"
        elif live[name] != replayed[name]:
            was, now = (_flat(alerts[name]) for alerts in (live, replayed))
            told[name] = {field: (was[field], now[field]) for field in was if was[field] != now[field]}
    return told


def _flat(alert: Alert) -> dict[str, object]:
    return msgspec.structs.asdict(alert) | msgspec.structs.asdict(alert.evidence) | {"evidence": ...}


async def driven_live(broker: Broker, simulation: Simulation) -> Summary:
    buses = [bus.bus_id for bus in simulation.registry.buses]
    async with Publisher.of_fleet(mqtt.Broker(port=broker.port), buses) as publisher:
        return await publisher.run(simulation, for_s=SECONDS)


@pytest.mark.timeout(300 + 2 * SECONDS)
@pytest.mark.parametrize("broker", broker_kinds()[:1], indirect=True)
@pytest.mark.parametrize("postgres", ["embedded"], indirect=True)
async def test_a_recording_replayed_at_sixty_times_the_speed_brings_the_same_alerts(
    broker: Broker, database: Database, database_url: str, tmp_path: Path
) -> None:
    simulation = Simulation(Scenario(time_ns() // 1_000_000 + LEAD_MS, seed=11, buses=BUSES, faults=FAULTS))
    await import_registry(database, simulation.registry)
    env = {"BUSWATCH_DATABASE_URL": database_url, "BUSWATCH_MQTT_URL": f"mqtt://127.0.0.1:{broker.port}"}
    file = tmp_path / "recording.jsonl"
    monitor = await started("monitor", ["monitor"], "subscribed to", tmp_path, env)
    recorder = await started("record", ["record", str(file)], "recording", tmp_path, env)
    published = (await driven_live(broker, simulation)).published
    await reached(database, published)
    await asyncio.sleep(3)  # what came late is judged anew
    await recorder.stop()
    await monitor.stop()
    live = await on_record(database)
    assert len(live) >= 10, "the scene is too calm to show anything"
    assert len(list(MqttDump(file).messages(0))) >= published / 200

    async with database.connection() as connection:
        await connection.execute("TRUNCATE position, alert_change, alert, rejected")
    env["BUSWATCH_CLOCK"] = "events"
    monitor = await started("monitor-of-the-past", ["monitor"], "subscribed to", tmp_path, env)
    replay = await Child.start_buswatch("replay", ["replay", str(file), "--speed", str(SPEED)], tmp_path, env)
    assert await asyncio.wait_for(replay.wait(), 60 + SECONDS / 10) == 0
    await reached(database, published)
    await asyncio.sleep(3)
    await monitor.stop()
    assert await Tracks(database).count() == published
    assert await RejectShelf(database).counts() == {}
    assert differences(live, await on_record(database)) == {}
