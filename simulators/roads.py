"""The road network: nodes, edges with class and limit, and the shortest ways over it.

Dijkstra on a binary heap is plenty for some thousand nodes, and saves the simulator a graph library.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, get_args

import numpy as np
import shapely

from fleet.registry import LimitReason
from simulators.plane import Floats

RoadClass = Literal["motorway", "ring", "arterial", "lane"]
Sky = Literal["open", "canyon", "tunnel"]
SKIES: tuple[Sky, ...] = get_args(Sky)
"""What a receiver sees from the road: all of it, a strip between tall buildings, nothing."""

UNHURRIED = {"motorway": 1.0, "ring": 1.05, "arterial": 1.25, "lane": 1.5}
"""Seconds driven for each second at the limit, by class: lights, crossings and parked cars."""

_ONE_JUNCTION_M = 80.0


@dataclass(frozen=True, slots=True, eq=False)
class Road:
    """One named road. ``line`` has shape (n, 2), metres in the city's plane."""

    name: str
    kind: RoadClass
    limit_kmh: float
    line: Floats
    reason: LimitReason = "posted"
    oneway: bool = False
    """True when it is driven in the direction of its line alone."""
    sky: Sky = "open"


@dataclass(frozen=True, slots=True, eq=False)
class Edge:
    """A piece of road between two nodes; ``line`` runs from ``a`` to ``b``, metres, shape (n, 2)."""

    a: int
    b: int
    road: Road
    line: Floats
    limit_kmh: float
    reason: LimitReason = "posted"
    oneway: bool = False
    """True when it is driven from ``a`` to ``b`` alone."""
    sky: Sky = "open"

    @property
    def length_m(self) -> float:
        return float(np.hypot(*np.diff(self.line, axis=0).T).sum())

    def line_from(self, node: int) -> Floats:
        """The geometry in the direction of travel that begins at ``node``."""
        return self.line if node == self.a else self.line[::-1]

    @property
    def seconds(self) -> float:
        """Time to drive it, for choosing ways."""
        return self.length_m / (self.limit_kmh / 3.6) * UNHURRIED[self.road.kind]


@dataclass(frozen=True, slots=True)
class Way:
    """A way over the network: ``edges[i]`` joins ``nodes[i]`` and ``nodes[i + 1]``."""

    nodes: tuple[int, ...]
    edges: tuple[int, ...]

    def then(self, onward: Way) -> Way:
        """This way and then another that begins where this one ends."""
        return Way(self.nodes + onward.nodes[1:], self.edges + onward.edges)

    def reversed(self) -> Way:
        """The same way driven back, be it allowed or not."""
        return Way(self.nodes[::-1], self.edges[::-1])


class Tree:
    """The shortest ways, in seconds, from one node to all others; or ``towards`` it from all others."""

    def __init__(self, network: RoadNetwork, root: int, *, towards: bool = False) -> None:
        self.root = root
        self.seconds, self._via = network.search(root, towards=towards)
        self._network, self._towards = network, towards

    def way(self, node: int) -> Way:
        """The shortest way between the root and ``node``, in the tree's direction."""
        way = self._network.trace(self._via, self.root, node)
        return way.reversed() if self._towards else way


