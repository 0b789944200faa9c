"""Approved routes, zones, and the map that they are drawn on."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

from pydantic import Field

from api.schemas.base import LineString, Model, Polygon
from fleet.registry import Direction, LimitReason


class Stop(Model):
    """A stop of an approved route."""

    name: str
    lon: float
    lat: float
    chainage_m: float


class LimitStretch(Model):
    """A limit on the line from `from_m` (included) to `to_m` (not included)."""

    from_m: float
    to_m: float
    limit_kmh: float
    reason: LimitReason


class RouteProperties(Model):
    """An approved version of a route."""

    approval_id: str
    route_id: str
    name: str
    number: str
    school: str
    direction: Direction
    corridor_m: float
    stops: list[Stop]
    limits: list[LimitStretch] = Field([], description="Left out when they were not asked for")


class Route(Model):
    """An approved line as a GeoJSON feature."""

    type: Literal["Feature"]
    geometry: LineString
    properties: RouteProperties


class ApprovalProperties(RouteProperties):
    """An approved version with the days on which it is valid."""

    version: int
    valid_from: date
    valid_to: date = Field(description="The last day of validity, included")


class ApprovedRoute(Model):
    """An approved line as a GeoJSON feature, in force or not."""

    type: Literal["Feature"]
    geometry: LineString
    properties: ApprovalProperties


class Routes(Model):
    """The approvals in force."""

    type: Literal["FeatureCollection"]
    features: list[Route]


class BaseMap(Model):
    """Roads; the property `class` is motorway, ring, arterial or lane."""

    type: Literal["FeatureCollection"]
    features: list[dict[str, Any]]


class ZoneProperties(Model):
    """An area with a speed limit of its own, such as a school's street."""

    zone_id: str
    name: str
    limit_kmh: float
    reason: LimitReason


class Zone(Model):
    """A zone as a GeoJSON feature."""

    type: Literal["Feature"]
    geometry: Polygon
    properties: ZoneProperties


class Zones(Model):
    """The zones on record."""

    type: Literal["FeatureCollection"]
    features: list[Zone]


class TileMap(Model):
    """Tiles of somebody's server, to draw under everything."""

    tiles: list[str] = Field(description="Addresses with {z}, {x} and {y}; a later one lies on top")
    kind: Literal["raster", "vector"] = Field(description="Vector tiles are of the OpenMapTiles schema")
    attribution: str
    max_zoom: int
    coordinates: Literal["wgs84", "gcj02"] = Field(description="What the tiles are drawn in")


class MapSetting(Model):
    """The base map that is configured; null is the roads of `/base-map` alone."""

    base: TileMap | None
