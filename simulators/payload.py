"""What a bus puts on the wire: topic and JSON, as docs/interfaces.md describes them."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
import numpy as np

from fleet.fixes import Fixes
from simulators.link import Sent


class Report(msgspec.Struct, omit_defaults=True, kw_only=True):
    """The payload, field by field; what is not known is left out."""

    time: int | float | str
    """Epoch milliseconds, or RFC 3339."""
    lon: float
    lat: float
    speed_kmh: float | None = None
    heading: float | None = None
    accuracy_m: float | None = None
    satellites: int | None = None


_FIX = '{"time":%d,"lon":%.6f,"lat":%.6f,"speed_kmh":%.1f,"heading":%.1f,"accuracy_m":%.1f,"satellites":%d}'
"""The same of a fix of which all is known, which is written ten times as fast."""
_UNKNOWN_ACCURACY = ',"accuracy_m":nan'

_NOISE = b"\xff\xfe\x00"
"""What a broken line ends with."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message as it goes to the broker."""

    bus: int
    """Row in ``Registry.buses``."""
    due_ms: int
    payload: bytes
    fixes: int
    """How many fixes it carries."""
    repeat: bool
    """Whether all of it has been sent before."""


def topic(bus_id: str) -> str:
    """Where a bus reports its position."""
    return f"buswatch/v1/{bus_id}/position"


def encode(sent: Sent) -> list[Outgoing]:
    """The messages of a second in the order of sending; one of several fixes is an array."""
    if not len(sent.fixes):
        return []
    rows = _rows(sent.fixes)
    bus, due, repeat = sent.fixes.bus.tolist(), sent.due_ms.tolist(), sent.repeat.tolist()
    starts = np.flatnonzero(np.diff(sent.message, prepend=-1)).tolist()
    messages = []
    for start, end in zip(starts, [*starts[1:], len(rows)], strict=True):
        text = rows[start] if end - start == 1 else "[" + ",".join(rows[start:end]) + "]"
        payload = text.encode()
        if sent.garbage is not None and sent.garbage[start]:
            payload = payload[: len(payload) // 2] + _NOISE
        messages.append(Outgoing(bus[start], due[start], payload, end - start, repeat[start]))
    return messages


def _rows(fixes: Fixes) -> list[str]:
    """Each fix as a JSON object."""
    columns = (
        fixes.time_ms,
        fixes.lon,
        fixes.lat,
        fixes.speed_kmh,
        fixes.heading_deg,
        fixes.accuracy_m,
        fixes.satellites,
    )
    rows = [_FIX % row for row in zip(*(column.tolist() for column in columns), strict=True)]
    for row in np.flatnonzero(np.isnan(fixes.accuracy_m)).tolist():
        rows[row] = rows[row].replace(_UNKNOWN_ACCURACY, "")
    return rows
