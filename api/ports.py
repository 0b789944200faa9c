"""What the API asks of the rooms beside it, by shape alone: the composition root plugs storage in.

Every method may raise ``fleet.errors.Unavailable``; the answer is then a 503.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from alerts.episodes import Alert, Change, Rule, Severity, Status
from fleet.fixes import Fixes
from fleet.registry import Registry
from fleet.rejects import Reject

Act = Literal["acknowledged", "closed", "false_alarm"]
"""What a person does about an alert; also the status it then has."""


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
        self, alert_id: str, act: Act, *, by: str, note: str | None, expected_version: int, at_ms: int
    ) -> Change:
        """Record an act; ``NotFound``, or ``Conflict`` when the alert has another version by now."""


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


@dataclass(frozen=True, slots=True)
class Ports:
    """All that the API reads and writes."""

    record: Record
    tracks: Tracks
    alerts: Alerts
    desk: Desk
    changes: Changes
    rejects: Rejects
