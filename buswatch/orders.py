"""What people ordered and the monitor must follow: weather advisories; and the incidents it reports."""

from __future__ import annotations

from alerts.detector import Detector
from fleet.clock import DAY_MS
from fleet.parameters import IncidentParameters
from fleet.registry import Advisory
from storage.advisories import advisories_since
from storage.database import Database
from storage.incidents import IncidentBook

_BACK_MS = 35 * DAY_MS
"""Advisories that were in force within this time are known still: fixes may come as late."""


class StandingOrders:
    """Reads what is in force, as often as it is asked."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._incidents = IncidentBook(database)
        self._advisories: list[Advisory] = []

    async def follow(self, detector: Detector, now_ms: int) -> None:
        """Hold the detector to the advisories on file; ``Unavailable``."""
        advisories = await advisories_since(self._database, now_ms - _BACK_MS)
        if advisories != self._advisories:
            detector.advise(advisories)
            self._advisories = advisories

    async def gather_incidents(self, parameters: IncidentParameters, now_ms: int) -> None:
        """Bring the incidents on file up to the deviations on file; ``Unavailable``."""
        await self._incidents.gather(parameters, now_ms)
