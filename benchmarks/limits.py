"""What the parts of `benchmarks.ingest` do alone: the broker's client, COPY, the commit, every stage."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from time import perf_counter, time_ns
from typing import Any

import numpy as np
import psycopg
import uvloop
from numpy.typing import NDArray

from alerts.detector import Detector
from buswatch.live import LiveFrame
from buswatch.pipeline import AGE_S, GATHER_S, IDLE_S, MOST_MESSAGES
from fleet.fixes import Fixes
from fleet.registry import Registry
from fleet.topics import EVERYTHING
from ingest.decode import Decoder
from ingest.mqtt import Broker, Message, connect
from storage.changes import record_judgement
from storage.columns import pack
from storage.commit import Batch, Committer
from storage.database import Database
from storage.named import queries
from storage.waivers import under_waivers

_SQL = queries("commit")
_SAME_TABLE = "CREATE TABLE bare (LIKE position INCLUDING ALL)"
_SAME_HYPERTABLE = """
SELECT create_hypertable('bare', by_range('time', INTERVAL '1 day'), create_default_indexes => false)
"""
_COPY = "COPY bare FROM STDIN (FORMAT binary)"


class Dropper:
    """A process that takes batches as the monitor does, and acknowledges them unread."""

    def __init__(self, broker: Broker) -> None:
        context = multiprocessing.get_context("spawn")
        self._taken = context.Value("q", 0, lock=False)
        self._subscribed = context.Event()
        self._process = context.Process(
            target=_drop, args=(broker, self._taken, self._subscribed), name="drop", daemon=True
        )

    async def start(self) -> int:
        """Returns its process's id, once it has subscribed."""
        self._process.start()
        if not await asyncio.to_thread(self._subscribed.wait, 30):
            raise TimeoutError("the bare subscriber did not subscribe within 30 s")
        assert self._process.pid is not None  # started
        return self._process.pid

    def stop(self) -> None:
        self._process.kill()
        self._process.join()

    async def taken(self) -> int:
        """Messages so far."""
        return int(self._taken.value)


def _drop(broker: Broker, taken: Any, subscribed: Any) -> None:
    async def run() -> None:
        async with connect(broker, identifier="drop") as connection:
            await connection.subscribe(EVERYTHING, qos=1)
            subscribed.set()
            while True:
                messages = await connection.take(MOST_MESSAGES, AGE_S, IDLE_S, gather_s=GATHER_S)
                connection.acknowledge(messages)
                taken.value += len(messages)

    uvloop.run(run())


def copy_alone(dsn: str, fixes: Fixes, bus_keys: NDArray[np.int32], size: int, *, hypertable: bool) -> float:
    """Fixes a second of COPY, packed beforehand, into a table like ``position``; a transaction a batch."""
    unmarked, standing = np.zeros(len(fixes), np.int16), np.zeros(len(fixes), np.float32)
    streams = [
        pack(batch, unmarked[: len(batch)], standing[: len(batch)], bus_keys, batch.time_ms)
        for batch in cut(fixes, size)
    ]
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(_SAME_TABLE.encode())
        if hypertable:
            connection.execute(_SAME_HYPERTABLE.encode())
        began = perf_counter()
        for stream in streams:
            with connection.transaction(), connection.cursor() as cursor, cursor.copy(_COPY.encode()) as copy:
                copy.write(stream)
        return len(fixes) / (perf_counter() - began)


async def commit_alone(dsn: str, fixes: Fixes, bus_keys: NDArray[np.int32], size: int) -> float:
    """Fixes a second of the product's commits, without alerts."""
    batches = [
        Batch(batch, zeros.astype(np.int16), time_ns() // 1_000_000, moved_m=zeros)
        for batch in cut(fixes, size)
        for zeros in [np.zeros(len(batch), np.float32)]
    ]
    async with Database(dsn) as database:
        committer = Committer(database, bus_keys)
        began = perf_counter()
        for batch in batches:
            await committer.commit(batch)
        return len(fixes) / (perf_counter() - began)


class Stages:
    """Seconds by stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @asynccontextmanager
    async def stage(self, name: str) -> AsyncIterator[None]:
        began = perf_counter()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + perf_counter() - began


async def stages_alone(
    dsn: str, registry: Registry, bus_keys: NDArray[np.int32], messages: Sequence[Message], size: int
) -> dict[str, float]:
    """Microseconds a fix of each stage after the other, ``size`` messages at a time: on the wall, so that
    what PostgreSQL does counts as well.
    """
    decoder, detector, frame = Decoder(registry), Detector(registry), LiveFrame(registry)
    detector.prepare()
    stages, count = Stages(), 0
    async with Database(dsn) as database, database.connection() as connection:
        for start in range(0, len(messages), size):
            batch, now_ms = messages[start : start + size], time_ns() // 1_000_000
            async with stages.stage("decode"):
                decoded = decoder.decode(batch, now_ms)
            async with stages.stage("detect"):
                found = detector.detect(decoded.fixes, now_ms)
            async with stages.stage("pack"):
                stream = pack(decoded.fixes, found.quality, found.moved_m, bus_keys, decoded.received_ms)
            async with stages.stage("COMMIT"), connection.transaction(), connection.cursor() as cursor:
                async with stages.stage("COPY"), cursor.copy(_SQL["copy_positions"]) as copy:
                    await copy.write(stream)
                async with stages.stage("alert changes"):
                    await record_judgement(connection, await under_waivers(connection, found.changes))
            async with stages.stage("live frame"):
                frame.add(decoded.fixes, found)
            frame.encode(now_ms)
            count += len(decoded.fixes)
    inner = ("COPY", "alert changes")
    stages.seconds["COMMIT"] -= sum(stages.seconds[name] for name in inner)
    return {name: seconds / count * 1e6 for name, seconds in stages.seconds.items()}


def cut(fixes: Fixes, size: int) -> Iterator[Fixes]:
    """The stream in batches."""
    for start in range(0, len(fixes), size):
        yield fixes.take(np.arange(start, min(start + size, len(fixes))))
