"""What was due on a day, and what a bus was held to then."""

from __future__ import annotations

import datetime as dt

import httpx
import msgspec

from api import schemas
from fleet.calendar import DaysOff, SchoolCalendar
from storage.registry import import_registry
from tests.api.conftest import Room
from tests.api.test_app import problem, read
from tests.scenes import DAY, approval, registry

OLD = approval(version=1, corridor_m=80.0, valid_to=dt.date(2026, 8, 31))
NEW = approval(version=2, valid_from=dt.date(2026, 9, 1))


async def test_drivers_are_listed_with_their_buses(client: httpx.AsyncClient) -> None:
    drivers = await read(client, "/drivers", schemas.Drivers)
    assert drivers["items"] == [
        {
            "driver_id": "D1", "name": "王师傅", "qualified_until": "2026-12-31",
            "bus_ids": ["B1", "B2", "B3"],
        }
    ]  # fmt: skip


async def test_the_trips_of_a_day_name_the_approval_in_force_then(
    client: httpx.AsyncClient, room: Room
) -> None:
    await import_registry(room.database, registry(OLD, NEW))
    for day, version in (("2026-08-25", "R1.1"), ("2026-09-01", "R1.2"), ("2027-01-05", None)):
        found = await read(client, f"/timetable?on={day}", schemas.DayTimetable)
        (run,) = found["items"]
        assert (found["day"], found["weekday"], run["approval_id"]) == (day, 2, version)
        assert (run["bus_id"], run["driver_name"], run["school"]) == ("B1", "王师傅", "实验小学")
        assert (run["starts"], run["ends"]) == (f"{day}T07:00:00.000+08:00", f"{day}T09:00:00.000+08:00")


async def test_on_a_day_off_there_is_no_trip(client: httpx.AsyncClient, room: Room) -> None:
    calendar = SchoolCalendar(days_off=(DaysOff("台风停课", DAY, DAY),))
    await import_registry(room.database, msgspec.structs.replace(registry(), calendar=calendar))
    found = await read(client, "/timetable", schemas.DayTimetable)
    assert found == {"day": "2026-09-01", "weekday": None, "day_off": "台风停课", "items": []}


async def test_an_approval_that_has_lapsed_can_still_be_read(client: httpx.AsyncClient, room: Room) -> None:
    await import_registry(room.database, registry(OLD, NEW))
    found = await read(client, "/approvals/R1.1", schemas.ApprovedRoute)
    assert found["properties"]["corridor_m"] == 80.0
    assert (found["properties"]["valid_from"], found["properties"]["valid_to"]) == (
        "2026-01-01",
        "2026-08-31",
    )
    assert len(found["geometry"]["coordinates"]) == len(OLD.line)
    problem(await client.get("/api/v1/approvals/R1.9"), 404)


async def test_a_day_that_is_none_is_refused(client: httpx.AsyncClient) -> None:
    problem(await client.get("/api/v1/timetable?on=yesterday"), 422)
