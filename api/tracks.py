"""Where a bus was, as GeoJSON."""

from __future__ import annotations

import math
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import numpy as np
from fastapi import APIRouter, Query
from numpy.typing import NDArray
from starlette.responses import Response

from api import schemas
from api.accesses import StatedName, record_access
from api.answers import BusId, Json, Moment, moment_ms
from api.context import Context
from fleet.clock import HOUR_MS, format_time
from fleet.errors import BadInput
from fleet.fixes import UNKNOWN_SATELLITES, Fixes

MOST_FIXES = 100_000
"""A day of one bus at one fix a second is 86,400."""


def track_routes(context: Context) -> APIRouter:
    """The tracks of buses."""
    router = APIRouter(tags=["tracks"])

    @router.get("/buses/{bus_id}/track", summary="A bus's track", response_model=schemas.Track)
    async def track(
        bus_id: BusId,
        from_: Annotated[
            Moment, Query(alias="from", description="Included; an hour before `to` if left out")
        ] = None,
        to: Annotated[Moment, Query(description="Included; now if left out")] = None,
        limit: Annotated[int, Query(ge=1, le=MOST_FIXES)] = MOST_FIXES,
        most: Annotated[
            int | None,
            Query(
                ge=2, le=MOST_FIXES, description="Thin the whole span to so many fixes, in place of `limit`"
            ),
        ] = None,
        by: StatedName = None,
    ) -> Response:
        from_ms, to_ms = read_span(from_, to, context)
        if most is not None:
            fixes, quality, left_out = await context.ports.tracks.thinned(bus_id, from_ms, to_ms, most)
            await record_access(context, "view", by, bus_id, from_ms, to_ms)
            return Json(_feature(bus_id, fixes, quality, context.zone, truncated=False, left_out=left_out))
        fixes, quality = await context.ports.tracks.way(bus_id, from_ms, to_ms, limit + 1)
        await record_access(context, "view", by, bus_id, from_ms, to_ms)
        truncated = len(fixes) > limit
        kept = np.arange(min(len(fixes), limit))
        return Json(
            _feature(bus_id, fixes.take(kept), quality[kept], context.zone, truncated=truncated, left_out=0)
        )

    return router


def read_span(from_: str | None, to: str | None, context: Context) -> tuple[int, int]:
    """The span that a query asks for, epoch milliseconds, both ends included: the last hour if it says
    nothing. ``BadInput`` when it is none.
    """
    to_ms = moment_ms(to, "to") or context.now_ms()
    from_ms = moment_ms(from_, "from")
    if from_ms is None:
        from_ms = to_ms - HOUR_MS
    if from_ms > to_ms:
        raise BadInput("query.from: must not be after `to`")
    return from_ms, to_ms


def fixes_to_wire(fixes: Fixes, quality: NDArray[np.int16], zone: ZoneInfo) -> list[dict[str, Any]]:
    """Fixes one by one, for a few of them; what was not reported is null."""
    columns = zip(
        fixes.time_ms.tolist(), fixes.lon.tolist(), fixes.lat.tolist(), _known(fixes.speed_kmh),
        _known(fixes.heading_deg), _known(fixes.accuracy_m), fixes.satellites.tolist(), quality.tolist(),
        strict=True,
    )  # fmt: skip
    return [
        {
            "time": format_time(time_ms, zone),
            "lon": lon,
            "lat": lat,
            "speed_kmh": speed,
            "heading": heading,
            "accuracy_m": accuracy,
            "satellites": None if satellites == UNKNOWN_SATELLITES else satellites,
            "quality": marks,
        }
        for time_ms, lon, lat, speed, heading, accuracy, satellites, marks in columns
    ]


def _feature(
    bus_id: str,
    fixes: Fixes,
    quality: NDArray[np.int16],
    zone: ZoneInfo,
    *,
    truncated: bool,
    left_out: int,
) -> dict[str, Any]:
    places = list(zip(fixes.lon.tolist(), fixes.lat.tolist(), strict=True))
    geometry: dict[str, Any] | None = None
    if len(places) == 1:
        geometry = {"type": "Point", "coordinates": places[0]}
    elif places:
        geometry = {"type": "LineString", "coordinates": places}
    return {
        "type": "Feature",
        "geometry": geometry,
        "properties": {
            "bus_id": bus_id,
            "times": [format_time(time_ms, zone) for time_ms in fixes.time_ms.tolist()],
            "speed_kmh": _known(fixes.speed_kmh),
            "quality": quality.tolist(),
            "returned": len(fixes),
            "truncated": truncated,
            "left_out": left_out,
        },
    }


def _known(column: NDArray[np.float32]) -> list[float | None]:
    """The numbers to a tenth, with null for what was not reported."""
    return [None if math.isnan(value) else round(value, 1) for value in column.tolist()]
