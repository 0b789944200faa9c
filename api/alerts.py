"""Alerts: listed, looked into, and settled by people."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Depends, Query
from numpy.typing import NDArray
from starlette.responses import Response

from alerts.episodes import Alert, Change, FalseReason, Rule, Severity, Status, alert_to_wire, change_to_wire
from alerts.handling import Act
from api import schemas
from api.answers import AlertId, Json, Moment, decode_cursor, encode_cursor, moment_ms
from api.context import Context
from api.guards import refuse_foreign_posts
from api.ports import Tracks
from api.tracks import MOST_FIXES, fixes_to_wire
from fleet.clock import SECOND_MS
from fleet.errors import NotFound, Unavailable
from fleet.fixes import Fixes

log = logging.getLogger(__name__)

Endpoint = Callable[..., Awaitable[Response]]

AROUND_MS = 30 * SECOND_MS
"""How much of the track before an episode's start and after its end belongs to its file."""
_CONFLICT = "409 when the alert has another version by now, or is settled already."


def alert_routes(context: Context) -> APIRouter:
    """The alerts on file, and what people do about them."""
    router = APIRouter(tags=["alerts"])

    @router.get("/alerts", summary="Alerts by filters, newest first", response_model=schemas.AlertPage)
    async def alerts(
        rule: Rule | None = None,
        severity: Severity | None = None,
        status: Status | None = None,
        ongoing: Annotated[bool | None, Query(description="Whether the episode has not ended")] = None,
        bus: Annotated[str | None, Query(pattern=r"^[A-Za-z0-9-]{1,64}$")] = None,
        from_: Annotated[Moment, Query(alias="from", description="Started then or later")] = None,
        to: Annotated[Moment, Query(description="Started before")] = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 100,
        cursor: Annotated[str | None, Query(max_length=300)] = None,
    ) -> Response:
        found = await context.ports.alerts.page(
            rule=rule,
            severity=severity,
            status=status,
            ongoing=ongoing,
            bus_id=bus,
            from_ms=moment_ms(from_, "from"),
            to_ms=moment_ms(to, "to"),
            after=decode_cursor(cursor),
            limit=limit + 1,
        )
        items = found[:limit]
        more = encode_cursor(items[-1].started_ms, items[-1].alert_id) if len(found) > limit else None
        return Json({"items": [alert_to_wire(alert, context.zone) for alert in items], "next_cursor": more})

    @router.get("/alerts/{alert_id}", summary="An alert's file", response_model=schemas.AlertFile)
    async def alert(alert_id: AlertId) -> Response:
        found, changes = await context.ports.alerts.one(alert_id)
        return Json(
            alert_to_wire(found, context.zone)
            | {"changes": [_step(change, context) for change in changes]}
            | await _fixes_around(found, context)
        )

    _add_acts(router, context)
    return router


def _add_acts(router: APIRouter, context: Context) -> None:
    def add(verb: str, summary: str, description: str = _CONFLICT) -> Callable[[Endpoint], Endpoint]:
        return router.post(
            f"/alerts/{{alert_id}}/{verb}",
            summary=summary,
            description=description,
            response_model=schemas.Alert,
            dependencies=[Depends(refuse_foreign_posts)],
        )

    @add("acknowledge", "Record that somebody deals with the alert; it is theirs if it was nobody's")
    async def acknowledge(alert_id: AlertId, handling: schemas.Handling) -> Response:
        return await _record(context, alert_id, "acknowledged", handling)

    @add("close", "Record that the alert is dealt with")
    async def close(alert_id: AlertId, handling: schemas.Handling) -> Response:
        return await _record(context, alert_id, "closed", handling)

    @add("false-alarm", "Record that the alert was false, and why")
    async def false_alarm(alert_id: AlertId, verdict: schemas.FalseAlarm) -> Response:
        return await _record(context, alert_id, "false_alarm", verdict, reason=verdict.reason)

    @add("assign", "Give the alert to a person, or with null take it away")
    async def assign(alert_id: AlertId, assignment: schemas.Assigning) -> Response:
        return await _record(context, alert_id, "assigned", assignment, assignee=assignment.to)

    @add("note", "Add a note; the status stays", "409 when the alert has another version by now.")
    async def note(alert_id: AlertId, noting: schemas.Noting) -> Response:
        return await _record(context, alert_id, "noted", noting)


async def _record(
    context: Context,
    alert_id: str,
    act: Act,
    handling: schemas.Handling,
    *,
    assignee: str | None = None,
    reason: FalseReason | None = None,
) -> Response:
    """Record an act and tell everybody."""
    change = await context.ports.desk.handle(
        alert_id,
        act,
        by=handling.by,
        note=handling.note or None,
        expected_version=handling.version,
        at_ms=context.now_ms(),
        assignee=assignee,
        reason=reason,
    )
    await tell(change, context)
    return Json(alert_to_wire(change.alert, context.zone))


async def tell(change: Change, context: Context) -> None:
    """Tell our own pages at once, and the other processes through the broker.

    The act is on record whether or not the broker can be told: the others then read it from storage.
    """
    wire = change_to_wire(change, context.zone)
    context.hub.push_change(wire)
    try:
        await context.announce(wire)
    except Unavailable as error:
        log.warning("alert change %d could not be announced: %s", change.seq, error)


def _step(change: Change, context: Context) -> dict[str, Any]:
    wire = change_to_wire(change, context.zone)
    after = wire.pop("alert")
    return wire | {name: after[name] for name in ("assignee", "level", "false_reason")}


async def fixes_around(alert: Alert, tracks: Tracks, now_ms: int) -> tuple[Fixes, NDArray[np.int16]]:
    """The track that belongs to an alert's file, at most ``MOST_FIXES``, and its quality; to now while the
    episode goes on. Empty for a bus that is on record no more.
    """
    ended_ms = now_ms if alert.ended_ms is None else alert.ended_ms
    start_ms, end_ms = alert.started_ms - AROUND_MS, ended_ms + AROUND_MS
    try:
        return await tracks.track(alert.bus_id, start_ms, end_ms, MOST_FIXES)
    except NotFound:
        return Fixes.empty(), np.empty(0, np.int16)


async def _fixes_around(alert: Alert, context: Context) -> dict[str, Any]:
    fixes, quality = await fixes_around(alert, context.ports.tracks, context.now_ms())
    return {
        "fixes": fixes_to_wire(fixes, quality, context.zone),
        "fixes_truncated": len(fixes) == MOST_FIXES,
    }
