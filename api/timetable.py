"""What was due on a day, and who drove it: how a question about a school or a driver finds its buses.

Approvals are on record with their days of validity; buses, drivers and assignments are those of the newest
import, whatever the day.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from api import schemas
from api.answers import Json
from api.buses import school_day
from api.context import Context
from fleet.clock import format_time
from fleet.registry import Registry
from fleet.timetable import NO_APPROVAL, lay_trips


def timetable_routes(context: Context) -> APIRouter:
    """Drivers, and the trips of a day."""
    router = APIRouter(tags=["buses"])

    @router.get("/drivers", summary="All drivers on record", response_model=schemas.Drivers)
    async def drivers() -> Response:
        _, registry = await context.ports.record.registry()
        buses: dict[str, dict[str, None]] = {}
        for assignment in registry.assignments:
            buses.setdefault(assignment.driver_id, {})[assignment.bus_id] = None
        return Json(
            {
                "items": [
                    {
                        "driver_id": driver.driver_id,
                        "name": driver.name,
                        "qualified_until": driver.qualified_until,
                        "bus_ids": list(buses.get(driver.driver_id, ())),
                    }
                    for driver in registry.drivers
                ]
            }
        )

    @router.get(
        "/timetable",
        summary="The trips of a day, each with its driver and the approval then in force",
        description="Assignments are those on record now; approvals are those of the day.",
        response_model=schemas.DayTimetable,
    )
    async def timetable(
        on: Annotated[
            date | None,
            Query(description="A day in the fleet's zone; today if left out", examples=["2026-09-01"]),
        ] = None,
    ) -> Response:
        _, registry = await context.ports.record.registry()
        day = on or context.today()
        return Json(school_day(registry, day) | {"items": _runs(registry, day)})

    return router


def _runs(registry: Registry, day: date) -> list[dict[str, Any]]:
    trips = lay_trips(registry, day, day)
    columns = (trips.assignment, trips.approval, trips.start_ms, trips.end_ms)
    runs = []
    for row, version, start_ms, end_ms in zip(*(column.tolist() for column in columns), strict=True):
        assignment = registry.assignments[row]
        newest = registry.approvals_by_route[assignment.route_id][-1]
        approval = newest if version == NO_APPROVAL else registry.approvals[version]
        runs.append(
            {
                "assignment_id": assignment.assignment_id,
                "bus_id": assignment.bus_id,
                "driver_id": assignment.driver_id,
                "driver_name": registry.drivers_by_id[assignment.driver_id].name,
                "route_id": assignment.route_id,
                "route_name": approval.name,
                "school": approval.school,
                "direction": approval.direction,
                "approval_id": None if version == NO_APPROVAL else approval.approval_id,
                "starts": format_time(start_ms, registry.tz),
                "ends": format_time(end_ms, registry.tz),
            }
        )
    return runs
