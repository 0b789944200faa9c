"""Stored fixes in columns: replayed by the engine after a restart, and shown to people."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fleet import clock
from fleet.errors import NotFound
from fleet.fixes import UNKNOWN_SATELLITES, Fixes
from storage.columns import expect_raw_arrays, unpack
from storage.database import Database
from storage.named import queries

_SQL = queries("positions")


async def fixes_since(
    database: Database, bus_keys: NDArray[np.int32], since_ms: int | NDArray[np.int64]
) -> tuple[Fixes, NDArray[np.int16]]:
    """The stored fixes from ``since_ms`` on (included) and their quality, by bus and event time.

    ``since_ms`` is one moment for all buses, or one for each, shape (buses,). ``Fixes.bus`` is the
    row of the bus in ``bus_keys``.
    """
    since = np.broadcast_to(np.asarray(since_ms, np.int64), bus_keys.shape)
    parameters = {"bus_keys": bus_keys.tolist(), "since": [clock.from_ms(ms) for ms in since.tolist()]}
    async with database.connection() as connection, connection.cursor(binary=True) as cursor:
        expect_raw_arrays(cursor)
        await cursor.execute(_SQL["fixes_since"], parameters)
        return unpack(await cursor.fetchall())


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
        async with self._database.connection() as connection:
            rows = await (await connection.execute(_SQL["last_of_all"])).fetchall()
        columns = zip(*rows, strict=True) if rows else [()] * 8
        bus_ids, time, lon, lat, speed, heading, accuracy, satellites = columns
        return list(bus_ids), Fixes.of(
            bus=range(len(rows)),
            time_ms=[clock.to_ms(moment) for moment in time],
            lon=lon,
            lat=lat,
            speed_kmh=np.array(speed, np.float32),
            heading_deg=np.array(heading, np.float32),
            accuracy_m=np.array(accuracy, np.float32),
            satellites=[UNKNOWN_SATELLITES if number is None else number for number in satellites],
        )

    async def track(
        self, bus_id: str, from_ms: int, to_ms: int, limit: int
    ) -> tuple[Fixes, NDArray[np.int16]]:
        """The first ``limit`` fixes of a bus between two moments (both included) and their quality.

        ``Fixes.bus`` is 0. Raises ``NotFound`` for a bus that was never on record.
        """
        span = {"from": clock.from_ms(from_ms), "to": clock.from_ms(to_ms), "limit": limit}
        async with self._database.connection() as connection, connection.cursor(binary=True) as cursor:
            await cursor.execute(_SQL["key_of_bus"], [bus_id])
            bus = await cursor.fetchone()
            if bus is None:
                raise NotFound(f"there is no bus {bus_id!r}")
            expect_raw_arrays(cursor)
            await cursor.execute(_SQL["track"], span | {"bus_key": bus[0]})
            return unpack(await cursor.fetchall())

    async def count(self) -> int:
        """The number of stored fixes. It reads the whole index: a second for some ten million."""
        async with self._database.connection() as connection:
            row = await (await connection.execute(_SQL["count_positions"])).fetchone()
        return int(row[0]) if row else 0
