"""Weather advisories: issued and ended by people, handed to the detector."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from fleet.clock import from_ms, to_ms
from fleet.errors import Conflict, NotFound
from fleet.registry import Advisory, LonLat
from storage.database import Database
from storage.named import queries

_SQL = queries("orders")


@dataclass(frozen=True, slots=True)
class IssuedAdvisory:
    """An advisory with who issued it, and who ended it before its time."""

    advisory: Advisory
    issued_by: str
    issued_ms: int
    ended_ms: int | None
    ended_by: str | None


class AdvisoryBook:
    """The weather advisories on file."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def issue(self, advisory: Advisory, *, by: str, at_ms: int) -> IssuedAdvisory:
        """Put an advisory in force for its time."""
        parameters = {
            "advisory_id": advisory.advisory_id, "name": advisory.name, "issued_by": by,
            "issued_at": from_ms(at_ms), "area": msgspec.json.encode(advisory.area).decode(),
            "from_at": from_ms(advisory.from_ms), "to_at": from_ms(advisory.to_ms),
            "limit_kmh": advisory.limit_kmh,
        }  # fmt: skip
        async with self._database.connection() as connection:
            await connection.execute(_SQL["put_advisory"], parameters)
        return IssuedAdvisory(advisory, by, at_ms, None, None)

    async def newest(self, limit: int) -> list[IssuedAdvisory]:
        """The advisories issued last, newest first."""
        async with self._database.connection() as connection:
            rows = await (await connection.execute(_SQL["advisories"], [limit])).fetchall()
        return [_issued(row) for row in rows]

    async def in_force(self, at_ms: int) -> list[IssuedAdvisory]:
        """The advisories in force at a moment, the oldest first."""
        async with self._database.connection() as connection:
            rows = await (await connection.execute(_SQL["advisories_at"], {"at": from_ms(at_ms)})).fetchall()
        return [_issued(row) for row in rows]

    async def end(self, advisory_id: str, *, by: str, at_ms: int) -> IssuedAdvisory:
        """End an advisory before its time; ``NotFound``, or ``Conflict`` when it was ended already."""
        async with self._database.transaction() as connection:
            parameters = {"advisory_id": advisory_id, "at": from_ms(at_ms), "by": by}
            ended = await (await connection.execute(_SQL["end_advisory"], parameters)).fetchone()
            row = await (await connection.execute(_SQL["one_advisory"], [advisory_id])).fetchone()
        if row is None:
            raise NotFound(f"there is no advisory {advisory_id!r}")
        if ended is None:
            raise Conflict(f"advisory {advisory_id!r} was ended already")
        return _issued(row)


async def advisories_since(database: Database, since_ms: int) -> list[Advisory]:
    """The advisories in force at some moment after ``since_ms``, each with the end it really had."""
    async with database.connection() as connection:
        cursor = await connection.execute(_SQL["advisories_since"], {"since": from_ms(since_ms)})
        issued = [_issued(row) for row in await cursor.fetchall()]
    return [
        msgspec.structs.replace(
            one.advisory, to_ms=min(one.advisory.to_ms, one.ended_ms or one.advisory.to_ms)
        )
        for one in issued
    ]


def _issued(row: Any) -> IssuedAdvisory:
    advisory_id, name, by, issued_at, area, from_at, to_at, limit_kmh, ended_at, ended_by = row
    advisory = Advisory(
        advisory_id,
        name,
        msgspec.json.decode(area, type=tuple[LonLat, ...]),
        to_ms(from_at),
        to_ms(to_at),
        limit_kmh,
    )
    return IssuedAdvisory(
        advisory, by, to_ms(issued_at), None if ended_at is None else to_ms(ended_at), ended_by
    )
