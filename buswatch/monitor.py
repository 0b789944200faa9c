"""The monitor: one process that takes positions from the broker to the database and raises alerts."""

from __future__ import annotations

import asyncio
import logging
from time import monotonic

from alerts.detector import Detector
from alerts.handling import Deadlines
from buswatch.clocks import Clock, EventClock, WallClock
from buswatch.orders import StandingOrders
from buswatch.patience import persist
from buswatch.pipeline import Pipeline
from buswatch.rejudging import Rejudging
from buswatch.settings import Settings
from fleet.clock import HOUR_MS, MINUTE_MS
from ingest.decode import Decoder
from storage.commit import Committer
from storage.database import Database
from storage.escalation import escalate
from storage.hours import count_hours
from storage.migrate import migrate
from storage.positions import newest_times
from storage.registry import load_registry
from storage.retention import Retention, delete_expired

log = logging.getLogger(__name__)

_REPORT_EVERY_S = MINUTE_MS / 1_000
_ESCALATE_EVERY_S = 1.0
_FIRST_S = 60.0
"""After a start there is more urgent work than deleting."""
_HOUSE_EVERY_S = 6 * HOUR_MS / 1_000
_COUNT_FIRST_S = 10.0
_COUNT_EVERY_S = MINUTE_MS / 1_000
_COUNT_REST = 30.0
"""So many times as long as counting took is rested before the next, so that no commit ever waits for long."""


async def run_monitor(settings: Settings) -> None:
    """Work until cancelled. A database or broker that is away is waited for."""
    broker = settings.broker
    async with Database(settings.required_database_url()) as database:
        await persist(lambda: migrate(database))
        registry, bus_keys = await load_registry(database)
        detector = Detector(registry)
        committer = Committer(database, bus_keys, settings.deadlines)
        rejudging = Rejudging(registry, detector, database, bus_keys, committer)
        clock: Clock = WallClock()
        if settings.clock == "events":
            stored_ms = await persist(lambda: newest_times(database, bus_keys))
            clock = EventClock(Decoder(registry).newest_times, int(stored_ms.max(initial=0)))
        pipeline = Pipeline(registry, detector, committer, rejudging, StandingOrders(database), clock)
        await pipeline.remember()
        log.info("watching %d buses, registry %r", len(registry.buses), registry.version)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(pipeline.run(broker, settings.mqtt_identifier), name="pipeline")
            tasks.create_task(_report(pipeline), name="report")
            if settings.deadlines is not None:
                raising = _raise_overdue(database, settings.deadlines, pipeline)
                tasks.create_task(raising, name="escalation")
            tasks.create_task(_count_hours(database, clock), name="hours")
            if settings.clock == "wall":  # what is replayed may be older than what is kept
                tasks.create_task(_keep_house(database, settings.retention, clock), name="retention")


async def _raise_overdue(database: Database, deadlines: Deadlines, pipeline: Pipeline) -> None:
    """Raise what nobody has taken by its deadline; a database that is away is waited for."""
    clock = WallClock()
    while True:
        await asyncio.sleep(_ESCALATE_EVERY_S)
        pipeline.tell(await persist(lambda: escalate(database, deadlines, clock())))


async def _keep_house(database: Database, retention: Retention, clock: Clock) -> None:
    """Delete what has been kept long enough, a few times a day; a database that is away is waited for."""
    while True:
        await asyncio.sleep(_FIRST_S)
        await persist(lambda: delete_expired(database, retention, clock()))
        await asyncio.sleep(_HOUSE_EVERY_S - _FIRST_S)


async def _count_hours(database: Database, clock: Clock) -> None:
    """Keep the figures by bus and hour up; what was stored before anybody counted, at leisure."""

    async def rest() -> None:
        await asyncio.sleep(1.0)

    await asyncio.sleep(_COUNT_FIRST_S)
    while True:
        began_s = monotonic()
        older = await persist(lambda: count_hours(database, clock(), rest))
        took_s = monotonic() - began_s
        await asyncio.sleep(took_s if older else max(_COUNT_EVERY_S, _COUNT_REST * took_s))


async def _report(pipeline: Pipeline) -> None:
    """Say in the log, once a minute, what has gone through."""
    while True:
        await asyncio.sleep(_REPORT_EVERY_S)
        counts = pipeline.counts
        log.info(
            "so far %d messages, %d fixes committed, %d duplicates, rejected %s",
            counts.messages, counts.committed, counts.duplicates, dict(counts.rejected),
        )  # fmt: skip
