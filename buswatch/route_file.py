"""Routes that somebody brings: the lines of a GeoJSON file, into approvals that hold for ever."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import shapely
from numpy.typing import NDArray

from fleet.errors import BadInput
from fleet.registry import MOTORWAY_CAP_KMH, ROAD_CAP_KMH, Approval, LimitStretch, LonLat, Stop
from geofence.plane import Plane

CORRIDOR_M = 50.0
"""The corridor of a route that names none."""
FIRST_DAY, LAST_DAY = date(1970, 1, 1), date(9999, 12, 31)
"""How long a route from a file is approved."""

_TOUCHING_M = 1.0
"""A part of a line that begins this near to the end of the part before goes on from there."""
_PASS_SLACK_M = 40.0
"""A stop may belong to another pass of its line that is so much farther off than the nearest."""
_STOP_REACH_M = 1_000.0
"""A stop farther from its line is taken for a mistake."""
_BEYOND_M = 1e9
"""Metres beyond the end of any line."""


class _Stop(msgspec.Struct):
    lon: float
    lat: float
    name: str = ""


class _Properties(msgspec.Struct):
    route_id: str | int | float
    corridor_m: float | None = None
    limit_kmh: float | None = None
    stops: list[_Stop | list[float]] | None = None
    name: str | None = None


class _Line(msgspec.Struct, tag="LineString"):
    coordinates: list[list[float]]


class _Lines(msgspec.Struct, tag="MultiLineString"):
    coordinates: list[list[list[float]]]


class _Feature(msgspec.Struct):
    properties: _Properties
    geometry: _Line | _Lines


class _Named(msgspec.Struct):
    """What a feature is called, as far as it can be read."""

    properties: dict[str, Any] | None = None


class _Crs(msgspec.Struct):
    properties: dict[str, Any] = {}


class _Collection(msgspec.Struct, tag="FeatureCollection"):
    features: list[msgspec.Raw]
    crs: _Crs | None = None


@dataclass(frozen=True, slots=True)
class _Route:
    """A route as its feature states it; ``where`` names the feature."""

    where: str
    route_id: str
    name: str
    line: tuple[LonLat, ...]
    gaps: tuple[int, ...]
    corridor_m: float
    limit_kmh: float | None
    stops: tuple[_Stop, ...]


def read_routes(path: Path) -> tuple[Approval, ...]:
    """The routes of a GeoJSON FeatureCollection of lines, WGS-84, in its order.

    Each feature is one approval whose identity is its ``route_id``. Raises ``BadInput`` naming the
    feature.
    """
    try:
        raw = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}") from error
    try:
        collection = msgspec.json.decode(raw, type=_Collection)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise BadInput(f"{path} is no GeoJSON FeatureCollection: {error}") from error
    _check_crs(path, collection.crs)
    routes = [
        _read_feature(_called(path, number, feature), feature)
        for number, feature in enumerate(collection.features, 1)
    ]
    if not routes:
        raise BadInput(f"{path} holds no feature; a route is a LineString with a route_id")
    first: dict[str, str] = {}
    for route in routes:
        if route.route_id in first:
            raise BadInput(
                f"{route.where}: its route_id is the same as that of {first[route.route_id]}; each route has"
                " its own, also the two directions of one line"
            )
        first[route.route_id] = route.where
    points = np.array([point for route in routes for point in route.line])
    plane = Plane.around(points[:, 0], points[:, 1])  # the detector's, so that chainages agree
    return tuple(_approval(route, plane) for route in routes)


def _check_crs(path: Path, crs: _Crs | None) -> None:
    """GeoJSON is WGS-84 (RFC 7946); older files may name another system."""
    name = str(crs.properties.get("name", "")) if crs else ""
    if name and not name.upper().endswith(("CRS84", "4326", "WGS84")):
        raise BadInput(f"{path}: its coordinates are in {name}; convert them to WGS-84 (EPSG:4326)")


def _called(path: Path, number: int, feature: msgspec.Raw) -> str:
    try:
        found = msgspec.json.decode(feature, type=_Named).properties or {}
    except msgspec.MsgspecError:
        found = {}
    name = f" (route_id {found['route_id']!r})" if found.get("route_id") is not None else ""
    return f"{path}, feature {number}{name}"


def _read_feature(where: str, raw: msgspec.Raw) -> _Route:
    try:
        feature = msgspec.json.decode(raw, type=_Feature)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise BadInput(
            f"{where}: {error}; a route is a LineString or MultiLineString with a route_id in its properties"
        ) from error
    stated = feature.properties
    route_id = stated.route_id
    if isinstance(route_id, float) and route_id.is_integer():
        route_id = int(route_id)
    name = str(route_id).strip()
    if not name:
        raise BadInput(f"{where}: its route_id is blank")
    geometry = feature.geometry
    parts = [geometry.coordinates] if isinstance(geometry, _Line) else geometry.coordinates
    line, gaps = _join([_points(where, number, part) for number, part in enumerate(parts, 1)])
    if len(line) < 2:
        raise BadInput(f"{where}: its line has no point")
    corridor_m = CORRIDOR_M if stated.corridor_m is None else stated.corridor_m
    for named, value in (("corridor_m", corridor_m), ("limit_kmh", stated.limit_kmh)):
        if value is not None and not 0 < value < math.inf:
            raise BadInput(f"{where}: its {named} is {value:g}; write a number above 0")
    return _Route(
        where=where,
        route_id=name,
        name=stated.name or name,
        line=line,
        gaps=gaps,
        corridor_m=corridor_m,
        limit_kmh=stated.limit_kmh,
        stops=tuple(_stop(where, number, stop) for number, stop in enumerate(stated.stops or (), 1)),
    )


def _points(where: str, part: int, coordinates: list[list[float]]) -> list[LonLat]:
    """The points of one part of a line, each once; heights are passed over."""
    points: list[LonLat] = []
    for number, position in enumerate(coordinates, 1):
        point = _place(f"{where}: point {number} of its line (part {part})", position)
        if not points or points[-1] != point:
            points.append(point)
    if len(points) < 2:
        raise BadInput(f"{where}: its line (part {part}) needs two distinct points")
    return points


def _place(where: str, position: list[float]) -> LonLat:
    if len(position) < 2:
        raise BadInput(f"{where} has {len(position)} numbers; write [longitude, latitude]")
    lon, lat = float(position[0]), float(position[1])
    if not (abs(lon) <= 180 and abs(lat) < 90):
        raise BadInput(f"{where} is {lon:g}, {lat:g}; write [longitude, latitude] in degrees, in this order")
    return lon, lat


def _join(parts: Sequence[list[LonLat]]) -> tuple[tuple[LonLat, ...], tuple[int, ...]]:
    """One line of many parts, and the points after which it is interrupted.

    Parts are taken in their order. Only where that leaves a gap, and another order of the same parts
    none, the other counts.
    """
    line: list[LonLat] = []
    gaps: list[int] = []
    for part in parts:
        if line and _apart_m(line[-1], part[0]) <= _TOUCHING_M:
            line += part if line[-1] != part[0] else part[1:]
            continue
        if line:
            gaps.append(len(line) - 1)
        line += part
    if gaps:
        merged = shapely.line_merge(shapely.MultiLineString(parts), directed=True)
        if merged.geom_type == "LineString":
            return tuple((x, y) for x, y in merged.coords), ()
    return tuple(line), tuple(gaps)


def _apart_m(a: LonLat, b: LonLat) -> float:
    """Metres between two places that lie near each other."""
    metres = 111_200.0
    return math.hypot((a[0] - b[0]) * metres * math.cos(math.radians(a[1])), (a[1] - b[1]) * metres)


def _stop(where: str, number: int, stop: _Stop | list[float]) -> _Stop:
    position = stop if isinstance(stop, list) else [stop.lon, stop.lat]
    lon, lat = _place(f"{where}: stop {number}", position)
    return _Stop(lon, lat, stop.name if isinstance(stop, _Stop) else "")


def _approval(route: _Route, plane: Plane) -> Approval:
    return Approval(
        approval_id=route.route_id,
        route_id=route.route_id,
        version=1,
        number="",
        name=route.name,
        school="",
        direction="to_school",
        line=route.line,
        corridor_m=route.corridor_m,
        stops=_stops_along(route, plane),
        limits=_limits(route.limit_kmh),
        valid_from=FIRST_DAY,
        valid_to=LAST_DAY,
        gaps=route.gaps,
    )


def _limits(limit_kmh: float | None) -> tuple[LimitStretch, ...]:
    """The posted limit of the whole line; one above 60 km/h says that the road's legal cap is higher."""
    if limit_kmh is None:
        return ()
    if limit_kmh <= ROAD_CAP_KMH:
        return (LimitStretch(0.0, _BEYOND_M, limit_kmh, "posted"),)
    cap_kmh = max(limit_kmh, MOTORWAY_CAP_KMH)
    # The lowest counts, and of two the same the legal cap: a hair below it, what is posted is the reason.
    posted_kmh = min(limit_kmh, math.nextafter(cap_kmh, 0))
    return (
        LimitStretch(0.0, _BEYOND_M, cap_kmh, "legal_cap"),
        LimitStretch(0.0, _BEYOND_M, posted_kmh, "posted"),
    )


