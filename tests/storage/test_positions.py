"""Stored fixes come back in event order, by the primary key, with nothing lost on the way."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from fleet.clock import HOUR_MS
from fleet.errors import NotFound
from fleet.fixes import Fixes
from fleet.hours import Hour
from fleet.quality import Quality
from storage.commit import Batch, Committer
from storage.database import Database
from storage.named import queries
from storage.positions import Tracks, fixes_since, newest_times
from tests.scenes import START_MS, track


@pytest.fixture
async def stored(committer: Committer) -> Fixes:
    """Ten seconds of B1 and five of B3, received in disorder."""
    fixes = Fixes.concat([track(range(5), row=2), track(range(10), row=0)])
    shuffled = fixes.take(np.random.default_rng(1).permutation(len(fixes)))
    marks = np.zeros(len(fixes), np.int16)
    await committer.commit(Batch(shuffled, marks, START_MS, received_ms=shuffled.time_ms + 700))
    return fixes


@pytest.mark.usefixtures("stored")
async def test_fixes_since_are_in_event_order_by_bus(database: Database, bus_keys: NDArray[np.int32]) -> None:
    fixes, quality, received_ms = await fixes_since(database, bus_keys, START_MS + 3_000)
    assert fixes.bus.tolist() == [0] * 7 + [2] * 2
    assert (fixes.time_ms - START_MS).tolist() == [*range(3_000, 10_000, 1_000), 3_000, 4_000]
    assert quality.tolist() == [0] * 9
    assert (received_ms - fixes.time_ms).tolist() == [700] * 9
    assert fixes.bus.dtype == np.int32
    assert fixes.time_ms.flags.c_contiguous


@pytest.mark.usefixtures("stored")
async def test_each_bus_may_have_its_own_moment(database: Database, bus_keys: NDArray[np.int32]) -> None:
    since = np.array([START_MS + 9_000, 0, START_MS + 60_000], np.int64)
    fixes, _, _ = await fixes_since(database, bus_keys, since)
    assert (fixes.bus.tolist(), fixes.time_ms.tolist()) == ([0], [START_MS + 9_000])


@pytest.mark.usefixtures("stored")
async def test_rows_follow_the_given_keys_and_not_their_size(
    database: Database, bus_keys: NDArray[np.int32]
) -> None:
    fixes, _, _ = await fixes_since(database, bus_keys[::-1], 0)
    assert fixes.bus.tolist() == [0] * 5 + [2] * 10


async def test_an_empty_store_gives_no_fixes(database: Database, bus_keys: NDArray[np.int32]) -> None:
    fixes, quality, received_ms = await fixes_since(database, bus_keys, 0)
    assert len(fixes) == len(quality) == len(received_ms) == 0
    assert (await newest_times(database, bus_keys)).tolist() == [0, 0, 0]
    assert (await Tracks(database).last())[0] == []


@pytest.mark.usefixtures("stored")
async def test_the_newest_times_are_by_bus(database: Database, bus_keys: NDArray[np.int32]) -> None:
    newest = await newest_times(database, bus_keys)
    assert newest.tolist() == [START_MS + 9_000, 0, START_MS + 4_000]


async def test_the_last_position_of_each_bus_that_ever_reported(stored: Fixes, database: Database) -> None:
    bus_ids, last = await Tracks(database).last()
    assert bus_ids == ["B1", "B3"]
    assert last.time_ms.tolist() == [START_MS + 9_000, START_MS + 4_000]
    assert last.lon.tolist() == [stored.lon[14], stored.lon[4]]


@pytest.mark.usefixtures("stored")
async def test_a_track_is_cut_to_its_span_and_limit(database: Database) -> None:
    tracks = Tracks(database)
    fixes, _ = await tracks.track("B1", START_MS + 2_000, START_MS + 5_000, 100)
    assert (fixes.time_ms - START_MS).tolist() == [2_000, 3_000, 4_000, 5_000]
    assert len((await tracks.track("B1", 0, 2**41, 3))[0]) == 3
    way, _ = await tracks.way("B1", START_MS + 2_000, START_MS + 5_000, 100)
    assert (way.time_ms.tolist(), way.lon.tolist()) == (fixes.time_ms.tolist(), fixes.lon.tolist())
    assert len((await tracks.track("B2", 0, 2**41, 3))[0]) == 0
    with pytest.raises(NotFound, match="no bus 'B9'"):
        await tracks.track("B9", 0, 1, 1)


async def test_a_long_track_is_thinned_evenly_and_says_how_much_is_left_out(
    committer: Committer, database: Database
) -> None:
    hours = [track(range(3_600), start_s=hour * 3_600) for hour in (0, 500)]
    for fixes in hours:
        await committer.commit(Batch(fixes, np.zeros(3_600, np.int16), START_MS))
    month_ms = 30 * 24 * 3_600_000
    fixes, _, left_out = await Tracks(database).thinned("B1", START_MS, START_MS + month_ms, 200)
    assert 150 <= len(fixes) <= 200
    assert left_out == 7_200 - len(fixes)
    assert np.all(np.diff(fixes.time_ms) > 0)
    late = fixes.time_ms > START_MS + 500 * 3_600_000 - 1
    assert abs(int(late.sum()) * 2 - len(fixes)) <= 4
    assert np.diff(fixes.time_ms[~late]).max() <= 45_000
    assert 50 <= len((await Tracks(database).thinned("B1", START_MS, START_MS + 3_600_000, 100))[0]) <= 100
    few, _, none = await Tracks(database).thinned("B1", START_MS, START_MS + 9_000, 200)
    assert (len(few), none) == (10, 0)
    assert len((await Tracks(database).thinned("B2", START_MS, START_MS + month_ms, 200))[0]) == 0
    with pytest.raises(NotFound):
        await Tracks(database).thinned("B9", 0, 1, 2)


async def test_the_fixes_in_a_box_are_those_of_the_span_and_the_place(
    stored: Fixes, database: Database
) -> None:
    lon = stored.lon[stored.bus == 0]
    box = (lon[3] - 1e-7, 30.0, lon[6] + 1e-7, 31.0)
    bus_ids, times, lons, _ = await Tracks(database).in_box(START_MS + 1_000, START_MS + 5_000, box, 100)
    assert bus_ids == ["B1"] * 3 + ["B3"] * 2
    assert times[:3].tolist() == [START_MS + s * 1_000 for s in (3, 4, 5)]
    assert np.all((lons >= box[0]) & (lons <= box[2]))


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("last_of_half", {"second": True}),
        ("track", {"bus_key": 1, "from": "2026-01-01", "to": "2026-12-31", "limit": 10}),
        ("fixes_since", {"bus_keys": [1, 2], "since": ["2026-01-01", "2026-01-01"]}),
        ("newest_times", [[1, 2]]),
        ("way", {"bus_key": 1, "from": "2026-01-01", "to": "2026-12-31", "limit": 10}),
        ("count_track", {"bus_key": 1, "from": "2026-01-01", "to": "2026-12-31"}),
        (
            "track_thinned",
            {"bus_key": 1, "from": "2026-09-01", "to": "2026-09-02", "slot": "1 hour", "most": 100},
        ),
        ("hours", {"bus_id": "B7", "from": "2026-09-01", "to": "2026-09-02", "limit": 10}),
        ("hours", {"bus_id": None, "from": "2026-09-01", "to": "2026-09-02", "limit": 10}),
        (
            "fixes_in_box",
            {"from": "2026-09-01", "to": "2026-09-02", "west": 114, "east": 115, "south": 30, "north": 31}
            | {"limit": 10},
        ),
    ],
)
async def test_no_query_of_a_screen_walks_the_whole_table(
    database: Database, name: str, parameters: dict[str, object] | list[object]
) -> None:
    async with database.connection() as connection:
        await connection.execute(
            "INSERT INTO bus (bus_id, registry_row, plate, sign_number, sign_expires, inspection_expires,"
            " operator, school, seats, depot_lon, depot_lat, state) SELECT 'B' || n, n, '', '', now(), now(),"
            " '', '', 1, 1, 1, 'in_service' FROM generate_series(1, 50) AS n;"
            "INSERT INTO position"
            " SELECT bus, '2026-09-01'::timestamptz + n * interval '1 s', 114, 30, 0, 0, 5, 9, 0, now()"
            " FROM generate_series(1, 50) AS bus, generate_series(1, 400) AS n"
        )
        await connection.execute("ANALYZE")
        explain = b"EXPLAIN " + queries("positions")[name]
        rows = await (await connection.execute(explain, parameters)).fetchall()
    plan = "\n".join(line for (line,) in rows)
    assert "Seq Scan on position" not in plan, plan
    assert "position_pkey" in plan


async def test_what_a_bus_did_is_told_by_the_hour(database: Database, bus_keys: NDArray[np.int32]) -> None:
    """The last fix of the first hour is drift with a wild speed, another one's speed is contradicted."""
    fixes = track(range(0, 36_000, 10), every_s=10, start_s=0, speed_kmh=np.arange(3_600) % 100)
    quality, moved_m = np.zeros(3_600, np.int16), np.full(3_600, 10, np.float32)
    quality[359], quality[358] = Quality.JUMP, Quality.SPEED_CONTRADICTED
    quality[:2] = Quality.LATE
    moved_m[359] = 0
    fixes.speed_kmh[358:360] = 250.0
    await Committer(database, bus_keys).commit(Batch(fixes, quality, START_MS, moved_m=moved_m))
    tracks = Tracks(database)
    hours = await tracks.hours("B1", START_MS, START_MS + 10 * HOUR_MS, 100)
    assert [hour.begins_ms for hour in hours] == [START_MS + n * HOUR_MS for n in range(10)]
    assert hours[0] == Hour("B1", START_MS, 360, 359, 99.0, 3_590.0)
    assert hours[1] == Hour("B1", START_MS + HOUR_MS, 360, 360, 99.0, 3_600.0)
    assert await tracks.hours(None, START_MS, START_MS + 10 * HOUR_MS, 100) == hours
    assert await tracks.hours(None, START_MS + 1, START_MS + 10 * HOUR_MS, 3) == hours[1:4]
    assert await tracks.hours("B1", START_MS, START_MS + 2 * HOUR_MS, 100) == hours[:2]
    assert await tracks.hours("nobody", START_MS, START_MS + HOUR_MS, 100) == []


async def test_of_fixes_stored_before_metres_were_counted_the_rest_is_told(
    database: Database, bus_keys: NDArray[np.int32]
) -> None:
    fixes = track(range(10), speed_kmh=np.nan)
    await Committer(database, bus_keys).commit(Batch(fixes, np.zeros(10, np.int16), START_MS))
    (hour,) = await Tracks(database).hours("B1", START_MS, START_MS + HOUR_MS, 10)
    assert hour == Hour("B1", START_MS, 10, 10, None, 0.0)
