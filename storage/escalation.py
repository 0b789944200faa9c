"""Escalation: what nobody has taken by its deadline goes up a level, once, in the one order of changes."""

from __future__ import annotations

from alerts.episodes import SEVERITIES, Change
from alerts.handling import HIGHEST_LEVEL, Deadlines
from fleet.clock import from_ms
from storage.changes import alert_of_row, lock_changes, put_change
from storage.database import Database
from storage.named import queries

_SQL = queries("alerts")
_AT_ONCE = 200
"""Alerts raised in one transaction: no commit of positions waits long for the lock."""


async def escalate(database: Database, deadlines: Deadlines, now_ms: int) -> tuple[Change, ...]:
    """Raise the open alerts whose deadline has passed, each by one level; returns the changes.

    Those longest overdue come first; of very many the rest is left to the next call. Whether it is called
    twice, from two processes, or broken off, each deadline raises its alert once. Raises ``Unavailable``.
    """
    parameters: dict[str, object] = {
        "now": from_ms(now_ms),
        "limit": _AT_ONCE,
        "highest": HIGHEST_LEVEL,
    } | {severity: from_ms(now_ms + deadlines.of(severity)) for severity in SEVERITIES}
    async with database.connection() as connection:
        if not (await (await connection.execute(_SQL["any_overdue"], parameters)).fetchone() or [False])[0]:
            return ()
    async with database.transaction() as connection:
        await lock_changes(connection)
        rows = await (await connection.execute(_SQL["escalate"], parameters)).fetchall()
        alerts = sorted(map(alert_of_row, rows), key=lambda alert: (alert.started_ms, alert.alert_id))
        return tuple([await put_change(connection, Change("escalated", now_ms, alert)) for alert in alerts])
