"""A city grown from a seed: its roads, schools, depots, approved routes, buses and drivers.

The default is the city of DESIGN: 1,058 buses of which 23 are out of service, 47 routes approved
anew during the school year, some 1,300 drivers. The same seed always grows the same city.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property
from typing import Any

import numpy as np
import shapely

from fleet.errors import BadSetting
from fleet.registry import HAZARD_CAP_KMH, Approval, Assignment, Bus, Driver, Registry
from simulators import names
from simulators.plane import CityPlane, Floats, Ground
from simulators.roads import RoadNetwork
from simulators.routes import Place, RouteVersion, approved_again, draw_route, driven_back, to_approval
from simulators.streets import lay_land, lay_roads
from simulators.weave import add_places, weave

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


@dataclass(frozen=True, slots=True)
class RoutePair:
    """The morning and the afternoon route over one road, each with its versions, oldest first."""

    to_school: tuple[RouteVersion, ...]
    to_home: tuple[RouteVersion, ...]


class City:
    """A city of ``buses`` buses grown from ``seed``, in the school year that began in ``school_year``."""

    def __init__(self, seed: int = 1, buses: int = DEFAULT_BUSES, school_year: int = 2026) -> None:
        if not 1 <= buses <= MOST_BUSES:
            raise BadSetting(f"a city of {buses} buses cannot be grown; ask for 1 to {MOST_BUSES}")
        self.seed = seed
        self.school_year = school_year
        self.plane = CityPlane()
        rng = np.random.default_rng([seed, 1])
        self._scale = buses / DEFAULT_BUSES
        self.radius_m = float(np.clip(_RADIUS_M * np.sqrt(self._scale), _SMALLEST_RADIUS_M, _RADIUS_M))
        bare = weave(lay_roads(lay_land(self.radius_m, rng), rng))
        self.network, self.schools, self.depots, self.estates = self._settle(bare, rng)
        self.routes = self._approve_routes(rng)
        self.drivers = self._license_drivers(rng)
        self.bus_route, self.bus_depot, self.buses = self._register_buses(buses, rng)
        self.bus_ids = [bus.bus_id for bus in self.buses]
        self.ground = Ground([self.plane], [0.0], buses)

    @property
    def valid_from(self) -> date:
        """First day of every approval of the year: some weeks before the term."""
        return date(self.school_year, 7, 20)

    @property
    def valid_to(self) -> date:
        """Last day of the year's approvals, included."""
        return date(self.school_year + 1, 8, 31)

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
            version=f"simulated-{self.school_year}-seed{self.seed}-buses{len(self.buses)}",
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

    def _settle(
        self, bare: RoadNetwork, rng: np.random.Generator
    ) -> tuple[RoadNetwork, list[Place], list[Place], list[Place]]:
        """Schools, depots and estates on the roads, then the limits and canyons that follow from them."""
        counts = (self._count(_SCHOOLS, 5), self._count(_DEPOTS, 2))
        roomy = [
            i
            for i, e in enumerate(bare.edges)
            if e.road.kind in ("lane", "arterial") and bare.length_m[i] > 170
        ]
        sites = rng.permutation(roomy)[: sum(counts) + len(roomy) // 3]
        network, nodes = add_places(bare, sites.tolist(), rng.uniform(0.35, 0.65, len(sites)).tolist())
        school_name, estate_name = names.schools(rng), names.estates(rng)
        schools = [Place(next(school_name), node) for node in nodes[: counts[0]]]
        depots = [
            Place(f"第{names.chinese_number(i)}停车场", node)
            for i, node in enumerate(nodes[counts[0] : sum(counts)], 1)
        ]
        estates = [Place(next(estate_name), node) for node in nodes[sum(counts) :]]
        return self._post_limits(network, schools, rng), schools, depots, estates

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
            outward = float(np.hypot(*edge.line.mean(axis=0))) / self.radius_m
            high = edge.road.kind in ("lane", "arterial") and draw[1] < 0.5 - 1.1 * outward
            edges.append(replace(posted, canyon=high))
        return RoadNetwork(network.nodes, edges)

    def _approve_routes(self, rng: np.random.Generator) -> list[RoutePair]:
        wanted = self._count(round(DEFAULT_BUSES / _BUSES_PER_ROUTE), 2)
        anew = set(rng.permutation(2 * wanted)[: self._count(APPROVED_ANEW, 1)].tolist())
        served = rng.permutation(np.arange(wanted) % len(self.schools))
        pairs = []
        for i, school in enumerate(served.tolist()):
            way, stops = draw_route(self.network, self.schools[school], self.estates, rng)
            out = RouteVersion(
                f"R{2 * i + 1:04d}", 1, "to_school", way, stops, self.valid_from, self.valid_to
            )
            home = driven_back(out, f"R{2 * i + 2:04d}")
            pairs.append(
                RoutePair(
                    self._versions(out, 2 * i in anew, rng),
                    self._versions(home, 2 * i + 1 in anew, rng),
                )
            )
        return pairs

    def _versions(
        self, first: RouteVersion, anew: bool, rng: np.random.Generator
    ) -> tuple[RouteVersion, ...]:
        if not anew:
            return (first,)
        term = (date(self.school_year + 1, 6, 20) - date(self.school_year, 9, 10)).days
        changed = date(self.school_year, 9, 10) + timedelta(days=int(rng.integers(term)))
        return approved_again(self.network, first, changed, rng)

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
        depot_lon, depot_lat = (np.round(axis, 6).tolist() for axis in self.plane.to_degrees(*depot_xy.T))
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
                    depot=(depot_lon[depot], depot_lat[depot]),
                    state="out_of_service" if i in out else "in_service",
                )
            )
        return routes, depots, tuple(buses)
