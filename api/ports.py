"""What the API asks of the rooms beside it, by shape alone: the composition root plugs storage in.

Every method may raise ``fleet.errors.Unavailable``; the answer is then a 503.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from alerts.episodes import Alert, Change, FalseReason, Rule, Severity, Status
from alerts.handling import Act
from alerts.incidents import Incident
from alerts.standing import Handled
from fleet.accesses import Access
from fleet.fixes import Fixes
from fleet.hours import BusHours, Counted, Hour
from fleet.registry import Advisory, Registry, Waiver
from fleet.rejects import Reject


class Record(Protocol):
    """What the authorities hold on record."""

    async def registry(self) -> tuple[int, Registry]:
        """The registry and the number of its import; ``NotFound`` before the first."""

    async def base_map(self) -> bytes | None:
        """The base map as GeoJSON, or None when none was imported."""


class Tracks(Protocol):
    """Where the buses are and were."""

    async def last(self) -> tuple[list[str], Fixes]:
        """Buses that ever reported, and the newest fix of each in the same order."""

    async def track(
        self, bus_id: str, from_ms: int, to_ms: int, limit: int
    ) -> tuple[Fixes, NDArray[np.int16]]:
        """The first ``limit`` fixes of a bus in a span and their quality; ``NotFound``."""

    async def way(self, bus_id: str, from_ms: int, to_ms: int, limit: int) -> tuple[Fixes, NDArray[np.int16]]:
        """The same without heading, accuracy and satellites."""

    async def thinned(
        self, bus_id: str, from_ms: int, to_ms: int, most: int
    ) -> tuple[Fixes, NDArray[np.int16], int]:
        """The same in ``most`` fixes at most, and how many were left out."""

    async def hours(self, bus_id: str | None, from_ms: int, to_ms: int, limit: int) -> list[Hour]:
        """What a bus, or with None every bus, did in the hours that begin from ``from_ms`` on and before
        ``to_ms``; the first ``limit``, by bus and hour.
        """

    async def in_box(
        self, from_ms: int, to_ms: int, box: tuple[float, float, float, float], limit: int
    ) -> tuple[list[str], NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
        """Bus, time, longitude and latitude of the fixes in a span and a box (west, south, east, north)."""


class Hours(Protocol):
    """Figures by bus and hour that were counted beforehand."""

    async def counted(self) -> Counted:
        """For what time they stand."""

    async def of_fleet(self, from_ms: int, to_ms: int) -> BusHours:
        """What every bus did in the hours that begin from ``from_ms`` on and before ``to_ms``."""


class Handling(Protocol):
    """What people did about alerts, and how soon."""

    async def between(self, start_ms: int, end_ms: int) -> list[Handled]:
        """The alerts that started from ``start_ms`` on and before ``end_ms``."""


class Alerts(Protocol):
    """The alerts on file."""

    async def page(
        self,
        *,
        rule: Rule | None,
        severity: Severity | None,
        status: Status | None,
        ongoing: bool | None,
        bus_id: str | None,
        from_ms: int | None,
        to_ms: int | None,
        after: tuple[int, str] | None,
        limit: int,
    ) -> list[Alert]:
        """Alerts that pass the filters, newest start first, after (started_ms, alert_id)."""

    async def one(self, alert_id: str) -> tuple[Alert, list[Change]]:
        """An alert and its changes, oldest first; ``NotFound``."""


class Desk(Protocol):
    """People's acts upon alerts."""

    async def handle(
        self,
        alert_id: str,
        act: Act,
        *,
        by: str,
        note: str | None,
        expected_version: int,
        at_ms: int,
        assignee: str | None,
        reason: FalseReason | None,
    ) -> Change:
        """Record an act; ``NotFound``, ``Conflict`` when the alert has another version by now, ``BadInput``
        when the act lacks what it needs.
        """


class Changes(Protocol):
    """All changes of alerts in their one order."""

    async def after(self, seq: int, limit: int) -> list[Change]:
        """The changes that follow ``seq``, oldest first."""

    async def newest_seq(self) -> int:
        """The seq of the newest change, 0 before the first."""


