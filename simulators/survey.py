"""A mapped city's ground: the roads of an OpenStreetMap file as a network, and its schools."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import shapely

from fleet.errors import BadInput
from simulators.ground import Ground
from simulators.highway import Highway, read_highway
from simulators.osm import Street, read_osm
from simulators.plane import CityPlane
from simulators.roads import Edge, Road, RoadNetwork, Way
from simulators.weave import connected

_LEAST_RADIUS_M = 1_000.0
_ROOM_M = 90.0


def survey(path: Path) -> Ground:
    """The ground of the city in an OpenStreetMap file.

    Its network is the largest part of the roads in which each place can be driven to from each other; it has
    nodes only where roads meet or change. The plane lies round the middle of it.

    Raises ``BadInput`` for a file that cannot be read, and for one without enough roads for a city.
    """
    extract = read_osm(path)
    found = [(street, highway) for street in extract.streets if (highway := read_highway(street.tags))]
    if not found:
        raise BadInput(
            f"the map {path} has no road that a bus may take ({len(extract.streets)} ways with a highway tag"
            " and known nodes were read); give an extract with the ways of the streets and their nodes"
        )
    every = np.concatenate([street.places for street, _ in found])
    lon, lat = ((every.min(axis=0) + every.max(axis=0)) / 2).tolist()
    plane = CityPlane(lon, lat)
    network = _simplified(_network(found, plane))
    radius_m = float(np.sqrt(shapely.MultiPoint(network.nodes).convex_hull.area / np.pi))
    if radius_m < _LEAST_RADIUS_M:
        raise BadInput(
            f"the roads of the map {path} that lead on to each other span {2 * radius_m:.0f} m, too little"
            f" for a city; give an extract of {2 * _LEAST_RADIUS_M / 1_000:g} km or more across"
        )
    lon, lat = (np.array([getattr(school, axis) for school in extract.schools]) for axis in ("lon", "lat"))
    places = np.column_stack(plane.to_metres(lon, lat))
    schools = tuple((school.name, place) for school, place in zip(extract.schools, places, strict=True))
    return Ground(plane, radius_m, network, _ROOM_M, schools, source=path.name)


def _network(found: Sequence[tuple[Street, Highway]], plane: CityPlane) -> RoadNetwork:
    """The streets cut where they share nodes; bridges and tunnels share none with what they cross."""
    passes = Counter(node for street, _ in found for node in street.nodes)
    for street, _ in found:
        passes.update((street.nodes[0], street.nodes[-1]))
    number: dict[int, int] = {}
    place: dict[int, tuple[float, float]] = {}
    edges: list[Edge] = []
    for street, highway in found:
        line = np.column_stack(plane.to_metres(street.places[:, 0], street.places[:, 1]))
        nodes = street.nodes
        if highway.against:
            nodes, line = nodes[::-1], line[::-1]
        road = Road(
            highway.name, highway.kind, highway.limit_kmh, line, highway.reason, highway.oneway, highway.sky
        )
        cuts = [i for i, node in enumerate(nodes) if passes[node] > 1]
        for begin, end in pairwise(cuts):
            a, b = (number.setdefault(nodes[i], len(number)) for i in (begin, end))
            place[a], place[b] = tuple(line[begin]), tuple(line[end])
            if a != b:
                piece = line[begin : end + 1]
                edges.append(Edge(a, b, road, piece, road.limit_kmh, road.reason, road.oneway, road.sky))
    return connected(np.array([place[node] for node in range(len(number))]), edges)


def _simplified(network: RoadNetwork) -> RoadNetwork:
    """The network without the nodes at which a road only goes on as it was, and without loops."""
    passed = [_goes_on(network, node) for node in range(len(network.nodes))]
    edges: list[Edge] = []
    done: set[int] = set()
    for node, numbers in enumerate(network.meeting):
        for number in () if passed[node] else numbers:
            if number in done or (network.edges[number].oneway and network.edges[number].a != node):
                continue
            way = Way((node,), ()).then(_step(network, node, number))
            while passed[way.nodes[-1]]:
                here = way.nodes[-1]
                onward = next(n for n in network.meeting[here] if n != way.edges[-1])
                way = way.then(_step(network, here, onward))
            done.update(way.edges)
            if way.nodes[-1] != node:
                first = network.edges[number]
                edges.append(replace(first, a=node, b=way.nodes[-1], line=network.line_of(way)))
    return connected(network.nodes, edges)


def _step(network: RoadNetwork, node: int, number: int) -> Way:
    edge = network.edges[number]
    return Way((node, edge.b if edge.a == node else edge.a), (number,))


def _goes_on(network: RoadNetwork, node: int) -> bool:
    """True when exactly two edges meet at a node and are alike, in their direction as well."""
    if len(network.meeting[node]) != 2:
        return False
    one, other = (network.edges[number] for number in network.meeting[node])
    alike = [(e.road.name, e.road.kind, e.limit_kmh, e.reason, e.sky, e.oneway) for e in (one, other)]
    return alike[0] == alike[1] and (not one.oneway or one.b == other.a or one.a == other.b)
