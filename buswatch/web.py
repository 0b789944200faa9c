"""Wiring of the API: storage behind it, and the live feed that the monitor publishes over MQTT."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import msgspec

from alerts.handling import Deadlines
from api.app import create_app
from api.context import Context
from api.live import LiveHub
from api.ports import Ports
from api.server import ApiServer
from buswatch.patience import persist
from buswatch.settings import Settings
from fleet.errors import BadInput, Unavailable
from fleet.topics import EVERY_ALERT, LIVE, alert_topic
from ingest.mqtt import Broker, Connection, Message, connect
from storage.accesses import AccessLog
from storage.advisories import AdvisoryBook
from storage.alerts import AlertBook
from storage.changes import AlertDesk, ChangeLog
from storage.database import Database
from storage.handling import HandlingBook
from storage.hours import HourBook
from storage.incidents import IncidentBook
from storage.migrate import migrate
from storage.positions import Tracks
from storage.registry import Record
from storage.rejects import RejectShelf
from storage.retention import RetentionRecord
from storage.waivers import WaiverBook

log = logging.getLogger(__name__)

_MOST = 1_000
_AGE_S, _IDLE_S = 0.02, 0.005


class Feed:
    """What the monitor and other API processes publish, handed to our hub; and what we announce."""

    def __init__(self, broker: Broker, hub: LiveHub) -> None:
        self._broker = broker
        self._hub = hub
        self._connection: Connection | None = None

    async def run(self) -> None:
        """Listen until cancelled; a broker that goes away is waited for."""
        await persist(self._listen, self._forget)

    async def announce(self, change: dict[str, Any]) -> None:
        """Tell every API process of a change that a person made; raises ``Unavailable``."""
        if self._connection is None:
            raise Unavailable("the broker is away")
        topic = alert_topic(change["alert"]["bus_id"])
        await self._connection.publish(topic, msgspec.json.encode(change), qos=1)

    async def check(self) -> None:
        """Raises ``Unavailable`` while the broker is away."""
        if self._connection is None:
            raise Unavailable("the broker does not answer")

    def _forget(self, error: Unavailable) -> None:
        log.debug("the feed stands still: %s", error)
        self._connection = None
        self._hub.lose_feed()

    async def _listen(self) -> None:
        async with self._connected() as connection:
            await connection.subscribe(EVERY_ALERT, qos=1)
            await connection.subscribe(LIVE, qos=0)
            while True:
                messages = await connection.take(_MOST, _AGE_S, _IDLE_S)
                for message in messages:
                    self._hand_over(message)
                connection.acknowledge(messages)

    def _hand_over(self, message: Message) -> None:
        """Give the hub what came; what is none of ours must not end the feed."""
        try:
            if message.topic == LIVE:
                self._hub.push_frame(message.payload)
            else:
                self._hub.push_change(json.loads(message.payload))
        except (BadInput, ValueError, KeyError, TypeError) as error:
            log.warning("passed over a message on %s: %s", message.topic, error)

    @contextlib.asynccontextmanager
    async def _connected(self) -> AsyncIterator[Connection]:
        async with connect(self._broker, identifier=f"buswatch-api-{uuid4().hex[:12]}") as connection:
            self._connection = connection
            try:
                yield connection
            finally:
                self._connection = None


def ports_on(database: Database) -> Ports:
    """All that the API asks for, on a database."""
    return Ports(
        record=Record(database),
        tracks=Tracks(database),
        hours=HourBook(database),
        alerts=AlertBook(database),
        handling=HandlingBook(database),
        desk=AlertDesk(database),
        changes=ChangeLog(database),
        rejects=RejectShelf(database),
        retention=RetentionRecord(database),
        waivers=WaiverBook(database),
        advisories=AdvisoryBook(database),
        incidents=IncidentBook(database),
        accesses=AccessLog(database),
    )


async def run_api(settings: Settings) -> None:
    """Serve until cancelled."""
    broker, base_map = settings.broker, settings.base_map
    async with Database(settings.required_database_url()) as database:
        await persist(lambda: migrate(database))
        ports = ports_on(database)
        _, registry = await ports.record.registry()
        hub = LiveHub(ports, registry.tz)
        feed = Feed(broker, hub)
        context = Context(
            ports=ports,
            hub=hub,
            zone=registry.tz,
            announce=feed.announce,
            checks={"database": database.answers, "broker": feed.check},
            deadlines=settings.deadlines or Deadlines(),
            base_map=base_map,
        )
        server = ApiServer(
            create_app(context, settings.page_dir), hub, host=settings.http_host, port=settings.http_port
        )
        async with asyncio.TaskGroup() as tasks:
            beside = [tasks.create_task(hub.run(), name="hub"), tasks.create_task(feed.run(), name="feed")]
            await _serve(server)
            for task in beside:
                task.cancel()


async def _serve(server: ApiServer) -> None:
    """Serve until cancelled, then let open requests end."""
    serving = asyncio.create_task(server.serve(), name="http")
    try:
        await asyncio.shield(serving)
    except asyncio.CancelledError:
        server.should_exit = True
        await serving
        raise
