"""Matching: where along its approved line a fix lies, and how far off it.

The nearest point is sought in a window of the line round the last match, so that a line that
crosses itself, loops, or runs out and back on one street is matched to the right pass. When nothing
in the window lies within the corridor, or the bus drives against what lies there, the whole line is
searched; a pass found there that runs against the course does not count where drift explains that the bus
is outside the corridor. Where several passes lie within the corridor, the course over ground and the way
along the line decide between them.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from geofence.compiled import Row, compiled, inlined
from geofence.corridors import BLOCK, Corridors

NO_LINE = -1
"""The line of a fix that belongs to no trip."""

_BACK_M = 40.0
"""Metres behind the last match that the window reaches: noise and a bus that backs up …"""
_BACK_MS = 15.0
"""… and this many more for every second since, for a bus that turned round."""
_AHEAD_M = 100.0
_AHEAD_MS = 35.0
"""The window reaches ahead by ``_AHEAD_M`` plus this many metres for every second since."""
_WINDOW_MS = 90_000
"""After longer than this the window would be most of the line: the whole is searched."""
_AGAINST_M = 30.0
"""Metres by which a pass must be nearer when the bus drives against its direction."""
_ASTRAY = 0.001
"""Metres by which a pass must be nearer for every metre of line between it and the last match."""

MATCH: list[tuple[str, type]] = [
    ("segment", np.int64),
    ("chainage_m", np.float64),
    ("at_ms", np.int64),
    ("known", np.bool_),
]
"""The fields that a memory of matches needs: the last one within the corridor, of one bus and one line."""


class Place(NamedTuple):
    """Where a fix lies by its line."""

    off_m: float
    """Metres from the line, at the pass it was matched to."""
    chainage_m: float
    """Metres along the line of that pass's nearest point."""
    along: float
    """Cosine of the angle between course and line: 1 along it, -1 against it; NaN when not known."""
    side: int
    """1 left of the line, -1 right of it, 0 on it."""
    at_gap: bool
    """Whether the nearest point is an end where the line is interrupted."""


_Best = tuple[float, int, float]
"""Squared metres or cost, segment, and the part of that segment before the nearest point."""


@inlined
def locate(
    c: Corridors,
    line: int,
    memory: Row,
    t: int,
    x: float,
    y: float,
    course_x: float,
    course_y: float,
    wander_m: float,
) -> Place:
    """Match a fix at (x, y) metres in the plane against a line; remembers a match in the corridor.

    ``memory`` is a row with the fields of ``MATCH``. ``course_x, course_y``: the course, (0, 0)
    when not known. ``wander_m``: so far outside the corridor drift puts this bus while it drives along it.
    """
    route = c.lines[line]
    x -= route.x0
    y -= route.y0
    width2 = route.width_m * route.width_m
    near2, near, near_part = math.inf, route.first, 0.0
    cost, fit, fit_part = math.inf, route.first, 0.0
    elapsed_ms = t - memory.at_ms
    expected = memory.chainage_m if memory.known else 0.0
    if memory.known and elapsed_ms <= _WINDOW_MS:
        elapsed_s = elapsed_ms / 1000.0
        ahead = memory.chainage_m + _AHEAD_M + _AHEAD_MS * elapsed_s
        behind = memory.chainage_m - _BACK_M - _BACK_MS * elapsed_s
        k = memory.segment
        while k > route.first and c.vertices[k].chainage_m > behind:
            k -= 1
        while k < route.last - 1 and c.vertices[k].chainage_m <= ahead:
            d2, part = _to_segment(c, k, x, y)
            if d2 < near2:
                near2, near, near_part = d2, k, part
            if d2 <= width2:
                price = _price(c, k, d2, course_x, course_y, expected)
                if price < cost:
                    cost, fit, fit_part = price, k, part
            k += 1
    if near2 > width2 or _runs_against(c, fit, course_x, course_y):
        here2, here, here_part = near2, near, near_part
        near2, near, near_part, cost, fit, fit_part = _search_whole(
            c, line, x, y, course_x, course_y, expected
        )
        reach_m = route.width_m + wander_m
        if (
            width2 < here2 <= reach_m * reach_m
            and _runs_against(c, fit if near2 <= width2 else near, course_x, course_y)
            and not _runs_against(c, here, course_x, course_y)
        ):  # drift has put it nearer to the way back, on which it does not drive
            near2, near, near_part = here2, here, here_part
    within = near2 <= width2
    if within:
        near, near_part = fit, fit_part
    a, b = c.vertices[near], c.vertices[near + 1]
    dx, dy = float(b.x) - float(a.x), float(b.y) - float(a.y)
    fx, fy = x - (float(a.x) + near_part * dx), y - (float(a.y) + near_part * dy)
    off = math.hypot(fx, fy)
    chainage = float(a.chainage_m) + near_part * (float(b.chainage_m) - float(a.chainage_m))
    if within:
        memory.segment = near
        memory.chainage_m = chainage
        memory.at_ms = t
        memory.known = True
    along = math.nan
    if course_x != 0.0 or course_y != 0.0:
        along = (course_x * dx + course_y * dy) * math.sqrt(a.per_length2)
    cross = dx * fy - dy * fx
    side = 1 if cross > 0.0 else (-1 if cross < 0.0 else 0)
    at_gap = (near_part == 1.0 and near + 2 < route.last and c.vertices[near + 1].per_length2 == 0.0) or (
        near_part == 0.0 and near > route.first and c.vertices[near - 1].per_length2 == 0.0
    )
    return Place(off, chainage, along, side, at_gap)


