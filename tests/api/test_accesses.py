"""No track is handed out of which nobody knows who saw it."""

from __future__ import annotations

from typing import Any

import httpx

from api import schemas
from fleet.clock import format_time
from tests.api.conftest import NOW_MS, Room
from tests.scenes import registry, track

SPAN = "from=2026-09-01T07:00:00%2B08:00&to=2026-09-01T07:30:00%2B08:00"


async def accesses(client: httpx.AsyncClient, query: str = "") -> list[dict[str, Any]]:
    answer = await client.get(f"/api/v1/track-accesses?{query}")
    assert answer.status_code == 200, answer.text
    schemas.TrackAccesses.model_validate_json(answer.content)
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def test_a_track_that_was_seen_and_one_that_was_taken_away_are_on_record(
    client: httpx.AsyncClient, room: Room
) -> None:
    await room.commit(track(range(5)))
    for path in (f"track?{SPAN}&most=60&by=王秀英", f"track.csv?{SPAN}&by=李雷", f"track?{SPAN}"):
        assert (await client.get(f"/api/v1/buses/B1/{path}")).status_code == 200
    found = await accesses(client)
    assert [(look["by"], look["what"]) for look in found] == [
        (None, "view"),
        ("李雷", "export"),
        ("王秀英", "view"),
    ]
    assert found[0] == {
        "at": format_time(NOW_MS, registry().tz), "by": None, "what": "view", "bus_id": "B1",
        "from": "2026-09-01T07:00:00.000+08:00", "to": "2026-09-01T07:30:00.000+08:00",
    }  # fmt: skip


async def test_looks_are_asked_for_by_bus_and_person(client: httpx.AsyncClient) -> None:
    for bus, by in (("B1", "王秀英"), ("B2", "王秀英"), ("B1", "  ")):
        await client.get(f"/api/v1/buses/{bus}/track?{SPAN}&by={by}")
    assert [look["by"] for look in await accesses(client, "bus=B1")] == [None, "王秀英"]
    assert [look["bus_id"] for look in await accesses(client, "by=王秀英")] == ["B2", "B1"]
    assert await accesses(client, "to=2026-09-01T07:00:00%2B08:00") == []
    assert len(await accesses(client, "limit=1")) == 1


async def test_a_bus_that_does_not_exist_was_not_looked_at(client: httpx.AsyncClient) -> None:
    assert (await client.get(f"/api/v1/buses/B9/track?{SPAN}&by=李雷")).status_code == 404
    assert await accesses(client) == []


async def test_a_look_that_cannot_be_recorded_is_refused(client: httpx.AsyncClient, room: Room) -> None:
    await room.commit(track(range(5)))
    async with room.database.connection() as connection:
        await connection.execute("ALTER TABLE track_access ADD CHECK (stated_by <> '李雷')")
    for path in ("track", "track.csv"):
        answer = await client.get(f"/api/v1/buses/B1/{path}?{SPAN}&by=李雷")
        assert answer.status_code == 500
        assert "30.6" not in answer.text
