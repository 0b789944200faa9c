"""What people order for the streets: waivers of routes, weather advisories; and incidents, the closures
that a waiver answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Path, Query
from starlette.responses import Response

from alerts.episodes import Change
from alerts.incidents import area_round, incident_to_wire
from api import schemas
from api.alerts import tell
from api.answers import Json
from api.context import Context
from api.guards import refuse_foreign_posts
from api.ports import GivenWaiver, IssuedAdvisory
from fleet.clock import DAY_MS, format_time, to_ms
from fleet.errors import BadInput
from fleet.registry import Advisory, LonLat, Waiver

LONGEST_MS = 31 * DAY_MS
"""A waiver or an advisory is for a time; a street that is closed for longer wants a new approval."""
MARGIN_M = 400.0
"""How far beyond the deviations of an incident its waiver reaches."""

OrderId = Annotated[str, Path(pattern=r"^[A-Za-z0-9._-]{1,140}$")]
Limit = Annotated[int, Query(ge=1, le=500)]


def order_routes(context: Context) -> APIRouter:
    """Waivers, advisories and incidents."""
    router = APIRouter()
    _add_waivers(router, context)
    _add_advisories(router, context)
    _add_incidents(router, context)
    return router


def _add_waivers(router: APIRouter, context: Context) -> None:
    @router.post(
        "/waivers",
        tags=["waivers"],
        status_code=201,
        summary="Give a waiver: deviations that it covers become warnings that name it",
        response_model=schemas.Waiver,
        dependencies=[Depends(refuse_foreign_posts)],
    )
    async def give(order: schemas.WaiverOrder) -> Response:
        if not order.route_ids and not order.area:
            raise BadInput("body: a waiver needs route_ids, an area, or both; one for everything is none")
        _, registry = await context.ports.record.registry()
        for route_id in order.route_ids:
            if route_id not in registry.approvals_by_route:
                raise BadInput(f"body.route_ids: route {route_id!r} is not on record")
        waiver = _waiver(order, context, tuple(order.route_ids), _area(order.area))
        return await _give(waiver, context)

    @router.get("/waivers", tags=["waivers"], summary="Waivers, newest first", response_model=schemas.Waivers)
    async def waivers(limit: Limit = 100) -> Response:
        found = await context.ports.waivers.newest(limit)
        return Json({"items": [waiver_to_wire(one, context.zone) for one in found]})

    @router.post(
        "/waivers/{waiver_id}/revoke",
        tags=["waivers"],
        summary="Take a waiver out of force",
        description="What it covered stays marked until the engine next changes it.",
        response_model=schemas.Waiver,
        dependencies=[Depends(refuse_foreign_posts)],
    )
    async def revoke(waiver_id: OrderId, by: schemas.By) -> Response:
        revoked = await context.ports.waivers.revoke(waiver_id, by=by.by, at_ms=context.now_ms())
        return Json(waiver_to_wire(revoked, context.zone))


def _add_advisories(router: APIRouter, context: Context) -> None:
    @router.post(
        "/advisories",
        tags=["advisories"],
        status_code=201,
        summary="Issue a weather advisory: a speed limit in an area for a time",
        response_model=schemas.Advisory,
        dependencies=[Depends(refuse_foreign_posts)],
    )
    async def issue(order: schemas.AdvisoryOrder) -> Response:
        at_ms = context.now_ms()
        from_ms, until_ms = _time_box(order.from_, order.to, at_ms)
        area = _area(order.area)
        advisory = Advisory(_identity("V", at_ms), order.name, area, from_ms, until_ms, order.limit_kmh)
        issued = await context.ports.advisories.issue(advisory, by=order.by, at_ms=at_ms)
        return Json(advisory_to_wire(issued, context.zone), 201)

    @router.get(
        "/advisories",
        tags=["advisories"],
        summary="Advisories, newest first",
        response_model=schemas.Advisories,
    )
    async def advisories(limit: Limit = 100) -> Response:
        found = await context.ports.advisories.newest(limit)
        return Json({"items": [advisory_to_wire(one, context.zone) for one in found]})

    @router.post(
        "/advisories/{advisory_id}/end",
        tags=["advisories"],
        summary="End an advisory before its time",
        response_model=schemas.Advisory,
        dependencies=[Depends(refuse_foreign_posts)],
    )
    async def end(advisory_id: OrderId, by: schemas.By) -> Response:
        ended = await context.ports.advisories.end(advisory_id, by=by.by, at_ms=context.now_ms())
        return Json(advisory_to_wire(ended, context.zone))


def _add_incidents(router: APIRouter, context: Context) -> None:
    @router.get(
        "/incidents",
        tags=["incidents"],
        summary="Probable closures: many buses that left their routes at one place, newest first",
        response_model=schemas.Incidents,
    )
    async def incidents(
        ongoing: Annotated[bool | None, Query(description="Whether it has not ended")] = None,
        limit: Limit = 100,
    ) -> Response:
        found = await context.ports.incidents.newest(limit, ongoing)
        return Json({"items": [incident_to_wire(one, context.zone) for one in found]})

    @router.post(
        "/incidents/{incident_id}/waiver",
        tags=["incidents"],
        status_code=201,
        summary="Give one waiver for an incident: round its place, for its routes",
        response_model=schemas.Waiver,
        dependencies=[Depends(refuse_foreign_posts)],
    )
    async def answer(incident_id: OrderId, order: schemas.IncidentOrder) -> Response:
        incident, alerts = await context.ports.incidents.one(incident_id)
        area = area_round(incident, alerts, MARGIN_M)
        waiver = _waiver(order, context, incident.route_ids, area, earliest_ms=incident.first_ms)
        return await _give(waiver, context, incident_id)


async def _give(waiver: Waiver, context: Context, incident_id: str | None = None) -> Response:
    given, changes = await context.ports.waivers.give(waiver, at_ms=context.now_ms(), incident_id=incident_id)
    await _tell_all(changes, context)
    return Json(
        waiver_to_wire(given, context.zone) | {"alert_ids": [change.alert.alert_id for change in changes]},
        201,
    )


async def _tell_all(changes: Sequence[Change], context: Context) -> None:
    for change in changes:
        await tell(change, context)


def _waiver(
    order: schemas.IncidentOrder,
    context: Context,
    route_ids: tuple[str, ...],
    area: tuple[LonLat, ...],
    earliest_ms: int | None = None,
) -> Waiver:
    at_ms = context.now_ms()
    from_ms, until_ms = _time_box(order.from_, order.to, at_ms, at_ms if earliest_ms is None else earliest_ms)
    identity = _identity("W", at_ms)
    return Waiver(identity, order.reason, order.by, from_ms, until_ms, route_ids, area, order.note)


def _time_box(
    from_: datetime | None, to: datetime, at_ms: int, earliest_ms: int | None = None
) -> tuple[int, int]:
    """From (``earliest_ms``, or now, when left out) and to; ``BadInput`` for a box that is none."""
    default_ms = at_ms if earliest_ms is None else earliest_ms
    from_ms = default_ms if from_ is None else to_ms(from_)
    until_ms = to_ms(to)
    if until_ms <= from_ms:
        raise BadInput("body.to: must be after `from`, or after now where `from` is left out")
    if until_ms <= at_ms:
        raise BadInput("body.to: is over already")
    if until_ms - from_ms > LONGEST_MS:
        raise BadInput("body.to: at most 31 days after `from`; what lasts longer wants a new approval")
    return from_ms, until_ms


def _area(corners: Sequence[LonLat]) -> tuple[LonLat, ...]:
    if corners and len(set(corners)) < 3:
        raise BadInput("body.area: needs three distinct corners, as [lon, lat]")
    return tuple(corners)


def waiver_to_wire(given: GivenWaiver, zone: ZoneInfo) -> dict[str, Any]:
    """A waiver as people's systems get it."""
    waiver = given.waiver
    return {
        "waiver_id": waiver.waiver_id,
        "reason": waiver.reason,
        "approved_by": waiver.approved_by,
        "given_at": format_time(given.given_ms, zone),
        "from": format_time(waiver.from_ms, zone),
        "to": format_time(waiver.to_ms, zone),
        "route_ids": waiver.route_ids,
        "area": waiver.area,
        "note": waiver.note,
        "incident_id": given.incident_id,
        "revoked_at": _time(given.revoked_ms, zone),
        "revoked_by": given.revoked_by,
    }


def advisory_to_wire(issued: IssuedAdvisory, zone: ZoneInfo) -> dict[str, Any]:
    """An advisory as people's systems get it."""
    advisory = issued.advisory
    return {
        "advisory_id": advisory.advisory_id,
        "name": advisory.name,
        "issued_by": issued.issued_by,
        "issued_at": format_time(issued.issued_ms, zone),
        "from": format_time(advisory.from_ms, zone),
        "to": format_time(advisory.to_ms, zone),
        "area": advisory.area,
        "limit_kmh": advisory.limit_kmh,
        "ended_at": _time(issued.ended_ms, zone),
        "ended_by": issued.ended_by,
    }


def _identity(letter: str, at_ms: int) -> str:
    return f"{letter}.{at_ms}.{uuid4().hex[:6]}"


def _time(ms: int | None, zone: ZoneInfo) -> str | None:
    return None if ms is None else format_time(ms, zone)
