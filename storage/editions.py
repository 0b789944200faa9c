"""Which TimescaleDB a database has, if any: what it may do hangs on its licence."""

from __future__ import annotations

from typing import Literal

from storage.database import Connection

Edition = Literal["plain", "apache", "community"]
"""``plain``: PostgreSQL alone. ``apache``: hypertables, chunks and their dropping. ``community``: compression
and policies as well.
"""


async def edition_of(connection: Connection) -> Edition:
    """The edition that ``position`` lies in: ``plain`` also where the extension is there but not used."""
    cursor = await connection.execute(
        "SELECT current_setting('timescaledb.license', true) FROM pg_extension WHERE extname = 'timescaledb'"
    )
    row = await cursor.fetchone()
    if row is None:
        return "plain"
    cursor = await connection.execute(
        "SELECT 1 FROM timescaledb_information.hypertables WHERE hypertable_name = 'position'"
    )
    if await cursor.fetchone() is None:
        return "plain"
    return "community" if row[0] == "timescale" else "apache"
