"""What could not become a fix, for the people who can mend it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from api import schemas
from api.answers import Json
from api.context import Context
from api.ports import Rejected
from fleet.clock import format_time


def reject_routes(context: Context) -> APIRouter:
    """The rejected messages."""
    router = APIRouter(tags=["rejects"])

    @router.get(
        "/rejects", summary="Rejected messages, newest first", response_model=schemas.RejectedMessages
    )
    async def rejects(limit: Annotated[int, Query(ge=1, le=500)] = 50) -> Response:
        newest = await context.ports.rejects.newest(limit)
        counts = await context.ports.rejects.counts()
        return Json({"counts": counts, "items": [_rejected(found, context) for found in newest]})

    return router


def _rejected(found: Rejected, context: Context) -> dict[str, Any]:
    reject = found.reject
    return {
        "topic": reject.topic,
        "payload": reject.payload.decode(errors="backslashreplace"),
        "item": reject.item,
        "reason": reject.reason,
        "detail": reject.detail,
        "first_received": format_time(reject.received_ms, context.zone),
        "last_received": format_time(found.last_received_ms, context.zone),
        "times": found.times,
    }
