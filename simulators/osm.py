"""OpenStreetMap files, XML or PBF, plain or packed: the streets and schools in them.

The only module that knows osmium. It reads a file twice, so that ways may come before their nodes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import osmium
from osmium.filter import KeyFilter, TagFilter

from fleet.errors import BadInput
from simulators.plane import Floats

_FORMATS = ".osm, .osm.gz, .osm.bz2 or .osm.pbf"
_SCHOOL = ("amenity", "school")


@dataclass(frozen=True, slots=True, eq=False)
class Street:
    """A way of the map with a ``highway`` tag: its tags, the numbers of its nodes and where they are."""

    tags: dict[str, str]
    nodes: tuple[int, ...]
    places: Floats
    """Shape (nodes, 2), WGS-84 longitude and latitude."""


@dataclass(frozen=True, slots=True)
class School:
    """A school of the map, at its node or in the middle of its grounds; WGS-84. The name may be empty."""

    name: str
    lon: float
    lat: float


@dataclass(frozen=True, slots=True)
class Extract:
    """What a file holds, in its order."""

    streets: tuple[Street, ...]
    schools: tuple[School, ...]


def read_osm(path: Path) -> Extract:
    """The streets and schools of a file. Where it lacks nodes of a street, that is cut into what it has.

    Raises ``BadInput`` for a file that cannot be read, or is none of OpenStreetMap.
    """
    try:
        path.open("rb").close()
    except OSError as error:
        raise BadInput(f"the map {path} cannot be read: {error.strerror}") from error
    try:
        streets, schools = _read_ways(path)
        schools += _read_school_points(path)
    except RuntimeError as error:
        why = str(error).rstrip(".")
        raise BadInput(
            f"the map {path} is no OpenStreetMap file: {why}; give an extract as {_FORMATS}"
        ) from error
    return Extract(tuple(streets), tuple(schools))


def _read_school_points(path: Path) -> list[School]:
    nodes = osmium.FileProcessor(path, osmium.osm.NODE).with_filter(TagFilter(_SCHOOL))
    return [
        School(node.tags.get("name") or "", node.lon, node.lat)
        for node in nodes
        if isinstance(node, osmium.osm.Node)
    ]


def _read_ways(path: Path) -> tuple[list[Street], list[School]]:
    """The streets, and the schools that are drawn as grounds."""
    locations = osmium.NodeLocationsForWays(osmium.index.create_map("flex_mem"))
    locations.ignore_errors()
    osmium.apply(path, locations)
    ways = osmium.FileProcessor(path, osmium.osm.WAY)
    streets: list[Street] = []
    schools: list[School] = []
    for way in ways.with_filter(KeyFilter("highway", "amenity")).with_filter(locations):
        if not isinstance(way, osmium.osm.Way):
            continue
        tags = dict(way.tags)
        if "highway" in tags:
            streets += (Street(tags, nodes, places) for nodes, places in _known(way))
        elif _SCHOOL in tags.items():
            corners = [places for _, places in _known(way)]
            if corners:
                whole = np.concatenate(corners)
                lon, lat = ((whole.min(axis=0) + whole.max(axis=0)) / 2).tolist()
                schools.append(School(tags.get("name", ""), lon, lat))
    return streets, schools


def _known(way: osmium.osm.Way) -> Iterator[tuple[tuple[int, ...], Floats]]:
    """The stretches of a way whose nodes are in the file, two nodes or more each."""
    nodes: list[int] = []
    places: list[tuple[float, float]] = []
    for node in way.nodes:
        if node.location.valid():
            if not nodes or nodes[-1] != node.ref:
                nodes.append(node.ref)
                places.append((node.location.lon, node.location.lat))
            continue
        if len(nodes) > 1:
            yield tuple(nodes), np.array(places)
        nodes, places = [], []
    if len(nodes) > 1:
        yield tuple(nodes), np.array(places)
