"""A city grown from a seed, or on a map: its schools, depots, approved routes, buses and drivers.

The default is the city of DESIGN: 1,058 buses of which 23 are out of service, 47 routes approved
anew during the school year, some 1,300 drivers. The same seed, and map, always give the same city.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from fleet.errors import BadInput, BadSetting
from fleet.registry import HAZARD_CAP_KMH, Approval, Assignment, Bus, Driver, Registry
from simulators import names
from simulators.ground import grow
from simulators.plane import Floats, Sites
from simulators.roads import Edge, RoadNetwork, Way
from simulators.routes import Place, Reach, RouteVersion, approved_again, draw_route, to_approval
from simulators.survey import survey
from simulators.weave import add_places

DEFAULT_BUSES = 1_058
MOST_BUSES = 9_999
"""Of a city; more make a nation."""
OUT_OF_SERVICE = 23
APPROVED_ANEW = 47
DRIVERS = 1_300
_SCHOOLS, _DEPOTS = 120, 25
_RADIUS_M, _SMALLEST_RADIUS_M = 12_500.0, 5_200.0
_SCHOOL_ZONE_KMH = 30.0
_BUSES_PER_ROUTE = 2.0
_CENTRE = 0.4
"""The central district reaches to so much of the city's radius."""
_GATE_M = 300.0
"""A school of a map has its gate on a street within so much of its middle."""


@dataclass(frozen=True, slots=True)
class RoutePair:
    """The morning and the afternoon route over one road, each with its versions, oldest first."""

    to_school: tuple[RouteVersion, ...]
    to_home: tuple[RouteVersion, ...]


