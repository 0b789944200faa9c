"""The simulated city's metric plane: metres east and north of its centre, and back to WGS-84.

The simulator keeps its own projection: were it the monitor's, a mistake in that one would hide
behind the same mistake here.
"""

from __future__ import annotations

import numpy as np
import pyproj
from numpy.typing import NDArray

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

    def to_metres(self, lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
        """The inverse of ``to_degrees``."""
        x, y = self._projection(lon, lat)
        return np.asarray(x, np.float64), np.asarray(y, np.float64)
