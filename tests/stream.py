"""A browser's end of the live stream, for the tests of the API and of the whole path."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import msgspec

LIVE = "/api/v1/live"


class Page:
    """A browser's end of the stream."""

    def __init__(self, lines: AsyncIterator[str]) -> None:
        self._lines = lines

    async def next(self, name: str | None = None) -> tuple[str, int, Any]:
        """The next event (of a name) as (event, id, data)."""
        found: dict[str, str] = {}
        async with asyncio.timeout(5):
            async for line in self._lines:
                if line:
                    key, _, value = line.partition(": ")
                    found[key] = value
                elif "event" in found and name in (None, found["event"]):
                    return found["event"], int(found["id"]), msgspec.json.decode(found["data"])
                else:
                    found = {}
        raise EOFError

    async def ended(self) -> bool:
        """Whether the stream ends, without an error, within some seconds."""
        async with asyncio.timeout(5):
            async for _ in self._lines:
                pass
        return True


@asynccontextmanager
async def page(address: str, last_event_id: int | str | None = None) -> AsyncIterator[Page]:
    headers = {} if last_event_id is None else {"Last-Event-ID": str(last_event_id)}
    async with (
        httpx.AsyncClient(base_url=address, timeout=10) as client,
        client.stream("GET", LIVE, headers=headers) as answer,
    ):
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield Page(answer.aiter_lines())
