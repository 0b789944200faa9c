"""Alerts: listed, looked into, and settled by people."""

from __future__ import annotations

import logging
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Depends, Query
from numpy.typing import NDArray
from starlette.responses import Response

from alerts.episodes import Alert, Change, Rule, Severity, Status, alert_to_wire, change_to_wire
from api import schemas
from api.answers import AlertId, Json, Moment, decode_cursor, encode_cursor, moment_ms
from api.context import Context
from api.guards import refuse_foreign_posts
from api.ports import Act, Tracks
from api.tracks import MOST_FIXES, fixes_to_wire
from fleet.clock import SECOND_MS
from fleet.errors import NotFound, Unavailable
from fleet.fixes import Fixes

log = logging.getLogger(__name__)

AROUND_MS = 30 * SECOND_MS
"""How much of the track before an episode's start and after its end belongs to its file."""
_ACTS: dict[str, Act] = {"acknowledge": "acknowledged", "close": "closed", "false-alarm": "false_alarm"}


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

    for verb in _ACTS:
        _add_act(router, verb, context)
    return router


def _add_act(router: APIRouter, verb: str, context: Context) -> None:
    @router.post(
        f"/alerts/{{alert_id}}/{verb}",
        name=verb,
        summary=f"Record that the alert is {_ACTS[verb].replace('_', ' ')}",
        description="409 when the alert has another version by now, or is settled already.",
        response_model=schemas.Alert,
        dependencies=[Depends(refuse_foreign_posts)],
    )
    async def act(alert_id: AlertId, handling: schemas.Handling) -> Response:
        change = await context.ports.desk.handle(
            alert_id,
            _ACTS[verb],
            by=handling.by,
            note=handling.note or None,
            expected_version=handling.version,
            at_ms=context.now_ms(),
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
    del wire["alert"]
    return wire


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
