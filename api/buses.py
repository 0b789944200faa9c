"""Buses on record, and where they are."""

from __future__ import annotations

from datetime import date
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from api import schemas
from api.answers import BusId, Json, RawJson
from api.context import Context
from fleet.clock import format_time
from fleet.errors import NotFound
from fleet.registry import Assignment, Bus, Registry


def bus_routes(context: Context) -> APIRouter:
    """The register of buses and their last known positions."""
    router = APIRouter(tags=["buses"])

    @router.get("/buses", summary="All buses on record", response_model=schemas.Buses)
    async def buses() -> Response:
        _, registry = await context.ports.record.registry()
        routes = _routes_by_bus(registry)
        return Json({"items": [_bus(bus, routes) for bus in registry.buses]})

    @router.get("/buses/{bus_id}", summary="A bus with what its sign states", response_model=schemas.BusFile)
    async def bus(bus_id: BusId) -> Response:
        _, registry = await context.ports.record.registry()
        row = registry.bus_rows.get(bus_id)
        if row is None:
            raise NotFound(f"there is no bus {bus_id!r} on record")
        own = [assignment for assignment in registry.assignments if assignment.bus_id == bus_id]
        return Json(
            _bus(registry.buses[row], {bus_id: [assignment.route_id for assignment in own]})
            | {
                "assignments": [_assignment(assignment, registry, context) for assignment in own],
                "today": school_day(registry, context.today()),
                "last_position": _last_position(bus_id, context),
            }
        )

    @router.get("/positions", summary="The last known position of every bus", response_model=schemas.Frame)
    async def positions() -> Response:
        return RawJson(context.hub.positions().raw)

    return router


def _bus(bus: Bus, routes: dict[str, list[str]]) -> dict[str, Any]:
    stated = {name: getattr(bus, name) for name in bus.__struct_fields__}
    return stated | {"route_ids": list(dict.fromkeys(routes.get(bus.bus_id, ())))}


def _routes_by_bus(registry: Registry) -> dict[str, list[str]]:
    routes: dict[str, list[str]] = {}
    for assignment in registry.assignments:
        routes.setdefault(assignment.bus_id, []).append(assignment.route_id)
    return routes


def _assignment(assignment: Assignment, registry: Registry, context: Context) -> dict[str, Any]:
    """An assignment with its driver and the approval in force today.

    A route whose approvals have all lapsed, or not begun, still has the name of its newest version.
    """
    approval = registry.approval_on(assignment.route_id, context.today())
    newest = registry.approvals_by_route[assignment.route_id][-1]
    driver = registry.drivers_by_id[assignment.driver_id]
    return {
        "assignment_id": assignment.assignment_id,
        "route_id": assignment.route_id,
        "route_name": (approval or newest).name,
        "direction": (approval or newest).direction,
        "approval_id": approval.approval_id if approval else None,
        "approval_number": approval.number if approval else None,
        "driver": {"driver_id": driver.driver_id, "name": driver.name, "phone": driver.phone},
        "weekdays": assignment.weekdays,
        "starts": assignment.starts,
        "ends": assignment.ends,
    }


def school_day(registry: Registry, day: date) -> dict[str, Any]:
    """What a day is by the school calendar."""
    off = registry.calendar.days_off_on(day)
    weekday = registry.calendar.weekday_on(day)
    return {"day": day, "weekday": weekday, "day_off": off.name if off and weekday is None else None}


def _last_position(bus_id: str, context: Context) -> dict[str, Any] | None:
    row = context.hub.position(bus_id)
    if row is None:
        return None
    del row["bus"]
    return {"time": format_time(row.pop("time_ms"), context.zone)} | row
