"""How a city's streets are laid: rings, a motorway, an irregular grid bent by the land, a river.

Each road is drawn whole, as one named curve; ``weave`` then joins them where they meet.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import shapely

from simulators import names
from simulators.plane import Floats
from simulators.roads import Road

RING_RADII = (0.24, 0.47, 0.74)
"""Radii of the ring roads, as parts of the city's."""
_RIVER_WIDTH_M = 420.0
_DENSE_M = 60.0
"""Spacing of the points by which curves are drawn."""


@dataclass(frozen=True, slots=True, eq=False)
class Land:
    """What the streets adapt to: the city's outline, its river, and how its grid is bent."""

    radius_m: float
    outline: shapely.Polygon
    river: shapely.Polygon
    turn: float
    """Radians by which the grid is turned from north."""
    waves: Floats
    """Shape (k, 5): wave vector, phase, and the displacement's amplitude east and north, metres."""

    def bend(self, line: Floats) -> Floats:
        """Points of the straight grid where the land puts them; shape (n, 2), metres."""
        cos, sin = np.cos(self.turn), np.sin(self.turn)
        turned = line @ np.array([[cos, sin], [-sin, cos]])
        swing = np.sin(turned @ self.waves[:, :2].T + self.waves[:, 2])
        return np.asarray(turned + swing @ self.waves[:, 3:], np.float64)


def _round_curve(radius_m: float, wobble: Floats) -> Floats:
    """A closed curve about the centre whose radius varies by ``wobble`` (rows: order, part, phase)."""
    angle = np.linspace(0, 2 * np.pi, max(24, round(2 * np.pi * radius_m / _DENSE_M)) + 1)
    radius = radius_m * (
        1 + (wobble[:, 1] * np.sin(np.outer(angle, wobble[:, 0]) + wobble[:, 2])).sum(axis=1)
    )
    curve = np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])
    curve[-1] = curve[0]
    return curve


def _wobble(rng: np.random.Generator, part: float) -> Floats:
    orders = np.array([2.0, 3.0, 5.0])
    return np.column_stack(
        [orders, part * rng.uniform(0.4, 1.0, 3) / orders * 2, rng.uniform(0, 2 * np.pi, 3)]
    )


def lay_land(radius_m: float, rng: np.random.Generator) -> Land:
    """The lie of the land for a city of about ``radius_m``."""
    lengths = rng.uniform(7_000, 16_000, 5)
    ways = rng.uniform(0, 2 * np.pi, 5)
    waves = np.column_stack(
        [
            2 * np.pi / lengths * np.cos(ways),
            2 * np.pi / lengths * np.sin(ways),
            rng.uniform(0, 2 * np.pi, 5),
            rng.uniform(-230, 230, 5),
            rng.uniform(-230, 230, 5),
        ]
    )
    outline = shapely.Polygon(_round_curve(radius_m, _wobble(rng, 0.08)))
    along = np.linspace(-1.5 * radius_m, 1.5 * radius_m, 120)
    across = 0.2 * radius_m + 0.16 * radius_m * np.sin(along / radius_m * 2.1 + rng.uniform(0, 6))
    slant = rng.uniform(0.5, 1.0)
    bed = np.column_stack(
        [along * np.cos(slant) - across * np.sin(slant), along * np.sin(slant) + across * np.cos(slant)]
    )
    river = shapely.LineString(bed).buffer(_RIVER_WIDTH_M / 2)
    return Land(radius_m, outline, river, rng.uniform(0.06, 0.24), waves)


def lay_roads(land: Land, rng: np.random.Generator) -> list[Road]:
    """Every road of the city, in the order of class; roads of a lower class end at the river."""
    return [*_rings(land, rng), _motorway(land, rng), *_grid(land, rng)]


def _rings(land: Land, rng: np.random.Generator) -> Iterator[Road]:
    for number, part in enumerate(RING_RADII, start=1):
        line = _round_curve(part * land.radius_m, _wobble(rng, 0.07))
        yield Road(f"{names.chinese_number(number)}环路", "ring", 60.0, line)


