"""The road network: nodes, edges with class and limit, and the shortest ways over it.

Dijkstra on a binary heap is plenty for some thousand nodes, and saves the simulator a graph library.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Literal

import numpy as np

from fleet.registry import LimitReason
from simulators.plane import Floats

RoadClass = Literal["motorway", "ring", "arterial", "lane"]

UNHURRIED = {"motorway": 1.0, "ring": 1.05, "arterial": 1.25, "lane": 1.5}
"""Seconds driven for each second at the limit, by class: lights, crossings and parked cars."""


@dataclass(frozen=True, slots=True, eq=False)
class Road:
    """One named road. ``line`` has shape (n, 2), metres in the city's plane."""

    name: str
    kind: RoadClass
    limit_kmh: float
    line: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Edge:
    """A piece of road between two nodes; ``line`` runs from ``a`` to ``b``, metres, shape (n, 2)."""

    a: int
    b: int
    road: Road
    line: Floats
    limit_kmh: float
    reason: LimitReason = "posted"
    canyon: bool = False
    """True between tall buildings, where satellites are seen badly."""

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
        """The same way driven back."""
        return Way(self.nodes[::-1], self.edges[::-1])


class Tree:
    """The shortest ways from one node to all others, in seconds."""

    def __init__(self, network: RoadNetwork, source: int) -> None:
        self.source = source
        self.seconds, self._via = network.search(source)
        self._network = network

    def way_to(self, node: int) -> Way:
        """The shortest way from the source to ``node``."""
        return self._network.trace(self._via, self.source, node)


class RoadNetwork:
    """Nodes with shape (n, 2) in metres, and the edges between them; every edge may be driven both ways."""

    def __init__(self, nodes: Floats, edges: list[Edge]) -> None:
        self.nodes = nodes
        self.edges = edges
        self.length_m = [edge.length_m for edge in edges]
        self._seconds = [edge.seconds for edge in edges]
        self.adjacent: list[list[tuple[int, int]]] = [[] for _ in range(len(nodes))]
        for number, edge in enumerate(edges):
            self.adjacent[edge.a].append((edge.b, number))
            self.adjacent[edge.b].append((edge.a, number))

    @cached_property
    def lights(self) -> frozenset[int]:
        """The nodes with traffic lights: where an arterial crosses, and no ring road or motorway does."""
        kinds = [{self.edges[number].road.kind for _, number in around} for around in self.adjacent]
        return frozenset(
            node
            for node, found in enumerate(kinds)
            if len(self.adjacent[node]) > 2 and "arterial" in found and not found & {"ring", "motorway"}
        )

    def search(
        self,
        source: int,
        target: int | None = None,
        closed_edges: Collection[int] = (),
        closed_nodes: Collection[int] = (),
        within_s: float = float("inf"),
    ) -> tuple[dict[int, float], dict[int, int]]:
        """Dijkstra from ``source``: seconds to each settled node, and the edge by which it was reached.

        Stops at ``target``, or when the next node is more than ``within_s`` seconds away.
        """
        cost, adjacent = self._seconds, self.adjacent
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
        """The way that ``search`` found from ``source`` to ``target``."""
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

    def is_simple(self, way: Way) -> bool:
        """True when the way passes no node twice."""
        return len(set(way.nodes)) == len(way.nodes)

    def turns_back(self, way: Way) -> bool:
        """True when the way leaves a node by the edge it came on."""
        return any(one == next_one for one, next_one in pairwise(way.edges))
