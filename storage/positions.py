"""Stored fixes in columns: replayed by the engine after a restart, and shown to people."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fleet import clock
from fleet.errors import NotFound
from fleet.fixes import Fixes
from fleet.hours import Hour
from storage.columns import WAY, WHOLE, expect_raw_arrays, unpack, unpack_moments
from storage.database import Database
from storage.named import queries

_SQL = queries("positions")
_SLOTS = 720
"""Parts of a span that are looked at for whether the bus reported at all: hours of a month."""
_FEW = 5_000
"""So many fixes at most are asked for at once."""


class Stored(NamedTuple):
    """Fixes as they are kept."""

    fixes: Fixes
    quality: NDArray[np.int16]
    """Bits of ``fleet.quality.Quality``, shape (n,)."""
    received_ms: NDArray[np.int64]
    """When each was received, shape (n,), epoch milliseconds."""


async def fixes_since(
    database: Database, bus_keys: NDArray[np.int32], since_ms: int | NDArray[np.int64]
) -> Stored:
    """The stored fixes from ``since_ms`` on (included), by bus and event time.

    ``since_ms`` is one moment for all buses, or one for each, shape (buses,). ``Fixes.bus`` is the
    row of the bus in ``bus_keys``.
    """
    since = np.broadcast_to(np.asarray(since_ms, np.int64), bus_keys.shape)
    parameters = {"bus_keys": bus_keys.tolist(), "since": [clock.from_ms(ms) for ms in since.tolist()]}
    async with database.connection() as connection, connection.cursor(binary=True) as cursor:
        expect_raw_arrays(cursor)
        await cursor.execute(_SQL["fixes_since"], parameters)
        rows = await cursor.fetchall()
        return Stored(*unpack(rows), unpack_moments(rows, len(WHOLE) + 1))


async def newest_times(database: Database, bus_keys: NDArray[np.int32]) -> NDArray[np.int64]:
    """The event time of each bus's newest stored fix, 0 where it has none; shape (buses,)."""
    async with database.connection() as connection:
        rows = await (await connection.execute(_SQL["newest_times"], [bus_keys.tolist()])).fetchall()
    return np.array([0 if newest is None else clock.to_ms(newest) for (newest,) in rows], np.int64)


