"""Areas with a limit of their own: school zones on record, and weather advisories of the hour.

A line knows the zones that it runs through before any bus drives it (``zone_stretches``). A bus that
follows no line is asked for by its place (``Areas``); so is every bus about the weather.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from fleet.registry import Advisory, Approval, LimitStretch, LonLat, Zone
from geofence.cells import CELL_M, cell_key, column_of
from geofence.compiled import compiled, inlined
from geofence.limits import REASONS
from geofence.plane import Plane

_FOREVER_MS = np.iinfo(np.int64).max

AREA = np.dtype(
    [
        ("first", np.int64),
        ("last", np.int64),
        ("from_ms", np.int64),
        ("to_ms", np.int64),
        ("limit_kmh", np.float64),
        ("reason", np.int64),
    ]
)


class Areas(NamedTuple):
    """Polygons with limits, found by the square of the plane that a place lies in."""

    areas: NDArray[np.void]
    """(areas,) of ``AREA``; its corners are rows ``first`` to ``last - 1`` of ``corners``, closed."""
    corners: NDArray[np.float64]
    """(corners, 2) metres in the plane."""
    cells: NDArray[np.int64]
    """(entries,) squares that areas touch, sorted; an area has an entry for each of its squares."""
    cell_area: NDArray[np.int64]
    """(entries,) the area of each entry."""


def pack_areas(plane: Plane, zones: Sequence[Zone] = (), advisories: Sequence[Advisory] = ()) -> Areas:
    """The areas of zones (in force always) and of advisories (in force for their time)."""
    given = [(z.area, 0, _FOREVER_MS, z.limit_kmh, z.reason) for z in zones]
    given += [(a.area, a.from_ms, a.to_ms, a.limit_kmh, "weather") for a in advisories]
    areas = np.zeros(len(given), AREA)
    corners, cells, owners = [np.empty((0, 2))], [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    end = 0
    for row, (ring, from_ms, to_ms, limit, reason) in enumerate(given):
        polygon = _polygon(ring, plane)
        outline = shapely.get_coordinates(polygon.exterior)
        corners.append(outline)
        areas[row] = (end, end + len(outline), from_ms, to_ms, limit, REASONS.index(reason))
        end += len(outline)
        touched = _cells(polygon)
        cells.append(touched)
        owners.append(np.full(len(touched), row))
    cell, owner = np.concatenate(cells), np.concatenate(owners)
    order = np.lexsort((owner, cell))
    return Areas(areas, np.concatenate(corners), cell[order], owner[order])


def zone_stretches(
    approvals: Sequence[Approval], zones: Sequence[Zone], plane: Plane
) -> list[list[LimitStretch]]:
    """For each approval the stretches of its line that lie in zones, with the zones' limits."""
    stretches: list[list[LimitStretch]] = [[] for _ in approvals]
    if not zones:
        return stretches
    polygons = [_polygon(zone.area, plane) for zone in zones]
    tree = shapely.STRtree(polygons)
    for approval, found in zip(approvals, stretches, strict=True):
        x, y = plane.to_metres(*np.array(approval.line, np.float64).T)
        metres = np.column_stack((x, y))
        length = np.hypot(np.diff(x), np.diff(y))
        length[list(approval.gaps)] = 0.0
        chainage = np.r_[0.0, np.cumsum(length)]
        segments = np.array(shapely.linestrings(np.stack((metres[:-1], metres[1:]), axis=1))).ravel()
        for segment, zone in tree.query(segments, predicate="intersects").T.tolist():
            if segment in approval.gaps:
                continue
            inside = shapely.intersection(segments[segment], polygons[zone])
            for part in shapely.get_parts(inside):
                along = [
                    float(chainage[segment] + np.hypot(*(np.array(end) - metres[segment])))
                    for end in shapely.get_coordinates(part)
                ]
                if min(along) < max(along):
                    found.append(
                        LimitStretch(min(along), max(along), zones[zone].limit_kmh, zones[zone].reason)
                    )
    return stretches


