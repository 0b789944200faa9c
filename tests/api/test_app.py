"""Every answer is what its model says, and every error is a problem detail."""

from __future__ import annotations

import datetime as dt
from typing import Any

import httpx
import msgspec
import pytest
from pydantic import BaseModel

from api import schemas
from api.problems import Problem
from fleet.calendar import DaysOff, SchoolCalendar, Term
from fleet.errors import Unavailable
from storage.registry import import_registry
from tests.api.conftest import Room, frame, row
from tests.scenes import DAY, START_MS, registry, track
from tests.storage.records import alert, change

ALERT = f"/api/v1/alerts/{alert().alert_id}"


async def read(client: httpx.AsyncClient, path: str, model: type[BaseModel]) -> Any:
    """The JSON at ``path``, held against its model."""
    answer = await client.get(f"/api/v1{path}")
    assert answer.status_code == 200, answer.text
    model.model_validate_json(answer.content)
    return answer.json()


def problem(answer: httpx.Response, status: int) -> Problem:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    found = Problem.model_validate_json(answer.content)
    assert found.status == status
    assert found.detail
    return found


async def test_the_fleet_says_in_which_zone_its_times_are(client: httpx.AsyncClient) -> None:
    fleet = await read(client, "/fleet", schemas.Fleet)
    assert fleet["zone"] == "Asia/Shanghai"


async def test_the_register_of_buses(client: httpx.AsyncClient) -> None:
    buses = await read(client, "/buses", schemas.Buses)
    assert [bus["bus_id"] for bus in buses["items"]] == ["B1", "B2", "B3"]
    assert buses["items"][0]["route_ids"] == ["R1"]
    assert buses["items"][0]["depot"] == [114.2, 30.6]


async def test_a_bus_has_its_assignments_its_driver_and_its_last_position(
    client: httpx.AsyncClient, room: Room
) -> None:
    bus = await read(client, "/buses/B2", schemas.BusFile)
    assert bus["last_position"] is None
    (assignment,) = bus["assignments"]
    assert (assignment["approval_id"], assignment["starts"]) == ("R1.1", "07:00:00")
    assert assignment["driver"] == {"driver_id": "D1", "name": "王师傅", "phone": "13800000000"}
    room.hub.push_frame(frame(row("B2", START_MS)))
    bus = await read(client, "/buses/B2", schemas.BusFile)
    assert bus["last_position"]["time"] == "2026-09-01T07:00:00.000+08:00"
    assert bus["last_position"]["limit_kmh"] == 50.0


@pytest.mark.parametrize(
    ("calendar", "weekday", "day_off"),
    [
        (SchoolCalendar(), 2, None),
        (SchoolCalendar(days_off=(DaysOff("台风停课", DAY, DAY),)), None, "台风停课"),
        (SchoolCalendar((Term("秋季学期", dt.date(2026, 9, 2), dt.date(2027, 1, 22)),)), None, None),
    ],
)
async def test_a_bus_says_which_weekday_its_assignments_go_by_today(
    client: httpx.AsyncClient, room: Room, calendar: SchoolCalendar, weekday: int | None, day_off: str | None
) -> None:
    await import_registry(room.database, msgspec.structs.replace(registry(), calendar=calendar))
    bus = await read(client, "/buses/B1", schemas.BusFile)
    assert bus["today"] == {"day": "2026-09-01", "weekday": weekday, "day_off": day_off}


async def test_positions_are_the_newest_row_of_every_bus(client: httpx.AsyncClient, room: Room) -> None:
    room.hub.push_frame(frame(row("B1", lon=114.1), row("B2")))
    room.hub.push_frame(frame(row("B1", lon=114.2)))
    positions = await read(client, "/positions", schemas.Frame)
    assert sorted((found[0], found[2]) for found in positions["rows"]) == [("B1", 114.2), ("B2", 114.3)]