class Tracks:
    """Where the buses are and were."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def last(self) -> tuple[list[str], Fixes]:
        """The newest fix of every bus on record that ever reported.

        Returns the identities of those buses and one fix each, in one order; ``Fixes.bus`` is the
        place in that order.
        """
        halves = await asyncio.gather(self._last_of_half(second=False), self._last_of_half(second=True))
        bus_ids = [bus_id for names, _ in halves for bus_id in names]
        fixes = Fixes.concat([fixes for _, fixes in halves])
        return bus_ids, replace(fixes, bus=np.arange(len(fixes), dtype=np.int32))

    async def _last_of_half(self, *, second: bool) -> tuple[list[str], Fixes]:
        async with self._database.connection() as connection, connection.cursor(binary=True) as cursor:
            expect_raw_arrays(cursor)
            # Prepared: over the days of a hypertable, planning takes as long as looking.
            await cursor.execute(_SQL["last_of_half"], {"second": second}, prepare=True)
            row = await cursor.fetchone()
        return ([], Fixes.empty()) if row is None else (row[-1], unpack([row])[0])

    async def track(
        self, bus_id: str, from_ms: int, to_ms: int, limit: int
    ) -> tuple[Fixes, NDArray[np.int16]]:
        """The first ``limit`` fixes of a bus between two moments (both included) and their quality.

        ``Fixes.bus`` is 0. Raises ``NotFound`` for a bus that was never on record.
        """
        return await self._in_halves("track", bus_id, from_ms, to_ms, limit, WHOLE)

    async def way(self, bus_id: str, from_ms: int, to_ms: int, limit: int) -> tuple[Fixes, NDArray[np.int16]]:
        """The same without heading, accuracy and satellites, in half the time: for a track to be drawn."""
        return await self._in_halves("way", bus_id, from_ms, to_ms, limit, WAY)

    async def thinned(
        self, bus_id: str, from_ms: int, to_ms: int, most: int
    ) -> tuple[Fixes, NDArray[np.int16], int]:
        """The way of a bus between two moments (both included) in ``most`` fixes at most, their quality, and
        how many were left out.

        What is left out is spread evenly over the time in which the bus reported. Raises as ``track``.
        """
        slot_ms = max(-(-(to_ms - from_ms) // _SLOTS), clock.SECOND_MS)
        span = await self._span(bus_id, from_ms, to_ms) | {"limit": most, "most": most}
        span["slot"] = timedelta(milliseconds=slot_ms)
        # At once: of a month at a fix a second, counting takes as long as the rest.
        count, (fixes, quality) = await asyncio.gather(
            self._count(span), self._fixes("track_thinned", span, WAY)
        )
        if count <= most:
            fixes, quality = await self._fixes("way", span, WAY)
        return fixes, quality, max(count - len(fixes), 0)

    async def _span(self, bus_id: str, from_ms: int, to_ms: int) -> dict[str, Any]:
        """A bus and two moments as the queries take them."""
        async with self._database.connection() as connection:
            bus = await (await connection.execute(_SQL["key_of_bus"], [bus_id])).fetchone()
        if bus is None:
            raise NotFound(f"there is no bus {bus_id!r}")
        return {"bus_key": bus[0], "from": clock.from_ms(from_ms), "to": clock.from_ms(to_ms)}

    async def _count(self, span: dict[str, Any]) -> int:
        async with self._database.connection() as connection:
            row = await (await connection.execute(_SQL["count_track"], span)).fetchone()
        return int(row[0]) if row else 0

    async def _in_halves(
        self, query: str, bus_id: str, from_ms: int, to_ms: int, limit: int, names: Sequence[str]
    ) -> tuple[Fixes, NDArray[np.int16]]:
        """The answer of a query for a bus between two moments, long ones from two connections at once: what
        takes the time is that one process sends one array after the other.
        """
        span = await self._span(bus_id, from_ms, to_ms) | {"limit": limit}
        if limit <= _FEW:
            return await self._fixes(query, span, names)
        middle_ms = (from_ms + to_ms) // 2
        halves = await asyncio.gather(
            self._fixes(query, span | {"to": clock.from_ms(middle_ms)}, names),
            self._fixes(query, span | {"from": clock.from_ms(middle_ms + 1)}, names),
        )
        kept = np.arange(min(sum(len(fixes) for fixes, _ in halves), limit))
        quality = np.concatenate([quality for _, quality in halves])
        return Fixes.concat([fixes for fixes, _ in halves]).take(kept), quality[kept]

    async def _fixes(
        self, query: str, span: dict[str, Any], names: Sequence[str]
    ) -> tuple[Fixes, NDArray[np.int16]]:
        async with self._database.connection() as connection, connection.cursor(binary=True) as cursor:
            expect_raw_arrays(cursor)
            await cursor.execute(_SQL[query], span)
            return unpack(await cursor.fetchall(), names)

    async def in_box(
        self, from_ms: int, to_ms: int, box: tuple[float, float, float, float], limit: int
    ) -> tuple[list[str], NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
        """The first ``limit`` fixes of any bus between two moments (both included) in a box (west, south,
        east, north, degrees), by bus and time: bus, epoch milliseconds, longitude, latitude.
        """
        names = ("west", "south", "east", "north")
        asked: dict[str, Any] = {**dict(zip(names, box, strict=True)), "limit": limit}
        asked |= {"from": clock.from_ms(from_ms), "to": clock.from_ms(to_ms)}
        async with self._database.connection() as connection:
            rows = await (await connection.execute(_SQL["fixes_in_box"], asked)).fetchall()
        bus_ids, times, lon, lat = zip(*rows, strict=True) if rows else [()] * 4
        moments = np.array([clock.to_ms(moment) for moment in times], np.int64)
        return list(bus_ids), moments, np.array(lon, np.float64), np.array(lat, np.float64)

    async def hours(self, bus_id: str | None, from_ms: int, to_ms: int, limit: int) -> list[Hour]:
        """What a bus, or with None every bus that was ever on record, did in each hour in which it reported,
        of the hours that begin at ``from_ms`` or later and before ``to_ms``: the first ``limit``, by bus.
        """
        asked = {
            "bus_id": bus_id, "from": clock.from_ms(from_ms), "to": clock.from_ms(to_ms), "limit": limit
        }  # fmt: skip
        async with self._database.connection() as connection:
            rows = await (await connection.execute(_SQL["hours"], asked)).fetchall()
        return [Hour(bus_id, clock.to_ms(begins), *figures) for bus_id, begins, *figures in rows]

    async def count(self) -> int:
        """The number of stored fixes. It reads the whole index: a second for some ten million."""
        async with self._database.connection() as connection:
            row = await (await connection.execute(_SQL["count_positions"])).fetchone()
        return int(row[0]) if row else 0
