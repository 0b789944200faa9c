"""A small city's messages, and a monitor process that can be killed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, time_ns

import pytest

from buswatch.children import Child
from fleet.registry import Registry
from ingest.mqtt import Broker, Message, connect
from simulators.payload import encode, topic
from simulators.scenario import FaultRates, Scenario, Simulation
from storage.database import Database
from storage.positions import Tracks
from storage.registry import import_registry

BUSES = 60
SECONDS = 400
MANY_FAULTS = FaultRates(speeding=2.0, deviation=2.0)


@dataclass(frozen=True)
class City:
    """A registry, and what its buses send in a few minutes that have just passed."""

    registry: Registry
    messages: list[Message]


@pytest.fixture(scope="session")
def city() -> City:
    start_ms = time_ns() // 1_000_000 - (SECONDS + 60) * 1_000
    simulation = Simulation(Scenario(start_ms=start_ms, seed=7, buses=BUSES, faults=MANY_FAULTS))
    bus_ids = [bus.bus_id for bus in simulation.registry.buses]
    messages = [
        Message(topic(bus_ids[m.bus]), m.payload, 0, 1)
        for _ in range(SECONDS)
        for m in encode(simulation.step())
    ]
    return City(simulation.registry, messages)


@pytest.fixture
async def on_record(database: Database, city: City) -> None:
    """The city's registry, in the test's database."""
    await import_registry(database, city.registry)


StartMonitor = Callable[[], Awaitable[Child]]


@pytest.fixture
async def start_monitor(
    broker: Broker,
    database_url: str,
    on_record: None,  # noqa: ARG001  # the monitor reads the registry when it starts
    tmp_path: Path,
) -> AsyncIterator[StartMonitor]:
    """Starts a monitor process on the test's broker and database; ``kill`` ends it as a crash would."""
    env = {"BUSWATCH_DATABASE_URL": database_url, "BUSWATCH_MQTT_URL": f"mqtt://127.0.0.1:{broker.port}"}
    async with AsyncExitStack() as stack:

        async def start() -> Child:
            monitor = await Child.start_buswatch("monitor", ["monitor"], tmp_path, env)
            stack.push_async_callback(monitor.stop)

            async def subscribed() -> bool:
                return monitor.log.read_text().count("subscribed to") > starts

            await monitor.wait_until(subscribed, 60)
            return monitor

        starts = 0

        async def start_counted() -> Child:
            nonlocal starts
            monitor = await start()
            starts += 1
            return monitor

        yield start_counted


async def publish(broker: Broker, messages: list[Message], *, identifier: str = "buses") -> None:
    """Publish messages in order over one connection; returns once the broker has them all."""
    async with connect(broker, identifier=identifier) as connection:
        for message in messages:
            await connection.publish(message.topic, message.payload, qos=message.qos)


async def reached(database: Database, count: float, *, within_s: float = 60.0) -> None:
    """Wait until so many fixes are committed."""
    deadline = monotonic() + within_s
    while (committed := await Tracks(database).count()) < count:
        assert monotonic() < deadline, f"{committed} of {count:.0f} fixes were committed in {within_s:.0f} s"
        await asyncio.sleep(0.05)
