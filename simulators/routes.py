"""Approved routes: from a first stop through estates to a school, by the shortest ways, and home again."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import astuple, dataclass, replace
from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import shapely

from fleet.registry import Approval, Direction, LimitStretch, Stop
from simulators import names
from simulators.plane import CityPlane
from simulators.roads import RoadNetwork, Way

CORRIDOR_M = 50.0
_ATTEMPTS = 200


@dataclass(frozen=True, slots=True)
class Reach:
    """How far routes go, metres; that of a city with room for it, unless told otherwise."""

    shortest_m: float = 6_000.0
    longest_m: float = 16_000.0
    nearest_m: float = 2_800.0
    """From school to first stop, as the crow flies."""
    farthest_m: float = 7_500.0

    def scaled(self, part: float) -> Reach:
        """The same for a city of so much less extent."""
        return Reach(*(part * metres for metres in astuple(self)))

    def allows(self, network: RoadNetwork, way: Way) -> bool:
        """True when a way is neither too short nor too long."""
        return bool(self.shortest_m <= network.chainages(way)[-1] <= self.longest_m)


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
    network: RoadNetwork, school: Place, estates: Sequence[Place], reach: Reach, rng: np.random.Generator
) -> tuple[Way, Way, tuple[Place, ...]] | None:
    """A way with 5 to 12 stops that ends at ``school``, the way home through the same stops, and the stops.

    None when none is found.
    """
    places = network.nodes[[estate.node for estate in estates]]
    end = network.nodes[school.node]
    distance = np.hypot(*(places - end).T)
    for attempt in range(_ATTEMPTS):
        farthest = reach.farthest_m * (1 + attempt / _ATTEMPTS)
        eligible = np.flatnonzero((distance > reach.nearest_m) & (distance < farthest))
        if not len(eligible):
            continue
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
        if way is None or not reach.allows(network, way):
            continue
        home = way_back(network, way, stops)
        if home is not None and reach.allows(network, home):
            return way, home, stops
    return None


def way_back(network: RoadNetwork, way: Way, stops: Sequence[Place]) -> Way | None:
    """The way home: the same road in the other direction, or where that is one-way, another past its stops.

    None when there is none that passes no place twice.
    """
    back = way.reversed()
    if network.may_be_driven(back):
        return back
    return join_stops(network, [stop.node for stop in reversed(stops)])


def approved_again(
    network: RoadNetwork, first: RouteVersion, changed: date, reach: Reach, rng: np.random.Generator
) -> tuple[RouteVersion, ...]:
    """The versions of a route that was re-approved on ``changed``: the second passes another road.

    When no other road serves its stops, the second version leaves one stop out.
    """
    ended = replace(first, valid_to=changed - timedelta(days=1))
    nodes = [stop.node for stop in first.stops]
    for edge in rng.permutation(np.array(first.way.edges)).tolist():
        way = join_stops(network, nodes, {edge})
        if way and reach.allows(network, way):
            return ended, replace(first, version=2, way=way, valid_from=changed)
    stops = first.stops[:1] + first.stops[2:]
    way = join_stops(network, [stop.node for stop in stops])
    if way is None or not reach.allows(network, way):
        way = first.way
    return ended, replace(first, version=2, way=way, stops=stops, valid_from=changed)


def to_approval(network: RoadNetwork, route: RouteVersion, plane: CityPlane) -> Approval:
    """The version as the authorities hold it on record."""
    line = shapely.get_coordinates(shapely.simplify(shapely.LineString(network.line_of(route.way)), 0.5))
    chainage = dict(zip(route.way.nodes, network.chainages(route.way).tolist(), strict=True))
    stops = plane.places(network.nodes[[stop.node for stop in route.stops]])
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
        line=tuple(plane.places(line)),
        corridor_m=CORRIDOR_M,
        stops=tuple(
            Stop(stop.name, lon, lat, round(chainage[stop.node], 1))
            for stop, (lon, lat) in zip(route.stops, stops, strict=True)
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
