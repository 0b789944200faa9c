"""A simulated fleet in a few lines, for notebooks: arrays, or GeoJSON that GeoPandas takes as it is."""

from __future__ import annotations

from typing import Any

import numpy as np

from fleet.clock import format_time, parse_time
from fleet.fixes import UNKNOWN_SATELLITES, Fixes
from fleet.registry import Registry
from simulators.scenario import Scenario, Simulation
from simulators.scenario_file import ANY_DAY_MS, read_scenario
from simulators.truth import Fault


class Fleet:
    """Buses of a scenario, driven as far as you ask.

    >>> fleet = Fleet("calm", buses=20)
    >>> fixes = fleet.drive(60)
    """

    def __init__(
        self,
        scenario: str | Scenario = "morning-peak",
        *,
        start: str | None = None,
        seed: int | None = None,
        buses: int | None = None,
        interval_s: int | None = None,
    ) -> None:
        """``scenario``: the name of one that is shipped, the path of a file, or one made in Python, which is
        taken as it is. The others replace what it says; ``start`` is RFC 3339.

        Raises ``BadInput`` for a scenario that cannot be read.
        """
        if not isinstance(scenario, Scenario):
            script = read_scenario(scenario)
            begins_ms = script.start_ms if start is None else parse_time(start)
            scenario = script.scenario(
                ANY_DAY_MS if begins_ms is None else begins_ms,
                seed=seed, buses=buses, interval_s=interval_s,
            )  # fmt: skip
        self.scenario = scenario
        self._simulation = Simulation(scenario)

    @property
    def registry(self) -> Registry:
        """Buses, drivers, approved routes and assignments."""
        return self._simulation.registry

    @property
    def truth(self) -> list[Fault]:
        """Every fault so far."""
        return self._simulation.truth

    @property
    def bus_ids(self) -> list[str]:
        """``Fixes.bus`` is the place in this list."""
        return [bus.bus_id for bus in self.registry.buses]

    def drive(self, seconds: int) -> Fixes:
        """The fixes of the next seconds, in the order in which they are sent."""
        return Fixes.concat([self._simulation.step().fixes for _ in range(seconds)])

    def points(self, fixes: Fixes) -> dict[str, Any]:
        """A GeoJSON point for each fix: ``GeoDataFrame.from_features(fleet.points(fixes), crs=4326)``.

        WGS-84; speed in km/h, heading in degrees, accuracy in metres; null where it was not reported.
        """
        names = self.bus_ids
        columns = (
            fixes.bus, fixes.time_ms, fixes.lon, fixes.lat, fixes.speed_kmh, fixes.heading_deg,
            fixes.accuracy_m, fixes.satellites,
        )  # fmt: skip
        return _collection(
            [
                _feature(
                    "Point",
                    [lon, lat],
                    bus=names[bus],
                    time=format_time(time, self.registry.tz),
                    speed_kmh=_known(speed),
                    heading=_known(heading),
                    accuracy_m=_known(accuracy),
                    satellites=None if satellites == UNKNOWN_SATELLITES else satellites,
                )
                for bus, time, lon, lat, speed, heading, accuracy, satellites in zip(
                    *(column.tolist() for column in columns), strict=True
                )
            ]
        )

    def tracks(self, fixes: Fixes) -> dict[str, Any]:
        """A GeoJSON line for each bus with two fixes or more, by time, with its first and last moment."""
        names, zone, lines = self.bus_ids, self.registry.tz, []
        for bus in np.unique(fixes.bus).tolist():
            rows = np.flatnonzero(fixes.bus == bus)
            rows = rows[np.argsort(fixes.time_ms[rows], kind="stable")]
            if len(rows) > 1:
                first, last = (format_time(int(fixes.time_ms[row]), zone) for row in rows[[0, -1]])
                places = np.column_stack((fixes.lon[rows], fixes.lat[rows])).tolist()
                lines.append(
                    _feature("LineString", places, bus=names[bus], fixes=len(rows), first=first, last=last)
                )
        return _collection(lines)

    def routes(self) -> dict[str, Any]:
        """A GeoJSON line for each approved route, with its corridor in metres."""
        return _collection(
            [
                _feature(
                    "LineString",
                    [list(place) for place in approval.line],
                    approval=approval.approval_id,
                    name=approval.name,
                    school=approval.school,
                    corridor_m=approval.corridor_m,
                )
                for approval in self.registry.approvals
            ]
        )


def _collection(features: list[dict[str, Any]]) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": features}


def _feature(kind: str, coordinates: list[Any], **properties: object) -> dict[str, Any]:
    return {
        "type": "Feature",
        "geometry": {"type": kind, "coordinates": coordinates},
        "properties": properties,
    }


def _known(value: float) -> float | None:
    return None if np.isnan(value) else round(value, 1)
