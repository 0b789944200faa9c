"""Decoding: from MQTT messages to one batch of fixes in columns, and the rejects beside it.

A message holds one fix or an array of fixes. Nothing here stops a batch: what cannot be used is
turned into a ``Reject`` with its reason, and the rest goes on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from fleet.clock import DAY_MS, MINUTE_MS, to_ms
from fleet.errors import BadInput
from fleet.fixes import UNKNOWN_SATELLITES, Fixes
from fleet.registry import Registry
from fleet.rejects import KEPT_BYTES, Reason, Reject
from fleet.topics import ROOT, is_output, position_topic

LARGEST_BYTES = 262_144
"""A larger payload is rejected unread: it is some 2,000 fixes, over half an hour of backfill."""
FUTURE_MS = 5 * MINUTE_MS
"""How far a device's clock may be ahead of ours."""
OLDEST_MS = 35 * DAY_MS
"""Older fixes are rejected: a device that buffers for more than a month has a wrong clock."""

_EARLIEST_MS, _LATEST_MS = -(2**53), 2**53


class Received(Protocol):
    """What decoding needs of a message."""

    @property
    def topic(self) -> str: ...
    @property
    def payload(self) -> bytes: ...


class FixReport(msgspec.Struct):
    """The payload of ``buswatch/v1/<bus>/position``, see docs/interfaces.md."""

    time: int | datetime
    lon: float
    lat: float
    speed_kmh: float | None = None
    heading: float | None = None
    accuracy_m: float | None = None
    satellites: int | None = None


@dataclass(slots=True)
class Decoded:
    """What a bunch of messages holds."""

    fixes: Fixes
    received_ms: NDArray[np.int64]
    """When each fix was received, shape (n,), epoch milliseconds."""
    rejects: list[Reject]


@dataclass(slots=True)
class _Items:
    """Fix reports of many messages, each with where it came from."""

    bus: list[int] = field(default_factory=list)
    reports: list[FixReport] = field(default_factory=list)
    source: list[tuple[int, int | None]] = field(default_factory=list)
    """The message's place in the bunch, and the report's place in its array."""


class Decoder:
    """Decodes messages of the buses of one registry."""

    def __init__(self, registry: Registry) -> None:
        self._rows = {position_topic(bus.bus_id): row for row, bus in enumerate(registry.buses)}
        self._one = msgspec.json.Decoder(FixReport)
        self._many = msgspec.json.Decoder(list[FixReport])
        self._raws = msgspec.json.Decoder(list[msgspec.Raw])

    def decode(self, messages: Sequence[Received], received_ms: int | NDArray[np.int64]) -> Decoded:
        """Decode ``messages``, all received at ``received_ms`` or each at its own, shape (messages,); order
        is kept.

        What Buswatch itself publishes below the same root is passed over.
        """
        items, rejects = _Items(), list[Reject]()
        moments = np.full(len(messages), received_ms, np.int64).tolist()
        for place, (message, came_ms) in enumerate(zip(messages, moments, strict=True)):
            row = self._rows.get(message.topic)
            if row is None and is_output(message.topic):
                continue
            if row is None:
                rejects.append(_reject(message, None, *_unknown(message.topic), came_ms))
            elif len(message.payload) > LARGEST_BYTES:
                detail = f"{len(message.payload)} bytes; send at most {LARGEST_BYTES} in a message"
                rejects.append(_reject(message, None, Reason.TOO_LARGE, detail, came_ms))
            else:
                self._read(message, place, row, items, rejects, came_ms)
        item_ms = np.array([moments[place] for place, _ in items.source], np.int64)
        fixes, kept, refused = _columns(items, item_ms)
        raws: dict[int, list[msgspec.Raw]] = {}
        for i, reason, detail in refused:
            place, item = items.source[i]
            message, part = messages[place], None
            if item is not None:
                part = (item, raws.setdefault(place, self._raws.decode(message.payload))[item])
            rejects.append(_reject(message, part, reason, detail, moments[place]))
        return Decoded(fixes, item_ms[kept], rejects)

    def newest_times(self, messages: Sequence[Received]) -> NDArray[np.int64]:
        """The newest event time of each message, however wrong it may be; 0 where none can be read."""
        items = _Items()
        for place, message in enumerate(messages):
            row = self._rows.get(message.topic)
            if row is not None and len(message.payload) <= LARGEST_BYTES:
                self._read(message, place, row, items, [], 0)
        times, bad = _times(items.reports)
        newest = np.zeros(len(messages), np.int64)
        for i, (place, _) in enumerate(items.source):
            if i not in bad:
                newest[place] = max(newest[place], times[i])
        return newest

    def _read(
        self,
        message: Received,
        place: int,
        row: int,
        items: _Items,
        rejects: list[Reject],
        received_ms: int,
    ) -> None:
        try:
            if message.payload.lstrip()[:1] != b"[":
                found: Iterable[tuple[int | None, FixReport]] = [(None, self._one.decode(message.payload))]
            else:
                found = enumerate(self._many.decode(message.payload))
        except msgspec.ValidationError as error:
            found = self._read_singly(message, error, rejects, received_ms)
        except (msgspec.DecodeError, RecursionError) as error:
            detail = f"not JSON: {error}"
            rejects.append(_reject(message, None, Reason.NOT_JSON, detail, received_ms))
            return
        for item, report in found:
            items.bus.append(row)
            items.reports.append(report)
            items.source.append((place, item))

    def _read_singly(
        self, message: Received, error: msgspec.ValidationError, rejects: list[Reject], received_ms: int
    ) -> list[tuple[int | None, FixReport]]:
        """The good items of an array of which some are not fixes; the others are rejected."""
        try:
            raws = self._raws.decode(message.payload)
        except (msgspec.DecodeError, RecursionError):  # no array at all, or a bottomless one
            rejects.append(_reject(message, None, Reason.WRONG_SHAPE, str(error), received_ms))
            return []
        found: list[tuple[int | None, FixReport]] = []
        for item, raw in enumerate(raws):
            try:
                found.append((item, self._one.decode(raw)))
            except (msgspec.DecodeError, RecursionError) as fault:
                rejects.append(_reject(message, (item, raw), Reason.WRONG_SHAPE, str(fault), received_ms))
        return found


