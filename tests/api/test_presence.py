"""Which buses were in an area: the questions that people ask, and the mistakes they make."""

from __future__ import annotations

import httpx
import pytest

from tests.api.conftest import Room
from tests.scenes import degrees, track

SPAN = "from=2026-09-01T07:00:00%2B08:00&to=2026-09-01T07:30:00%2B08:00"


async def test_a_circle_and_a_polygon_find_the_same_bus(client: httpx.AsyncClient, room: Room) -> None:
    await room.commit(track(range(0, 1_000, 10)))
    lon, lat = degrees([450, 550, 550, 450], [-50, -50, 50, 50])
    area = ";".join(f"{a:.6f},{b:.6f}" for a, b in zip(lon, lat, strict=True))
    middle_lon, middle_lat = degrees([500], [0])
    circle = f"lon={middle_lon[0]:.6f}&lat={middle_lat[0]:.6f}&radius_m=50"
    answers = [(await client.get(f"/api/v1/presence?{SPAN}&{q}")).json() for q in (circle, f"area={area}")]
    for answer in answers:
        (visit,) = answer["items"]
        assert (visit["bus_id"], answer["truncated"]) == ("B1", False)
        assert visit["first"].startswith("2026-09-01T07:00:4")
        assert 9 <= visit["fixes"] <= 11


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("lon=114&lat=30&radius_m=50", "query.from"),
        (f"{SPAN}&lon=114&lat=30", "lon, lat and radius_m"),
        (f"{SPAN}&lon=114&lat=30&radius_m=50&area=1,1;2,2;3,1", "lon, lat and radius_m"),
        (f"{SPAN}&area=1,1;2,2", "3 to 100 distinct corners"),
        (f"{SPAN}&area=1,1;2;3,1", "lon,lat;lon,lat"),
        (f"{SPAN}&area=1,1;2,95;3,1", "no place on Earth"),
        (
            "from=2026-09-01T07:00:00%2B08:00&to=2026-09-03T07:00:00%2B08:00&lon=1&lat=1&radius_m=1",
            "query.to",
        ),
    ],
)
async def test_a_question_that_cannot_be_answered_says_why(
    client: httpx.AsyncClient, query: str, told: str
) -> None:
    answer = await client.get(f"/api/v1/presence?{query}")
    assert answer.status_code in {400, 422}
    assert told in answer.json()["detail"]


async def test_a_track_thinned_says_what_it_left_out(client: httpx.AsyncClient, room: Room) -> None:
    await room.commit(track(range(600)))
    found = (await client.get(f"/api/v1/buses/B1/track?{SPAN}&most=60")).json()["properties"]
    assert 30 <= found["returned"] <= 60
    assert found["left_out"] == 600 - found["returned"]


async def test_the_hours_of_a_bus_and_of_all(client: httpx.AsyncClient, room: Room) -> None:
    await room.commit(track(range(5_400), speed_kmh=36.0))
    span = "from=2026-09-01T07:00:00%2B08:00&to=2026-09-01T09:00:00%2B08:00"
    answer = (await client.get(f"/api/v1/hours?{span}&bus_id=B1")).json()
    assert answer["truncated"] is False
    assert answer["items"] == [
        {
            "bus_id": "B1", "begins": f"2026-09-01T0{hour}:00:00.000+08:00", "fixes": fixes, "valid": fixes,
            "top_speed_kmh": 36.0, "km": 0.0,
        }
        for hour, fixes in ((7, 3_600), (8, 1_800))
    ]  # fmt: skip
    cut = (await client.get(f"/api/v1/hours?{span}&limit=1")).json()
    assert (len(cut["items"]), cut["truncated"]) == (1, True)


async def test_hours_of_more_than_a_month_are_not_counted_at_once(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/hours?from=2026-01-01T00:00:00%2B08:00&to=2026-09-01T09:00:00%2B08:00")
    assert answer.status_code == 422
    assert "31 days" in answer.json()["detail"]
