"""Approved routes: from a first stop through estates to a school, by the shortest ways, and home again."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import shapely

from fleet.registry import Approval, Direction, LimitStretch, Stop
from simulators import names
from simulators.plane import CityPlane
from simulators.roads import RoadNetwork, Way

CORRIDOR_M = 50.0
SHORTEST_M, LONGEST_M = 6_000.0, 16_000.0


@dataclass(frozen=True, slots=True)
class Place:
    """Something with a name at a node of the network: a school, a depot, an estate's stop."""

    name: str
    node: int


@dataclass(frozen=True, slots=True, eq=False)
class RouteVersion:
    """One approved version of a route: the way, the stops on it, and the days it is valid."""

    route_id: str
    version: int
    direction: Direction
    way: Way
    stops: tuple[Place, ...]
    valid_from: date
    valid_to: date

    @property
    def approval_id(self) -> str:
        return f"{self.route_id}.{self.version}"

    @property
    def school(self) -> Place:
        return self.stops[-1 if self.direction == "to_school" else 0]


def join_stops(network: RoadNetwork, stops: Sequence[int], closed_edges: Collection[int] = ()) -> Way | None:
    """The way through ``stops`` in their order, by the shortest legs, that passes no place twice."""
    whole: Way | None = None
    for here, there in pairwise(stops):
        passed = set(whole.nodes) if whole else set()
        if there in passed:
            return None
        leg = network.way(here, there, closed_edges, (passed | set(stops)) - {there})
        if leg is None:
            return None
        whole = whole.then(leg) if whole else leg
    return whole


def draw_route(
    network: RoadNetwork, school: Place, estates: Sequence[Place], rng: np.random.Generator
) -> tuple[Way, tuple[Place, ...]]:
    """A way of 6 to 16 km with 5 to 12 stops that ends at ``school``, and its stops."""
    places = network.nodes[[estate.node for estate in estates]]
    end = network.nodes[school.node]
    distance = np.hypot(*(places - end).T)
    for attempt in range(400):
        eligible = np.flatnonzero((distance > 2_800) & (distance < 7_500 + 50 * attempt))
        first = int(rng.choice(eligible))
        ahead = end - places[first]
        span = np.hypot(*ahead)
        progress = (places - places[first]) @ ahead / span**2
        aside = np.abs((places - places[first]) @ (ahead[::-1] * (1, -1))) / span
        between = np.flatnonzero((progress > 0.06) & (progress < 0.94) & (aside < 0.2 * span))
        if len(between) < 3:
            continue
        wanted = min(int(rng.integers(3, 11)), len(between))
        chosen = rng.choice(between, wanted, replace=False)
        chosen = chosen[np.argsort(progress[chosen])]
        stops = (estates[first], *(estates[i] for i in chosen.tolist()), school)
        way = join_stops(network, [stop.node for stop in stops])
        if way and SHORTEST_M <= network.chainages(way)[-1] <= LONGEST_M:
            return way, stops
    raise RuntimeError(f"no route to {school.name} was found; the city has too few roads or estates")


def approved_again(
    network: RoadNetwork, first: RouteVersion, changed: date, rng: np.random.Generator
) -> tuple[RouteVersion, ...]:
    """The versions of a route that was re-approved on ``changed``: the second passes another road.

    When no other road serves its stops, the second version leaves one stop out.
    """
    ended = replace(first, valid_to=changed - timedelta(days=1))
    nodes = [stop.node for stop in first.stops]
    for edge in rng.permutation(np.array(first.way.edges)).tolist():
        way = join_stops(network, nodes, {edge})
        if way and SHORTEST_M <= network.chainages(way)[-1] <= LONGEST_M:
            return ended, replace(first, version=2, way=way, valid_from=changed)
    stops = first.stops[:1] + first.stops[2:]
    way = join_stops(network, [stop.node for stop in stops])
    return ended, replace(first, version=2, way=way or first.way, stops=stops, valid_from=changed)


def driven_back(to_school: RouteVersion, route_id: str) -> RouteVersion:
    """The way home: the same road and stops in the other direction."""
    return replace(
        to_school,
        route_id=route_id,
        direction="to_home",
        way=to_school.way.reversed(),
        stops=to_school.stops[::-1],
    )


def to_approval(network: RoadNetwork, route: RouteVersion, plane: CityPlane) -> Approval:
    """The version as the authorities hold it on record."""
    line = shapely.get_coordinates(shapely.simplify(shapely.LineString(network.line_of(route.way)), 0.5))
    lon, lat = (np.round(axis, 6) for axis in plane.to_degrees(line[:, 0], line[:, 1]))
    chainage = dict(zip(route.way.nodes, network.chainages(route.way).tolist(), strict=True))
    places = network.nodes[[stop.node for stop in route.stops]]
    stop_lon, stop_lat = (np.round(axis, 6) for axis in plane.to_degrees(places[:, 0], places[:, 1]))
    number = route.route_id[1:]
    way_name = f"{route.stops[0].name}—{route.stops[-1].name.removeprefix(names.CITY)}"
    return Approval(
        approval_id=route.approval_id,
        route_id=route.route_id,
        version=route.version,
        number=f"临校审〔{route.valid_from.year}〕{number}号",
        name=way_name,
        school=route.school.name,
        direction=route.direction,
        line=tuple(zip(lon.tolist(), lat.tolist(), strict=True)),
        corridor_m=CORRIDOR_M,
        stops=tuple(
            Stop(stop.name, x, y, round(chainage[stop.node], 1))
            for stop, x, y in zip(route.stops, stop_lon.tolist(), stop_lat.tolist(), strict=True)
        ),
        limits=limit_stretches(network, route.way),
        valid_from=route.valid_from,
        valid_to=route.valid_to,
    )


def limit_stretches(network: RoadNetwork, way: Way) -> tuple[LimitStretch, ...]:
    """The limits along a way, neighbours of one limit and reason joined.

    A motorway's limit stands as the legal cap of its class, which elsewhere would be the lower one.
    """
    stretches: list[LimitStretch] = []
    for number, begin, end in zip(way.edges, *_ends(network, way), strict=True):
        edge = network.edges[number]
        reason = "legal_cap" if edge.road.kind == "motorway" and edge.reason == "posted" else edge.reason
        last = stretches[-1] if stretches else None
        if last and (last.limit_kmh, last.reason) == (edge.limit_kmh, reason):
            stretches[-1] = LimitStretch(last.from_m, end, edge.limit_kmh, reason)
        else:
            stretches.append(LimitStretch(begin, end, edge.limit_kmh, reason))
    return tuple(stretches)


def _ends(network: RoadNetwork, way: Way) -> tuple[list[float], list[float]]:
    chainage = np.round(network.chainages(way), 1).tolist()
    return chainage[:-1], chainage[1:]
