"""Alerts and changes for the tests of storage and of the API."""

from __future__ import annotations

from typing import Any

import msgspec

from alerts.episodes import Alert, Change, ChangeKind, Evidence, alert_identity
from tests.scenes import START_MS


def alert(bus_id: str = "B1", started_ms: int = START_MS, **changes: Any) -> Alert:
    """A serious speeding that was noticed five seconds after its start."""
    stands = Alert(
        alert_id=alert_identity(bus_id, changes.get("rule", "speeding"), started_ms),
        bus_id=bus_id,
        rule="speeding",
        severity="serious",
        status="open",
        started_ms=started_ms,
        detected_ms=started_ms + 5_000,
        ended_ms=None,
        lon=114.31,
        lat=30.61,
        found_late=False,
        evidence=Evidence(
            peak_ms=started_ms + 4_000,
            peak_lon=114.32,
            peak_lat=30.62,
            fixes=6,
            parameters_version="p",
            registry_version="scene",
            speed_kmh=71.5,
            limit_kmh=50.0,
            limit_reason="posted",
            over_percent=43.0,
        ),
    )
    return msgspec.structs.replace(stands, **changes)


def change(kind: ChangeKind = "opened", of: Alert | None = None, after_s: float = 5.0) -> Change:
    """What the engine did to an alert, so many seconds after its start."""
    stands = of or alert()
    at_ms = stands.started_ms + round(after_s * 1_000)
    if kind == "ended":
        stands = msgspec.structs.replace(stands, ended_ms=at_ms)
    return Change(kind, at_ms, stands)