def _columns(
    items: _Items, received_ms: NDArray[np.int64]
) -> tuple[Fixes, NDArray[np.bool_], list[tuple[int, Reason, str]]]:
    """The good reports in columns, which those are, and which are refused, why."""
    reports = items.reports
    time_ms, refused = _times(reports)
    lon = np.array([r.lon for r in reports], np.float64)
    lat = np.array([r.lat for r in reports], np.float64)
    speed = np.array([r.speed_kmh for r in reports], np.float64)
    heading = np.array([r.heading for r in reports], np.float64)
    accuracy = np.array([r.accuracy_m for r in reports], np.float64)
    satellites = np.array(
        [UNKNOWN_SATELLITES if r.satellites is None else r.satellites for r in reports], np.float64
    )

    def refuse(
        bad: NDArray[np.bool_], reason: Reason, name: str, column: NDArray[np.generic], rule: str
    ) -> None:
        for i in np.flatnonzero(bad):
            refused.setdefault(int(i), (reason, f"{name} is {column[i]}; {rule}"))

    ahead = time_ms - received_ms
    refuse(
        ahead > FUTURE_MS,
        Reason.FROM_FUTURE,
        "time",
        time_ms,
        f"it lies over {FUTURE_MS} ms ahead of our clock",
    )
    refuse(
        ahead < -OLDEST_MS, Reason.BAD_TIME, "time", time_ms, f"it lies over {OLDEST_MS} ms behind our clock"
    )
    refuse(~(np.abs(lat) <= 90), Reason.OUT_OF_RANGE, "lat", lat, "degrees from -90 to 90")
    refuse(~(np.abs(lon) <= 180), Reason.OUT_OF_RANGE, "lon", lon, "degrees from -180 to 180")
    refuse(
        (lon == 0) & (lat == 0),
        Reason.NULL_ISLAND,
        "place",
        lon,
        "0, 0 is what a receiver without a fix says",
    )
    refuse((speed < 0) | (speed > 400), Reason.OUT_OF_RANGE, "speed_kmh", speed, "km/h from 0 to 400")
    refuse((heading < 0) | (heading > 360), Reason.OUT_OF_RANGE, "heading", heading, "degrees from 0 to 360")
    refuse(
        (accuracy < 0) | np.isinf(accuracy), Reason.OUT_OF_RANGE, "accuracy_m", accuracy, "metres, at least 0"
    )
    refuse((satellites < -1) | (satellites > 999), Reason.OUT_OF_RANGE, "satellites", satellites, "0 to 999")

    kept = np.ones(len(reports), np.bool_)
    kept[list(refused)] = False
    fixes = Fixes.of(
        bus=np.array(items.bus, np.int32)[kept],
        time_ms=time_ms[kept],
        lon=lon[kept],
        lat=lat[kept],
        speed_kmh=speed[kept].astype(np.float32),
        heading_deg=heading[kept].astype(np.float32),
        accuracy_m=accuracy[kept].astype(np.float32),
        satellites=satellites[kept].astype(np.int16),
    )
    return fixes, kept, [(i, reason, detail) for i, (reason, detail) in sorted(refused.items())]


def _times(reports: Sequence[FixReport]) -> tuple[NDArray[np.int64], dict[int, tuple[Reason, str]]]:
    """Event times, epoch milliseconds, shape (n,), and what is wrong with which of them."""
    bad: dict[int, tuple[Reason, str]] = {}
    time_ms = np.zeros(len(reports), np.int64)
    for i, report in enumerate(reports):
        try:
            ms = report.time if isinstance(report.time, int) else to_ms(report.time)
        except BadInput as error:
            bad[i] = (Reason.BAD_TIME, str(error))
        else:
            time_ms[i] = min(max(ms, _EARLIEST_MS), _LATEST_MS)
    return time_ms, bad


def _unknown(topic: str) -> tuple[Reason, str]:
    parts = topic.split("/")
    if topic == position_topic(parts[2] if len(parts) > 2 else ""):
        return Reason.UNKNOWN_BUS, f"bus {parts[2]!r} is not on record; register it or mend the topic"
    return Reason.WRONG_TOPIC, f"{topic!r} is no topic of a bus; publish on {ROOT}/<bus>/position"


def _reject(
    message: Received, part: tuple[int, msgspec.Raw] | None, reason: Reason, detail: str, received_ms: int
) -> Reject:
    """The reject of a whole message, or of one ``part``: the item's place in the array and bytes."""
    item, payload = (None, message.payload) if part is None else (part[0], bytes(part[1]))
    return Reject(message.topic, payload[:KEPT_BYTES], item, reason, detail, received_ms)
