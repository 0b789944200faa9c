"""What else could answer "how far is this fix from its bus's line", asked of the same fixes."""

from __future__ import annotations

from time import perf_counter

import numpy as np
import psycopg
import shapely

from benchmarks.fleet import Lines
from fleet.fixes import Fixes
from geofence.plane import Plane

CORRIDOR_M = 50.0


class Peers:
    """The lines as Shapely's, and the fixes in metres."""

    def __init__(self, lines: Lines, fixes: Fixes, plane: Plane) -> None:
        """``fixes`` must be of buses whose rows name their lines."""
        metres = np.column_stack((lines.x, lines.y))
        self._lines = np.array(
            [shapely.LineString(metres[a:b]) for a, b in zip(lines.first, lines.first[1:], strict=False)]
        )
        shapely.prepare(self._lines)
        self._bus = fixes.bus
        self._x, self._y = plane.to_metres(fixes.lon, fixes.lat)

    def loop(self) -> float:
        """Fixes a second of asking Shapely for the distance, fix by fix."""
        places = list(zip(self._bus.tolist(), self._x.tolist(), self._y.tolist(), strict=True))
        began = perf_counter()
        for row, x, y in places:
            self._lines[row].distance(shapely.Point(x, y))
        return len(places) / (perf_counter() - began)

    def distance(self) -> float:
        """Fixes a second of ``shapely.distance`` on whole columns."""
        began = perf_counter()
        shapely.distance(self._lines[self._bus], shapely.points(self._x, self._y))
        return len(self._bus) / (perf_counter() - began)

    def dwithin(self) -> float:
        """Fixes a second of ``shapely.dwithin`` on whole columns, the prepared line first. Shapely builds
        a line's index when it is first asked; that is not timed.
        """
        shapely.dwithin(self._lines, shapely.points(self._x[0], self._y[0]), CORRIDOR_M)
        began = perf_counter()
        shapely.dwithin(self._lines[self._bus], shapely.points(self._x, self._y), CORRIDOR_M)
        return len(self._bus) / (perf_counter() - began)

    def postgis(self, url: str) -> float:
        """Fixes a second of ``ST_DWithin`` in one statement; the fixes lie in a table already.

        Raises ``psycopg.Error`` when the database is away or has no PostGIS.
        """
        with psycopg.connect(url) as connection, connection.cursor() as cursor:
            cursor.execute("CREATE EXTENSION IF NOT EXISTS postgis")
            cursor.execute("CREATE TEMP TABLE line (bus int PRIMARY KEY, way geometry)")
            cursor.execute("CREATE TEMP TABLE fix (bus int, place geometry)")
            with cursor.copy("COPY line FROM STDIN") as copy:
                for row, line in enumerate(shapely.to_wkb(self._lines, hex=True).tolist()):
                    copy.write_row((row, line))
            with cursor.copy("COPY fix FROM STDIN") as copy:
                places = np.array(shapely.to_wkb(shapely.points(self._x, self._y), hex=True))
                for row, place in zip(self._bus.tolist(), places.tolist(), strict=True):
                    copy.write_row((row, place))
            cursor.execute("ANALYZE line")
            cursor.execute("ANALYZE fix")
            began = perf_counter()
            cursor.execute(
                "SELECT count(*) FROM fix JOIN line USING (bus) WHERE ST_DWithin(way, place, %s)",
                [CORRIDOR_M],
            )
            cursor.fetchone()
            return len(self._bus) / (perf_counter() - began)
