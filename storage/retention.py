"""Deletes what has been kept long enough, and says so."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import psycopg

from fleet.clock import from_ms, to_ms
from storage.database import Connection, Database
from storage.editions import edition_of
from storage.named import queries

log = logging.getLogger(__name__)

_SQL = queries("retention")
_SLICE = 5_000
"""Rows in one transaction: short enough that no commit of positions waits for it."""

Kind = Literal["positions", "hours", "alerts", "incidents", "accesses", "rejects"]


@dataclass(frozen=True, slots=True)
class Retention:
    """For how many days what is kept; 0 keeps it for ever.

    Location data are kept for six months at least, violations and their handling for three years (see
    docs/operating.md).
    """

    positions_days: int = 184
    alerts_days: int = 1_096
    """Alerts with their handling, and incidents, counted from their end: what goes on is kept. Who looked at
    which track, and figures by bus and hour, which say nothing of where a bus was, are kept as long."""
    rejects_days: int = 31


@dataclass(frozen=True, slots=True)
class Deleted:
    """What has been deleted of one kind, over all runs."""

    what: str
    keep_days: int
    deleted: int
    unit: str
    """``rows``, or ``days`` of positions in a hypertable."""
    ran_ms: int


async def delete_expired(database: Database, retention: Retention, now_ms: int) -> dict[Kind, int]:
    """Delete what is older than it is to be kept; how much of each kind, see ``Deleted.unit``.

    Safe beside everything else that runs, and to be broken off: it goes on where it was.
    """
    kept: dict[Kind, int] = {
        "positions": retention.positions_days,
        "hours": retention.alerts_days,
        "alerts": retention.alerts_days,
        "incidents": retention.alerts_days,
        "accesses": retention.alerts_days,
        "rejects": retention.rejects_days,
    }
    gone: dict[Kind, int] = {}
    for what, days in kept.items():
        if days > 0:
            try:
                gone[what] = await _delete_kind(database, what, days, now_ms)
            except (
                psycopg.Error
            ) as error:  # a right that is lacking, perhaps: no reason to stop watching buses
                log.error("cannot delete old %s: %s", what, error)  # noqa: TRY400  # the cause is in the words
    return gone


async def _delete_kind(database: Database, what: Kind, days: int, now_ms: int) -> int:
    """Delete one kind and note it."""
    now = from_ms(now_ms)
    before = now - timedelta(days=days)
    async with database.connection() as connection:
        unit = "rows"
        if what == "positions" and await edition_of(connection) != "plain":
            unit, count = "days", await _drop_days(connection, before)
        elif what == "positions":
            count = await _delete_positions(connection, before)
        else:
            count = await _in_slices(_slicing(connection, f"delete_{what}", before))
        noted = {"what": what, "keep_days": days, "deleted": count, "unit": unit, "ran_at": now}
        await connection.execute(_SQL["note"], noted)
    if count:
        log.info("deleted %d %s of %s older than %d days", count, unit, what, days)
    return count


class RetentionRecord:
    """What has been deleted so far."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def deleted(self) -> list[Deleted]:
        """Of each kind that was ever looked through."""
        async with self._database.connection() as connection:
            rows = await (await connection.execute(_SQL["noted"])).fetchall()
        return [Deleted(what, days, count, unit, to_ms(ran)) for what, days, count, unit, ran in rows]


async def _drop_days(connection: Connection, before: datetime) -> int:
    return len(await (await connection.execute(_SQL["drop_days"], {"before": before})).fetchall())


async def _delete_positions(connection: Connection, before: datetime) -> int:
    keys = await (await connection.execute(_SQL["bus_keys"])).fetchall()
    count = 0
    for (key,) in keys:
        count += await _in_slices(_slicing(connection, "delete_positions", before, key))
    return count


def _slicing(
    connection: Connection, statement: str, before: datetime, bus_key: int | None = None
) -> Callable[[], Awaitable[int]]:
    """One slice of a kind, as something to be repeated."""
    values = {"before": before, "limit": _SLICE, "bus_key": bus_key}

    async def slice_of_it() -> int:
        return (await connection.execute(_SQL[statement], values)).rowcount

    return slice_of_it


async def _in_slices(delete: Callable[[], Awaitable[int]]) -> int:
    """Delete slice by slice until one is not full."""
    count = 0
    while True:
        some = await delete()
        count += some
        if some < _SLICE:
            return count
