"""A nation: a small city, built again at many places, each with buses, hours and receivers of its own.

It is there for load. What would tell one place from another, its streets, is dear to grow and says little
about how fast a fleet can be driven, judged or stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from fleet.clock import HOUR_MS, MINUTE_MS
from fleet.errors import BadSetting
from fleet.registry import Approval, Assignment, LonLat, Registry
from simulators.city import MOST_BUSES, City
from simulators.plane import CENTRE, CityPlane, Sites
from simulators.roads import RoadNetwork
from simulators.routes import Place

PATTERN_BUSES = 500
"""Buses of the city that is built again and again."""
_MOST_BUSES = 999_999
_APART_DEG = 0.25
"""From one city to the next, of longitude and of latitude."""
_HOURS = 10
"""A city's day is up to so many hours ahead of the pattern's, so that no two are at the same point of it."""

_GREAT_ROADS = ("motorway", "ring")
_ANY_DAY = date(2026, 1, 5)


class Nation:
    """``buses`` buses in cities like ``pattern``. Bus ``n`` of it is bus ``n % PATTERN_BUSES`` of its city.

    Raises ``BadSetting`` for a number that a city has room for, or no machine.
    """

    def __init__(self, seed: int, buses: int, school_year: int) -> None:
        if not MOST_BUSES < buses <= _MOST_BUSES:
            raise BadSetting(
                f"a nation of {buses} buses cannot be grown; ask for {MOST_BUSES + 1} to {_MOST_BUSES}"
            )
        self.seed = seed
        self.pattern = City(seed, PATTERN_BUSES, school_year)
        cities = -(-buses // PATTERN_BUSES)
        side = int(np.ceil(np.sqrt(cities)))
        lon, lat = CENTRE
        self._east_deg = ((np.arange(side) - side // 2) * _APART_DEG).tolist()
        self._planes = [CityPlane(lon, lat + north) for north in self._east_deg]
        self._names = [f"C{number:03d}" for number in range(cities)]
        self.sites = Sites(self._planes, self._east_deg, PATTERN_BUSES)
        minutes = np.random.default_rng([seed, 13]).integers(0, _HOURS * HOUR_MS // MINUTE_MS, cities)
        self._ahead_ms = (minutes * MINUTE_MS).tolist()
        self.lag_ms: NDArray[np.int64] = -np.repeat(minutes * MINUTE_MS, PATTERN_BUSES)[:buses]
        """How much later than the pattern's each bus's timetable is, shape (buses,); never above 0."""
        self.bus_ids = [f"{name}-{bus_id}" for name in self._names for bus_id in self.pattern.bus_ids][:buses]

    @property
    def network(self) -> RoadNetwork:
        """The streets of each city."""
        return self.pattern.network

    @property
    def depots(self) -> list[Place]:
        """The depots of each city."""
        return self.pattern.depots

    @property
    def bus_depot(self) -> list[int]:
        """For each bus its depot, by its place in ``depots``."""
        depots: list[int] = np.resize(self.pattern.bus_depot, len(self.bus_ids)).tolist()
        return depots

    def registry(self, assignments: Sequence[Assignment]) -> Registry:
        """What the authorities of all cities hold on record; ``assignments`` are the pattern's."""
        record = self.pattern.registry(assignments)
        copies = [self._copied(record, number) for number in range(len(self._names))]
        known = set(self.bus_ids)
        return msgspec.structs.replace(
            record,
            buses=tuple(bus for copy in copies for bus in copy.buses if bus.bus_id in known),
            drivers=tuple(driver for copy in copies for driver in copy.drivers),
            approvals=tuple(approval for copy in copies for approval in copy.approvals),
            assignments=tuple(one for copy in copies for one in copy.assignments if one.bus_id in known),
            version=f"simulated-{self.pattern.school_year}-seed{self.seed}-buses{len(self.bus_ids)}",
        )

    def base_map(self) -> dict[str, Any]:
        """The great roads of every city as a GeoJSON FeatureCollection, WGS-84."""
        great = [f for f in self.pattern.base_map()["features"] if f["properties"]["class"] in _GREAT_ROADS]
        features = []
        for number, name in enumerate(self._names):
            for feature in great:
                lines = [self._moved(line, number) for line in feature["geometry"]["coordinates"]]
                features.append(
                    {
                        "type": "Feature",
                        "properties": feature["properties"] | {"city": name},
                        "geometry": {"type": "MultiLineString", "coordinates": lines},
                    }
                )
        return {"type": "FeatureCollection", "features": features}

    def _copied(self, record: Registry, number: int) -> Registry:
        """The pattern's record as that of one of the cities."""
        name, replace = f"{self._names[number]}-", msgspec.structs.replace
        return replace(
            record,
            buses=tuple(
                replace(
                    bus,
                    bus_id=name + bus.bus_id,
                    plate=name + bus.plate,
                    sign_number=name + bus.sign_number,
                    depot=self._moved([bus.depot], number)[0],
                )
                for bus in record.buses
            ),
            drivers=tuple(replace(driver, driver_id=name + driver.driver_id) for driver in record.drivers),
            approvals=tuple(self._approved(approval, number) for approval in record.approvals),
            assignments=tuple(self._assigned(assignment, number) for assignment in record.assignments),
        )

    def _approved(self, approval: Approval, number: int) -> Approval:
        name = f"{self._names[number]}-"
        places = self._moved([*approval.line, *((stop.lon, stop.lat) for stop in approval.stops)], number)
        line, stops = places[: len(approval.line)], places[len(approval.line) :]
        return msgspec.structs.replace(
            approval,
            approval_id=name + approval.approval_id,
            route_id=name + approval.route_id,
            line=tuple(line),
            stops=tuple(
                msgspec.structs.replace(stop, lon=lon, lat=lat)
                for stop, (lon, lat) in zip(approval.stops, stops, strict=True)
            ),
        )

    def _assigned(self, assignment: Assignment, number: int) -> Assignment:
        name, ahead = f"{self._names[number]}-", timedelta(milliseconds=self._ahead_ms[number])
        own = (assignment.starts, assignment.ends, *assignment.stop_times)
        starts, ends, *stop_times = (datetime.combine(_ANY_DAY, at) - ahead for at in own)
        earlier = (_ANY_DAY - starts.date()).days
        return msgspec.structs.replace(
            assignment,
            assignment_id=name + assignment.assignment_id,
            bus_id=name + assignment.bus_id,
            driver_id=name + assignment.driver_id,
            route_id=name + assignment.route_id,
            weekdays=tuple(sorted((day - 1 - earlier) % 7 + 1 for day in assignment.weekdays)),
            starts=starts.time(),
            ends=ends.time(),
            stop_times=tuple(moment.time() for moment in stop_times),
        )

    def _moved(self, places: Sequence[Sequence[float]], number: int) -> list[LonLat]:
        """Places of the pattern where they are in one of the cities, WGS-84."""
        row, column = divmod(number, len(self._east_deg))
        x, y = self.pattern.plane.to_metres(*np.array(places).T)
        lon, lat = self._planes[row].to_degrees(x, y)
        return list(
            zip(np.round(lon + self._east_deg[column], 6).tolist(), np.round(lat, 6).tolist(), strict=True)
        )
