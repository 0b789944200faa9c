"""Which buses were in a circle or a polygon between two moments."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from api import schemas
from api.answers import Json, Moment, moment_ms
from api.context import Context
from fleet.clock import HOUR_MS, format_time
from fleet.errors import BadInput
from fleet.registry import LonLat
from geofence.presence import Circle, Polygon, visits

LONGEST_MS = 24 * HOUR_MS
MOST_FIXES = 200_000
_MOST_CORNERS = 100


def presence_routes(context: Context) -> APIRouter:
    """The search by place and time."""
    router = APIRouter(tags=["tracks"])

    @router.get("/presence", summary="Which buses were in an area", response_model=schemas.Presence)
    async def presence(
        from_: Annotated[Moment, Query(alias="from", description="Included")] = None,
        to: Annotated[
            Moment, Query(description="Included; now if left out; a day after `from` at most")
        ] = None,
        lon: Annotated[float | None, Query(ge=-180, le=180, description="Centre of a circle")] = None,
        lat: Annotated[float | None, Query(ge=-90, le=90)] = None,
        radius_m: Annotated[float | None, Query(gt=0, le=50_000)] = None,
        area: Annotated[
            str | None,
            Query(
                max_length=5_000,
                description="Corners of a polygon, in place of the circle",
                examples=["114.30,30.60;114.31,30.60;114.31,30.61"],
            ),
        ] = None,
    ) -> Response:
        to_ms = moment_ms(to, "to") or context.now_ms()
        from_ms = moment_ms(from_, "from")
        if from_ms is None:
            raise BadInput("query.from: is needed: from when on?")
        if not 0 <= to_ms - from_ms <= LONGEST_MS:
            raise BadInput("query.to: must lie within the day after `from`")
        place = _place(lon, lat, radius_m, area)
        bus_ids, times, lons, lats = await context.ports.tracks.in_box(
            from_ms, to_ms, place.box, MOST_FIXES + 1
        )
        found = visits(bus_ids, times, place.holds(lons, lats))
        return Json(
            {
                "items": [
                    {
                        "bus_id": visit.bus_id,
                        "first": format_time(visit.first_ms, context.zone),
                        "last": format_time(visit.last_ms, context.zone),
                        "fixes": visit.fixes,
                    }
                    for visit in found
                ],
                "truncated": len(times) > MOST_FIXES,
            }
        )

    return router


def _place(
    lon: float | None, lat: float | None, radius_m: float | None, area: str | None
) -> Circle | Polygon:
    """The circle or the polygon that was asked for."""
    if area is not None and lon is lat is radius_m is None:
        return Polygon(_corners(area))
    if area is None and lon is not None and lat is not None and radius_m is not None:
        return Circle(lon, lat, radius_m)
    raise BadInput("query: name a circle by lon, lat and radius_m, or a polygon by area")


def _corners(text: str) -> list[LonLat]:
    try:
        corners = [(float(lon), float(lat)) for lon, lat in (corner.split(",") for corner in text.split(";"))]
    except ValueError as error:
        raise BadInput("query.area: write corners as lon,lat;lon,lat;lon,lat") from error
    if not 3 <= len(set(corners)) <= _MOST_CORNERS:
        raise BadInput(f"query.area: needs 3 to {_MOST_CORNERS} distinct corners")
    if not all(abs(lon) <= 180 and abs(lat) <= 90 for lon, lat in corners):
        raise BadInput("query.area: a corner is no place on Earth; write lon,lat in degrees")
    return corners
