"""The metric plane: WGS-84 degrees to metres and back, by pyproj, suited to the fleet's place."""

from __future__ import annotations

import numpy as np
import pyproj
from numpy.typing import NDArray


class Plane:
    """A transverse Mercator plane centred on the fleet.

    Centred on the fleet and not on a UTM zone's meridian, its scale is true at the centre and errs by
    less than one part in ten thousand within 90 km of it: 5 mm on a corridor of 50 m. The series that PROJ
    calls approximate agrees with its exact one to a millimetre there, in half the time.
    """

    def __init__(self, lon: float, lat: float) -> None:
        """``lon``, ``lat``: the centre, WGS-84 degrees."""
        self.centre = (lon, lat)
        crs = pyproj.CRS.from_dict(
            {
                "proj": "tmerc",
                "lon_0": lon,
                "lat_0": lat,
                "k": 1,
                "ellps": "WGS84",
                "units": "m",
                "approx": True,
            }
        )
        self._forward = pyproj.Transformer.from_crs("EPSG:4326", crs, always_xy=True)

    @staticmethod
    def around(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> Plane:
        """The plane centred in the bounding box of points; at 0, 0 when there are none."""
        if len(lon) == 0:
            return Plane(0.0, 0.0)
        return Plane(float(lon.min() + lon.max()) / 2, float(lat.min() + lat.max()) / 2)

    def to_metres(
        self, lon: NDArray[np.float64], lat: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """East and north of the centre in metres, shape as given; infinite where it can't be projected."""
        x, y = self._forward.transform(lon, lat)
        return np.asarray(x, np.float64), np.asarray(y, np.float64)

    def to_degrees(
        self, x: NDArray[np.float64], y: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The inverse of ``to_metres``."""
        lon, lat = self._forward.transform(x, y, direction="INVERSE")
        return np.asarray(lon, np.float64), np.asarray(lat, np.float64)
