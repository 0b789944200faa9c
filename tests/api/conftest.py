"""The real application over a real database, with three buses and one alert."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import msgspec
import numpy as np
import pytest
from fastapi import FastAPI

from alerts.episodes import Change
from api.app import create_app
from api.context import Check, Context
from api.frames import COLUMNS
from api.live import LiveHub
from api.server import ApiServer
from buswatch.web import ports_on
from fleet.fixes import Fixes
from storage.commit import Batch, Committer, Receipt
from storage.database import Database
from storage.registry import import_registry, load_registry
from tests.scenes import START_MS, registry
from tests.storage.records import change

NOW_MS = START_MS + 600_000


@dataclass
class Room:
    """One API process with what the tests do to it from outside."""

    database: Database
    committer: Committer
    hub: LiveHub
    page_dir: Path
    checks: dict[str, Check] = field(default_factory=dict)
    announced: list[dict[str, Any]] = field(default_factory=list)
    app: FastAPI = field(init=False)

    async def commit(self, fixes: Fixes | None = None, changes: list[Change] | None = None) -> Receipt:
        kept = Fixes.empty() if fixes is None else fixes
        return await self.committer.commit(
            Batch(kept, np.zeros(len(kept), np.int16), NOW_MS, [], changes or [])
        )

    async def announce(self, wire: dict[str, Any]) -> None:
        self.announced.append(wire)


def frame(*rows: list[Any], time_ms: int = NOW_MS, stalled: str | None = None) -> bytes:
    return msgspec.json.encode({"time_ms": time_ms, "stalled": stalled, "columns": COLUMNS, "rows": rows})


def row(bus: str, time_ms: int = NOW_MS, lon: float = 114.3, state: str = "on_route") -> list[Any]:
    return [bus, time_ms, lon, 30.6, 34.2, 122.0, 50.0, 3.1, state]


@pytest.fixture
async def room(database: Database, tmp_path: Path) -> Room:
    """A process that has not begun to listen; one alert is open."""
    await import_registry(database, registry(buses=3))
    loaded, keys = await load_registry(database)
    ports = ports_on(database)
    hub = LiveHub(ports, loaded.tz, lambda: NOW_MS)
    room = Room(database, Committer(database, keys), hub, tmp_path / "page")
    context = Context(ports, hub, loaded.tz, room.announce, room.checks, lambda: NOW_MS)
    room.app = create_app(context, room.page_dir)
    room.checks["database"] = database.answers
    await room.commit(changes=[change()])
    await hub.keep_up()
    return room


@pytest.fixture
async def client(room: Room) -> AsyncIterator[httpx.AsyncClient]:
    """A client inside the process; errors of the application become the answers that it gives."""
    transport = httpx.ASGITransport(room.app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://buswatch") as client:
        yield client


@asynccontextmanager
async def serving(room: Room) -> AsyncIterator[str]:
    """The application behind a real socket, with its hub at work; yields its address."""
    server = ApiServer(room.app, room.hub, host="127.0.0.1", port=0)
    async with asyncio.TaskGroup() as tasks:
        hub = tasks.create_task(room.hub.run())
        serve = tasks.create_task(server.serve())
        while not server.started:  # noqa: ASYNC110  # uvicorn has no event for it
            await asyncio.sleep(0.01)
        host, port = server.addresses[0]
        try:
            yield f"http://{host}:{port}"
        finally:
            server.should_exit = True
            await serve
            hub.cancel()
