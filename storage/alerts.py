"""Alerts as they stand: by filters in pages, one with its history, and those still going on."""

from __future__ import annotations

from alerts.episodes import Alert
from storage.changes import alert_of_row
from storage.database import Database
from storage.named import queries

_SQL = queries("alerts")


async def open_episodes(database: Database) -> list[Alert]:
    """The alerts whose episode has not ended, by bus and start: what the engine resumes with."""
    async with database.connection() as connection:
        rows = await (await connection.execute(_SQL["open_episodes"])).fetchall()
    return [alert_of_row(row) for row in rows]
