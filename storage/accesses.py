"""Who looked at which track, kept beside the tracks themselves."""

from __future__ import annotations

from datetime import datetime

from fleet import clock
from fleet.accesses import Access
from storage.database import Database
from storage.named import queries

_SQL = queries("accesses")


class AccessLog:
    """The looks at tracks."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def record(self, access: Access) -> None:
        """Keep a look. One into a span that the same person was shown within the hour adds none."""
        values = {
            "at": clock.from_ms(access.at_ms), "by": access.by, "what": access.what, "bus_id": access.bus_id,
            "from": clock.from_ms(access.from_ms), "to": clock.from_ms(access.to_ms),
        }  # fmt: skip
        async with self._database.connection() as connection:
            await connection.execute(_SQL["record"], values)

    async def newest(
        self,
        limit: int,
        *,
        bus_id: str | None = None,
        by: str | None = None,
        from_ms: int | None = None,
        to_ms: int | None = None,
    ) -> list[Access]:
        """The ``limit`` newest looks, newest first: at a bus, by a person, from a moment (included) to
        another (not included), as far as they are named.
        """
        asked = {
            "limit": limit, "bus_id": bus_id, "by": by, "from": _moment(from_ms), "to": _moment(to_ms)
        }  # fmt: skip
        async with self._database.connection() as connection:
            rows = await (await connection.execute(_SQL["newest"], asked)).fetchall()
        return [
            Access(clock.to_ms(at), who, what, bus, clock.to_ms(begins), clock.to_ms(ends))
            for at, who, what, bus, begins, ends in rows
        ]


def _moment(ms: int | None) -> datetime | None:
    return None if ms is None else clock.from_ms(ms)