def _stops_along(route: _Route, plane: Plane) -> tuple[Stop, ...]:
    """The stops with their chainage, in the order of it."""
    if not route.stops:
        return ()
    line = np.array(route.line)
    x, y = plane.to_metres(line[:, 0], line[:, 1])
    places = np.array([(stop.lon, stop.lat) for stop in route.stops])
    passes = [
        _passes(x, y, sx, sy) for sx, sy in zip(*plane.to_metres(places[:, 0], places[:, 1]), strict=True)
    ]
    for number, ((off_m, _), *_others) in enumerate(passes, 1):
        if off_m > _STOP_REACH_M:
            raise BadInput(f"{route.where}: stop {number} lies {off_m:,.0f} m from the line; mend its place")
    chainages = stops_in_order(passes)
    stops = [
        Stop(stop.name or str(number), stop.lon, stop.lat, round(chainage_m, 3))
        for number, (stop, chainage_m) in enumerate(zip(route.stops, chainages, strict=True), 1)
    ]
    return tuple(sorted(stops, key=lambda stop: stop.chainage_m))


def _passes(
    x: NDArray[np.float64], y: NDArray[np.float64], sx: float, sy: float
) -> list[tuple[float, float]]:
    """Where a line (x, y) passes a place: metres off and chainage of each pass, the nearest first.

    A line that runs out and back, or is a loop, passes a stop twice.
    """
    dx, dy = np.diff(x), np.diff(y)
    length = np.hypot(dx, dy)
    begins = np.r_[0.0, np.cumsum(length)]
    keep = length > 0
    dx, dy, length, ax, ay, begins = (
        dx[keep],
        dy[keep],
        length[keep],
        x[:-1][keep],
        y[:-1][keep],
        begins[:-1][keep],
    )
    part = np.clip(((sx - ax) * dx + (sy - ay) * dy) / length**2, 0, 1)
    off = np.hypot(ax + part * dx - sx, ay + part * dy - sy)
    near = np.flatnonzero(off <= off.min() + _PASS_SLACK_M)
    runs = np.split(near, np.flatnonzero(np.diff(near) > 1) + 1)
    best = [run[np.argmin(off[run])] for run in runs]
    return sorted((float(off[k]), float(begins[k] + part[k] * length[k])) for k in best)


def stops_in_order(passes: Sequence[Sequence[tuple[float, float]]]) -> Iterator[float]:
    """The chainage of each stop, such that none lies before the one before it and all are as near to
    the line as that allows. ``passes`` are (metres off, chainage) of every pass of the line at each stop,
    the nearest first. Where no choice is in order, the nearest of each.
    """
    ways: list[tuple[float, tuple[float, ...]]] = [(0.0, ())]
    for at_stop in passes:
        ways = [
            min((cost + off_m, (*way, chainage_m)) for cost, way in ways if not way or way[-1] <= chainage_m)
            for off_m, chainage_m in at_stop
            if any(not way or way[-1] <= chainage_m for _, way in ways)
        ]
    yield from min(ways)[1] if ways else (at_stop[0][1] for at_stop in passes)
