"""What people did about the alerts of a span, and how soon."""

from __future__ import annotations

from datetime import datetime

from alerts.standing import Handled
from fleet.clock import from_ms, to_ms
from storage.database import Database
from storage.named import queries

_SQL = queries("handling")


class HandlingBook:
    """Alerts as far as their handling goes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def between(self, start_ms: int, end_ms: int) -> list[Handled]:
        """The alerts that started from ``start_ms`` on (included) and before ``end_ms``, oldest first."""
        asked = {"from": from_ms(start_ms), "to": from_ms(end_ms)}
        async with self._database.connection() as connection:
            rows = await (await connection.execute(_SQL["handled_between"], asked)).fetchall()
        return [
            Handled(bus_id, rule, severity, status, to_ms(started), _ms(filed), _ms(acted), exempt)
            for bus_id, rule, severity, status, started, filed, acted, exempt in rows
        ]


def _ms(moment: datetime | None) -> int | None:
    return None if moment is None else to_ms(moment)
