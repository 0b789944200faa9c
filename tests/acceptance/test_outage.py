"""The database goes away under load and comes back: the monitor waits, says so, and loses nothing."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from time import time_ns
from typing import Any

import msgspec
import numpy as np
import pytest

from fleet.topics import LIVE
from ingest.decode import Decoder
from ingest.mqtt import Broker, Connection, connect
from storage.database import Database
from storage.embedded import EmbeddedPostgres
from storage.migrate import migrate
from storage.positions import Tracks
from storage.rejects import RejectShelf
from tests.acceptance.conftest import City, StartMonitor, publish, reached


@pytest.fixture
def own_postgres() -> Iterator[EmbeddedPostgres]:
    """A server of this test's own, whose plug may be pulled; a short path, so that its socket stays."""
    folder = Path(tempfile.mkdtemp(prefix="bw-"))
    try:
        with EmbeddedPostgres(folder / "pg") as server:
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
async def database_url(own_postgres: EmbeddedPostgres) -> str:
    """In place of the shared server's: ``database`` and ``start_monitor`` follow it."""
    async with Database(own_postgres.dsn) as database:
        await migrate(database)
    return own_postgres.dsn


async def test_no_fix_is_lost_while_the_database_is_away(
    broker: Broker,
    database: Database,
    city: City,
    start_monitor: StartMonitor,
    own_postgres: EmbeddedPostgres,
) -> None:
    fixes = Decoder(city.registry).decode(city.messages, time_ns() // 1_000_000).fixes
    distinct = len(np.unique(np.column_stack((fixes.time_ms, fixes.bus)), axis=0))
    monitor = await start_monitor()
    publishing = asyncio.create_task(publish(broker, city.messages))
    await reached(database, distinct / 4)
    async with connect(broker, identifier="onlooker") as onlooker:
        await onlooker.subscribe(LIVE, qos=0)
        await asyncio.to_thread(own_postgres.stop)
        stalled = await frame_that(live_frames(onlooker), lambda frame: frame["stalled"] is not None)
        assert "the database does not answer" in stalled["stalled"]
        assert monitor.running
        await asyncio.to_thread(own_postgres.start)
        await publishing
        await reached(database, distinct)
        await frame_that(live_frames(onlooker), lambda frame: frame["stalled"] is None)
    assert await Tracks(database).count() == distinct
    assert await RejectShelf(database).counts() == {}
    assert monitor.running
    assert await monitor.stop() == 0
    assert "Traceback" not in monitor.log.read_text()


async def live_frames(onlooker: Connection) -> AsyncIterator[dict[str, Any]]:
    while True:
        for message in await onlooker.take(100, 0.1, 0.02):
            yield msgspec.json.decode(message.payload)


async def frame_that(
    frames: AsyncIterator[dict[str, Any]], is_such: Callable[[dict[str, Any]], bool]
) -> dict[str, Any]:
    """The next live frame that is such a one."""
    async with asyncio.timeout(30):
        async for frame in frames:
            if is_such(frame):
                return frame
    raise EOFError