async def test_a_track_is_geojson_in_event_order(client: httpx.AsyncClient, room: Room) -> None:
    await room.commit(track(range(5), speed_kmh=[10, 20, float("nan"), 40, 50]))
    span = "from=2026-09-01T07:00:01%2B08:00&to=2026-09-01T07:00:03%2B08:00"
    found = await read(client, f"/buses/B1/track?{span}", schemas.Track)
    assert found["geometry"]["type"] == "LineString"
    assert len(found["geometry"]["coordinates"]) == 3
    assert found["properties"]["times"][0] == "2026-09-01T07:00:01.000+08:00"
    assert found["properties"]["speed_kmh"] == [20.0, None, 40.0]
    assert (found["properties"]["returned"], found["properties"]["truncated"]) == (3, False)


async def test_a_track_says_when_it_was_cut(client: httpx.AsyncClient, room: Room) -> None:
    await room.commit(track(range(5)))
    for limit, geometry in ((4, "LineString"), (1, "Point")):
        found = await read(client, f"/buses/B1/track?limit={limit}", schemas.Track)
        assert found["geometry"]["type"] == geometry
        assert (found["properties"]["returned"], found["properties"]["truncated"]) == (limit, True)
    assert (await read(client, "/buses/B2/track", schemas.Track))["geometry"] is None


