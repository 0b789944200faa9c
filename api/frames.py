"""Live frames and server-sent events in bytes, encoded once for all pages that read the same."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from fleet.errors import BadInput

COLUMNS = ("bus", "time_ms", "lon", "lat", "speed_kmh", "heading", "limit_kmh", "off_m", "state")

Row = list[Any]
"""One bus under ``COLUMNS``."""


class Frame(msgspec.Struct, frozen=True):
    """A live frame as it travels (docs/interfaces.md)."""

    time_ms: int
    columns: tuple[str, ...]
    rows: list[Row]
    stalled: str | None = None
    """Why the monitor commits nothing at present; None when all is well."""


class EncodedFrame:
    """A frame and its JSON; its event is made once for each change that pages stand at."""

    def __init__(self, frame: Frame, raw: bytes | None = None) -> None:
        """``raw`` is the frame's JSON on one line, where it is at hand."""
        self.frame = frame
        self.raw = msgspec.json.encode(frame) if raw is None or b"\n" in raw else raw
        self._seq: int | None = None
        self._event = b""

    def event(self, seq: int) -> bytes:
        """The server-sent event of the frame for a page that has had the changes up to ``seq``."""
        if seq != self._seq:
            self._seq, self._event = seq, event("frame", seq, self.raw)
        return self._event


def decode_frame(raw: bytes) -> EncodedFrame:
    """A frame from its JSON; ``BadInput`` when it is none or has other columns."""
    try:
        frame = msgspec.json.decode(raw, type=Frame)
    except msgspec.MsgspecError as error:
        raise BadInput(f"not a live frame: {error}") from error
    if frame.columns != COLUMNS or any(len(row) != len(COLUMNS) for row in frame.rows):
        raise BadInput(f"a live frame must have the columns {', '.join(COLUMNS)}")
    return EncodedFrame(frame, raw)


def rows_by_bus(rows: Iterable[Row]) -> dict[str, Row]:
    """Rows by the identity of their bus; of several the last."""
    return {row[0]: row for row in rows}


def merge(frame: Frame, rows: Iterable[Row]) -> EncodedFrame:
    """The frame with ``rows`` in place of its own."""
    return EncodedFrame(msgspec.structs.replace(frame, rows=list(rows)))


def event(name: str, seq: int, data: bytes) -> bytes:
    """A server-sent event; ``data`` must be one line."""
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (seq, name.encode(), data)
