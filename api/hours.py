"""What the buses did hour by hour: kilometres, fixes, how many of them valid, top speed."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from api import schemas
from api.answers import Json, Moment, moment_ms
from api.context import Context
from fleet.clock import DAY_MS, format_time
from fleet.errors import BadInput

LONGEST_MS = 31 * DAY_MS
MOST_ROWS = 50_000
"""A day of 1,058 buses is 25,392 at most."""


def hour_routes(context: Context) -> APIRouter:
    """The figures by bus and hour."""
    router = APIRouter(tags=["tracks"])

    @router.get("/hours", summary="What buses did, by bus and hour", response_model=schemas.Hours)
    async def hours(
        from_: Annotated[
            Moment,
            Query(alias="from", description="Hours that begin from then on; a day before `to` if left out"),
        ] = None,
        to: Annotated[
            Moment, Query(description="… and before this; now if left out; 31 days after `from` at most")
        ] = None,
        bus_id: Annotated[str | None, Query(max_length=64, description="Every bus if left out")] = None,
        limit: Annotated[int, Query(ge=1, le=MOST_ROWS)] = MOST_ROWS,
    ) -> Response:
        to_ms = moment_ms(to, "to") or context.now_ms()
        from_ms = moment_ms(from_, "from")
        if from_ms is None:
            from_ms = to_ms - DAY_MS
        if not 0 <= to_ms - from_ms <= LONGEST_MS:
            raise BadInput("query.to: must lie within 31 days after `from`")
        found = await context.ports.tracks.hours(bus_id, from_ms, to_ms, limit + 1)
        return Json(
            {
                "items": [
                    {
                        "bus_id": hour.bus_id,
                        "begins": format_time(hour.begins_ms, context.zone),
                        "fixes": hour.fixes,
                        "valid": hour.valid,
                        "top_speed_kmh": None if hour.top_speed_kmh is None else round(hour.top_speed_kmh, 1),
                        "km": round(hour.moved_m / 1_000, 3),
                    }
                    for hour in found[:limit]
                ],
                "truncated": len(found) > limit,
            }
        )

    return router
