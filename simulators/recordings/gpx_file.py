"""GPX: the tracks of navigation devices, read by gpxpy. Each track is a bus, by its name."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import gpxpy
import gpxpy.gpx

from fleet.clock import to_ms
from fleet.errors import BadInput
from simulators.recordings.tables import Complaints
from simulators.recordings.traces import TraceFix, Traces, traces_of

_KMH = 3.6


def read_gpx(path: Path, zone: ZoneInfo, *, skip_bad: bool = False) -> Traces:
    """The points that have a time; ``BadInput`` names those without. GPX has speeds in metres a second."""
    try:
        with path.open(encoding="utf-8") as file:
            gpx = gpxpy.parse(file)
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}") from error
    except (gpxpy.gpx.GPXException, UnicodeDecodeError) as error:
        raise BadInput(f"{path} is not GPX: {error}") from error
    complaints = Complaints(path)
    found = []
    number = 0
    for track in gpx.tracks:
        for point in (point for segment in track.segments for point in segment.points):
            number += 1
            if point.time is None:
                complaints.complain(number, "the point has no time")
                continue
            moment = point.time if point.time.tzinfo else point.time.replace(tzinfo=zone)
            speed = point.speed if point.speed is not None else _extension(point, "speed")
            found.append(
                TraceFix(
                    bus_id=(track.name or path.stem).strip(),
                    time_ms=to_ms(moment),
                    lon=point.longitude,
                    lat=point.latitude,
                    speed_kmh=None if speed is None else speed * _KMH,
                    heading_deg=point.course if point.course is not None else _extension(point, "course"),
                    satellites=None if point.satellites is None else int(point.satellites),
                )
            )
    return traces_of(found, complaints.settle(skip_bad=skip_bad))


def _extension(point: Any, name: str) -> float | None:
    """Garmin's TrackPointExtension, or any other that names it so."""
    for extension in point.extensions:
        for element in extension.iter():
            if element.tag.rpartition("}")[2] == name:
                try:
                    return float(element.text or "")
                except ValueError:
                    return None
    return None
