"""Stored fixes in columns, as the engine replays them after a restart."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fleet.clock import from_ms
from fleet.fixes import Fixes
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
    parameters = {"bus_keys": bus_keys.tolist(), "since": [from_ms(ms) for ms in since.tolist()]}
    async with database.connection() as connection, connection.cursor(binary=True) as cursor:
        expect_raw_arrays(cursor)
        await cursor.execute(_SQL["fixes_since"], parameters)
        return unpack(await cursor.fetchall())
