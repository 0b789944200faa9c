"""Traces that somebody brings: the fixes of any buses in a CSV file, into columns.

Made for a million rows in a few seconds: a chunk of rows is turned into columns at once, and looked at
row by row only when something in it cannot be read.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from fleet.fixes import UNKNOWN_SATELLITES, Fixes
from simulators.recordings.tables import Row, Table, read_moment
from simulators.recordings.traces import Traces

REQUIRED = ("bus", "time", "lon", "lat")
OPTIONAL = ("speed_kmh", "heading", "accuracy_m", "satellites")

_MOST_SATELLITES = 999


class TraceReader:
    """Reads a CSV file of fixes a chunk at a time; ``traces`` is what came of it."""

    def __init__(self, path: Path, zone: ZoneInfo, *, skip_bad: bool = False) -> None:
        """``zone``: of times without an offset. ``skip_bad``: leave bad rows out instead of refusing."""
        self._table = Table(path, REQUIRED, OPTIONAL)
        self._zone = zone
        self._skip_bad = skip_bad
        self._rows: dict[str, int] = {}
        self._batches: list[Fixes] = []

    def chunks(self) -> Iterator[int]:
        """Read on; yields the number of fixes read so far. Raises ``BadInput``."""
        count = 0
        for rows in self._table.rows():
            try:
                batch = self._columns(rows)
            except ValueError:
                batch = self._columns([row for row in rows if self._is_good(row)])
            self._batches.append(batch)
            count += len(batch)
            yield count

    def traces(self) -> Traces:
        """All fixes; ``BadInput`` when a row could not be used and none may be left out."""
        left_out = self._table.settle(skip_bad=self._skip_bad)
        bus_ids = sorted(self._rows)
        order = np.empty(len(bus_ids), np.int32)
        order[[self._rows[bus_id] for bus_id in bus_ids]] = np.arange(len(bus_ids))
        fixes = Fixes.concat(self._batches)
        return Traces(tuple(bus_ids), replace(fixes, bus=order[fixes.bus]), left_out)

    def _columns(self, rows: Sequence[Row]) -> Fixes:
        """The rows in columns; ``ValueError`` when any cannot be read."""
        bus, time, lon, lat, speed, heading, accuracy, satellites = (
            zip(*(row.cells for row in rows), strict=True) if rows else ((),) * 8
        )
        if not all(bus):
            raise ValueError("a bus without an identity")
        moments = {text: read_moment(text, self._zone) for text in set(time)}
        known = self._rows
        seen = np.fromiter((known.setdefault(name, len(known)) for name in bus), np.int32, len(rows))
        return Fixes.of(
            bus=seen,
            time_ms=np.fromiter((moments[text] for text in time), np.int64, len(rows)),
            lon=np.fromiter(map(float, lon), np.float64, len(rows)),
            lat=np.fromiter(map(float, lat), np.float64, len(rows)),
            speed_kmh=_optional(speed),
            heading_deg=_optional(heading),
            accuracy_m=_accuracy(accuracy),
            satellites=_satellites(satellites),
        )

    def _is_good(self, row: Row) -> bool:
        """Whether a row can be used; if not, it is counted with what is wrong."""
        bus, time, lon, lat, *optional = row.cells
        checks: list[tuple[str, str, Callable[[str], object]]] = [
            ("bus", bus, _named),
            ("time", time, lambda text: read_moment(text, self._zone)),
            ("lon", lon, _degrees),
            ("lat", lat, _degrees),
            *((name, cell, _measured) for name, cell in zip(OPTIONAL, optional, strict=True)),
        ]
        for name, cell, read in checks:
            try:
                read(cell)
            except ValueError as error:
                self._table.complain(
                    row.line, f"{name} is {cell[:40]!r}; {error}" if cell else f"{name} is blank; {error}"
                )
                return False
        return True


def _optional(cells: Sequence[str]) -> NDArray[np.float32]:
    """A column in which a blank is "not reported"."""
    values = np.fromiter((float(cell) if cell else math.nan for cell in cells), np.float64, len(cells))
    with np.errstate(over="ignore"):  # what is beyond a float32 is infinite, and no speed for the screen
        return values.astype(np.float32)


def _accuracy(cells: Sequence[str]) -> NDArray[np.float32]:
    """Metres; devices that do not know theirs say 0 or less."""
    metres = _optional(cells)
    return np.where(metres > 0, metres, np.float32(np.nan))


def _satellites(cells: Sequence[str]) -> NDArray[np.int16]:
    """Whole numbers; devices that do not know theirs say less than 0."""
    number = _optional(cells)
    known = number >= 0
    return np.where(
        known, np.minimum(np.where(known, number, 0), _MOST_SATELLITES), UNKNOWN_SATELLITES
    ).astype(np.int16)


def _named(cell: str) -> str:
    if not cell:
        raise ValueError("write whose fix it is")
    return cell


def _degrees(cell: str) -> float:
    try:
        return float(cell)
    except ValueError as error:
        raise ValueError("write degrees as 121.4868, or nan where the receiver had no fix") from error


def _measured(cell: str) -> float:
    try:
        return float(cell or "nan")
    except ValueError as error:
        raise ValueError("write a number, or leave it blank where it was not reported") from error
