"""The simulated city's metric plane: metres east and north of its centre, and back to WGS-84; and the ground
of a fleet, which may be many such planes.

The simulator keeps its own projection: were it the monitor's, a mistake in that one would hide
behind the same mistake here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyproj
from numpy.typing import NDArray

from fleet.registry import LonLat

Floats = NDArray[np.float64]

CENTRE = (114.30, 30.59)
"""WGS-84 longitude and latitude of the default city's centre."""


class CityPlane:
    """A transverse Mercator plane with true scale at the city's centre, WGS-84 ellipsoid."""

    def __init__(self, lon: float = CENTRE[0], lat: float = CENTRE[1]) -> None:
        self._projection = pyproj.Proj(proj="tmerc", lon_0=lon, lat_0=lat, k=1, ellps="WGS84")

    def to_degrees(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """WGS-84 longitude and latitude of metres east and north of the centre; any equal shapes."""
        lon, lat = self._projection(x, y, inverse=True)
        return np.asarray(lon, np.float64), np.asarray(lat, np.float64)

    def places(self, points: Floats) -> list[LonLat]:
        """WGS-84 places, as they go on record, of points in metres, shape (n, 2): to 0.1 m."""
        lon, lat = (np.round(axis, 6).tolist() for axis in self.to_degrees(points[:, 0], points[:, 1]))
        return list(zip(lon, lat, strict=True))

    def to_metres(self, lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
        """The inverse of ``to_degrees``."""
        x, y = self._projection(lon, lat)
        return np.asarray(x, np.float64), np.asarray(y, np.float64)


class Sites:
    """Where the buses of a fleet are on Earth: cities in rows of one latitude, ``buses`` of each in turn."""

    def __init__(self, rows: Sequence[CityPlane], east_deg: Sequence[float], buses: int) -> None:
        """A row has a city ``east_deg`` degrees east of its plane's centre, for each of them: the plane of a
        Mercator projection may be turned about the axis of the Earth.
        """
        self._rows = rows
        self._east_deg = np.asarray(east_deg, np.float64)
        self._buses = buses

    def to_degrees(self, bus: NDArray[np.integer[Any]], x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """WGS-84 longitude and latitude of buses, by their rows and their metres in the plane of their city;
        equal shapes (n,).
        """
        if len(self._rows) == len(self._east_deg) == 1:
            return self._rows[0].to_degrees(x, y)
        row, place = np.divmod(bus // self._buses, len(self._east_deg))
        lon, lat = np.empty(len(bus)), np.empty(len(bus))
        for number in np.unique(row).tolist():
            here = row == number
            lon[here], lat[here] = self._rows[number].to_degrees(x[here], y[here])
        return lon + self._east_deg[place], lat
