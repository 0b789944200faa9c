"""A recording: messages with the moments at which they came, and fixes made into such messages."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol

import msgspec
import numpy as np

from fleet.clock import format_time, parse_time
from fleet.errors import BadInput
from fleet.fixes import UNKNOWN_SATELLITES, Fixes
from fleet.topics import position_topic
from simulators.payload import Report
from simulators.recordings.traces import Traces

_AT_ONCE = 5_000
"""Fixes encoded together."""


class Message(NamedTuple):
    """A message and when it came, epoch milliseconds."""

    at_ms: int
    topic: str
    payload: bytes


class Recording(Protocol):
    """What can be replayed."""

    first_ms: int
    last_ms: int
    exact: bool
    """Whether the payloads are the bytes that were once sent."""

    def messages(self, from_ms: int) -> Iterator[Message]:
        """The messages from a moment on, in order of time; may be asked for again and again."""


class FixRecording:
    """Fixes as the messages of their buses, each at its event time."""

    exact = False

    def __init__(self, traces: Traces) -> None:
        """``BadInput`` when there is no fix."""
        if not len(traces.fixes):
            raise BadInput("there is not a single fix to replay")
        self._topics = [position_topic(bus_id) for bus_id in traces.bus_ids]
        self._fixes = traces.fixes.take(np.lexsort((traces.fixes.bus, traces.fixes.time_ms)))
        self.first_ms, self.last_ms = (int(self._fixes.time_ms[end]) for end in (0, -1))

    def messages(self, from_ms: int) -> Iterator[Message]:
        begin = int(np.searchsorted(self._fixes.time_ms, from_ms))
        for start in range(begin, len(self._fixes), _AT_ONCE):
            part = self._fixes.take(np.arange(start, min(start + _AT_ONCE, len(self._fixes))))
            for bus, time_ms, report in _reports(part):
                yield Message(time_ms, self._topics[bus], _encoder.encode(report))


_encoder = msgspec.json.Encoder()


def shifted(payload: bytes, by_ms: int) -> bytes:
    """A payload with its event times moved, written anew; one without any as it was."""
    try:
        found = msgspec.json.decode(payload)
        for report in found if isinstance(found, list) else [found]:
            _shift(report, by_ms)
    except (msgspec.MsgspecError, BadInput):
        return payload
    return _encoder.encode(found)


def _shift(report: Any, by_ms: int) -> None:
    time = report.get("time") if isinstance(report, dict) else None
    if isinstance(time, str):
        report["time"] = format_time(parse_time(time) + by_ms)
    elif isinstance(time, int | float):
        report["time"] = round(time) + by_ms


def _reports(fixes: Fixes) -> Iterator[tuple[int, int, Report]]:
    """Of each fix the bus, the time and the payload."""
    columns = (
        fixes.bus, fixes.time_ms, fixes.lon, fixes.lat, fixes.speed_kmh, fixes.heading_deg, fixes.accuracy_m,
        fixes.satellites,
    )  # fmt: skip
    rows = zip(*(column.tolist() for column in columns), strict=True)
    for bus, time, lon, lat, speed, heading, accuracy, satellites in rows:
        yield (
            bus,
            time,
            Report(
                time=time,
                lon=lon,
                lat=lat,
                speed_kmh=_known(speed),
                heading=_known(heading),
                accuracy_m=_known(accuracy),
                satellites=None if satellites == UNKNOWN_SATELLITES else satellites,
            ),
        )


def _known(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 3)
