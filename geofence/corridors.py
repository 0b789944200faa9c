"""Approved lines packed into arrays, in the metric plane, ready for the compiled kernels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fleet.registry import Approval
from geofence.limits import highest_cap, limit_pieces
from geofence.plane import Plane

BLOCK = 16
"""Segments under one bounding box: what a search of the whole line passes over at once."""


class Corridors(NamedTuple):
    """The lines of all approvals, one after the other. Line i is approval i of the registry.

    The vertices of line i are ``x[first[i]:first[i + 1]]``; between two neighbours lies a segment
    named by its first vertex. Metres in the plane, chainage in metres along the line.
    """

    first: NDArray[np.int64]
    """(lines + 1,) first vertex of each line."""
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    chainage_m: NDArray[np.float64]
    """(vertices,) metres along the line; 0 at its beginning."""
    first_block: NDArray[np.int64]
    """(lines + 1,) first block of each line."""
    block_box: NDArray[np.float64]
    """(blocks, 4) west, south, east, north of ``BLOCK`` segments."""
    width_m: NDArray[np.float64]
    """(lines,) the corridor: allowed distance either side."""
    length_m: NDArray[np.float64]
    last_stop_m: NDArray[np.float64]
    """(lines,) chainage of the last stop; the line's length where it has no stops."""
    cap_kmh: NDArray[np.float64]
    """(lines,) what a bus off the line is held to."""
    first_piece: NDArray[np.int64]
    """(lines + 1,) first limit piece of each line."""
    piece_m: NDArray[np.float64]
    piece_kmh: NDArray[np.float64]
    piece_reason: NDArray[np.int8]


def pack_corridors(approvals: Sequence[Approval], plane: Plane) -> Corridors:
    """The packed corridors of ``approvals``, in their order. Repeated points of a line are dropped."""
    xs: list[NDArray[np.float64]] = []
    ys: list[NDArray[np.float64]] = []
    chainages: list[NDArray[np.float64]] = []
    boxes: list[tuple[float, float, float, float]] = []
    first, first_block, first_piece = [0], [0], [0]
    pieces = []
    for approval in approvals:
        points = np.array(approval.line, np.float64)
        x, y = plane.to_metres(points[:, 0], points[:, 1])
        moved = np.r_[True, (np.diff(x) != 0) | (np.diff(y) != 0)]
        x, y = x[moved], y[moved]
        xs.append(x)
        ys.append(y)
        chainages.append(np.r_[0.0, np.cumsum(np.hypot(np.diff(x), np.diff(y)))])
        for start in range(0, len(x) - 1, BLOCK):
            part = slice(start, start + BLOCK + 1)
            boxes.append((x[part].min(), y[part].min(), x[part].max(), y[part].max()))
        pieces += limit_pieces(approval)
        first.append(first[-1] + len(x))
        first_block.append(len(boxes))
        first_piece.append(len(pieces))
    length = [chainage[-1] for chainage in chainages]
    return Corridors(
        first=np.array(first, np.int64),
        x=np.concatenate(xs) if xs else np.empty(0),
        y=np.concatenate(ys) if ys else np.empty(0),
        chainage_m=np.concatenate(chainages) if chainages else np.empty(0),
        first_block=np.array(first_block, np.int64),
        block_box=np.array(boxes, np.float64).reshape(-1, 4),
        width_m=np.array([a.corridor_m for a in approvals], np.float64),
        length_m=np.array(length, np.float64),
        last_stop_m=np.array(
            [
                min(max((s.chainage_m for s in a.stops), default=end), end)
                for a, end in zip(approvals, length, strict=True)
            ],
            np.float64,
        ),
        cap_kmh=np.array([highest_cap(a) for a in approvals], np.float64),
        first_piece=np.array(first_piece, np.int64),
        piece_m=np.array([p.from_m for p in pieces], np.float64),
        piece_kmh=np.array([p.limit_kmh for p in pieces], np.float64),
        piece_reason=np.array([p.reason for p in pieces], np.int8),
    )
