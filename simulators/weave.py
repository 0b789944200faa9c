"""Roads drawn as curves become a network: joined where they meet, pruned of loose ends, given places.

Bridges stay bridges: the motorway meets other roads at interchanges only, a tunnel at its ends.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import shapely

from simulators.plane import Floats
from simulators.roads import Edge, Road, RoadNetwork

_ONE_PLACE_M = 28.0
"""Crossings nearer to each other than this are one junction."""
_BESIDE_M = 95.0
"""A small road that runs this near along a greater one is left out, as a planner would."""
_RANK = {"motorway": 0, "ring": 1, "arterial": 2, "lane": 3}


def weave(roads: Sequence[Road]) -> RoadNetwork:
    """The network of ``roads`` where each place can be driven to from each other, without dead ends."""
    lines = [shapely.LineString(road.line) for road in roads]
    crossings = _crossings(roads, lines)
    nodes, edges = _cut(roads, lines, crossings)
    return connected(nodes, _without_twins(_beside_none(edges, roads, lines)))


def _meet(one: Road, other: Road) -> bool:
    """Whether two roads that cross are joined there."""
    kinds = {one.kind, other.kind}
    if "motorway" not in kinds:
        return True
    wide = one.limit_kmh >= 60 and other.limit_kmh >= 60
    return "ring" in kinds or ("arterial" in kinds and wide)


def _above_ground(one: Road, other: Road, place: Floats) -> bool:
    """Whether neither road is in the middle of its tunnel at ``place``."""
    return all(
        np.hypot(*(road.line[[0, -1]] - place).T).min() < 1.0 for road in (one, other) if road.sky == "tunnel"
    )


def _crossings(roads: Sequence[Road], lines: list[shapely.LineString]) -> dict[int, list[Floats]]:
    """For each road the points at which it meets others, already gathered into junctions."""
    tree = shapely.STRtree(lines)
    first, second = tree.query(lines, predicate="intersects")
    found: list[tuple[int, int, Floats]] = []
    for i, j in zip(first.tolist(), second.tolist(), strict=True):
        if i < j and _meet(roads[i], roads[j]):
            points = shapely.get_parts(shapely.intersection(lines[i], lines[j]))
            places = [shapely.get_coordinates(p)[0] for p in points if p.geom_type == "Point"]
            found += [(i, j, place) for place in places if _above_ground(roads[i], roads[j], place)]
    junction = _gather(np.array([place for _, _, place in found]))
    crossings: dict[int, list[Floats]] = defaultdict(list)
    for (i, j, _), place in zip(found, junction, strict=True):
        crossings[i].append(place)
        crossings[j].append(place)
    return crossings


def _gather(points: Floats) -> Floats:
    """Each point moved to the mean of those it is one junction with; shape (n, 2)."""
    parent = list(range(len(points)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    shapes = [shapely.Point(place) for place in points]
    near = shapely.STRtree(shapes).query(shapes, predicate="dwithin", distance=_ONE_PLACE_M)
    for i, j in near.T.tolist():
        parent[root(i)] = root(j)
    group = np.array([root(i) for i in range(len(points))])
    counts = np.bincount(group, minlength=len(points))[group]
    sums = [np.bincount(group, weights=points[:, k], minlength=len(points))[group] for k in (0, 1)]
    return np.column_stack([sums[0] / counts, sums[1] / counts])


def _cut(
    roads: Sequence[Road], lines: list[shapely.LineString], crossings: dict[int, list[Floats]]
) -> tuple[Floats, list[Edge]]:
    """Every road cut at its junctions into edges, whose ends lie exactly in the junctions."""
    number_of: dict[tuple[float, float], int] = {}
    edges: list[Edge] = []
    for i, road in enumerate(roads):
        along: dict[int, float] = {}
        for x, y in crossings.get(i, ()):
            node = number_of.setdefault((float(x), float(y)), len(number_of))
            along[node] = shapely.line_locate_point(lines[i], shapely.Point(x, y))
        order = sorted(along.items(), key=lambda item: item[1])
        vertices = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(road.line, axis=0).T))])
        places = {node: place for place, node in number_of.items()}
        if lines[i].is_ring and len(order) > 2:
            order.append((order[0][0], order[0][1] + vertices[-1]))
            curve, vertices = (
                np.concatenate([road.line, road.line[1:]]),
                np.concatenate([vertices, vertices[1:] + vertices[-1]]),
            )
        else:
            curve = road.line
        for (a, begin), (b, end) in pairwise(order):
            inner = curve[(vertices > begin + 15) & (vertices < end - 15)]
            line = np.concatenate([[places[a]], inner, [places[b]]])
            edges.append(
                Edge(a, b, road, _fewer_points(line), road.limit_kmh, road.reason, road.oneway, road.sky)
            )
    return np.array(list(number_of)), edges


def _fewer_points(line: Floats) -> Floats:
    return np.asarray(shapely.get_coordinates(shapely.simplify(shapely.LineString(line), 1.0)), np.float64)


def _beside_none(edges: list[Edge], roads: Sequence[Road], lines: list[shapely.LineString]) -> list[Edge]:
    """The edges that do not run close along a road of a higher class.

    One-way pairs may, and so may a road with a tunnel, lest it end at the portal.
    """
    kept = []
    great = {
        rank: shapely.STRtree(
            [line for road, line in zip(roads, lines, strict=True) if _RANK[road.kind] < rank]
        )
        for rank in (2, 3)
    }
    tunnelled = {road.name for road in roads if road.sky == "tunnel"}
    for edge in edges:
        rank = _RANK[edge.road.kind]
        stays = edge.oneway or edge.road.name in tunnelled
        if rank in great and edge.length_m > 150 and not stays:
            middle = shapely.line_interpolate_point(
                shapely.LineString(edge.line), [0.35, 0.65], normalized=True
            )
            near = great[rank].query(middle, predicate="dwithin", distance=_BESIDE_M)
            if len(set(near[0].tolist())) == 2:
                continue
        kept.append(edge)
    return kept


def _without_twins(edges: list[Edge]) -> list[Edge]:
    """One edge between any two nodes, the one of the highest class, and none from a node to itself.

    A one-way edge is a twin of those in its direction only.
    """
    best: dict[tuple[int, int, bool], Edge] = {}
    for edge in sorted(edges, key=lambda e: _RANK[e.road.kind]):
        a, b = (edge.a, edge.b) if edge.oneway else (min(edge.a, edge.b), max(edge.a, edge.b))
        if a != b:
            best.setdefault((a, b, edge.oneway), edge)
    return list(best.values())


def connected(nodes: Floats, edges: list[Edge]) -> RoadNetwork:
    """The network of the largest part where each node can be driven to from each other.

    Its dead ends are taken away, and its nodes numbered anew.
    """
    largest = _largest_part(RoadNetwork(nodes, edges))
    alive = [edge for edge in edges if edge.a in largest and edge.b in largest]
    while True:
        degree = np.bincount([n for e in alive for n in (e.a, e.b)], minlength=len(nodes))
        through = [e for e in alive if degree[e.a] > 1 and degree[e.b] > 1]
        if len(through) == len(alive):
            break
        alive = through
    kept = np.flatnonzero(degree)
    number = dict(zip(kept.tolist(), range(len(kept)), strict=True))
    return RoadNetwork(nodes[kept], [replace(e, a=number[e.a], b=number[e.b]) for e in alive])


def _largest_part(network: RoadNetwork) -> set[int]:
    """The largest set of nodes of which each can be driven to from each other."""
    largest: set[int] = set()
    left = set(range(len(network.nodes)))
    while len(left) > len(largest):
        node = min(left)
        part = network.search(node)[0].keys() & network.search(node, towards=True)[0].keys()
        left -= part
        largest = max(largest, part, key=len)
    return largest


def add_places(
    network: RoadNetwork, edges: Sequence[int], parts: Sequence[float]
) -> tuple[RoadNetwork, list[int]]:
    """The network with a new node on each of ``edges`` (at that part of its length), and those nodes.

    An edge may be named once only.
    """
    nodes, all_edges = list(network.nodes), list(network.edges)
    places = []
    for number, part in zip(edges, parts, strict=True):
        edge = network.edges[number]
        whole = shapely.LineString(edge.line)
        middle = shapely.line_interpolate_point(whole, part, normalized=True)
        along = whole.length * part
        vertices = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(edge.line, axis=0).T))])
        place = shapely.get_coordinates(middle)
        head = np.concatenate([edge.line[vertices < along - 1], place])
        tail = np.concatenate([place, edge.line[vertices > along + 1]])
        node = len(nodes)
        nodes.append(place[0])
        places.append(node)
        all_edges[number] = replace(edge, b=node, line=head)
        all_edges.append(replace(edge, a=node, line=tail))
    return RoadNetwork(np.array(nodes), all_edges), places
