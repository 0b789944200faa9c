"""Turning values into JSON answers, and texts of requests into values."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Any

import msgspec
from fastapi import Path, Query
from starlette.responses import Response

from fleet.clock import parse_time
from fleet.errors import BadInput

BusId = Annotated[str, Path(pattern=r"^[A-Za-z0-9-]{1,64}$", examples=["B0001"])]
AlertId = Annotated[str, Path(pattern=r"^[A-Za-z0-9._-]{1,128}$", examples=["B0001.speeding.1790000000000"])]
Moment = Annotated[str | None, Query(max_length=40, examples=["2026-09-01T07:30:00+08:00"])]
"""A time in a query: RFC 3339 with an offset."""

_EARLIEST_MS = 0
_LATEST_MS = 7_258_118_400_000
"""The year 2200: what lies beyond is a slip of the pen, and arithmetic on it may overflow."""


class Json(Response):
    """A JSON answer by msgspec, which takes structs, dates and numbers as they are."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        return msgspec.json.encode(content)


class GeoJson(Json):
    """The same for a place on a map."""

    media_type = "application/geo+json"


class RawJson(Response):
    """A JSON answer that is in bytes already."""

    media_type = "application/json"


def moment_ms(text: str | None, name: str) -> int | None:
    """Epoch milliseconds of a time in a query; ``BadInput`` names the parameter.

    A ``+`` that arrives unescaped is a space by then: the offset is read all the same.
    """
    if text is None:
        return None
    try:
        ms = parse_time(text.replace(" ", "+"))
    except BadInput as error:
        raise BadInput(f"query.{name}: {error}") from error
    if not _EARLIEST_MS <= ms <= _LATEST_MS:
        raise BadInput(f"query.{name}: {text!r} is not between the years 1970 and 2200")
    return ms


def encode_cursor(started_ms: int, alert_id: str) -> str:
    """Where a page of alerts ended, as an opaque text."""
    return base64.urlsafe_b64encode(msgspec.json.encode((started_ms, alert_id))).decode().rstrip("=")


def decode_cursor(text: str | None) -> tuple[int, str] | None:
    """What ``encode_cursor`` was given; ``BadInput`` for any other text."""
    if text is None:
        return None
    try:
        started_ms, alert_id = msgspec.json.decode(
            base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), type=tuple[int, str]
        )
    except (binascii.Error, msgspec.MsgspecError, ValueError) as error:
        raise BadInput("query.cursor: not a cursor that an earlier page gave") from error
    if not _EARLIEST_MS <= started_ms <= _LATEST_MS or "\0" in alert_id:
        raise BadInput("query.cursor: not a cursor that an earlier page gave")
    return started_ms, alert_id
