"""Matching: where along its approved line a fix lies, and how far off it.

The nearest point is sought in a window of the line round the last match, so that a line that
crosses itself or runs out and back is matched to the right pass. When nothing in the window lies
within the corridor, the whole line is searched.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from geofence.compiled import compiled
from geofence.corridors import BLOCK, Corridors

NO_LINE = -1
"""The line of a fix that belongs to no trip."""

_BACK_M = 40.0
"""Metres behind the last match that the window reaches: noise and a bus that backs up."""
_AHEAD_M = 200.0
_AHEAD_MS = 35.0
"""The window reaches ahead by ``_AHEAD_M`` plus this many metres for every second since."""

Nearest = tuple[float, int, float]
"""Squared metres to the nearest point, its segment, and metres along that segment."""

_STATE = np.dtype(
    [("line", np.int64), ("segment", np.int64), ("chainage_m", np.float64), ("time_ms", np.int64)]
)


class Observations(NamedTuple):
    """What the geofence sees of each fix, shape (n,). Fixes without a line have NaN throughout."""

    line: NDArray[np.int32]
    """Row of the approval matched against, or ``NO_LINE``."""
    off_m: NDArray[np.float64]
    """Metres from the approved line."""
    chainage_m: NDArray[np.float64]
    """Metres along the line of its nearest point."""
    limit_kmh: NDArray[np.float64]
    """Limit in force there: the highest within ``edge_m`` along the line."""
    limit_reason: NDArray[np.int8]
    """Index in ``limits.REASONS``."""


class Geofence:
    """The corridors and the memory of the last match: one row a bus."""

    def __init__(self, corridors: Corridors, buses: int, edge_m: float) -> None:
        self.corridors = corridors
        self._edge_m = edge_m
        self._state = np.zeros(buses, _STATE)
        self._state["line"] = NO_LINE

    def forget(self, rows: NDArray[np.int32]) -> None:
        """Forget the buses in ``rows``, as if they had never reported."""
        self._state["line"][rows] = NO_LINE

    def observe(
        self,
        bus: NDArray[np.int32],
        time_ms: NDArray[np.int64],
        x: NDArray[np.float64],
        y: NDArray[np.float64],
        line: NDArray[np.int32],
        believed: NDArray[np.bool_],
    ) -> Observations:
        """Match fixes in the order given against the lines named in ``line``.

        A fix that is not ``believed`` is matched to nothing and leaves no memory.
        """
        n = len(bus)
        seen = Observations(
            line=np.where(believed, line, NO_LINE).astype(np.int32),
            off_m=np.full(n, np.nan),
            chainage_m=np.full(n, np.nan),
            limit_kmh=np.full(n, np.nan),
            limit_reason=np.zeros(n, np.int8),
        )
        _observe(self._state, self.corridors, self._edge_m, bus, time_ms, x, y, believed, seen)
        return seen


@compiled
def _observe(
    state: NDArray[np.void],
    c: Corridors,
    edge_m: float,
    bus: NDArray[np.int32],
    time_ms: NDArray[np.int64],
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    believed: NDArray[np.bool_],
    seen: Observations,
) -> None:
    for i in range(len(bus)):
        if not believed[i]:
            continue
        s = state[bus[i]]
        line = seen.line[i]
        if line < 0:
            s.line = line
            continue
        near2 = np.inf
        if s.line == line:
            ahead = s.chainage_m + _AHEAD_M + _AHEAD_MS * (time_ms[i] - s.time_ms) / 1000.0
            near2, segment, along = _nearest_in_window(
                c, line, s.segment, s.chainage_m - _BACK_M, ahead, x[i], y[i]
            )
        if near2 > c.width_m[line] * c.width_m[line]:
            near2, segment, along = _nearest_on_line(c, line, x[i], y[i])
        chainage = c.chainage_m[segment] + along
        s.line = line
        s.segment = segment
        s.chainage_m = chainage
        s.time_ms = time_ms[i]
        seen.off_m[i] = np.sqrt(near2)
        seen.chainage_m[i] = chainage
        seen.limit_kmh[i], seen.limit_reason[i] = _limit_at(c, line, chainage, edge_m)


@compiled
def _nearest_in_window(
    c: Corridors, line: int, start: int, behind_m: float, ahead_m: float, x: float, y: float
) -> Nearest:
    """Search the segments round ``start`` that touch the chainages from ``behind_m`` to ``ahead_m``."""
    last = c.first[line + 1] - 2
    near2, segment, along = _nearest_on_segment(c, start, x, y, np.inf, start, 0.0)
    k = start + 1
    while k <= last and c.chainage_m[k] <= ahead_m:
        near2, segment, along = _nearest_on_segment(c, k, x, y, near2, segment, along)
        k += 1
    k = start - 1
    while k >= c.first[line] and c.chainage_m[k + 1] >= behind_m:
        near2, segment, along = _nearest_on_segment(c, k, x, y, near2, segment, along)
        k -= 1
    return near2, segment, along


@compiled
def _nearest_on_line(c: Corridors, line: int, x: float, y: float) -> Nearest:
    """Search the whole line, passing over every block whose box is farther than the best so far."""
    near2, segment, along = np.inf, c.first[line], 0.0
    last = c.first[line + 1] - 1
    for block in range(c.first_block[line], c.first_block[line + 1]):
        box = c.block_box[block]
        dx = max(box[0] - x, 0.0, x - box[2])
        dy = max(box[1] - y, 0.0, y - box[3])
        if dx * dx + dy * dy >= near2:
            continue
        start = c.first[line] + (block - c.first_block[line]) * BLOCK
        for k in range(start, min(start + BLOCK, last)):
            near2, segment, along = _nearest_on_segment(c, k, x, y, near2, segment, along)
    return near2, segment, along


@compiled
def _nearest_on_segment(
    c: Corridors, k: int, x: float, y: float, near2: float, segment: int, along: float
) -> Nearest:
    """The nearer of what was found so far and segment k; on a tie, what was found first."""
    ax, ay = c.x[k], c.y[k]
    bx, by = c.x[k + 1] - ax, c.y[k + 1] - ay
    length2 = bx * bx + by * by
    t = min(max(((x - ax) * bx + (y - ay) * by) / length2, 0.0), 1.0)
    dx, dy = ax + t * bx - x, ay + t * by - y
    distance2 = dx * dx + dy * dy
    if distance2 < near2:
        return distance2, k, t * np.sqrt(length2)
    return near2, segment, along


@compiled
def _limit_at(c: Corridors, line: int, chainage: float, edge_m: float) -> tuple[float, int]:
    """The highest limit, and its reason, of the pieces within ``edge_m`` of a chainage."""
    k = c.first_piece[line + 1] - 1
    while k > c.first_piece[line] and c.piece_m[k] > chainage + edge_m:
        k -= 1
    limit, reason = c.piece_kmh[k], c.piece_reason[k]
    while k > c.first_piece[line] and c.piece_m[k] > chainage - edge_m:
        k -= 1
        if c.piece_kmh[k] > limit:
            limit, reason = c.piece_kmh[k], c.piece_reason[k]
    return limit, reason
