"""The city's hill: a road round its foot, an estate near its top, a steep road with hairpin bends up to it.

For a map matcher it is the hard case: neighbouring passes of the hairpin road lie nearer to each other
than a corridor is wide.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import shapely

from fleet.registry import HAZARD_CAP_KMH
from simulators import names
from simulators.plane import Floats
from simulators.roads import Road

_FOOT_M = 430.0
"""Radius of the road round the foot."""
_CLEAR_M = 580.0
"""No great road and no river comes nearer to the hill's centre, where there is room for that."""
_PLACES = 600
_HAIRPIN_M, _BEND_M = 20.0, 35.0
"""Radii of the bends, of the hairpin road and of the others."""
_UP = ((70.0, -438.0), (130.0, -320.0), (-130.0, -250.0), (130.0, -180.0), (-130.0, -110.0), (130.0, -40.0))
_TOP = ((-60.0, 40.0), (-140.0, 110.0), (-60.0, 200.0))
_DOWN = ((60.0, 200.0), (170.0, 260.0), (150.0, 340.0), (90.0, 438.0))
"""Corners of the three roads over the hill, metres from its centre; each ends where the next begins, the
first and the last just outside the road round the foot."""


@dataclass(frozen=True, slots=True, eq=False)
class Hill:
    """A hill round ``centre``, shape (2,), plane metres; its steep side lies ``turn`` radians from south."""

    centre: Floats
    turn: float

    @property
    def within(self) -> shapely.Polygon:
        """Where no other streets are: all but a strip along the road at the foot, so that they reach it."""
        return shapely.Point(self.centre).buffer(_FOOT_M - 10.0)

    def roads(self) -> Iterator[Road]:
        """The road round the foot, the hairpin road, the street of the estate and the easy road down."""
        angle = np.linspace(0, 2 * np.pi, 73)
        foot = self.centre + _FOOT_M * np.column_stack([np.cos(angle), np.sin(angle)])
        foot[-1] = foot[0]
        yield Road(f"环{names.HILL}路", "arterial", 40.0, foot)
        pieces = [
            _rounded(np.array([*_UP, _TOP[0]]), _HAIRPIN_M),
            _rounded(np.array([*_TOP, _DOWN[0]]), _BEND_M),
            _rounded(np.array(_DOWN), _BEND_M),
        ]
        x, y = np.concatenate(pieces).T
        cos, sin = np.cos(self.turn), np.sin(self.turn)
        whole = self.centre + np.column_stack([x * cos - y * sin, x * sin + y * cos])
        up, top, down = np.split(whole, np.cumsum([len(piece) for piece in pieces])[:-1])
        yield Road(f"{names.HILL}盘山路", "lane", HAZARD_CAP_KMH, up, reason="hazard")
        yield Road(f"{names.HILL}山顶路", "lane", 30.0, top)
        yield Road(f"{names.HILL}南坡路", "lane", 30.0, down)


def find_hill(
    outline: shapely.Polygon, shut: shapely.Geometry, inner_m: float, rng: np.random.Generator
) -> Hill:
    """A hill as near to the city's middle as there is room for it, but farther than ``inner_m``.

    ``shut`` are the lines and areas that it must leave alone, plane metres. Where it has no room it is put
    where it comes least near to them.
    """
    west, south, east, north = outline.bounds
    places = rng.uniform((west, south), (east, north), (_PLACES, 2))
    points = shapely.points(places)
    room = np.minimum(shapely.distance(points, shut), shapely.distance(points, outline.exterior))
    outward = np.hypot(*places.T)
    room[~shapely.contains(outline, points) | (outward < inner_m)] = 0.0
    roomy = room >= _CLEAR_M
    best = np.argmin(np.where(roomy, outward, np.inf)) if roomy.any() else np.argmax(room)
    return Hill(places[best], float(rng.uniform(0, 2 * np.pi)))


def _rounded(corners: Floats, radius_m: float) -> Floats:
    """A line through straight pieces between ``corners``, shape (n, 2), which bends round the inner ones."""
    line = [corners[0]]
    for before, corner, after in zip(corners, corners[1:], corners[2:], strict=False):
        come, go = (
            (corner - before) / np.hypot(*(corner - before)),
            (after - corner) / np.hypot(*(after - corner)),
        )
        turning = np.arctan2(come[0] * go[1] - come[1] * go[0], come @ go)
        begin = corner - come * radius_m * np.tan(abs(turning) / 2)
        centre = begin + np.sign(turning) * radius_m * np.array([-come[1], come[0]])
        part = np.linspace(0, turning, max(3, round(abs(turning) / 0.2)))
        cos, sin = np.cos(part)[:, None], np.sin(part)[:, None]
        arm = begin - centre
        line += list(centre + cos * arm + sin * np.array([-arm[1], arm[0]]))
    return np.array([*line, corners[-1]])
