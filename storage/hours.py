"""Figures by bus and hour: counted from the stored fixes by the monitor, kept, and read by the overview.

Counting a month of a thousand buses reads a hundred million fixes, so it is done once. An hour that is over
is counted and left alone until a fix of it comes late; the hour that goes on is counted over and over.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray
from psycopg.rows import TupleRow

from fleet import clock
from fleet.clock import HOUR_MS, MINUTE_MS
from fleet.hours import BusHours, Counted
from storage.columns import elements, expect_raw_arrays, moments_ms
from storage.database import Connection, Database
from storage.named import queries

_SQL = queries("hours")
_SLICE = 200
"""Hours of buses counted in one statement: a second's work at a fix a second."""
_STEP = timedelta(days=1)
"""How far one pass goes back into what was stored before anybody counted."""
_UNSEEN_MS = 2 * MINUTE_MS
"""A fix may be the one before a fix of the next hour that is no younger than so much."""
_COLUMNS = (
    ("bus", ">i4"), ("begins_ms", ">i8"), ("fixes", ">i4"), ("valid", ">i4"), ("jumps", ">i4"),
    ("frozen", ">i4"), ("top_speed_kmh", ">f4"), ("moved_m", ">f4"), ("unseen_m", ">f4"), ("minutes", ">i8"),
)  # fmt: skip

Pause = Callable[[], Awaitable[None]]


async def count_hours(database: Database, now_ms: int, pause: Pause | None = None) -> bool:
    """One pass: count the hour that goes on, those that have ended since the pass before and those that got
    a fix late, and a day more of what is older than all counted. Whether there may be older still.

    ``now_ms`` is the time by the clock that fixes go by; ``pause`` is awaited between two slices of long
    work. Raises ``Unavailable``. Safe beside everything that runs, and to be broken off: it goes on where it
    was.
    """
    now, hour = clock.from_ms(now_ms), clock.from_ms(now_ms - now_ms % HOUR_MS)
    async with database.connection() as connection:
        open_at, until = await _one(connection, "end_hours", {"hour": hour})
        await connection.execute(_SQL["count_open"], {"open": open_at})
        await connection.execute(_SQL["note_counted"], {"until": until, "now": now})
        await _count_due(connection, pause)
        older = await _reach_back(connection)
        await _count_due(connection, pause)
    return older


async def mark_late_hours(
    connection: Connection, keys: NDArray[np.int32], time_ms: NDArray[np.int64]
) -> None:
    """Have hours counted anew whose fixes are about to be stored or changed in the transaction of
    ``connection``: bus keys and event times, shape (n,).
    """
    row = await (await connection.execute(_SQL["hold_span"])).fetchone()
    if row is None or row[0] is None or not len(time_ms):
        return
    until_ms = clock.to_ms(row[0])
    hours = np.concatenate([time_ms, time_ms + _UNSEEN_MS]) // HOUR_MS * HOUR_MS
    late = hours < until_ms
    if late.any():
        pairs = np.unique(np.stack([np.tile(keys.astype(np.int64), 2)[late], hours[late]]), axis=1)
        values = [pairs[0].tolist(), [clock.from_ms(ms) for ms in pairs[1].tolist()]]
        await connection.execute(_SQL["mark_hours"], values)


async def _reach_back(connection: Connection) -> bool:
    """Have a day counted that was stored before anybody counted; whether there was one."""
    (oldest,) = await _one(connection, "oldest_fix")
    (from_at,) = await _one(connection, "begins")
    if oldest is None or oldest >= from_at:
        await connection.execute(_SQL["note_whole"])
        return False
    async with connection.transaction():
        await connection.execute(_SQL["mark_span"], {"from": from_at - _STEP, "to": from_at})
        await connection.execute(_SQL["set_begin"], [from_at - _STEP])
    return True


async def _one(connection: Connection, query: str, parameters: dict[str, Any] | None = None) -> TupleRow:
    row = await (await connection.execute(_SQL[query], parameters)).fetchone()
    assert row is not None  # the span's row is made by its migration, an aggregate always has one
    return row


async def _count_due(connection: Connection, pause: Pause | None) -> None:
    """Count the hours that are due, slice by slice, until none is left."""
    while due := await (await connection.execute(_SQL["due"], [_SLICE])).fetchall():
        keys, hours, marks = zip(*due, strict=True)
        values = {"bus_keys": list(keys), "hours": list(hours), "marks": list(marks)}
        await connection.execute(_SQL["count_due"], values)
        struck = (await connection.execute(_SQL["strike_out"], values)).rowcount
        if len(due) < _SLICE or not struck:
            return
        if pause is not None:
            await pause()


class HourBook:
    """The figures by bus and hour as the API reads them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def counted(self) -> Counted:
        """For what time the figures stand."""
        async with self._database.connection() as connection:
            row = await (await connection.execute(_SQL["counted"])).fetchone()
        from_at, until = row or (None, None)
        return Counted(*(None if moment is None else clock.to_ms(moment) for moment in (from_at, until)))

    async def of_fleet(self, from_ms: int, to_ms: int) -> BusHours:
        """What every bus that was ever on record did in the hours that begin from ``from_ms`` on and before
        ``to_ms``, in no order.
        """
        asked = {"from": clock.from_ms(from_ms), "to": clock.from_ms(to_ms)}
        async with self._database.connection() as connection:
            names = await (await connection.execute(_SQL["names"])).fetchall()
            async with connection.cursor(binary=True) as cursor:
                expect_raw_arrays(cursor)
                await cursor.execute(_SQL["hours_of_fleet"], asked)
                row = await cursor.fetchone()
        return _unpack(names, row)


def _unpack(names: Sequence[Any], row: Sequence[bytes] | None) -> BusHours:
    columns: dict[str, NDArray[Any]] = {
        name: np.empty(0, kind) if row is None else elements(row[place], kind)
        for place, (name, kind) in enumerate(_COLUMNS)
    }
    columns["begins_ms"] = moments_ms(columns["begins_ms"])
    place_of = np.zeros(max((key for key, _ in names), default=0) + 1, np.int32)
    for place, (key, _) in enumerate(names):
        place_of[key] = place
    columns["bus"] = place_of[columns["bus"].astype(np.int64)]
    return BusHours.of([bus_id for _, bus_id in names], **columns)
