"""What else could answer "how far is this fix from its bus's line", asked of the same fixes."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import perf_counter, sleep

import numpy as np
import psycopg
import shapely

from benchmarks.fleet import Lines
from fleet.fixes import Fixes
from geofence.plane import Plane

CORRIDOR_M = 50.0
_TILE38 = "tile38-server"
_TILE38_BUSES = 1_058
"""More fences than this take Tile38 minutes to take in."""
_PIPELINED = 1_000


class Peers:
    """The lines as Shapely's, and the fixes in metres."""

    def __init__(self, lines: Lines, fixes: Fixes, plane: Plane) -> None:
        """``fixes`` must be of buses whose rows name their lines."""
        metres = np.column_stack((lines.x, lines.y))
        self._lines = np.array(
            [shapely.LineString(metres[a:b]) for a, b in zip(lines.first, lines.first[1:], strict=False)]
        )
        shapely.prepare(self._lines)
        self._plane = plane
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

    def tile38(self) -> float | None:
        """Fixes a second of setting points in Tile38 that are held against the corridors as fences, a fence a
        bus, a thousand at a time; None where there is no ``tile38-server``.
        """
        if shutil.which(_TILE38) is None:
            return None
        rows = np.flatnonzero(self._bus < _TILE38_BUSES)
        lon, lat = self._plane.to_degrees(self._x[rows], self._y[rows])
        fixes = [
            ("SET", f"fleet{row}", "bus", "POINT", f"{y:.6f}", f"{x:.6f}")
            for row, x, y in zip(self._bus[rows].tolist(), lon.tolist(), lat.tolist(), strict=True)
        ]
        with _tile38() as connection:
            for row in range(min(_TILE38_BUSES, len(self._lines))):
                corridor = shapely.transform(
                    self._lines[row].buffer(CORRIDOR_M),
                    lambda xy: np.column_stack(self._plane.to_degrees(*xy.T)),
                )
                fence = ("WITHIN", f"fleet{row}", "FENCE", "OBJECT", shapely.to_geojson(corridor))
                _ask(connection, [("SETCHAN", f"corridor{row}", *fence)])
            began = perf_counter()
            for start in range(0, len(fixes), _PIPELINED):
                _ask(connection, fixes[start : start + _PIPELINED])
            return len(fixes) / (perf_counter() - began)


@contextmanager
def _tile38() -> Iterator[socket.socket]:
    """A connection to a server of our own, on the loopback."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        command = [_TILE38, "-h", "127.0.0.1", "-p", str(port), "-d", folder, "-q"]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:  # noqa: S603  # its own words
            try:
                for _ in range(100):
                    try:
                        connection = socket.create_connection(("127.0.0.1", port), timeout=60)
                        break
                    except OSError:
                        sleep(0.1)
                else:
                    raise RuntimeError(f"{_TILE38} does not answer")
                with connection:
                    yield connection
            finally:
                server.terminate()


def _ask(connection: socket.socket, commands: Sequence[tuple[str, ...]]) -> None:
    """Send commands (RESP) and wait for as many answers, each one line; ``RuntimeError`` for an error."""
    sent = b"".join(
        b"*%d\r\n" % len(words)
        + b"".join(b"$%d\r\n%s\r\n" % (len(word.encode()), word.encode()) for word in words)
        for words in commands
    )
    connection.sendall(sent)
    answers = b""
    while answers.count(b"\r\n") < len(commands):
        answers += connection.recv(65_536)
        if b"-" in answers[:1]:
            raise RuntimeError(answers.decode())
