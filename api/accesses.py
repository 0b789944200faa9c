"""Who looked at which track: kept with every track that is handed out, and told to who must answer for it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from api import schemas
from api.answers import Json, Moment, moment_ms
from api.context import Context
from fleet.accesses import Access, AccessKind
from fleet.clock import format_time

StatedName = Annotated[
    str | None,
    Query(
        max_length=100,
        pattern=r"^[^\x00-\x1f]*$",
        description="Who asks, as they name themselves; kept with what was looked at",
        examples=["王秀英"],
    ),
]


def access_routes(context: Context) -> APIRouter:
    """The record of looks at tracks."""
    router = APIRouter(tags=["tracks"])

    @router.get(
        "/track-accesses",
        summary="Who looked at which track, newest first",
        description="`by` is the name that the person stated: there is no login that proves it.",
        response_model=schemas.TrackAccesses,
    )
    async def accesses(
        bus: Annotated[str | None, Query(max_length=64, pattern=r"^[A-Za-z0-9-]*$")] = None,
        by: StatedName = None,
        from_: Annotated[Moment, Query(alias="from", description="Looked at from then on")] = None,
        to: Annotated[Moment, Query(description="… and before this")] = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 100,
    ) -> Response:
        found = await context.ports.accesses.newest(
            limit, bus_id=bus, by=by, from_ms=moment_ms(from_, "from"), to_ms=moment_ms(to, "to")
        )
        return Json(
            {
                "items": [
                    {
                        "at": format_time(access.at_ms, context.zone),
                        "by": access.by,
                        "what": access.what,
                        "bus_id": access.bus_id,
                        "from": format_time(access.from_ms, context.zone),
                        "to": format_time(access.to_ms, context.zone),
                    }
                    for access in found
                ]
            }
        )

    return router


async def record_access(
    context: Context, what: AccessKind, by: str | None, bus_id: str, from_ms: int, to_ms: int
) -> None:
    """Keep that a track is about to be handed out; ``Unavailable``: a look that cannot be kept is none."""
    stated = (by or "").strip() or None
    await context.ports.accesses.record(Access(context.now_ms(), stated, what, bus_id, from_ms, to_ms))
