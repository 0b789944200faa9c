"""How far places lie from an approved line, measured afresh: for people who check a judgement.

Pure. The detector's own matching (``geofence.matching``) also minds which pass of the line a bus is on;
this is the plain distance to the nearest point of it.
"""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from fleet.registry import Approval
from geofence.plane import Plane


def off_line_m(approval: Approval, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.float64]:
    """Metres from each place, WGS-84, to the approved line, shape (n,); NaN where a place is none.

    Where the line has a gap, no line is between its two points.
    """
    east, north = np.array(approval.line, np.float64).T
    plane = Plane.around(east, north)
    vertices = np.column_stack(plane.to_metres(east, north))
    parts = np.split(vertices, np.array(approval.gaps, np.int64) + 1)
    line = shapely.MultiLineString([part for part in parts if len(part) > 1])
    x, y = plane.to_metres(lon, lat)
    away = np.full(len(x), np.nan)
    known = np.isfinite(x) & np.isfinite(y)
    away[known] = shapely.distance(line, shapely.points(x[known], y[known]))
    return away
