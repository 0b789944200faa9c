"""Waivers: given and revoked by people, and laid upon the alerts they cover in the same transaction.

The engine's changes are held against the waivers in force where they are written, under the lock of
all changes: so no change can slip between the giving of a waiver and its being known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from alerts.episodes import Alert, Change
from alerts.waivers import WAIVABLE, covering, waived
from fleet.clock import from_ms, to_ms
from fleet.errors import Conflict, NotFound
from fleet.registry import LonLat, Waiver
from storage.changes import alert_of_row, lock_changes, put_change
from storage.database import Connection, Database
from storage.named import queries

_SQL = queries("orders")


@dataclass(frozen=True, slots=True)
class GivenWaiver:
    """A waiver with when it was given, for which incident, and who revoked it."""

    waiver: Waiver
    given_ms: int
    incident_id: str | None
    revoked_ms: int | None
    revoked_by: str | None


class WaiverBook:
    """The waivers on file."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def give(
        self, waiver: Waiver, *, at_ms: int, incident_id: str | None = None
    ) -> tuple[GivenWaiver, list[Change]]:
        """Put a waiver in force, and mark the alerts that it covers; returns their changes."""
        parameters = {
            "waiver_id": waiver.waiver_id, "reason": waiver.reason, "approved_by": waiver.approved_by,
            "given_at": from_ms(at_ms), "from_at": from_ms(waiver.from_ms), "to_at": from_ms(waiver.to_ms),
            "route_ids": _json(waiver.route_ids), "area": _json(waiver.area), "note": waiver.note,
            "incident_id": incident_id,
        }  # fmt: skip
        async with self._database.transaction() as connection:
            await lock_changes(connection)
            await connection.execute(_SQL["put_waiver"], parameters)
            found = await connection.execute(_SQL["waivable"], parameters | {"rules": list(WAIVABLE)})
            alerts = [alert_of_row(row) for row in await found.fetchall()]
            routes = await routes_of(connection, alerts)
            covered = [
                alert
                for alert in alerts
                if covering(alert, [waiver], routes.get(alert.evidence.approval_id or ""))
            ]
            changes = [await _mark(connection, alert, waiver, at_ms) for alert in covered]
        return GivenWaiver(waiver, at_ms, incident_id, None, None), changes

    async def newest(self, limit: int) -> list[GivenWaiver]:
        """The waivers given last, newest first."""
        async with self._database.connection() as connection:
            rows = await (await connection.execute(_SQL["waivers"], [limit])).fetchall()
        return [_given(row) for row in rows]

    async def one(self, waiver_id: str) -> GivenWaiver:
        """A waiver; ``NotFound`` when there is none such."""
        async with self._database.connection() as connection:
            row = await (await connection.execute(_SQL["one_waiver"], [waiver_id])).fetchone()
        if row is None:
            raise NotFound(f"there is no waiver {waiver_id!r}")
        return _given(row)

    async def revoke(self, waiver_id: str, *, by: str, at_ms: int) -> GivenWaiver:
        """Take a waiver out of force. What it covered stays marked until the engine next changes it.

        Raises ``NotFound``, and ``Conflict`` when it was revoked already.
        """
        async with self._database.transaction() as connection:
            await lock_changes(connection)
            parameters = {"waiver_id": waiver_id, "at": from_ms(at_ms), "by": by}
            revoked = await (await connection.execute(_SQL["revoke_waiver"], parameters)).fetchone()
            row = await (await connection.execute(_SQL["one_waiver"], [waiver_id])).fetchone()
        if row is None:
            raise NotFound(f"there is no waiver {waiver_id!r}")
        if revoked is None:
            raise Conflict(f"waiver {waiver_id!r} was revoked already")
        return _given(row)


async def under_waivers(connection: Connection, changes: Sequence[Change]) -> list[Change]:
    """The engine's changes with those that a waiver covers marked; the caller holds the changes' lock."""
    alerts = [change.alert for change in changes if change.alert.rule in WAIVABLE]
    if not alerts:
        return list(changes)
    oldest = from_ms(min(alert.started_ms for alert in alerts))
    rows = await (await connection.execute(_SQL["waivers_since"], [oldest])).fetchall()
    waivers = [_given(row).waiver for row in rows]
    if not waivers:
        return list(changes)
    routes = await routes_of(connection, alerts)
    marked = []
    for change in changes:
        waiver = covering(change.alert, waivers, routes.get(change.alert.evidence.approval_id or ""))
        alert = waived(change.alert, waiver) if waiver else change.alert
        marked.append(msgspec.structs.replace(change, alert=alert))
    return marked


async def routes_of(connection: Connection, alerts: Sequence[Alert]) -> dict[str, str]:
    """The route of each approval that the alerts name."""
    approvals = list({alert.evidence.approval_id for alert in alerts if alert.evidence.approval_id})
    return dict(await (await connection.execute(_SQL["routes_of"], [approvals])).fetchall())


async def _mark(connection: Connection, alert: Alert, waiver: Waiver, at_ms: int) -> Change:
    marked = waived(alert, waiver)
    parameters = {
        "alert_id": alert.alert_id, "severity": marked.severity,
        "evidence": msgspec.json.encode(marked.evidence).decode(),
    }  # fmt: skip
    row = await (await connection.execute(_SQL["mark_waived"], parameters)).fetchone()
    change = Change("waived", at_ms, alert_of_row(row), waiver.approved_by, waiver.note or None)
    return await put_change(connection, change)


def _given(row: Any) -> GivenWaiver:
    waiver_id, reason, by, given_at, from_at, to_at, routes, area, note, incident_id, revoked_at, who = row
    waiver = Waiver(
        waiver_id,
        reason,
        by,
        to_ms(from_at),
        to_ms(to_at),
        msgspec.json.decode(routes, type=tuple[str, ...]),
        msgspec.json.decode(area, type=tuple[LonLat, ...]),
        note,
    )
    revoked_ms = None if revoked_at is None else to_ms(revoked_at)
    return GivenWaiver(waiver, to_ms(given_at), incident_id, revoked_ms, who)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
