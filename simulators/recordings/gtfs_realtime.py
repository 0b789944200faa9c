"""GTFS-Realtime: the vehicle positions that transit agencies publish, one protobuf message a file.

A folder of such files, as somebody has polled them, is one recording.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from google.protobuf.message import DecodeError
from google.transit import gtfs_realtime_pb2

from fleet.errors import BadInput
from simulators.recordings.tables import Complaints
from simulators.recordings.traces import TraceFix, Traces, traces_of

_KMH = 3.6


def read_gtfs_realtime(path: Path, *, skip_bad: bool = False) -> Traces:
    """The vehicle positions of a file or of a folder of files; one that is polled twice counts once."""
    complaints = Complaints(path)
    files = sorted(file for file in path.iterdir() if file.is_file()) if path.is_dir() else [path]
    found: dict[tuple[str, int], TraceFix] = {}
    for file in files:
        for fix in _vehicles(file, complaints):
            found.setdefault((fix.bus_id, fix.time_ms), fix)
    return traces_of(found.values(), complaints.settle(skip_bad=skip_bad))


def _vehicles(path: Path, complaints: Complaints) -> Iterator[TraceFix]:
    feed: Any = gtfs_realtime_pb2.FeedMessage()
    try:
        feed.ParseFromString(path.read_bytes())
    except (OSError, DecodeError) as error:
        raise BadInput(f"{path} is no GTFS-Realtime message: {error}") from error
    for number, entity in enumerate(feed.entity, start=1):
        if not entity.HasField("vehicle") or not entity.vehicle.HasField("position"):
            continue
        vehicle, position = entity.vehicle, entity.vehicle.position
        bus_id = vehicle.vehicle.id or vehicle.vehicle.label or vehicle.vehicle.license_plate
        time_s = vehicle.timestamp or feed.header.timestamp
        if not bus_id or not time_s:
            complaints.complain(
                number, f"in {path.name}, a vehicle without {'a time' if bus_id else 'a name'}"
            )
            continue
        yield TraceFix(
            bus_id,
            time_s * 1_000,
            position.longitude,
            position.latitude,
            position.speed * _KMH if position.HasField("speed") else None,
            position.bearing if position.HasField("bearing") else None,
        )
