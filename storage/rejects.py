"""What could not become a fix, for people to look into."""

from __future__ import annotations

from dataclasses import dataclass

from fleet.clock import to_ms
from fleet.rejects import Reason, Reject
from storage.database import Database
from storage.named import queries

_SQL = queries("rejects")


@dataclass(frozen=True, slots=True)
class Rejected:
    """A reject as kept; ``reject.received_ms`` is when it came first."""

    reject: Reject
    last_received_ms: int
    times: int
    """How often it came; a redelivery by the broker counts too."""


class RejectShelf:
    """The rejected messages."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def newest(self, limit: int) -> list[Rejected]:
        """The ``limit`` rejects that came last, newest first."""
        async with self._database.connection() as connection:
            rows = await (await connection.execute(_SQL["newest"], [limit])).fetchall()
        return [
            Rejected(Reject(topic, payload, item, Reason(reason), detail, to_ms(first)), to_ms(last), times)
            for topic, payload, item, reason, detail, first, last, times in rows
        ]

    async def counts(self) -> dict[str, int]:
        """Distinct rejects by reason, the most frequent first."""
        async with self._database.connection() as connection:
            return dict(await (await connection.execute(_SQL["counts"])).fetchall())
