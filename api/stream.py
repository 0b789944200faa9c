"""``GET /live``: the hub's events as one endless response.

Written against ASGI rather than on sse-starlette: that keeps its state of shutting down in the
process, finds uvicorn through the signal handler, and sends each ping past the order of events.
Here the hub ends the streams, and a page that takes nothing for a while is let go.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from typing import Annotated

from fastapi import APIRouter, Header, Query
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.live import LiveHub

log = logging.getLogger(__name__)

SEND_S = 30.0
"""A page that has taken nothing for this long is let go; it comes back with its Last-Event-ID."""
_NEWEST_ID = 2**63 - 1
_EXAMPLE = (
    "retry: 2000\n\n"
    'id: 17\nevent: frame\ndata: {"time_ms":1790000000123,"columns":["bus","time_ms","lon","lat",'
    '"speed_kmh","heading","limit_kmh","off_m","state"],"rows":[["B0001",1790000000000,114.2801,30.5932,'
    '34.2,122.0,50.0,3.1,"on_route"]]}\n\n'
    "id: 19\nevent: gap\ndata: {}\n\n"
)


def live_routes(hub: LiveHub) -> APIRouter:
    """The live stream."""
    router = APIRouter(tags=["live"])

    @router.get(
        "/live",
        response_class=Response,
        summary="Positions once a second and alert changes at once, as server-sent events",
        responses={200: {"content": {"text/event-stream": {"example": _EXAMPLE}}}},
    )
    async def live(
        last_event_id: Annotated[
            str | None, Header(description="The id of the last event received: changes after it follow")
        ] = None,
        from_event_id: Annotated[
            str | None, Query(alias="last_event_id", description="The same, for clients that cannot set it")
        ] = None,
    ) -> Response:
        """Events `frame`, `alert`, `incident` and `gap`; the first frame holds all buses."""
        events = hub.events(_event_id(last_event_id or from_event_id))
        return _LiveResponse(await anext(events), events)

    return router


class _LiveResponse(Response):
    """Sends events until they end, the page leaves, or it takes nothing for ``SEND_S``."""

    media_type = "text/event-stream"

    def __init__(self, first: bytes, events: AsyncGenerator[bytes]) -> None:
        self.status_code = 200
        self.background = None
        self._first = first
        self._events = events
        # Proxies must neither keep nor gather what is live.
        self.init_headers({"Cache-Control": "no-store", "X-Accel-Buffering": "no"})

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        sending = asyncio.create_task(self._send_all(send), name="live stream")
        leaving = asyncio.create_task(_wait_until_gone(receive), name="live stream's end")
        try:
            await asyncio.wait((sending, leaving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (sending, leaving):
                task.cancel()
            await asyncio.gather(sending, leaving, return_exceptions=True)
            await self._events.aclose()
        if not sending.cancelled() and isinstance(sending.exception(), TimeoutError):
            log.info("let go of a live page that took nothing for %.0f s", SEND_S)

    async def _send_all(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        await _send_in_time(send, self._first, more=True)
        async for encoded in self._events:
            await _send_in_time(send, encoded, more=True)
        await _send_in_time(send, b"", more=False)


async def _send_in_time(send: Send, body: bytes, *, more: bool) -> None:
    async with asyncio.timeout(SEND_S):
        await send({"type": "http.response.body", "body": body, "more_body": more})


async def _wait_until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _event_id(text: str | None) -> int | None:
    """The seq that an event id names, None when there is none.

    One that we never gave becomes a seq that nobody has, which the hub answers with a gap: a page
    that sent nonsense must not be refused for ever.
    """
    if text is None or text == "":
        return None
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else _NEWEST_ID