async def test_an_unescaped_plus_in_a_time_is_understood(client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/v1/buses/B1/track?from=2026-09-01T07:00:00+08:00")).status_code == 200


async def test_an_alerts_file_holds_its_evidence_its_steps_and_its_track(
    client: httpx.AsyncClient, room: Room
) -> None:
    await room.commit(track(range(50), start_s=-40))
    found = await read(client, f"/alerts/{alert().alert_id}", schemas.AlertFile)
    assert found["started_at"] == "2026-09-01T07:00:00.000+08:00"
    assert found["evidence"]["limit_reason"] == "posted"
    assert "corridor_m" not in found["evidence"]
    assert [step["kind"] for step in found["changes"]] == ["opened"]
    assert "alert" not in found["changes"][0]
    assert found["fixes"][0]["time"] == "2026-09-01T06:59:30.000+08:00", "30 s before the start"
    assert len(found["fixes"]) == 40


async def test_alerts_come_in_pages_until_there_is_no_cursor(client: httpx.AsyncClient, room: Room) -> None:
    more = [alert("B2", START_MS + n * 1_000) for n in range(5)]
    await room.commit(changes=[change(of=one) for one in more])
    seen: list[str] = []
    cursor = ""
    while True:
        page = await read(client, f"/alerts?limit=2{cursor}", schemas.AlertPage)
        seen += [found["alert_id"] for found in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert len(seen) == len(set(seen)) == 6
    only = await read(client, "/alerts?bus=B1&rule=speeding&status=open&ongoing=true", schemas.AlertPage)
    assert [found["bus_id"] for found in only["items"]] == ["B1"]


async def test_the_routes_in_force_are_geojson_and_known_by_their_tag(client: httpx.AsyncClient) -> None:
    routes = await read(client, "/routes", schemas.Routes)
    (route,) = routes["features"]
    assert route["properties"]["approval_id"] == "R1.1"
    assert len(route["geometry"]["coordinates"]) == 101
    first = await client.get("/api/v1/routes")
    assert first.headers["content-encoding"] == "gzip"
    again = await client.get("/api/v1/routes", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_routes_leave_out_their_limits_when_they_are_not_wanted(client: httpx.AsyncClient) -> None:
    whole = await read(client, "/routes", schemas.Routes)
    brief = await read(client, "/routes?limits=false", schemas.Routes)
    for route in whole["features"]:
        assert route["properties"].pop("limits") is not None
    assert brief == whole


async def test_without_a_base_map_there_are_no_roads(client: httpx.AsyncClient) -> None:
    assert (await read(client, "/base-map", schemas.BaseMap))["features"] == []


async def test_rejects_are_shown_with_their_counts(client: httpx.AsyncClient, room: Room) -> None:
    bad = track(range(3))
    bad.lat[1] = 91.0
    await room.commit(bad)
    rejects = await read(client, "/rejects", schemas.RejectedMessages)
    assert rejects["counts"] == {"refused_by_database": 1}
    assert '"lat":91.0' in rejects["items"][0]["payload"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/v1/buses/B9", 404),
        ("GET", "/api/v1/buses/B9/track", 404),
        ("GET", "/api/v1/alerts/B9.speeding.1", 404),
        ("GET", "/api/v1/nothing", 404),
        ("GET", "/api/v2", 404),
        ("GET", "/../../etc/passwd", 404),
        ("POST", "/api/v1/buses", 405),
        ("DELETE", "/", 405),
        ("GET", "/api/v1/alerts?limit=0", 422),
        ("GET", "/api/v1/alerts?limit=many", 422),
        ("GET", "/api/v1/alerts?rule=parking", 422),
        ("GET", "/api/v1/alerts?cursor=!!!", 422),
        ("GET", "/api/v1/alerts?cursor=WzEsMl0", 422),
        ("GET", "/api/v1/alerts?bus=B%001", 422),
        ("GET", "/api/v1/alerts/B%001", 422),
        ("GET", "/api/v1/buses/B1/track?from=yesterday", 422),
        ("GET", "/api/v1/buses/B1/track?from=0001-01-01T00:00:00%2B08:00", 422),
        ("GET", "/api/v1/buses/B1/track?from=2026-09-01T07:00:00", 422),
        ("GET", "/api/v1/buses/B1/track?from=2026-09-02T07:00:00Z&to=2026-09-01T07:00:00Z", 422),
    ],
)
async def test_every_error_is_a_problem(
    client: httpx.AsyncClient, method: str, path: str, status: int
) -> None:
    problem(await client.request(method, path), status)


async def test_a_bad_parameter_is_named(client: httpx.AsyncClient) -> None:
    found = problem(await client.get("/api/v1/alerts?limit=0"), 422)
    assert found.errors
    assert found.errors[0].where == "query.limit"


async def test_a_database_that_is_away_is_a_503_that_asks_to_come_back(
    client: httpx.AsyncClient, room: Room
) -> None:
    await room.database.close()
    answer = await client.get("/api/v1/alerts")
    assert "database" in problem(answer, 503).detail
    assert answer.headers["retry-after"] == "2"


async def test_a_bug_is_a_problem_that_gives_nothing_away(
    client: httpx.AsyncClient, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr(room.hub, "positions", fail)
    assert "secret" not in problem(await client.get("/api/v1/positions"), 500).detail


async def test_openapi_documents_problems_for_every_operation(client: httpx.AsyncClient) -> None:
    schema = (await client.get("/api/v1/openapi.json")).json()
    assert "HTTPValidationError" not in schema["components"]["schemas"]
    for path, operations in schema["paths"].items():
        for operation in operations.values():
            refused = operation["responses"]["422"]["content"]
            assert list(refused) == ["application/problem+json"], path
    assert schema["components"]["schemas"]["Handling"]["examples"]


async def test_the_process_lives_and_says_why_it_is_not_ready(client: httpx.AsyncClient, room: Room) -> None:
    assert (await client.get("/api/v1/health/live")).json() == {"alive": True}
    found = await client.get("/api/v1/health/ready")
    assert "no live frame" in problem(found, 503).detail
    assert found.json()["checks"]["database"] == {"ok": True, "reason": None}
    room.hub.push_frame(frame(row("B1")))
    assert (await client.get("/api/v1/health/ready")).json()["ready"] is True

    async def broker() -> None:
        raise Unavailable("the broker went away")

    room.checks["broker"] = broker
    room.hub.push_frame(frame(stalled="the disk is full"))
    detail = problem(await client.get("/api/v1/health/ready"), 503).detail
    assert "broker: the broker went away" in detail
    assert "monitor: nothing is committed at present: the disk is full" in detail
