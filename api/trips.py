"""The trip that a bus is on: its stops, and when the bus was there by its own track."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query
from starlette.responses import Response

from alerts.passages import EARLY_MS, Passage, TripState, passages
from api import schemas
from api.answers import BusId, Json, Moment, moment_ms
from api.context import Context
from api.tracks import MOST_FIXES
from fleet.clock import MINUTE_MS, format_time, local_day
from fleet.errors import NotFound
from fleet.registry import Approval, Assignment, Registry
from fleet.timetable import NO_APPROVAL, due_ms, lay_trips

LATE_MS = 30 * MINUTE_MS
"""So long after its window a trip is still looked for in the track: buses come late."""


@dataclass(frozen=True, slots=True)
class _Due:
    """A run that an assignment calls for."""

    assignment: Assignment
    approval: Approval
    start_ms: int
    end_ms: int
    stops_ms: tuple[int | None, ...]
    """When it is due at each stop of its approval, in their order along the line."""


def trip_routes(context: Context) -> APIRouter:
    """Trips of buses."""
    router = APIRouter(tags=["buses"])

    @router.get(
        "/buses/{bus_id}/trip",
        summary="The trip a bus is on, or was on last that day, or has next, with when it was at the stops",
        response_model=schemas.BusTrip,
    )
    async def trip(
        bus_id: BusId, at: Annotated[Moment, Query(description="Now if left out")] = None
    ) -> Response:
        at_ms = moment_ms(at, "at") or context.now_ms()
        _, registry = await context.ports.record.registry()
        if bus_id not in registry.bus_rows:
            raise NotFound(f"there is no bus {bus_id!r} on record")
        due = _due(registry, bus_id, at_ms)
        if due is None:
            return Json({"trip": None})
        until_ms = min(at_ms, due.end_ms + LATE_MS)
        fixes, quality = await context.ports.tracks.way(
            bus_id, due.start_ms - EARLY_MS, max(until_ms, due.start_ms - EARLY_MS), MOST_FIXES
        )
        state, stops = await asyncio.to_thread(passages, due.approval, due.start_ms, fixes, quality)
        return Json({"trip": _wire(due, state, stops, context)})

    return router


def _due(registry: Registry, bus_id: str, at_ms: int) -> _Due | None:
    """Of a day's trips the one that began last, else the first to come; one of yesterday while it goes on."""
    own = tuple(one for one in registry.assignments if one.bus_id == bus_id)
    day = local_day(at_ms, registry.tz)
    trips = lay_trips(msgspec.structs.replace(registry, assignments=own), day - timedelta(days=1), day)
    chosen: int | None = None
    for row in range(len(trips)):
        today = local_day(int(trips.start_ms[row]), registry.tz) == day
        if trips.approval[row] == NO_APPROVAL or not (today or at_ms < trips.end_ms[row]):
            continue
        if chosen is None or trips.start_ms[row] - EARLY_MS <= at_ms:
            chosen = row
    if chosen is None:
        return None
    assignment = own[int(trips.assignment[chosen])]
    approval = registry.approvals[int(trips.approval[chosen])]
    start_ms = int(trips.start_ms[chosen])
    planned = zip(approval.stops, due_ms(registry, assignment, approval, start_ms), strict=True)
    stops_ms = tuple(ms for _, ms in sorted(planned, key=lambda one: one[0].chainage_m))
    return _Due(assignment, approval, start_ms, int(trips.end_ms[chosen]), stops_ms)


def _wire(due: _Due, state: TripState, stops: list[Passage], context: Context) -> dict[str, Any]:
    return {
        "assignment_id": due.assignment.assignment_id,
        "approval_id": due.approval.approval_id,
        "route_id": due.approval.route_id,
        "route_name": due.approval.name,
        "direction": due.approval.direction,
        "starts": format_time(due.start_ms, context.zone),
        "ends": format_time(due.end_ms, context.zone),
        "state": state,
        "stops": [
            {
                "name": passage.stop.name,
                "lon": passage.stop.lon,
                "lat": passage.stop.lat,
                "chainage_m": passage.stop.chainage_m,
                "due_at": _time(due_at_ms, context),
                "reached_at": _time(passage.reached_ms, context),
                "left_at": _time(passage.left_ms, context),
            }
            for passage, due_at_ms in zip(stops, due.stops_ms, strict=True)
        ],
    }


def _time(ms: int | None, context: Context) -> str | None:
    return None if ms is None else format_time(ms, context.zone)
