"""Stored fixes in columns, as the engine replays them after a restart."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fleet.clock import from_ms
from fleet.fixes import Fixes
from storage.columns import unpack
from storage.database import Database
from storage.named import queries

_SQL = queries("positions")


async def fixes_since(
    database: Database, bus_keys: NDArray[np.int32], since_ms: int | NDArray[np.int64]
) -> tuple[Fixes, NDArray[np.int16]]:
    """The stored fixes from ``since_ms`` on (included) and their quality, by bus and event time.

    ``since_ms`` is one moment for all buses, or one for each, shape (buses,). ``Fixes.bus`` is the
    row of the bus in ``bus_keys``. About 86 bytes of memory a fix while it reads.
    """
    since = np.broadcast_to(np.asarray(since_ms, np.int64), bus_keys.shape)
    parameters = {"bus_keys": bus_keys.tolist(), "since": [from_ms(ms) for ms in since.tolist()]}
    stream = bytearray()
    async with (
        database.connection() as connection,
        connection.cursor() as cursor,
        cursor.copy(_SQL["fixes_since"], parameters) as copy,
    ):
        async for block in copy:
            stream += block
    fixes, quality = unpack(stream)
    in_order = np.lexsort((fixes.time_ms, fixes.bus))
    return fixes.take(in_order), quality[in_order]
