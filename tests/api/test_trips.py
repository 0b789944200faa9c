"""The trip of a bus over HTTP: which one, and when it was at its stops."""

from __future__ import annotations

import datetime as dt

import httpx
import msgspec
import numpy as np
import pytest

from api import schemas
from fleet.registry import Zone
from storage.registry import import_registry
from tests.api.conftest import Room
from tests.api.test_app import problem, read
from tests.scenes import drive, line, registry, track


async def test_the_trip_under_way_has_the_moments_at_its_stops(client: httpx.AsyncClient, room: Room) -> None:
    await room.commit(track(drive(0, 6_000, 36)))
    trip = (await read(client, "/buses/B1/trip", schemas.BusTrip))["trip"]
    assert (trip["approval_id"], trip["route_name"], trip["state"]) == ("R1.1", "一号线", "under_way")
    assert trip["starts"] == "2026-09-01T07:00:00.000+08:00"
    first, school = trip["stops"]
    assert (first["name"], first["left_at"]) == ("起点", "2026-09-01T07:00:03.000+08:00")
    assert (school["reached_at"], school["left_at"]) == (None, None)


async def test_the_times_of_the_approved_timetable_stand_beside_those_driven(
    client: httpx.AsyncClient, room: Room
) -> None:
    one = registry(buses=3)
    timed = msgspec.structs.replace(one.assignments[0], stop_times=(dt.time(7, 5), dt.time(7, 40)))
    await import_registry(
        room.database, msgspec.structs.replace(one, assignments=(timed, *one.assignments[1:]))
    )
    for bus_id, due in (
        ("B1", ["2026-09-01T07:05:00.000+08:00", "2026-09-01T07:40:00.000+08:00"]),
        ("B2", [None, None]),
    ):
        trip = (await read(client, f"/buses/{bus_id}/trip", schemas.BusTrip))["trip"]
        assert [stop["due_at"] for stop in trip["stops"]] == due


async def test_a_trip_that_has_reached_its_last_stop_is_over(client: httpx.AsyncClient, room: Room) -> None:
    await room.commit(track(np.minimum(drive(0, 10_200, 72), 10_000)))
    trip = (await read(client, "/buses/B1/trip", schemas.BusTrip))["trip"]
    assert trip["state"] == "ended"
    assert trip["stops"][1]["reached_at"] == "2026-09-01T07:08:18.000+08:00", "where the trip ends"


@pytest.mark.parametrize(
    ("at", "starts"),
    [
        ("06:00", "07:00"),  # the first to come
        ("07:30", "07:00"),
        ("12:00", "07:00"),  # the last there was
        ("15:52", "16:00"),  # it may begin ten minutes early
        ("23:30", "16:00"),
    ],
)
async def test_of_two_trips_of_a_day_the_one_that_the_hour_is_about(
    client: httpx.AsyncClient, room: Room, at: str, starts: str
) -> None:
    one = registry(buses=3)
    again = msgspec.structs.replace(
        one.assignments[0], assignment_id="A9", starts=dt.time(16), ends=dt.time(18)
    )
    await import_registry(room.database, msgspec.structs.replace(one, assignments=(*one.assignments, again)))
    trip = (await read(client, f"/buses/B1/trip?at=2026-09-01T{at}:00%2B08:00", schemas.BusTrip))["trip"]
    assert trip["starts"][11:16] == starts


async def test_a_bus_without_a_trip_that_day_has_none(client: httpx.AsyncClient, room: Room) -> None:
    without = msgspec.structs.replace(registry(buses=3), assignments=())
    await import_registry(room.database, without)
    assert await read(client, "/buses/B1/trip", schemas.BusTrip) == {"trip": None}


async def test_a_bus_that_is_not_on_record_is_not_found(client: httpx.AsyncClient) -> None:
    problem(await client.get("/api/v1/buses/B9/trip"), 404)
    problem(await client.get("/api/v1/buses/B1/trip?at=noon"), 422)


async def test_zones_are_polygons_that_end_where_they_begin(client: httpx.AsyncClient, room: Room) -> None:
    area = line([(0, 0), (200, 0), (200, 200), (0, 200)])
    zone = Zone("Z1", "实验小学门前", area, 30.0)
    await import_registry(room.database, msgspec.structs.replace(registry(buses=3), zones=(zone,)))
    (feature,) = (await read(client, "/zones", schemas.Zones))["features"]
    assert feature["properties"] == {
        "zone_id": "Z1",
        "name": "实验小学门前",
        "limit_kmh": 30.0,
        "reason": "school_zone",
    }
    (ring,) = feature["geometry"]["coordinates"]
    assert len(ring) == 5
    assert ring[0] == ring[-1]