class City:
    """A city of ``buses`` buses grown from ``seed``, in the school year that began in ``school_year``.

    With ``map_file``, an OpenStreetMap file, its roads and schools are those of the map; the rest is drawn.
    """

    def __init__(
        self,
        seed: int = 1,
        buses: int = DEFAULT_BUSES,
        school_year: int = 2026,
        map_file: Path | None = None,
    ) -> None:
        """Raises ``BadSetting`` for no number of buses, and ``BadInput`` for a map that will not do."""
        if not 1 <= buses <= MOST_BUSES:
            raise BadSetting(f"a city of {buses} buses cannot be grown; ask for 1 to {MOST_BUSES}")
        self.seed = seed
        self.school_year = school_year
        rng = np.random.default_rng([seed, 1])
        self._scale = buses / DEFAULT_BUSES
        radius_m = float(np.clip(_RADIUS_M * np.sqrt(self._scale), _SMALLEST_RADIUS_M, _RADIUS_M))
        ground = grow(radius_m, rng) if map_file is None else survey(map_file)
        self.plane = ground.plane
        self._ground = ground
        self._reach = Reach().scaled(min(1.0, ground.radius_m / _SMALLEST_RADIUS_M))
        self.network, self.schools, self.depots, self.estates = self._settle(rng)
        self._remote: set[int] = set()
        self.routes = self._approve_routes(rng)
        self.drivers = self._license_drivers(rng)
        self.bus_route, self.bus_depot, self.buses = self._register_buses(buses, rng)
        self.bus_ids = [bus.bus_id for bus in self.buses]
        self.sites = Sites([self.plane], [0.0], buses)

    @property
    def valid_from(self) -> date:
        """First day of every approval of the year: some weeks before the term."""
        return date(self.school_year, 7, 20)

    @property
    def valid_to(self) -> date:
        """Last day of the year's approvals, included."""
        return date(self.school_year + 1, 8, 31)

    @cached_property
    def bridges(self) -> frozenset[int]:
        """The numbers of the edges that cross the river on a bridge."""
        edges = self.network.edges
        lines = [shapely.LineString(edge.line) for edge in edges]
        over = np.flatnonzero(shapely.intersects(lines, self._ground.river)).tolist()
        return frozenset(number for number in over if edges[number].sky != "tunnel")

    @cached_property
    def approvals(self) -> tuple[Approval, ...]:
        """Every version of every route, as on record."""
        versions = [v for pair in self.routes for v in (*pair.to_school, *pair.to_home)]
        return tuple(to_approval(self.network, version, self.plane) for version in versions)

    def registry(self, assignments: Sequence[Assignment] = ()) -> Registry:
        """What the authorities hold on record of this city, with the assignments of a timetable."""
        return Registry(
            buses=self.buses,
            drivers=self.drivers,
            approvals=self.approvals,
            assignments=tuple(assignments),
            city=names.CITY,
            zone="Asia/Shanghai",
            version=f"simulated-{self.school_year}-seed{self.seed}-buses{len(self.buses)}"
            + (f"-{self._ground.source}" if self._ground.source else ""),
        )

    def base_map(self) -> dict[str, Any]:
        """The roads as a GeoJSON FeatureCollection, WGS-84; properties ``class`` and ``name``."""
        pieces: dict[tuple[str, str], list[Floats]] = {}
        for edge in self.network.edges:
            pieces.setdefault((edge.road.kind, edge.road.name), []).append(edge.line)
        features = []
        for (kind, name), lines in sorted(pieces.items()):
            merged = shapely.line_merge(
                shapely.multilinestrings([shapely.LineString(line) for line in lines])
            )
            drawn = shapely.transform(shapely.simplify(merged, 4.0), self._degrees)
            features.append(
                {
                    "type": "Feature",
                    "properties": {"class": kind, "name": name},
                    "geometry": {
                        "type": "MultiLineString",
                        "coordinates": [
                            shapely.get_coordinates(p).tolist() for p in shapely.get_parts(drawn)
                        ],
                    },
                }
            )
        return {"type": "FeatureCollection", "features": features}

    def _degrees(self, points: Floats) -> Floats:
        lon, lat = self.plane.to_degrees(points[:, 0], points[:, 1])
        return np.asarray(np.round(np.column_stack([lon, lat]), 5), np.float64)

    def _count(self, of_default: int, least: int = 0) -> int:
        return max(least, round(of_default * self._scale))

    def _settle(self, rng: np.random.Generator) -> tuple[RoadNetwork, list[Place], list[Place], list[Place]]:
        """Schools, depots and estates on the roads, then the limits and canyons that follow from them."""
        bare = self._ground.network
        schools, depots = self._count(_SCHOOLS, 5), self._count(_DEPOTS, 2)
        roomy = [i for i, edge in enumerate(bare.edges) if self._has_room(edge)]
        if len(roomy) // 3 < schools + depots:
            raise BadInput(
                f"the map {self._ground.source} has {len(roomy)} streets of {self._ground.room_m:g} m or so,"
                f" too few for {schools} schools, {depots} depots and their stops;"
                " give a larger extract, or fewer buses"
            )
        gates = dict(islice(self._gates(roomy, rng), schools))
        left = [i for i in roomy if i not in gates]
        homes = len(roomy) // 3
        up_hill = [i for i in left if bare.edges[i].road.name.startswith(names.HILL)][:homes]
        free = rng.permutation([i for i in left if i not in up_hill]).tolist()
        sites = [*gates, *free[: schools - len(gates) + depots + homes - len(up_hill)], *up_hill]
        parts = rng.uniform(0.35, 0.65, len(sites))
        network, nodes = add_places(bare, sites, parts.tolist())
        school_name, estate_name = names.schools(rng), names.estates(rng)
        known = [*gates.values(), *([""] * (schools - len(gates)))]
        gate = [Place(name or next(school_name), node) for name, node in zip(known, nodes, strict=False)]
        yards = [
            Place(f"第{names.chinese_number(i)}停车场", node)
            for i, node in enumerate(nodes[schools : schools + depots], 1)
        ]
        estates = [Place(next(estate_name), node) for node in nodes[schools + depots :]]
        return self._post_limits(network, gate, rng), gate, yards, estates

    def _has_room(self, edge: Edge) -> bool:
        """Whether a bus may stop on a street."""
        safe = edge.reason != "hazard" and edge.sky != "tunnel"
        return safe and edge.road.kind in ("lane", "arterial") and edge.length_m > self._ground.room_m

    def _gates(self, roomy: Sequence[int], rng: np.random.Generator) -> Iterator[tuple[int, str]]:
        """The edges on which the map's schools have their gates, in a drawn order, and the schools' names."""
        edges = self._ground.network.edges
        tree = shapely.STRtree([shapely.LineString(edges[i].line) for i in roomy])
        taken: set[int] = set()
        for number in rng.permutation(len(self._ground.schools)).tolist():
            name, place = self._ground.schools[number]
            for i in tree.query_nearest(
                shapely.Point(place), max_distance=_GATE_M, all_matches=False
            ).tolist():
                if i not in taken:
                    taken.add(i)
                    yield roomy[i], name

    def _post_limits(
        self, network: RoadNetwork, schools: list[Place], rng: np.random.Generator
    ) -> RoadNetwork:
        """School zones at the gates, hazards on some lanes, canyons in the middle of the city."""
        gates = {school.node for school in schools}
        edges = []
        for edge, draw in zip(network.edges, rng.random((len(network.edges), 2)).tolist(), strict=True):
            posted = edge
            if {edge.a, edge.b} & gates:
                posted = replace(edge, limit_kmh=_SCHOOL_ZONE_KMH, reason="school_zone")
            elif edge.road.kind == "lane" and draw[0] < 0.03:
                posted = replace(edge, limit_kmh=HAZARD_CAP_KMH, reason="hazard")
            outward = float(np.hypot(*edge.line.mean(axis=0))) / self._ground.radius_m
            high = edge.road.kind in ("lane", "arterial") and draw[1] < 0.5 - 1.1 * outward
            edges.append(replace(posted, sky="canyon") if high and edge.sky == "open" else posted)
        return RoadNetwork(network.nodes, edges)

    def _approve_routes(self, rng: np.random.Generator) -> list[RoutePair]:
        wanted = self._count(round(DEFAULT_BUSES / _BUSES_PER_ROUTE), 2)
        anew = set(rng.permutation(2 * wanted)[: self._count(APPROVED_ANEW, 1)].tolist())
        served = rng.permutation(np.arange(wanted) % len(self.schools))
        pairs = []
        for i, school in enumerate(served.tolist()):
            way, back, stops = self._route_to(school, rng)
            year = self.valid_from, self.valid_to
            out = RouteVersion(f"R{2 * i + 1:04d}", 1, "to_school", way, stops, *year)
            home = RouteVersion(f"R{2 * i + 2:04d}", 1, "to_home", back, stops[::-1], *year)
            pairs.append(
                RoutePair(
                    self._versions(out, 2 * i in anew, rng),
                    self._versions(home, 2 * i + 1 in anew, rng),
                )
            )
        return pairs

    def _route_to(self, school: int, rng: np.random.Generator) -> tuple[Way, Way, tuple[Place, ...]]:
        """A route to a school, or where no way leads past enough stops, to another."""
        others = (n for n in rng.permutation(len(self.schools)).tolist() if n != school)
        for number in (school, *others):
            if number in self._remote:
                continue
            drawn = draw_route(self.network, self.schools[number], self.estates, self._reach, rng)
            if drawn is not None:
                return drawn
            self._remote.add(number)
        raise BadInput(
            f"the map {self._ground.source} has no way past enough stops to any school, of"
            f" {self._reach.shortest_m / 1_000:.1f} to {self._reach.longest_m / 1_000:.1f} km; give a larger"
            " extract, or one of a denser part"
        )

    def _versions(
        self, first: RouteVersion, anew: bool, rng: np.random.Generator
    ) -> tuple[RouteVersion, ...]:
        if not anew:
            return (first,)
        term = (date(self.school_year + 1, 6, 20) - date(self.school_year, 9, 10)).days
        changed = date(self.school_year, 9, 10) + timedelta(days=int(rng.integers(term)))
        return approved_again(self.network, first, changed, self._reach, rng)

    def _license_drivers(self, rng: np.random.Generator) -> tuple[Driver, ...]:
        return tuple(
            Driver(
                driver_id=f"D{i:04d}",
                name=names.person(rng),
                phone=f"130-0000-{i:04d}",
                qualified_until=self.valid_to + timedelta(days=int(rng.integers(1, 900))),
            )
            for i in range(1, self._count(DRIVERS, 1) + 1)
        )

    def _register_buses(
        self, n: int, rng: np.random.Generator
    ) -> tuple[list[int], list[int], tuple[Bus, ...]]:
        """For each bus its route pair and its depot, by their places in the lists, and its registration."""
        out = set(rng.permutation(n)[: round(OUT_OF_SERVICE * self._scale)].tolist())
        routes = rng.permutation(np.arange(n) % len(self.routes)).tolist()
        depot_xy = self.network.nodes[[depot.node for depot in self.depots]]
        gates = self.plane.places(depot_xy)
        operators = names.operators()
        depots, buses = [], []
        for i in range(n):
            first = self.routes[routes[i]].to_school[0]
            away = np.hypot(*(depot_xy - self.network.nodes[first.stops[0].node]).T)
            depot = int(rng.choice(np.argsort(away)[:4]))
            depots.append(depot)
            inspected = self.valid_from - timedelta(days=int(rng.integers(1, 60)))
            buses.append(
                Bus(
                    bus_id=f"B{i + 1:04d}",
                    plate=f"鄂A·X{i + 1:04d}",
                    sign_number=f"临校车{self.school_year}{i + 1:05d}",
                    sign_expires=self.valid_to,
                    inspection_expires=inspected if i in out else self.valid_to + timedelta(days=30),
                    operator=operators[depot % len(operators)],
                    school=first.school.name,
                    seats=int(rng.choice([19, 29, 36, 45, 56])),
                    depot=gates[depot],
                    state="out_of_service" if i in out else "in_service",
                    district=self._district(first.school),
                )
            )
        return routes, depots, tuple(buses)

    def _district(self, school: Place) -> str:
        """The district that a school lies in: the middle of the city, or one of four quarters round it."""
        x, y = self.network.nodes[school.node].tolist()
        if np.hypot(x, y) < _CENTRE * self._ground.radius_m:
            return names.DISTRICTS[0]
        quarter = round(float(np.arctan2(y, x)) / (np.pi / 2)) % 4
        return names.DISTRICTS[1 + quarter]