def _motorway(land: Land, rng: np.random.Generator) -> Road:
    """A motorway that passes the city in a wide bow."""
    along = np.linspace(-0.92 * land.radius_m, 0.92 * land.radius_m, 200)
    across = -0.60 * land.radius_m + 0.14 * land.radius_m * np.cos(along / land.radius_m * 2.4)
    turn = rng.uniform(-0.5, 0.5)
    line = np.column_stack(
        [along * np.cos(turn) - across * np.sin(turn), along * np.sin(turn) + across * np.cos(turn)]
    )
    return Road("临江南绕城高速", "motorway", 80.0, line)


def _spacing(reach_m: float, rng: np.random.Generator) -> Floats:
    """Where the grid's arterials lie: dense in the middle, wider toward the edge."""
    half = [0.0]
    while half[-1] < reach_m:
        half.append(half[-1] + rng.uniform(620, 880) * (1 + 0.75 * half[-1] / reach_m))
    other = [0.0]
    while other[-1] < reach_m:
        other.append(other[-1] + rng.uniform(620, 880) * (1 + 0.75 * other[-1] / reach_m))
    return np.array([-m for m in reversed(other[1:])] + half)


def _grid(land: Land, rng: np.random.Generator) -> Iterator[Road]:
    reach = 1.1 * land.radius_m
    east, north = _spacing(reach, rng), _spacing(reach, rng)
    avenue, road, street = names.streets("大道", rng), names.streets("路", rng), names.streets("街", rng)
    for axis, places in ((0, east), (1, north)):
        for number, place in enumerate(places):
            grand = number % 4 == 1
            name = next(avenue) if grand else next(road if axis else street)
            straight = _straight(axis, float(place), -reach, reach)
            drawn = shapely.intersection(shapely.LineString(land.bend(straight)), land.outline)
            if not grand:
                drawn = shapely.difference(drawn, land.river)
            yield from _roads(name, drawn, grand, rng)
    yield from _lanes(land, east, north, rng)


def _roads(name: str, drawn: shapely.Geometry, grand: bool, rng: np.random.Generator) -> Iterator[Road]:
    limit = 60.0 if grand else float(rng.choice([50.0, 50.0, 60.0, 40.0]))
    for piece in shapely.get_parts(drawn):
        if piece.length > 400:
            yield Road(name, "arterial", limit, shapely.get_coordinates(piece))


def _straight(axis: int, place: float, begin: float, end: float) -> Floats:
    """A line of the straight grid at ``place``; ``axis`` 0 runs north, 1 runs east."""
    along = np.linspace(begin, end, max(2, round((end - begin) / _DENSE_M)))
    across = np.full_like(along, place)
    return np.column_stack([across, along] if axis == 0 else [along, across])


def _lanes(land: Land, east: Floats, north: Floats, rng: np.random.Generator) -> Iterator[Road]:
    """Small streets inside the blocks, denser in the middle of the city; some pass several blocks."""
    name = names.lanes(rng)
    for axis, across, along in ((0, east, north), (1, north, east)):
        for i in range(len(across) - 1):
            j = 0
            while j < len(along) - 1:
                blocks = min(int(rng.choice([1, 1, 2, 3])), len(along) - 1 - j)
                width = across[i + 1] - across[i]
                centre = np.array([(across[i] + across[i + 1]) / 2, (along[j] + along[j + blocks]) / 2])
                outward = float(np.hypot(*centre)) / land.radius_m
                if rng.random() < 0.86 - 0.42 * outward:
                    place = across[i] + width * rng.uniform(0.36, 0.64)
                    straight = _straight(axis, place, along[j] - 12, along[j + blocks] + 12)
                    begin, end = along[j], along[j + blocks]
                    sway = rng.uniform(-0.11, 0.11) * width
                    straight[:, axis] += sway * np.sin(
                        np.pi * (straight[:, 1 - axis] - begin) / (end - begin)
                    )
                    drawn = shapely.intersection(shapely.LineString(land.bend(straight)), land.outline)
                    limit = float(rng.choice([40.0, 40.0, 30.0]))
                    for piece in shapely.get_parts(shapely.difference(drawn, land.river)):
                        if piece.length > 150:
                            yield Road(next(name), "lane", limit, shapely.get_coordinates(piece))
                j += blocks
