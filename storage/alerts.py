"""Alerts as they stand: in pages by filters, one with its history, and those still going on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from alerts.episodes import Alert, Change, Rule, Severity, Status
from fleet import clock
from fleet.errors import NotFound
from storage.changes import alert_of_row, change_of_row
from storage.database import Database
from storage.named import queries

_SQL = queries("alerts")


class AlertBook:
    """The alerts on file."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(
        self,
        *,
        rule: Rule | None = None,
        severity: Severity | None = None,
        status: Status | None = None,
        ongoing: bool | None = None,
        bus_id: str | None = None,
        from_ms: int | None = None,
        to_ms: int | None = None,
        after: tuple[int, str] | None = None,
        limit: int,
    ) -> list[Alert]:
        """At most ``limit`` alerts that pass every filter given, newest start first.

        ``from_ms`` (included) and ``to_ms`` (not included) bound the start. ``after`` is the
        (started_ms, alert_id) of the last alert of the page before.
        """
        after_start, after_id = after or (None, None)
        parameters = {
            "rule": rule, "severity": severity, "status": status, "ongoing": ongoing, "bus_id": bus_id,
            "from": _moment(from_ms), "to": _moment(to_ms),
            "after_start": _moment(after_start), "after_id": after_id, "limit": limit,
        }  # fmt: skip
        async with self._database.connection() as connection:
            rows = await (await connection.execute(_SQL["page"], parameters)).fetchall()
        return [alert_of_row(row) for row in rows]

    async def one(self, alert_id: str) -> tuple[Alert, list[Change]]:
        """An alert and all its changes, oldest first; ``NotFound`` when there is none such."""
        async with self._database.transaction() as connection:
            # One snapshot, so that the alert and its newest change agree.
            await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            row = await (await connection.execute(_SQL["one_alert"], [alert_id])).fetchone()
            changes = await (await connection.execute(_SQL["changes_of_alert"], [alert_id])).fetchall()
        if row is None:
            raise NotFound(f"there is no alert {alert_id!r}")
        return alert_of_row(row), [change_of_row(change) for change in changes]


async def open_episodes(database: Database, bus_ids: Sequence[str]) -> list[Alert]:
    """The alerts of some buses whose episode has not ended, by bus and start."""
    async with database.connection() as connection:
        rows = await (await connection.execute(_SQL["open_episodes"], [list(bus_ids)])).fetchall()
    return [alert_of_row(row) for row in rows]


async def episodes_since(
    database: Database, bus_ids: Sequence[str], since_ms: NDArray[np.int64]
) -> list[Alert]:
    """The alerts that had not ended at a moment of their bus, by bus and start.

    ``since_ms`` has shape (buses,), one moment for each of ``bus_ids``.
    """
    parameters = {"bus_ids": list(bus_ids), "since": [clock.from_ms(ms) for ms in since_ms.tolist()]}
    async with database.connection() as connection:
        rows = await (await connection.execute(_SQL["episodes_since"], parameters)).fetchall()
    return [alert_of_row(row) for row in rows]


def _moment(ms: int | None) -> datetime | None:
    return None if ms is None else clock.from_ms(ms)