class RoadNetwork:
    """Nodes with shape (n, 2) in metres, and the edges between them, of which some are one-way."""

    def __init__(self, nodes: Floats, edges: list[Edge]) -> None:
        self.nodes = nodes
        self.edges = edges
        self.length_m = [edge.length_m for edge in edges]
        self._seconds = [edge.seconds for edge in edges]
        self.onward: list[list[tuple[int, int]]] = [[] for _ in range(len(nodes))]
        """For each node the nodes that can be driven to, and by which edge."""
        self._back: list[list[tuple[int, int]]] = [[] for _ in range(len(nodes))]
        self.meeting: list[list[int]] = [[] for _ in range(len(nodes))]
        """For each node the edges that begin or end there."""
        for number, edge in enumerate(edges):
            self.onward[edge.a].append((edge.b, number))
            self._back[edge.b].append((edge.a, number))
            if not edge.oneway:
                self.onward[edge.b].append((edge.a, number))
                self._back[edge.a].append((edge.b, number))
            self.meeting[edge.a].append(number)
            self.meeting[edge.b].append(number)

    @cached_property
    def lights(self) -> frozenset[int]:
        """The nodes with traffic lights: where an arterial crosses, and no ring road or motorway does.

        Nodes that are one junction, as those of two carriageways that cross, have lights at one of them.
        """
        kinds = [{self.edges[number].road.kind for number in around} for around in self.meeting]
        crossings = [
            node
            for node, found in enumerate(kinds)
            if len(self.meeting[node]) > 2 and "arterial" in found and not found & {"ring", "motorway"}
        ]
        points = np.array([shapely.Point(place) for place in self.nodes[crossings]], object)
        pairs = shapely.STRtree(points).query(points, predicate="dwithin", distance=_ONE_JUNCTION_M)
        near: dict[int, list[int]] = {}
        for one, other in pairs.T.tolist():
            near.setdefault(one, []).append(other)
        lit: set[int] = set()
        for crossing in range(len(crossings)):
            if lit.isdisjoint(near[crossing]):
                lit.add(crossing)
        return frozenset(crossings[crossing] for crossing in lit)

    def search(
        self,
        source: int,
        target: int | None = None,
        closed_edges: Collection[int] = (),
        closed_nodes: Collection[int] = (),
        within_s: float = float("inf"),
        *,
        towards: bool = False,
    ) -> tuple[dict[int, float], dict[int, int]]:
        """Dijkstra from ``source``: seconds to each settled node, and the edge by which it was reached.

        Stops at ``target``, or when the next node is more than ``within_s`` seconds away. ``towards``: the
        seconds are those from each node to ``source``.
        """
        cost, adjacent = self._seconds, self._back if towards else self.onward
        settled: dict[int, float] = {}
        via: dict[int, int] = {}
        best = {source: 0.0}
        heap = [(0.0, source)]
        while heap:
            seconds, node = heapq.heappop(heap)
            if node in settled:
                continue
            if seconds > within_s:
                break
            settled[node] = seconds
            if node == target:
                break
            for neighbour, number in adjacent[node]:
                if neighbour in settled or number in closed_edges or neighbour in closed_nodes:
                    continue
                onward = seconds + cost[number]
                if onward < best.get(neighbour, float("inf")):
                    best[neighbour] = onward
                    via[neighbour] = number
                    heapq.heappush(heap, (onward, neighbour))
        return settled, via

    def trace(self, via: dict[int, int], source: int, target: int) -> Way:
        """The way that ``search`` found from ``source`` to ``target``; of a search ``towards``, reversed."""
        nodes, edges = [target], []
        while nodes[-1] != source:
            number = via[nodes[-1]]
            edge = self.edges[number]
            edges.append(number)
            nodes.append(edge.a if edge.b == nodes[-1] else edge.b)
        return Way(tuple(reversed(nodes)), tuple(reversed(edges)))

    def way(
        self,
        source: int,
        target: int,
        closed_edges: Collection[int] = (),
        closed_nodes: Collection[int] = (),
        within_s: float = float("inf"),
    ) -> Way | None:
        """The shortest way in time that avoids what is closed; None when there is none ``within_s``."""
        settled, via = self.search(source, target, closed_edges, closed_nodes, within_s)
        return self.trace(via, source, target) if target in settled else None

    def line_of(self, way: Way) -> Floats:
        """The geometry of a way, shape (n, 2), without doubled points."""
        pieces = [
            self.edges[number].line_from(node) for node, number in zip(way.nodes, way.edges, strict=False)
        ]
        return np.concatenate([pieces[0], *(piece[1:] for piece in pieces[1:])])

    def chainages(self, way: Way) -> Floats:
        """Metres from the beginning of a way to each of its nodes."""
        return np.concatenate([[0.0], np.cumsum([self.length_m[number] for number in way.edges])])

    def may_be_driven(self, way: Way) -> bool:
        """True when the way goes against no one-way edge."""
        return all(
            self.edges[number].a == node or not self.edges[number].oneway
            for node, number in zip(way.nodes, way.edges, strict=False)
        )