@compiled
def _search_whole(
    c: Corridors, line: int, x: float, y: float, course_x: float, course_y: float, expected: float
) -> tuple[float, int, float, float, int, float]:
    """Search the whole line, passing over every block that cannot hold anything nearer or cheaper."""
    route = c.lines[line]
    width2 = route.width_m * route.width_m
    near2, near, near_part = math.inf, route.first, 0.0
    cost, fit, fit_part = math.inf, route.first, 0.0
    for block in range(route.first_block, route.last_block):
        box = c.boxes[block]
        bx = max(float(box.west) - x, 0.0, x - float(box.east))
        by = max(float(box.south) - y, 0.0, y - float(box.north))
        b2 = bx * bx + by * by
        if b2 >= near2 and (b2 > width2 or b2 >= cost * cost):
            continue
        start = route.first + (block - route.first_block) * BLOCK
        for k in range(start, min(start + BLOCK, route.last - 1)):
            d2, part = _to_segment(c, k, x, y)
            if d2 < near2:
                near2, near, near_part = d2, k, part
            if d2 <= width2:
                price = _price(c, k, d2, course_x, course_y, expected)
                if price < cost:
                    cost, fit, fit_part = price, k, part
    return near2, near, near_part, cost, fit, fit_part


@inlined
def _to_segment(c: Corridors, k: int, x: float, y: float) -> tuple[float, float]:
    """Squared metres to segment k, infinite in a gap, and the part of it before the nearest point."""
    a = c.vertices[k]
    if a.per_length2 == 0.0:
        return math.inf, 0.0
    b = c.vertices[k + 1]
    ax, ay = float(a.x), float(a.y)
    bx, by = float(b.x) - ax, float(b.y) - ay
    part = min(max(((x - ax) * bx + (y - ay) * by) * float(a.per_length2), 0.0), 1.0)
    dx, dy = ax + part * bx - x, ay + part * by - y
    return dx * dx + dy * dy, part


@inlined
def _price(c: Corridors, k: int, d2: float, course_x: float, course_y: float, expected: float) -> float:
    """Metres that segment k costs as a match: its distance, more against the course, more astray."""
    a = c.vertices[k]
    price = math.sqrt(d2) + _ASTRAY * abs(float(a.chainage_m) - expected)
    if _runs_against(c, k, course_x, course_y):
        price += _AGAINST_M
    return price