SPELL = np.dtype([("from_ms", np.int64), ("to_ms", np.int64), ("limit_kmh", np.float64)])
"""A time in which a limit is in force somewhere on a line."""


class Slowed(NamedTuple):
    """The lines over which weather advisories are in force, each for its time."""

    first: NDArray[np.int64]
    """(lines + 1,) first entry of each line in ``spells``."""
    spells: NDArray[np.void]
    """(entries,) of ``SPELL``"""


def slowed_lines(plane: Plane, approvals: Sequence[Approval], advisories: Sequence[Advisory] = ()) -> Slowed:
    """For each approval the advisories whose area its line touches."""
    polygons = np.array([_polygon(advisory.area, plane) for advisory in advisories], object)
    lines = [np.array(approval.line, np.float64) for approval in approvals] if advisories else []
    ways = [shapely.LineString(np.column_stack(plane.to_metres(*line.T))) for line in lines]
    pairs = shapely.STRtree(ways).query(polygons, predicate="intersects") if ways else np.empty((2, 0), int)
    advisory, line_row = pairs[:, np.lexsort(pairs)]
    spells = np.zeros(len(advisory), SPELL)
    for spell, row in zip(spells, advisory.tolist(), strict=True):
        given = advisories[row]
        spell["from_ms"], spell["to_ms"], spell["limit_kmh"] = given.from_ms, given.to_ms, given.limit_kmh
    return Slowed(np.searchsorted(line_row, np.arange(len(approvals) + 1)).astype(np.int64), spells)


@inlined
def lowest_here(a: Areas, x: float, y: float, t: int, limit: float, reason: int) -> tuple[float, int]:
    """The lowest of a limit and those of the areas that a place lies in at a time, with its reason."""
    if len(a.cells) == 0:
        return limit, reason
    key = cell_key(column_of(x), column_of(y))
    k = np.searchsorted(a.cells, key)
    while k < len(a.cells) and a.cells[k] == key:
        area = a.areas[a.cell_area[k]]
        if (
            area.limit_kmh < limit
            and area.from_ms <= t < area.to_ms
            and _within(a.corners, area.first, area.last, x, y)
        ):
            limit, reason = area.limit_kmh, area.reason
        k += 1
    return limit, reason


@compiled
def _within(corners: NDArray[np.float64], first: int, last: int, x: float, y: float) -> bool:
    """Whether a place lies in a polygon: a ray from it crosses the outline an odd number of times."""
    inside = False
    for k in range(first, last - 1):
        ax, ay = corners[k, 0], corners[k, 1]
        bx, by = corners[k + 1, 0], corners[k + 1, 1]
        if (ay > y) != (by > y) and x < ax + (bx - ax) * (y - ay) / (by - ay):
            inside = not inside
    return inside


def _cells(polygon: shapely.Polygon) -> NDArray[np.int64]:
    west, south, east, north = np.floor(np.array(polygon.bounds) / CELL_M).astype(int)
    grid = np.meshgrid(np.arange(west, east + 1), np.arange(south, north + 1))
    columns, rows = grid[0].ravel(), grid[1].ravel()
    squares = shapely.box(columns * CELL_M, rows * CELL_M, (columns + 1) * CELL_M, (rows + 1) * CELL_M)
    touched = shapely.intersects(squares, polygon)
    return np.array(
        [cell_key(c, r) for c, r in zip(columns[touched].tolist(), rows[touched].tolist(), strict=True)],
        np.int64,
    )


def _polygon(ring: Sequence[LonLat], plane: Plane) -> shapely.Polygon:
    polygon = shapely.Polygon(np.column_stack(plane.to_metres(*np.array(ring, np.float64).T)))
    return polygon if polygon.is_valid else shapely.Polygon(shapely.get_coordinates(polygon.convex_hull))
