"""Episodes: one alert from its first violating fix to its end, and what happened to it.

An alert has two lives. The *episode* is what the bus did: it started, reached a peak and ended
(``ended_ms``). The *handling* is what people did about it: ``status`` goes from open to
acknowledged to closed, or to false_alarm. An episode that has ended still wants handling. The engine
rewrites the episode and never the handling.
"""

from __future__ import annotations

from typing import Any, Literal, get_args
from zoneinfo import ZoneInfo

import msgspec

from fleet.clock import format_time

Rule = Literal[
    "speeding",
    "deviation",
    "wrong_way",
    "stops_skipped",
    "unapproved_operation",
    "off_hours",
    "long_stop",
    "silent",
    "trip_not_begun",
    "substitute",
]
RULES: tuple[Rule, ...] = get_args(Rule)
"""All rules, in the order of the codes under which columns hold them."""
OF_THE_CLOCK: tuple[Rule, ...] = ("silent", "trip_not_begun")
"""The rules that no fix opens: they are judged some seconds behind the clock, for fixes on their way."""
Severity = Literal["warning", "serious", "critical"]
Status = Literal["open", "acknowledged", "closed", "false_alarm"]
ChangeKind = Literal[
    "opened",
    "updated",
    "ended",
    "waived",
    "escalated",
    "acknowledged",
    "closed",
    "false_alarm",
    "assigned",
    "noted",
]
FalseReason = Literal["position_drift", "device_fault", "approval_outdated", "detour_not_on_record", "other"]
"""Why an alert was false: the receiver's places wander; the device sends nonsense; the approval on record is
not the one in force; a detour was authorised and nobody put it on record; what the note says.
"""

SEVERITIES: tuple[Severity, ...] = ("warning", "serious", "critical")


class Evidence(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why an alert was raised. What the rule does not use is None.

    Speeds are km/h, distances metres, times epoch milliseconds, places WGS-84 degrees.
    """

    peak_ms: int
    peak_lon: float
    peak_lat: float
    fixes: int
    """Violating fixes so far."""
    parameters_version: str
    registry_version: str
    speed_kmh: float | None = None
    """Speed at the peak."""
    limit_kmh: float | None = None
    limit_reason: str | None = None
    over_percent: float | None = None
    off_line_m: float | None = None
    """Distance from the approved line at the peak."""
    corridor_m: float | None = None
    chainage_m: float | None = None
    """Place along the approved line at the peak."""
    approval_id: str | None = None
    assignment_id: str | None = None
    driver_id: str | None = None
    back_m: float | None = None
    """Wrong way: metres driven backwards along the line."""
    stops_skipped: int | None = None
    stood_s: float | None = None
    """Long stop: seconds without leaving the place."""
    silent_s: float | None = None
    """Seconds without a fix."""
    faults: tuple[str, ...] = ()
    """Unapproved operation: what is missing, see ``alerts.permits``."""
    waiver_id: str | None = None
    """The waiver that covers a deviation: it lowers the severity and hides nothing."""


class Alert(msgspec.Struct, frozen=True):
    """One episode and its handling. Identity: bus, rule and start."""

    alert_id: str
    """``<bus>.<rule>.<started_ms>``"""
    bus_id: str
    rule: Rule
    severity: Severity
    status: Status
    started_ms: int
    """Event time of the first violating fix."""
    detected_ms: int
    """Event time of the fix that opened the episode."""
    ended_ms: int | None
    """Event time of the first fix of the return to normal; None while the episode goes on."""
    lon: float
    """Where it started, WGS-84."""
    lat: float
    found_late: bool
    """True when it was found in backfilled fixes; such alerts do not ring the control room."""
    evidence: Evidence
    version: int = 1
    """Counts every change; a person's change must name the version it was made upon."""
    assignee: str | None = None
    """Who is to deal with it."""
    level: int = 0
    """How far it was raised: 0 the desk, 1 the shift leader, 2 the authority in charge. Never lowered."""
    due_ms: int | None = None
    """When it goes up a level unless somebody acknowledges it, by the wall's clock; None when it does not."""
    false_reason: FalseReason | None = None
    """Why it was marked false."""


class Change(msgspec.Struct, frozen=True):
    """One step in the life of an alert: what happened, when, by whom, and the alert after it."""

    kind: ChangeKind
    at_ms: int
    """Event time when the engine made the change, time of the act when a person did, of the deadline's
    passing when nobody had."""
    alert: Alert
    by: str | None = None
    """The person; None is the engine, or for ``escalated`` the clock."""
    note: str | None = None
    seq: int = 0
    """Place in the one order of all changes, given by storage at commit; 0 before."""


def alert_identity(bus_id: str, rule: Rule, started_ms: int) -> str:
    """The identity that makes an alert unique through any number of redeliveries."""
    return f"{bus_id}.{rule}.{started_ms}"


def alert_to_wire(alert: Alert, zone: ZoneInfo) -> dict[str, Any]:
    """An alert as people's systems get it: times in RFC 3339 in the fleet's zone."""
    wire: dict[str, Any] = msgspec.to_builtins(alert)
    for name in ("started", "detected", "ended", "due"):
        ms = wire.pop(f"{name}_ms")
        wire[f"{name}_at"] = None if ms is None else format_time(ms, zone)
    wire["evidence"]["peak_at"] = format_time(wire["evidence"].pop("peak_ms"), zone)
    return wire


def change_to_wire(change: Change, zone: ZoneInfo) -> dict[str, Any]:
    """A change as it travels on ``buswatch/v1/alerts/<bus>`` and on the live stream."""
    return {
        "seq": change.seq,
        "kind": change.kind,
        "at": format_time(change.at_ms, zone),
        "by": change.by,
        "note": change.note,
        "alert": alert_to_wire(change.alert, zone),
    }
