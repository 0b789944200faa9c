"""How a city's streets are laid: rings, a motorway, an irregular grid bent by the land, a river, a hill.

Each road is drawn whole, as one named curve; ``weave`` then joins them where they meet.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely
from shapely.ops import substring

from simulators import names
from simulators.hill import find_hill
from simulators.plane import Floats
from simulators.roads import Road

RING_RADII = (0.24, 0.47, 0.74)
"""Radii of the ring roads, as parts of the city's."""
_RIVER_WIDTH_M = 420.0
_DENSE_M = 60.0
"""Spacing of the points by which curves are drawn."""
_BANK_M = 130.0
"""The tunnel's portals lie so far from the river."""
_SHORTEST_TUNNEL_M, _LONGEST_TUNNEL_M = 600.0, 1_500.0
_MIDDLE = 0.28
"""One-way pairs reach so far from the centre, as part of the city's radius: just over the first ring."""
_PAIRS = 2
"""One-way pairs in each of the grid's directions, if so many of its roads pass the middle."""
_APART_M, _OPENING_M = 130.0, 180.0
"""Between the two streets of a one-way pair, and the length on which they draw apart."""


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
    """Every road of the city, in the order of class; roads of a lower class end at river and hill."""
    great = [*_rings(land, rng), _motorway(land, rng)]
    reach = 1.1 * land.radius_m
    east, north = _spacing(reach, rng), _spacing(reach, rng)
    avenues, others = _arterials(land, east, north, rng)
    lines = [shapely.LineString(road.line) for road in (*great, *avenues)]
    shut = shapely.union_all([land.river, *lines])
    hill = find_hill(land.outline, shut, (_MIDDLE + 0.1) * land.radius_m, rng)
    return [
        *great,
        *_with_tunnel(avenues, land.river),
        *_outside(hill.within, others, 400),
        *hill.roads(),
        *_outside(hill.within, _lanes(land, east, north, rng), 150),
    ]


def _outside(shut: shapely.Polygon, roads: Iterable[Road], shortest_m: float) -> Iterator[Road]:
    """What is left of ``roads`` outside ``shut``, the short ends aside."""
    for road in roads:
        for line in _pieces(shapely.difference(shapely.LineString(road.line), shut), road.line, shortest_m):
            yield replace(road, line=line)


def _pieces(left: shapely.Geometry, line: Floats, shortest_m: float) -> Iterator[Floats]:
    """The pieces ``left`` of ``line`` that are longer than ``shortest_m``, in its direction."""
    whole = shapely.LineString(line)
    for piece in shapely.get_parts(left):
        if piece.length > shortest_m:
            points = shapely.get_coordinates(piece)
            begin, end = (whole.project(shapely.Point(place)) for place in points[[0, -1]])
            yield points if begin < end else points[::-1]


def _with_tunnel(avenues: Sequence[Road], river: shapely.Polygon) -> Iterator[Road]:
    """The avenues, of which the one that crosses the river nearest to the centre does so in a tunnel."""
    banks = shapely.buffer(river, _BANK_M)
    crossings: list[tuple[float, int, float, float]] = []
    for number, road in enumerate(avenues):
        line = shapely.LineString(road.line)
        near = shapely.intersection(line, banks)
        for piece in () if near.is_empty else shapely.get_parts(near):
            ends = shapely.get_coordinates(piece)[[0, -1]]
            begin, end = sorted(line.project(shapely.Point(place)) for place in ends)
            ashore = begin > 0 and end < line.length
            if ashore and _SHORTEST_TUNNEL_M <= end - begin <= _LONGEST_TUNNEL_M:
                crossings.append((float(shapely.Point(0, 0).distance(piece)), number, begin, end))
    _, under, begin, end = min(crossings, default=(0.0, -1, 0.0, 0.0))
    for number, road in enumerate(avenues):
        if number != under:
            yield road
            continue
        line = shapely.LineString(road.line)
        below = replace(road, sky="tunnel")
        for piece, from_m, to_m in ((road, 0.0, begin), (below, begin, end), (road, end, line.length)):
            yield replace(piece, line=shapely.get_coordinates(substring(line, from_m, to_m)))


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


def _arterials(
    land: Land, east: Floats, north: Floats, rng: np.random.Generator
) -> tuple[list[Road], list[Road]]:
    """The avenues, which cross the river, and the other arterials, of which some are one-way pairs midway."""
    reach = 1.1 * land.radius_m
    avenue, road, street = names.streets("大道", rng), names.streets("路", rng), names.streets("街", rng)
    avenues, others = [], []
    for axis, places in ((0, east), (1, north)):
        lesser = [number for number in range(len(places)) if not _is_avenue(number)]
        midmost = sorted(lesser, key=lambda number: abs(places[number]))[:_PAIRS]
        for number, place in enumerate(places.tolist()):
            name = next(avenue if _is_avenue(number) else road if axis else street)
            if _is_avenue(number):
                whole = Road(name, "arterial", 60.0, land.bend(_straight(axis, place, -reach, reach)))
                avenues += _within(land.outline, whole)
                continue
            limit = float(rng.choice([50.0, 50.0, 60.0, 40.0]))
            lines = [_straight(axis, place, -reach, reach)]
            if number in midmost and abs(place) < 0.8 * RING_RADII[0] * land.radius_m:
                half = _MIDDLE * land.radius_m
                lines = [
                    _straight(axis, place, -reach, 30.0 - half),
                    _straight(axis, place, half - 30.0, reach),
                ]
                for line in _one_way_pair(axis, place, half):
                    others += [Road(name, "arterial", limit, land.bend(line), oneway=True)]
            others += [Road(name, "arterial", limit, land.bend(line)) for line in lines]
    ashore = shapely.difference(land.outline, land.river)
    return avenues, [piece for whole in others for piece in _within(ashore, whole)]


def _is_avenue(number: int) -> bool:
    """Every fourth arterial is one of the wide ones with a bridge."""
    return number % 4 == 1


def _within(area: shapely.Geometry, road: Road) -> list[Road]:
    """The pieces of a road within ``area`` that are worth their name."""
    inside = shapely.intersection(shapely.LineString(road.line), area)
    return [replace(road, line=line) for line in _pieces(inside, road.line, 400)]


def _one_way_pair(axis: int, place: float, half_m: float) -> Iterator[Floats]:
    """Two lines of the straight grid beside ``place``, driven on the right, that join at both their ends.

    They overlap a little there, and so do the two-way roads that go on from them: what crosses is joined.
    """
    along = np.linspace(-half_m - 25.0, half_m + 25.0, round(half_m / 10.0))
    aside = np.clip((half_m - np.abs(along)) / _OPENING_M, -1.0, 1.0) * _APART_M / 2
    right = 1 if axis == 0 else -1
    for side in (right, -right):
        across = place + side * aside
        line = np.column_stack([across, along] if axis == 0 else [along, across])
        yield line if side == right else line[::-1]


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
