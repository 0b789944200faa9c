"""Incidents on file: made from the deviations on file, so that any restart comes to the same."""

from __future__ import annotations

from datetime import datetime

import msgspec

from alerts.episodes import Alert
from alerts.incidents import Incident, gather
from fleet.clock import from_ms
from fleet.errors import NotFound
from fleet.parameters import IncidentParameters
from storage.changes import alert_of_row
from storage.database import Database
from storage.named import queries

_SQL = queries("incidents")

_REACH = 4
"""Deviations of so many times ``within_ms`` are looked at for a new incident."""


class IncidentBook:
    """The incidents on file."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def gather(self, parameters: IncidentParameters, now_ms: int) -> list[Incident]:
        """Bring the incidents up to the deviations on file; returns those that are new or changed."""
        since = from_ms(max(0, now_ms - _REACH * parameters.within_ms))
        async with self._database.transaction() as connection:
            row = await (await connection.execute(_SQL["ongoing_since"])).fetchone()
            oldest: datetime | None = row[0] if row else None
            if oldest is not None:
                since = min(since, oldest)
            found = await connection.execute(_SQL["deviations_since"], {"since": since})
            alerts = [(alert_of_row(row[:-1]), row[-1]) for row in await found.fetchall()]
            changed = []
            for incident in gather(alerts, parameters, now_ms):
                values = {
                    "incident_id": incident.incident_id, "first_at": from_ms(incident.first_ms),
                    "ended_at": None if incident.ended_ms is None else from_ms(incident.ended_ms),
                    "value": msgspec.json.encode(incident).decode(),
                }  # fmt: skip
                if await (await connection.execute(_SQL["put_incident"], values)).fetchone():
                    changed.append(incident)
        return changed

    async def newest(self, limit: int, ongoing: bool | None = None) -> list[Incident]:
        """The incidents that began last, newest first."""
        async with self._database.connection() as connection:
            parameters = {"limit": limit, "ongoing": ongoing}
            rows = await (await connection.execute(_SQL["incidents"], parameters)).fetchall()
        return [msgspec.json.decode(row[0], type=Incident) for row in rows]

    async def one(self, incident_id: str) -> tuple[Incident, list[Alert]]:
        """An incident and its alerts; ``NotFound``."""
        async with self._database.connection() as connection:
            row = await (await connection.execute(_SQL["one_incident"], [incident_id])).fetchone()
            if row is None:
                raise NotFound(f"there is no incident {incident_id!r}")
            incident = msgspec.json.decode(row[0], type=Incident)
            rows = await (await connection.execute(_SQL["alerts_of"], [list(incident.alert_ids)])).fetchall()
        return incident, [alert_of_row(row) for row in rows]