class Rejected(Protocol):
    """A reject with how often it came."""

    @property
    def reject(self) -> Reject: ...
    @property
    def last_received_ms(self) -> int: ...
    @property
    def times(self) -> int: ...


class Rejects(Protocol):
    """What could not become a fix."""

    async def newest(self, limit: int) -> Sequence[Rejected]:
        """The rejects that came last, newest first."""

    async def counts(self) -> dict[str, int]:
        """Distinct rejects by reason."""


class Deleted(Protocol):
    """What has been deleted of one kind because its time was up, over all runs."""

    @property
    def what(self) -> str: ...
    @property
    def keep_days(self) -> int: ...
    @property
    def deleted(self) -> int: ...
    @property
    def unit(self) -> str: ...
    @property
    def ran_ms(self) -> int: ...


class Retention(Protocol):
    """How long what is kept."""

    async def deleted(self) -> Sequence[Deleted]:
        """Of each kind that was ever looked through, what has been deleted so far."""


class GivenWaiver(Protocol):
    """A waiver with when it was given, for which incident, and who revoked it."""

    @property
    def waiver(self) -> Waiver: ...
    @property
    def given_ms(self) -> int: ...
    @property
    def incident_id(self) -> str | None: ...
    @property
    def revoked_ms(self) -> int | None: ...
    @property
    def revoked_by(self) -> str | None: ...


class Waivers(Protocol):
    """Exemptions from approved routes."""

    async def give(
        self, waiver: Waiver, *, at_ms: int, incident_id: str | None
    ) -> tuple[GivenWaiver, list[Change]]:
        """Put a waiver in force and mark what it covers; returns the changes of those alerts."""

    async def newest(self, limit: int) -> Sequence[GivenWaiver]:
        """The waivers given last, newest first."""

    async def one(self, waiver_id: str) -> GivenWaiver:
        """A waiver; ``NotFound``."""

    async def revoke(self, waiver_id: str, *, by: str, at_ms: int) -> GivenWaiver:
        """Take a waiver out of force; ``NotFound``, ``Conflict``."""


class IssuedAdvisory(Protocol):
    """An advisory with who issued it, and who ended it before its time."""

    @property
    def advisory(self) -> Advisory: ...
    @property
    def issued_by(self) -> str: ...
    @property
    def issued_ms(self) -> int: ...
    @property
    def ended_ms(self) -> int | None: ...
    @property
    def ended_by(self) -> str | None: ...


class Advisories(Protocol):
    """Weather advisories."""

    async def issue(self, advisory: Advisory, *, by: str, at_ms: int) -> IssuedAdvisory:
        """Put an advisory in force for its time."""

    async def newest(self, limit: int) -> Sequence[IssuedAdvisory]:
        """The advisories issued last, newest first."""

    async def in_force(self, at_ms: int) -> Sequence[IssuedAdvisory]:
        """The advisories in force at a moment, the oldest first."""

    async def end(self, advisory_id: str, *, by: str, at_ms: int) -> IssuedAdvisory:
        """End an advisory before its time; ``NotFound``, ``Conflict``."""


class Incidents(Protocol):
    """Probable closures."""

    async def newest(self, limit: int, ongoing: bool | None) -> list[Incident]:
        """The incidents that began last, newest first."""

    async def one(self, incident_id: str) -> tuple[Incident, list[Alert]]:
        """An incident and its alerts; ``NotFound``."""


class Accesses(Protocol):
    """Who looked at which track."""

    async def record(self, access: Access) -> None:
        """Keep a look at a track."""

    async def newest(
        self, limit: int, *, bus_id: str | None, by: str | None, from_ms: int | None, to_ms: int | None
    ) -> list[Access]:
        """The newest looks, newest first, as far as they are narrowed down."""


@dataclass(frozen=True, slots=True)
class Ports:
    """All that the API reads and writes."""

    record: Record
    tracks: Tracks
    hours: Hours
    alerts: Alerts
    handling: Handling
    desk: Desk
    changes: Changes
    rejects: Rejects
    retention: Retention
    waivers: Waivers
    advisories: Advisories
    incidents: Incidents
    accesses: Accesses
