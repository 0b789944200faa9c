"""The evidence of an alert: one document with all that a judge or an official needs, and its digest.

Whoever holds the document can check it by itself (``buswatch verify``) and against what is on file:
it is made from the record alone, so asking again for a settled alert gives the same digest. Why it is as
it is: docs/decisions/0013-evidence.md.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
from fastapi import APIRouter
from numpy.typing import NDArray
from starlette.responses import Response

from alerts.episodes import Alert, Change, Rule, alert_to_wire
from alerts.law import TITLE, clauses_of
from alerts.waivers import within
from api.alerts import fixes_around
from api.answers import AlertId, Json
from api.context import Context
from api.orders import advisory_to_wire, waiver_to_wire
from api.ports import Ports
from api.schemas import evidence as schemas
from api.tracks import MOST_FIXES, fixes_to_wire
from fleet.clock import format_time
from fleet.digest import digest_of
from fleet.errors import NotFound
from fleet.fixes import Fixes
from fleet.parameters import Parameters
from fleet.quality import Quality
from fleet.registry import Approval, LimitStretch, Registry
from geofence.distance import off_line_m

FORMAT = "buswatch-evidence/1"
OUTSIDE = ("digest", "made_at")
"""What the digest does not cover: itself, and when somebody happened to ask."""

_GROUPS: dict[Rule, str] = {"unapproved_operation": "unapproved", "trip_not_begun": "trip"}
"""The parameters of a rule, where they are not called like it."""


def evidence_routes(context: Context) -> APIRouter:
    """The evidence of alerts."""
    router = APIRouter(tags=["alerts"])

    @router.get(
        "/alerts/{alert_id}/evidence",
        summary="All that proves an alert, in one document with a digest",
        response_model=schemas.EvidenceSheet,
    )
    async def evidence(alert_id: AlertId) -> Response:
        return Json(await evidence_of(alert_id, context.ports, context.zone, context.now_ms()))

    return router


async def evidence_of(alert_id: str, ports: Ports, zone: ZoneInfo, now_ms: int) -> dict[str, Any]:
    """The evidence of an alert as the record has it at ``now_ms``; ``NotFound`` when there is none such."""
    alert, changes = await ports.alerts.one(alert_id)
    _, registry = await ports.record.registry()
    fixes, quality = await fixes_around(alert, ports.tracks, now_ms)
    orders = {
        "waiver": await _waiver(alert, ports, zone),
        "advisory": await _advisory(alert, ports, zone),
    }
    return await asyncio.to_thread(
        lambda: _sealed(_content(alert, changes, registry, fixes, quality, orders, zone), now_ms, zone)
    )


def _sealed(content: dict[str, Any], now_ms: int, zone: ZoneInfo) -> dict[str, Any]:
    """The document with its digest, which is taken of what a reader of the JSON sees."""
    seen: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(content))
    return {"digest": digest_of(seen), "made_at": format_time(now_ms, zone)} | seen


def _content(
    alert: Alert,
    changes: Sequence[Change],
    registry: Registry,
    fixes: Fixes,
    quality: NDArray[np.int16],
    orders: dict[str, Any],
    zone: ZoneInfo,
) -> dict[str, Any]:
    evidence = alert.evidence
    row = registry.approval_rows.get(evidence.approval_id or "")
    approval = None if row is None else registry.approvals[row]
    bus_row = registry.bus_rows.get(alert.bus_id)
    duties = [a for a in registry.assignments if a.assignment_id == evidence.assignment_id]
    return {
        "format": FORMAT,
        "software": f"buswatch {version('buswatch')}",
        "zone": registry.zone,
        "record": {
            "city": registry.city,
            "version": registry.version,
            "as_judged": registry.version == evidence.registry_version,
        },
        "alert": alert_to_wire(alert, zone),
        "law": {"title": TITLE, "clauses": [clause._asdict() for clause in clauses_of(alert)]},
        "limit": _limit(alert, registry, approval, orders["advisory"]),
        "bus": None if bus_row is None else registry.buses[bus_row],
        "driver": _driver(evidence.driver_id, registry),
        "assignment": duties[0] if duties else None,
        "approval": approval,
        "parameters": _parameters(alert, registry, approval),
        "waiver": orders["waiver"],
        "history": [_step(change, zone) for change in changes],
        "fixes": _fixes(fixes, quality, approval, zone),
        "fixes_truncated": len(fixes) == MOST_FIXES,
    }


async def _waiver(alert: Alert, ports: Ports, zone: ZoneInfo) -> dict[str, Any] | None:
    if alert.evidence.waiver_id is None:
        return None
    try:
        return waiver_to_wire(await ports.waivers.one(alert.evidence.waiver_id), zone)
    except NotFound:
        return None


async def _advisory(alert: Alert, ports: Ports, zone: ZoneInfo) -> dict[str, Any] | None:
    """The weather advisory that set the limit at the peak."""
    evidence = alert.evidence
    if evidence.limit_reason != "weather":
        return None
    for issued in await ports.advisories.in_force(evidence.peak_ms):
        advisory = issued.advisory
        if advisory.limit_kmh == evidence.limit_kmh and within(
            evidence.peak_lon, evidence.peak_lat, advisory.area
        ):
            return advisory_to_wire(issued, zone)
    return None


def _limit(
    alert: Alert, registry: Registry, approval: Approval | None, advisory: dict[str, Any] | None
) -> dict[str, Any] | None:
    """The limit in force at the peak of a speeding, and what on record set it."""
    evidence = alert.evidence
    if evidence.limit_kmh is None:
        return None
    zones = [
        zone
        for zone in registry.zones
        if evidence.limit_reason == zone.reason
        and zone.limit_kmh == evidence.limit_kmh
        and within(evidence.peak_lon, evidence.peak_lat, zone.area)
    ]
    return {
        "limit_kmh": evidence.limit_kmh,
        "reason": evidence.limit_reason,
        "stretch": _stretch(alert, approval),
        "zone": zones[0] if zones else None,
        "advisory": advisory,
    }


def _stretch(alert: Alert, approval: Approval | None) -> LimitStretch | None:
    """The stretch of the approval that states the limit where the peak was."""
    evidence = alert.evidence
    if approval is None or evidence.chainage_m is None:
        return None
    for stretch in approval.limits:
        stated = (stretch.limit_kmh, stretch.reason) == (evidence.limit_kmh, evidence.limit_reason)
        if stated and stretch.from_m <= evidence.chainage_m < stretch.to_m:
            return stretch
    return None


def _driver(driver_id: str | None, registry: Registry) -> dict[str, Any] | None:
    """Who drove by the assignment, without the phone number, which proves nothing."""
    driver = registry.drivers_by_id.get(driver_id or "")
    if driver is None:
        return None
    return {
        "driver_id": driver.driver_id,
        "name": driver.name,
        "qualified_until": driver.qualified_until,
    }


def _parameters(alert: Alert, registry: Registry, approval: Approval | None) -> dict[str, Any]:
    """The set that the record states for the line, and whether it is the one that the alert was judged by."""
    stated = Parameters().with_settings(registry.parameters)
    if approval is not None:
        stated = stated.with_settings(approval.parameters)
    return {
        "version": stated.version,
        "as_judged": stated.version == alert.evidence.parameters_version,
        "group": _GROUPS.get(alert.rule, alert.rule),
        "values": {name: group._asdict() for name, group in stated.groups().items()},
    }


def _step(change: Change, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "seq": change.seq,
        "kind": change.kind,
        "at": format_time(change.at_ms, zone),
        "by": change.by,
        "note": change.note,
        "severity": change.alert.severity,
        "status": change.alert.status,
        "version": change.alert.version,
        "assignee": change.alert.assignee,
        "level": change.alert.level,
        "false_reason": change.alert.false_reason,
    }


def _fixes(
    fixes: Fixes, quality: NDArray[np.int16], approval: Approval | None, zone: ZoneInfo
) -> list[dict[str, Any]]:
    """The fixes with their marks in words, and how far each lies from the approved line."""
    away = np.full(len(fixes), np.nan)
    if approval is not None:
        away = off_line_m(approval, fixes.lon, fixes.lat)
    away[(quality & Quality.NO_FIX) != 0] = np.nan
    return [
        fix
        | {
            "marks": [str(mark.name).lower() for mark in Quality(fix["quality"])],
            "off_line_m": None if np.isnan(metres) else round(metres, 1),
        }
        for fix, metres in zip(fixes_to_wire(fixes, quality, zone), away.tolist(), strict=True)
    ]
