"""The forms of a track to take away: GeoJSON for maps, GPX for navigation, CSV for spreadsheets and replay.

A file is written in parts, a page of fixes each, so that a day at a fix a second needs the memory of a page.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Literal, NamedTuple, Protocol
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
from gpxpy import gpx, gpxfield
from numpy.typing import NDArray

from fleet.clock import MINUTE_MS, format_time, from_ms
from fleet.fixes import UNKNOWN_SATELLITES, Fixes
from fleet.quality import Quality

Form = Literal["geojson", "gpx", "csv"]

GAP_MS = MINUTE_MS
"""Fixes farther apart are not joined: GPX begins a new segment."""
_M_S = 1 / 3.6
_GARMIN = "http://www.garmin.com/xmlschemas/TrackPointExtension/v2"
_BUSWATCH = "urn:buswatch:track:1"
_PREFIXES = {"gpxtpx": _GARMIN, "buswatch": _BUSWATCH}


class TrackFile(Protocol):
    """A file of one bus's fixes, written from its head through any number of parts to its tail."""

    media_type: str

    def __init__(self, bus_id: str, plate: str, zone: ZoneInfo) -> None: ...

    def head(self) -> bytes:
        """What stands before the first fix."""

    def part(self, fixes: Fixes, quality: NDArray[np.int16]) -> bytes:
        """The next fixes, in event order, none of them given before."""

    def tail(self) -> bytes:
        """What stands after the last fix."""


class _Row(NamedTuple):
    """A fix as files tell it; None is what was not reported."""

    time_ms: int
    lon: float
    lat: float
    speed_kmh: float | None
    heading: float | None
    accuracy_m: float | None
    satellites: int | None
    quality: int


class GeoJsonFile:
    """A FeatureCollection with a point for each fix: a map program then has its time, speed and marks."""

    media_type = "application/geo+json"

    def __init__(self, bus_id: str, plate: str, zone: ZoneInfo) -> None:
        self._bus_id, self._plate, self._zone = bus_id, plate, zone
        self._before = b"\n"

    def head(self) -> bytes:
        named = msgspec.json.encode({"bus": self._bus_id, "plate": self._plate})
        return b'{"type":"FeatureCollection",' + named[1:-1] + b',"features":['

    def part(self, fixes: Fixes, quality: NDArray[np.int16]) -> bytes:
        features = [self._before]
        for row in _rows(fixes, quality):
            told = row._asdict()
            place = {"type": "Point", "coordinates": (told.pop("lon"), told.pop("lat"))}
            told |= {"time": format_time(told.pop("time_ms"), self._zone), "marks": _marks(row.quality)}
            features += (
                msgspec.json.encode({"type": "Feature", "geometry": place, "properties": told}),
                b",\n",
            )
        features.pop()
        self._before = b",\n"
        return b"".join(features)

    def tail(self) -> bytes:
        return b"\n]}\n"


class GpxFile:
    """GPX 1.1: one track named after the bus, a new segment after each gap.

    Speed (m/s) and course stand in Garmin's TrackPointExtension, which navigation programs read and so
    does `buswatch replay`; accuracy and marks in elements of our own.
    """

    media_type = "application/gpx+xml"

    def __init__(self, bus_id: str, plate: str, zone: ZoneInfo) -> None:
        del zone  # GPX is in UTC
        frame = gpx.GPX()
        frame.creator = "Buswatch"
        frame.nsmap = dict(_PREFIXES)
        frame.tracks.append(gpx.GPXTrack(name=bus_id, description=plate or None))
        self._head, end, rest = frame.to_xml("1.1").rpartition("</trk>")
        self._tail = end + rest
        self._last_ms: int | None = None

    def head(self) -> bytes:
        return self._head.rstrip().encode()

    def part(self, fixes: Fixes, quality: NDArray[np.int16]) -> bytes:
        points = []
        for row in _rows(fixes, quality):
            if self._last_ms is None:
                points.append("\n<trkseg>")
            elif row.time_ms - self._last_ms > GAP_MS:
                points.append("\n</trkseg>\n<trkseg>")
            self._last_ms = row.time_ms
            points.append(
                gpxfield.gpx_fields_to_xml(_point(row), "trkpt", "1.1", nsmap=_PREFIXES, prettyprint=False)
            )
        return "".join(points).encode()

    def tail(self) -> bytes:
        closing = "" if self._last_ms is None else "\n</trkseg>"
        return f"{closing}\n{self._tail}\n".encode()


class CsvFile:
    """RFC 4180 with the columns that `buswatch replay` reads, then plate and marks.

    UTF-8 with a byte-order mark: without one, Excel on a Chinese PC takes the plate for GBK.
    """

    media_type = "text/csv; charset=utf-8; header=present"

    def __init__(self, bus_id: str, plate: str, zone: ZoneInfo) -> None:
        self._bus_id, self._plate, self._zone = bus_id, plate, zone

    def head(self) -> bytes:
        names = ("bus", *(name if name != "time_ms" else "time" for name in _Row._fields), "marks", "plate")
        return "\ufeff".encode() + _csv([names])

    def part(self, fixes: Fixes, quality: NDArray[np.int16]) -> bytes:
        return _csv(
            (self._bus_id, format_time(row.time_ms, self._zone), *row[1:], _marks(row.quality), self._plate)
            for row in _rows(fixes, quality)
        )

    def tail(self) -> bytes:
        return b""


FORMS: dict[Form, type[TrackFile]] = {"geojson": GeoJsonFile, "gpx": GpxFile, "csv": CsvFile}


def _csv(rows: Iterable[Sequence[object]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()


def _point(row: _Row) -> gpx.GPXTrackPoint:
    point = gpx.GPXTrackPoint(row.lat, row.lon, time=from_ms(row.time_ms))
    point.satellites = row.satellites
    moving = ET.Element(f"{{{_GARMIN}}}TrackPointExtension")
    if row.speed_kmh is not None:
        ET.SubElement(moving, f"{{{_GARMIN}}}speed").text = f"{row.speed_kmh * _M_S:.3f}"
    if row.heading is not None:
        ET.SubElement(moving, f"{{{_GARMIN}}}course").text = f"{row.heading:g}"
    if len(moving):
        point.extensions.append(moving)
    ours = {"accuracy_m": row.accuracy_m, "quality": row.quality, "marks": _marks(row.quality) or None}
    for name, value in ours.items():
        if value is not None:
            element = ET.Element(f"{{{_BUSWATCH}}}{name}")
            element.text = f"{value}"
            point.extensions.append(element)
    return point


def _rows(fixes: Fixes, quality: NDArray[np.int16]) -> Iterator[_Row]:
    satellites = [None if number == UNKNOWN_SATELLITES else number for number in fixes.satellites.tolist()]
    return map(
        _Row, fixes.time_ms.tolist(), fixes.lon.tolist(), fixes.lat.tolist(), _as_reported(fixes.speed_kmh),
        _as_reported(fixes.heading_deg), _as_reported(fixes.accuracy_m), satellites, quality.tolist(),
    )  # fmt: skip


def _as_reported(column: NDArray[np.float32]) -> list[float | None]:
    """The numbers with as many digits as a float32 holds, so that 34.2 does not come out as 34.200001."""
    return [None if np.isnan(value) else float(str(value)) for value in column]


@cache
def _marks(quality: int) -> str:
    """The names of the marks, with blanks between them; empty for a good fix."""
    return " ".join(str(mark.name).lower() for mark in Quality if mark & quality)
