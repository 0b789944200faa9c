"""Who was where: the stretches of time that buses spent in a circle or a polygon.

Pure. For a question of people about the past; no bus is judged by it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

import numpy as np
import shapely
from numpy.typing import NDArray

from fleet.clock import MINUTE_MS
from fleet.registry import LonLat
from geofence.plane import Plane

APART_MS = 10 * MINUTE_MS
"""Fixes in the area farther apart than this are two visits."""

Box = tuple[float, float, float, float]
"""West, south, east, north, WGS-84 degrees."""


@dataclass(frozen=True, slots=True)
class Visit:
    """A bus in the area: its first and last fix there, epoch milliseconds, and how many they are."""

    bus_id: str
    first_ms: int
    last_ms: int
    fixes: int


class Circle:
    """All places within ``radius_m`` metres of (``lon``, ``lat``)."""

    def __init__(self, lon: float, lat: float, radius_m: float) -> None:
        self._plane = Plane(lon, lat)
        self._radius_m = radius_m

    @property
    def box(self) -> Box:
        """The box of degrees round it."""
        r = self._radius_m * 1.001  # the sides of the box are bent in the plane
        lon, lat = self._plane.to_degrees(np.array([-r, r, 0.0, 0.0]), np.array([0.0, 0.0, -r, r]))
        return float(lon.min()), float(lat.min()), float(lon.max()), float(lat.max())

    def holds(self, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which of the places lie in it, shape (n,)."""
        x, y = self._plane.to_metres(lon, lat)
        return np.hypot(x, y) <= self._radius_m


class Polygon:
    """All places inside a ring of corners, in degrees."""

    def __init__(self, corners: Sequence[LonLat]) -> None:
        self._shape = shapely.make_valid(shapely.Polygon(corners))
        shapely.prepare(self._shape)

    @property
    def box(self) -> Box:
        """The box of degrees round it."""
        west, south, east, north = self._shape.bounds
        return west, south, east, north

    def holds(self, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which of the places lie in it, shape (n,)."""
        return np.asarray(shapely.contains_xy(self._shape, lon, lat), np.bool_)


def visits(bus_ids: Sequence[str], time_ms: NDArray[np.int64], inside: NDArray[np.bool_]) -> list[Visit]:
    """The visits that fixes show, by bus and time. ``bus_ids`` and ``time_ms``, shape (n,), are sorted so;
    ``inside`` says which of them lie in the area.
    """
    found: list[Visit] = []
    rows = np.flatnonzero(inside).tolist()
    for bus_id, group in groupby(rows, key=lambda row: bus_ids[row]):
        times = time_ms[list(group)]
        begins = np.r_[0, np.flatnonzero(np.diff(times) > APART_MS) + 1, len(times)].tolist()
        for begin, end in pairwise(begins):
            found.append(Visit(bus_id, int(times[begin]), int(times[end - 1]), end - begin))
    return found