@inlined
def _runs_against(c: Corridors, k: int, course_x: float, course_y: float) -> bool:
    """Whether segment k runs against a course, by more than 120 degrees; not when that is not known."""
    a, b = c.vertices[k], c.vertices[k + 1]
    dot = course_x * (float(b.x) - float(a.x)) + course_y * (float(b.y) - float(a.y))
    return dot < 0.0 and dot * dot * float(a.per_length2) > 0.25


@inlined
def runs_along_it(place: Place, within_deg: float, either_way: bool) -> bool:
    """Whether a bus drives along its line, to within an angle; also when its course is unknown."""
    along = abs(place.along) if either_way else place.along
    return not along < math.cos(math.radians(within_deg))


@inlined
def crosses(place: Place, more_than_deg: float) -> bool:
    """Whether a bus drives across its line at a sharper angle than that; not when its course is unknown."""
    return abs(place.along) < math.cos(math.radians(more_than_deg))


@compiled
def runs_along(
    c: Corridors, line: int, x: float, y: float, course_x: float, course_y: float, within_m: float
) -> bool:
    """Whether some pass of a line within so many metres of a place runs along a course, 60 degrees at most
    from it.
    """
    route = c.lines[line]
    x -= route.x0
    y -= route.y0
    for k in range(route.first, route.last - 1):
        a, b = c.vertices[k], c.vertices[k + 1]
        along = (course_x * (float(b.x) - float(a.x)) + course_y * (float(b.y) - float(a.y))) * math.sqrt(
            a.per_length2
        )
        if along >= 0.5:
            d2, _ = _to_segment(c, k, x, y)
            if d2 <= within_m * within_m:
                return True
    return False


@compiled
def lies_by(c: Corridors, line: int, x: float, y: float, within_m: float) -> bool:
    """Whether some pass of a line lies within so many metres of a place."""
    route = c.lines[line]
    x -= route.x0
    y -= route.y0
    for k in range(route.first, route.last - 1):
        d2, _ = _to_segment(c, k, x, y)
        if d2 <= within_m * within_m:
            return True
    return False


@compiled
def by_an_end(c: Corridors, line: int, x: float, y: float, within_m: float) -> bool:
    """Whether a place is near an end of a line, or an end of one of its parts."""
    route = c.lines[line]
    x -= route.x0
    y -= route.y0
    begins = True
    for k in range(route.first, route.last):
        ends = c.vertices[k].per_length2 == 0.0
        if (begins or ends) and math.hypot(x - c.vertices[k].x, y - c.vertices[k].y) <= within_m:
            return True
        begins = ends
    return False


@inlined
def piece_about(c: Corridors, line: int, chainage_m: float) -> int:
    """The piece that would lie at a chainage if all were of one length: where to begin looking, so that of a
    large fleet's lines little comes into the cache.
    """
    route = c.lines[line]
    return _about(route.first_piece, route.last_piece, chainage_m / route.length_m)


@inlined
def stop_about(c: Corridors, line: int, chainage_m: float) -> int:
    """The same of stops; the row after the last where there is none."""
    route = c.lines[line]
    return _about(route.first_stop, route.last_stop, chainage_m / route.length_m)


@inlined
def _about(first: int, last: int, part: float) -> int:
    """The row that lies at a part of rows; ``first`` where there is none."""
    return max(min(first + int(part * (last - first)), last - 1), first)


@inlined
def limit_at(c: Corridors, line: int, chainage: float, edge_m: float) -> tuple[float, int]:
    """The highest limit, and its reason, of the pieces within ``edge_m`` of a chainage."""
    route = c.lines[line]
    low = piece_about(c, line, chainage)
    while low + 1 < route.last_piece and c.pieces[low + 1].from_m <= chainage + edge_m:
        low += 1
    while low > route.first_piece and c.pieces[low].from_m > chainage + edge_m:
        low -= 1
    limit, reason = float(c.pieces[low].limit_kmh), c.pieces[low].reason
    while low > route.first_piece and c.pieces[low].from_m > chainage - edge_m:
        low -= 1
        if c.pieces[low].limit_kmh > limit:
            limit, reason = float(c.pieces[low].limit_kmh), c.pieces[low].reason
    return limit, reason
