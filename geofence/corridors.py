"""Approved lines packed into arrays, in the metric plane, ready for the compiled kernels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fleet.registry import Approval, Zone
from geofence.compiled import new_rows, row_dtype
from geofence.limits import highest_cap, limit_pieces
from geofence.plane import Plane
from geofence.zones import zone_stretches

BLOCK = 16
"""Segments under one bounding box: what a search of the whole line passes over at once."""

LINE = row_dtype(
    [
        ("x0", np.float64),
        ("y0", np.float64),
        ("first", np.int32),
        ("last", np.int32),
        ("first_block", np.int32),
        ("last_block", np.int32),
        ("first_piece", np.int32),
        ("last_piece", np.int32),
        ("first_stop", np.int32),
        ("last_stop", np.int32),
        ("width_m", np.float32),
        ("length_m", np.float32),
        ("last_stop_m", np.float32),
        ("cap_kmh", np.float32),
    ]
)
"""One line, in one line of the cache. Its vertices are rows ``first`` to ``last - 1`` of ``vertices``, and
likewise its blocks, pieces and stops. ``width_m`` is the corridor either side, ``last_stop_m`` the chainage
of the last stop (the length where there is none), ``cap_kmh`` what a bus off the line is held to, ``x0, y0``
the place in the plane that its vertices are given from."""

VERTEX = np.dtype(
    [("x", np.float32), ("y", np.float32), ("chainage_m", np.float32), ("per_length2", np.float32)]
)
"""One vertex, and the segment to the next: metres from the line's own place, metres along the line,
and one by the squared length of that segment; 0 where no segment begins (a gap, the end)."""

BOX = np.dtype([("west", np.float32), ("south", np.float32), ("east", np.float32), ("north", np.float32)])
PIECE = np.dtype([("from_m", np.float32), ("limit_kmh", np.float32), ("reason", np.int32)])
STOP = np.dtype([("x", np.float32), ("y", np.float32), ("chainage_m", np.float32)])


class Corridors(NamedTuple):
    """The lines of all approvals. Row i of ``lines`` is approval i of the registry.

    Coordinates are single precision, measured from a place on the line: a millimetre at 10 km, and
    half of the memory, which is what limits the speed of a large fleet.
    """

    lines: NDArray[np.void]
    """(lines,) of ``LINE``"""
    vertices: NDArray[np.void]
    """(vertices,) of ``VERTEX``"""
    boxes: NDArray[np.void]
    """(blocks,) of ``BOX``: round ``BLOCK`` segments each."""
    pieces: NDArray[np.void]
    """(pieces,) of ``PIECE``: the limit in force from ``from_m`` up to the next piece."""
    stops: NDArray[np.void]
    """(stops,) of ``STOP``, in the order of their chainage."""

    @property
    def nbytes(self) -> int:
        """Bytes of memory."""
        return sum(array.nbytes for array in self)


def pack_corridors(approvals: Sequence[Approval], plane: Plane, zones: Sequence[Zone] = ()) -> Corridors:
    """The packed corridors of ``approvals``, in their order. Repeated points of a line are dropped.

    The limit of a zone that a line runs through counts like one that its approval states.
    """
    in_zones = zone_stretches(approvals, zones, plane)
    lines = new_rows(len(approvals), LINE)
    stores: tuple[list[NDArray[np.void]], ...] = ([], [], [], [])
    ends = np.zeros(4, np.int64)
    for line, approval, extra in zip(lines, approvals, in_zones, strict=True):
        own = _vertices(approval, plane, line)
        parts = (
            own,
            _boxes(own),
            np.array([tuple(piece) for piece in limit_pieces(approval, extra)], PIECE),
            _stops(approval, plane, line),
        )
        for store, part in zip(stores, parts, strict=True):
            store.append(part)
        begins, ends = ends, ends + np.array([len(part) for part in parts])
        line["first"], line["first_block"], line["first_piece"], line["first_stop"] = begins
        line["last"], line["last_block"], line["last_piece"], line["last_stop"] = ends
        length = float(own["chainage_m"][-1])
        line["length_m"] = length
        line["last_stop_m"] = min(max((s.chainage_m for s in approval.stops), default=length), length)
        line["width_m"] = approval.corridor_m
        line["cap_kmh"] = highest_cap(approval)
    kinds = (VERTEX, BOX, PIECE, STOP)
    return Corridors(lines, *(_joined(store, kind) for store, kind in zip(stores, kinds, strict=True)))


def _vertices(approval: Approval, plane: Plane, line: np.void) -> NDArray[np.void]:
    """The vertices of a line; sets the place that they are given from."""
    points = np.array(approval.line, np.float64)
    east, north = plane.to_metres(points[:, 0], points[:, 1])
    line["x0"], line["y0"] = east[0], north[0]
    x, y = east - east[0], north - north[0]
    gap = np.zeros(len(x), np.bool_)
    gap[list(approval.gaps)] = True
    kept = np.r_[True, (np.diff(x) != 0) | (np.diff(y) != 0)]
    kept[1:] |= gap[:-1]
    x, y, gap = x[kept], y[kept], gap[kept]
    length = np.hypot(np.diff(x), np.diff(y))
    made = np.zeros(len(x), VERTEX)
    made["x"], made["y"] = x, y
    made["chainage_m"] = np.r_[0.0, np.cumsum(np.where(gap[:-1], 0.0, length))]
    made["per_length2"][:-1] = np.where(gap[:-1], 0.0, 1.0 / np.maximum(length, 1e-3) ** 2)
    return made


def _boxes(vertices: NDArray[np.void]) -> NDArray[np.void]:
    """Boxes round the segments of each block."""
    starts = np.arange(0, len(vertices) - 1, BLOCK)
    boxes = np.zeros(len(starts), BOX)
    for low, high, axis in (("west", "east", "x"), ("south", "north", "y")):
        last = vertices[axis][np.minimum(starts + BLOCK, len(vertices) - 1)]
        boxes[low] = np.minimum(np.minimum.reduceat(vertices[axis][:-1], starts), last)
        boxes[high] = np.maximum(np.maximum.reduceat(vertices[axis][:-1], starts), last)
    return boxes


def _stops(approval: Approval, plane: Plane, line: np.void) -> NDArray[np.void]:
    stops = np.zeros(len(approval.stops), STOP)
    if len(stops) == 0:
        return stops
    x, y = plane.to_metres(
        np.array([stop.lon for stop in approval.stops]), np.array([stop.lat for stop in approval.stops])
    )
    stops["x"], stops["y"] = x - line["x0"], y - line["y0"]
    stops["chainage_m"] = [stop.chainage_m for stop in approval.stops]
    return stops[np.argsort(stops["chainage_m"], kind="stable")]


def _joined(parts: list[NDArray[np.void]], dtype: np.dtype[np.void]) -> NDArray[np.void]:
    return np.concatenate(parts) if parts else np.empty(0, dtype)
