"""Changes of alerts: written by the engine's judgement and by people's acts, read in one order.

Every writer holds one advisory lock from taking a ``seq`` to its commit, so the order of ``seq`` is
the order in which changes become visible: who has read up to a seq has missed nothing below it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from psycopg.rows import TupleRow

from alerts.episodes import Alert, Change, Evidence, FalseReason
from alerts.handling import HIGHEST_LEVEL, Act, handled
from fleet.clock import from_ms, to_ms
from fleet.errors import Conflict, NotFound
from storage.database import Connection, Database
from storage.named import queries

_SQL = queries("alerts")
_LOCK = 0x616C65727473
"""Key of the advisory lock around writes to ``alert_change``."""


async def record_judgement(connection: Connection, changes: Sequence[Change]) -> tuple[Change, ...]:
    """Write the engine's changes in the transaction of ``connection``; return those that took effect.

    The ``due_ms`` of their alerts is when each is due by that change. Each returned change has its ``seq``
    and the alert as stored, with people's handling and the counted version. A redelivered change has no
    effect and is left out.
    """
    if not changes:
        return ()
    await lock_changes(connection)
    async with connection.pipeline():  # two turns to the server for all, not two for each
        judging = [await connection.execute(_SQL["judge"], _judgement(change)) for change in changes]
        rows = [await cursor.fetchone() for cursor in judging]
        stored = [
            Change(change.kind, change.at_ms, alert_of_row(row), change.by, change.note)
            for change, row in zip(changes, rows, strict=True)
            if row is not None
        ]
        putting = [await connection.execute(_SQL["put_change"], _entry(change)) for change in stored]
        return tuple(
            [
                _numbered(change, await cursor.fetchone())
                for change, cursor in zip(stored, putting, strict=True)
            ]
        )


class AlertDesk:
    """People's acts upon alerts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def handle(
        self,
        alert_id: str,
        act: Act,
        *,
        by: str,
        note: str | None,
        expected_version: int,
        at_ms: int,
        assignee: str | None = None,
        reason: FalseReason | None = None,
    ) -> Change:
        """Record what ``by`` did about an alert, and return the change with its seq.

        ``expected_version`` is the one that the person saw. What the engine wrote since overwrites nobody's
        deed and stands in nobody's way. Raises ``NotFound`` for an unknown alert, ``Conflict`` when another
        person acted since or it is settled already, ``BadInput`` as ``alerts.handling.handled`` does.
        """
        async with self._database.transaction() as connection:
            await lock_changes(connection)
            row = await (await connection.execute(_SQL["lock_alert"], [alert_id])).fetchone()
            if row is None:
                raise NotFound(f"there is no alert {alert_id!r}")
            alert = alert_of_row(row)
            if not await _is_seen(connection, alert, expected_version):
                raise Conflict(
                    f"alert {alert_id!r} is at version {alert.version} by now, not {expected_version};"
                    " read it again before you act on it"
                )
            after = handled(alert, act, by=by, note=note, assignee=assignee, reason=reason)
            cursor = await connection.execute(_SQL["handle"], _handling(after))
            return await put_change(
                connection, Change(act, at_ms, alert_of_row(await cursor.fetchone()), by, note)
            )


async def _is_seen(connection: Connection, alert: Alert, version: int) -> bool:
    """Whether somebody who saw a version has seen all that people did about an alert."""
    if version == alert.version:
        return True
    row = await (await connection.execute(_SQL["version_of_people"], [alert.alert_id])).fetchone()
    return version < alert.version and (row is None or int(row[0]) <= version)


class ChangeLog:
    """All changes of alerts in their order."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def after(self, seq: int, limit: int) -> list[Change]:
        """The changes that follow ``seq``, oldest first, at most ``limit``."""
        async with self._database.connection() as connection:
            rows = await (await connection.execute(_SQL["changes_after"], [seq, limit])).fetchall()
        return [change_of_row(row) for row in rows]

    async def newest_seq(self) -> int:
        """The seq of the newest change, 0 before the first."""
        async with self._database.connection() as connection:
            row = await (await connection.execute(_SQL["newest_seq"])).fetchone()
        return 0 if row is None else int(row[0])


async def lock_changes(connection: Connection) -> None:
    """Wait for every other writer of changes to commit, and hold the others off until we do."""
    await connection.execute(_SQL["lock_changes"], {"key": _LOCK})


def alert_of_row(row: Any) -> Alert:
    """The alert of a row with the columns alert_id to false_reason, in the order that alerts.sql has."""
    alert_id, bus_id, rule, severity, status, started, detected, ended, lon, lat, late, why, *handling = row
    version, assignee, level, due, false_reason = handling
    return Alert(
        alert_id,
        bus_id,
        rule,
        severity,
        status,
        started_ms=to_ms(started),
        detected_ms=to_ms(detected),
        ended_ms=None if ended is None else to_ms(ended),
        lon=lon,
        lat=lat,
        found_late=late,
        evidence=msgspec.json.decode(why, type=Evidence),
        version=version,
        assignee=assignee,
        level=level,
        due_ms=None if due is None else to_ms(due),
        false_reason=false_reason,
    )


def change_of_row(row: Any) -> Change:
    """The change of a row (seq, kind, at, made_by, note, alert)."""
    seq, kind, at, by, note, alert = row
    return Change(kind, to_ms(at), msgspec.json.decode(alert, type=Alert), by, note, seq)


def _judgement(change: Change) -> dict[str, object]:
    """The parameters of ``judge``."""
    alert = change.alert
    return {
        "kind": change.kind,
        "at": from_ms(change.at_ms),
        "alert_id": alert.alert_id,
        "bus_id": alert.bus_id,
        "rule": alert.rule,
        "severity": alert.severity,
        "started_at": from_ms(alert.started_ms),
        "detected_at": from_ms(alert.detected_ms),
        "ended_at": None if alert.ended_ms is None else from_ms(alert.ended_ms),
        "lon": alert.lon,
        "lat": alert.lat,
        "found_late": alert.found_late,
        "evidence": msgspec.json.encode(alert.evidence).decode(),
        "due_at": None if alert.due_ms is None else from_ms(alert.due_ms),
        "highest": HIGHEST_LEVEL,
    }


def _handling(alert: Alert) -> dict[str, object]:
    """The parameters of ``handle``."""
    return {
        "alert_id": alert.alert_id,
        "status": alert.status,
        "assignee": alert.assignee,
        "due_at": None if alert.due_ms is None else from_ms(alert.due_ms),
        "false_reason": alert.false_reason,
    }


async def put_change(connection: Connection, change: Change) -> Change:
    """Write a change; returns it with its seq. The caller holds the changes' lock."""
    cursor = await connection.execute(_SQL["put_change"], _entry(change))
    return _numbered(change, await cursor.fetchone())


def _entry(change: Change) -> dict[str, object]:
    """The parameters of ``put_change``."""
    return {
        "alert_id": change.alert.alert_id,
        "kind": change.kind,
        "at": from_ms(change.at_ms),
        "by": change.by,
        "note": change.note,
        "alert": msgspec.json.encode(change.alert).decode(),
    }


def _numbered(change: Change, row: TupleRow | None) -> Change:
    assert row is not None  # INSERT … RETURNING gives its row
    return msgspec.structs.replace(change, seq=row[0])
