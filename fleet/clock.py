"""Time as Buswatch keeps it: whole milliseconds since the Unix epoch, UTC, in an int.

Local time exists at two edges only: timetables (what a permit states) and what people read.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from fleet.errors import BadInput

SECOND_MS = 1_000
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS

_UNITS_S = {"s": 1, "m": 60, "h": 3_600}

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_ms(moment: datetime) -> int:
    """Epoch milliseconds of an aware datetime, exactly; a naive one is refused with ``BadInput``."""
    if moment.tzinfo is None:
        raise BadInput(f"time {moment.isoformat()} has no UTC offset; write it as 2026-09-01T07:30:00+08:00")
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def from_ms(ms: int, zone: ZoneInfo | None = None) -> datetime:
    """The aware datetime of epoch milliseconds, in ``zone`` (UTC when none is given)."""
    return (_EPOCH + timedelta(milliseconds=int(ms))).astimezone(zone or UTC)


def parse_time(text: str) -> int:
    """Epoch milliseconds of an RFC 3339 text; ``BadInput`` when it is not one or has no offset."""
    try:
        return to_ms(datetime.fromisoformat(text))
    except ValueError as error:
        raise BadInput(f"{text!r} is no RFC 3339 time; write it as 2026-09-01T07:30:00+08:00") from error


def parse_duration(text: str) -> float:
    """Seconds of ``15s``, ``10m``, ``1.5h`` or a bare number of them; ``BadInput`` when it is none."""
    number, unit = (text[:-1], _UNITS_S[text[-1]]) if text[-1:] in _UNITS_S else (text, 1)
    try:
        seconds = float(number) * unit
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise BadInput(f"{text!r} is no duration; write 15s, 10m or 2h")
    return seconds


def format_time(ms: int, zone: ZoneInfo | None = None) -> str:
    """RFC 3339 with milliseconds: ``2026-09-01T07:30:00.000+08:00``, or ``…Z`` in UTC."""
    text = from_ms(ms, zone).isoformat(timespec="milliseconds")
    return text.removesuffix("+00:00") + "Z" if text.endswith("+00:00") else text


def local_ms(day: date, clock: time, zone: ZoneInfo) -> int:
    """Epoch milliseconds of a wall-clock time on a day in ``zone``."""
    return to_ms(datetime.combine(day, clock, tzinfo=zone))


def local_day(ms: int, zone: ZoneInfo) -> date:
    """The calendar day in ``zone`` on which the moment ``ms`` falls."""
    return from_ms(ms, zone).date()
