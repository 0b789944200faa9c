"""Fixes as JSON: an object a line, an array of them, or what the OwnTracks app and its recorder write."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from fleet.errors import BadInput
from simulators.payload import Report
from simulators.recordings.tables import Complaints, read_moment
from simulators.recordings.traces import TraceFix, Traces, traces_of


class _Fix(Report):
    """A fix with Buswatch's own names, see docs/interfaces.md, and whose it is."""

    bus: str | int


class _Location(msgspec.Struct):
    """OwnTracks: owntracks.org/booklet/tech/json. ``tst`` in seconds, ``vel`` in km/h, ``acc`` in metres."""

    tst: int
    lat: float
    lon: float
    vel: float | None = None
    cog: float | None = None
    acc: float | None = None
    tid: str | None = None
    topic: str | None = None
    device: str | None = None


def read_json(path: Path, zone: ZoneInfo, *, skip_bad: bool = False) -> Traces:
    """The fixes of a file; ``BadInput`` names the lines that are none."""
    complaints = Complaints(path)
    found = []
    for number, value in _values(path, complaints):
        if isinstance(value, dict) and value.get("_type", "location") != "location":
            continue  # OwnTracks says more than where somebody is
        try:
            found.append(_fix(value, zone))
        except (msgspec.ValidationError, ValueError, BadInput) as error:
            complaints.complain(number, str(error))
    return traces_of(found, complaints.settle(skip_bad=skip_bad))


def _values(path: Path, complaints: Complaints) -> Iterator[tuple[int, Any]]:
    """Each object of the file with the number of its line, or of its place in the array."""
    try:
        text = path.read_bytes()
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}") from error
    if text.lstrip().startswith(b"[") or b"\n" not in text.strip():
        try:
            whole = msgspec.json.decode(text)
        except msgspec.DecodeError as error:
            raise BadInput(f"{path} is not JSON: {error}") from error
        listed = whole.get("data", [whole]) if isinstance(whole, dict) else whole  # as the recorder answers
        yield from enumerate(listed if isinstance(listed, list) else [listed], start=1)
        return
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            try:
                yield (
                    number,
                    msgspec.json.decode(line.rpartition(b"\t")[2]),
                )  # a .rec file: time, kind, object
            except msgspec.DecodeError as error:
                complaints.complain(number, f"it is not JSON: {error}")


def _fix(value: Any, zone: ZoneInfo) -> TraceFix:
    if isinstance(value, dict) and "tst" in value:
        found = msgspec.convert(value, _Location)
        bus_id = found.device or (found.topic or "").rpartition("/")[2] or found.tid
        if not bus_id:
            raise ValueError("whose location is it? It has neither topic, device nor tid")
        return TraceFix(
            bus_id, found.tst * 1_000, found.lon, found.lat, _not_negative(found.vel), found.cog, found.acc
        )
    fix = msgspec.convert(value, _Fix)
    return TraceFix(
        str(fix.bus), read_moment(str(fix.time), zone), fix.lon, fix.lat, fix.speed_kmh, fix.heading,
        fix.accuracy_m, fix.satellites,
    )  # fmt: skip


def _not_negative(value: float | None) -> float | None:
    """OwnTracks says -1 where the phone does not know."""
    return None if value is None or value < 0 else value
