"""Approved routes, zones and the roads beneath them, as GeoJSON.

All are large and rarely change: they are encoded and packed once for each import, in a thread, and
a page that has them is told so (304).
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from api import schemas
from api.answers import GeoJson
from api.context import Context
from fleet.errors import NotFound
from fleet.registry import Approval, LonLat, Registry, Zone

_DIGITS = 5
"""Of a degree: a metre, which is what a map shows; the record itself keeps all."""
_NO_ROADS = b'{"type":"FeatureCollection","features":[]}'


@dataclass(frozen=True, slots=True)
class _Packed:
    key: Hashable
    plain: bytes
    packed: bytes
    tag: str


def route_routes(context: Context) -> APIRouter:
    """The approvals in force, the zones, and the base map."""
    router = APIRouter(tags=["routes"])
    kept: dict[str, _Packed] = {}

    async def answer(request: Request, name: str, key: Hashable, make: Callable[[], bytes]) -> Response:
        if name not in kept or kept[name].key != key:
            kept[name] = await asyncio.to_thread(lambda: _pack(key, make()))
        return _respond(request, kept[name])

    @router.get("/routes", summary="The approvals in force today", response_model=schemas.Routes)
    async def routes(
        request: Request,
        *,
        limits: Annotated[
            bool, Query(description="With the limits along each line, a quarter of it all")
        ] = True,
    ) -> Response:
        edition, registry = await context.ports.record.registry()
        today = context.today()
        return await answer(
            request,
            f"routes, limits {limits}",
            (edition, today),
            lambda: _features(_in_force(registry, today), limits=limits),
        )

    @router.get(
        "/approvals/{approval_id}",
        summary="An approval, in force or not: what a bus was held to then",
        response_model=schemas.ApprovedRoute,
    )
    async def approval(approval_id: Annotated[str, Path(max_length=100)]) -> Response:
        _, registry = await context.ports.record.registry()
        row = registry.approval_rows.get(approval_id)
        if row is None:
            raise NotFound(f"there is no approval {approval_id!r} on record")
        found = registry.approvals[row]
        feature = _feature(found)
        feature["properties"] |= {
            "version": found.version, "valid_from": found.valid_from, "valid_to": found.valid_to
        }  # fmt: skip
        return GeoJson(feature)

    @router.get("/zones", summary="Areas with a limit of their own", response_model=schemas.Zones)
    async def zones(request: Request) -> Response:
        edition, registry = await context.ports.record.registry()
        return await answer(request, "zones", edition, lambda: _zone_features(registry.zones))

    @router.get("/base-map", summary="The roads", response_model=schemas.BaseMap)
    async def base_map(request: Request) -> Response:
        roads = await context.ports.record.base_map() or _NO_ROADS
        return await answer(request, "base map", hash(roads), lambda: roads)

    return router


def _in_force(registry: Registry, today: Any) -> list[Approval]:
    found = (registry.approval_on(route_id, today) for route_id in registry.approvals_by_route)
    return [approval for approval in found if approval is not None]


def _features(approvals: list[Approval], *, limits: bool) -> bytes:
    features = [_feature(approval, limits=limits) for approval in approvals]
    return msgspec.json.encode({"type": "FeatureCollection", "features": features})


def _feature(approval: Approval, *, limits: bool = True) -> dict[str, Any]:
    names = ["approval_id", "route_id", "name", "number", "school", "direction", "corridor_m"]
    if limits:
        names.append("limits")
    return {
        "type": "Feature",
        "geometry": {
            "type": "LineString",
            "coordinates": [(round(lon, _DIGITS), round(lat, _DIGITS)) for lon, lat in approval.line],
        },
        "properties": {
            **{name: getattr(approval, name) for name in names},
            "stops": [
                {
                    "name": stop.name,
                    "lon": round(stop.lon, _DIGITS),
                    "lat": round(stop.lat, _DIGITS),
                    "chainage_m": round(stop.chainage_m),
                }
                for stop in approval.stops
            ],
        },
    }


def _zone_features(zones: Sequence[Zone]) -> bytes:
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Polygon", "coordinates": [_ring(zone.area)]},
            "properties": {
                "zone_id": zone.zone_id,
                "name": zone.name,
                "limit_kmh": zone.limit_kmh,
                "reason": zone.reason,
            },
        }
        for zone in zones
    ]
    return msgspec.json.encode({"type": "FeatureCollection", "features": features})


def _ring(area: Sequence[LonLat]) -> list[LonLat]:
    """The corners of an area with the first once more at the end, as GeoJSON has them."""
    corners = [(round(lon, _DIGITS), round(lat, _DIGITS)) for lon, lat in area]
    return corners if corners[0] == corners[-1] else [*corners, corners[0]]


def _pack(key: Hashable, plain: bytes) -> _Packed:
    return _Packed(
        key, plain, gzip.compress(plain, 6, mtime=0), f'"{hashlib.sha256(plain).hexdigest()[:20]}"'
    )


def _respond(request: Request, found: _Packed) -> Response:
    headers = {"ETag": found.tag, "Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
    if found.tag in request.headers.get("if-none-match", ""):
        return Response(None, 304, headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(found.packed, 200, headers | {"Content-Encoding": "gzip"}, "application/geo+json")
    return Response(found.plain, 200, headers, "application/geo+json")
