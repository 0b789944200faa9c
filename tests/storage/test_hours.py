"""Figures by bus and hour: counted once, counted anew when fixes come late, never one short."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest
from numpy.typing import NDArray

from fleet.clock import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, from_ms
from fleet.fixes import Fixes
from fleet.hours import BusHours, Counted
from fleet.quality import Quality
from storage.commit import Batch, Committer
from storage.database import Database
from storage.hours import HourBook, count_hours
from storage.named import queries
from tests.scenes import START_MS, track

MINUTES_60 = 2**60 - 1


async def keep(committer: Committer, fixes: Fixes, moved_m: float = 10.0, quality: int = 0) -> None:
    marks = np.full(len(fixes), quality, np.int16)
    await committer.commit(Batch(fixes, marks, START_MS, moved_m=np.full(len(fixes), moved_m, np.float32)))


def every(seconds: int, from_s: float, to_s: float, row: int = 0) -> Fixes:
    """A bus's fixes from one second after the scene's start on to another."""
    places = np.arange(0, (to_s - from_s) / seconds) * 10.0
    return track(places, every_s=seconds, start_s=from_s, row=row, speed_kmh=36.0)


async def hours(database: Database, bus_id: str = "B1") -> list[tuple[float, int, int, float, float]]:
    """Of a bus: hours since the scene's start, fixes, valid, metres, metres unseen. What the very first fix
    adds is always unseen here; the engine counts no metres for it.
    """
    found = await HourBook(database).of_fleet(START_MS - 400 * DAY_MS, START_MS + 400 * DAY_MS)
    return sorted(
        (float(found.begins_ms[i] - START_MS) / HOUR_MS, int(found.fixes[i]), int(found.valid[i]),
         float(found.moved_m[i]), float(found.unseen_m[i]))
        for i in range(len(found))
        if found.bus_ids[found.bus[i]] == bus_id
    )  # fmt: skip


async def test_an_hour_is_counted_by_hand_and_by_the_database_alike(
    database: Database, committer: Committer
) -> None:
    """A fix every 10 s for half an hour, four minutes of silence, six minutes more, drift, a frozen place:
    what the first fix adds and the first after the silence was not watched.
    """
    await keep(committer, every(10, 0, 1_800))
    await keep(committer, every(10, 2_030, 2_390))
    await keep(committer, every(10, 2_390, 2_400), 0.0, Quality.JUMP)
    await keep(committer, every(10, 2_400, 2_420), 0.0, Quality.FROZEN)
    await keep(committer, track([0.0], start_s=2_420.0, speed_kmh=250.0), 0.0, Quality.SPEED_CONTRADICTED)
    await count_hours(database, START_MS + 3_000 * SECOND_MS)
    found = await HourBook(database).of_fleet(START_MS, START_MS + HOUR_MS)
    assert found.bus_ids[found.bus[0]] == "B1"
    figures = {name: getattr(found, name).tolist() for name in BusHours.__slots__[1:]}
    seen = (2**30 - 1) | (2**41 - 2**33)  # minutes 0 to 29 and, from second 2030 to 2420, 33 to 40
    assert figures == {
        "bus": [0], "begins_ms": [START_MS], "fixes": [180 + 36 + 1 + 2 + 1], "valid": [217], "jumps": [1],
        "frozen": [2], "top_speed_kmh": [36.0], "moved_m": [2_160.0], "unseen_m": [20.0], "minutes": [seen],
    }  # fmt: skip
    assert await HourBook(database).counted() == Counted(None, START_MS + 3_000 * SECOND_MS)


async def test_a_silence_of_two_minutes_is_watched_and_a_longer_one_is_not(
    database: Database, committer: Committer
) -> None:
    await keep(committer, track([0, 500, 900, 1_300], every_s=120, speed_kmh=np.nan), 400.0)
    await keep(committer, track([0, 0], every_s=121, start_s=601, speed_kmh=np.nan, row=1), 300.0)
    await count_hours(database, START_MS + HOUR_MS)
    assert await hours(database) == [(0, 4, 4, 1_600.0, 400.0)]
    assert await hours(database, "B2") == [(0, 2, 2, 600.0, 600.0)]


async def test_a_doubtful_place_does_not_bridge_a_silence(database: Database, committer: Committer) -> None:
    await keep(committer, every(10, 0, 60))
    await keep(committer, every(60, 60, 240), 0.0, Quality.JUMP)
    await keep(committer, every(10, 240, 260), 10.0)
    await count_hours(database, START_MS + HOUR_MS)
    assert await hours(database) == [(0, 11, 8, 80.0, 20.0)]


async def test_the_silence_before_an_hour_counts_in_it(database: Database, committer: Committer) -> None:
    await keep(committer, every(10, 3_000, 3_600))
    await keep(committer, every(10, 3_610, 3_700))
    await keep(committer, every(10, 3_000, 3_300, row=1))
    await keep(committer, every(10, 3_610, 3_700, row=1))
    await count_hours(database, START_MS + 3 * HOUR_MS)
    assert [(hour, unseen) for hour, *_, unseen in await hours(database)] == [(0, 10.0), (1, 0.0)]
    assert [(hour, unseen) for hour, *_, unseen in await hours(database, "B2")] == [(0, 10.0), (1, 10.0)]


async def test_what_comes_late_mends_the_hours_it_touches(database: Database, committer: Committer) -> None:
    """Two hours with a hole over their border are counted; then the device hands in the hole."""
    await keep(committer, every(10, 0, 3_000))
    await keep(committer, every(10, 4_000, 7_200))
    await count_hours(database, START_MS + 3 * HOUR_MS)
    assert await hours(database) == [(0, 300, 300, 3_000.0, 10.0), (1, 320, 320, 3_200.0, 10.0)]
    await keep(committer, every(10, 3_000, 3_600), quality=Quality.LATE)
    await keep(committer, every(10, 3_600, 4_000), quality=Quality.LATE)
    await count_hours(database, START_MS + 3 * HOUR_MS)
    assert await hours(database) == [(0, 360, 360, 3_600.0, 10.0), (1, 360, 360, 3_600.0, 0.0)]


async def test_a_late_fix_at_the_end_of_an_hour_mends_the_next(
    database: Database, committer: Committer
) -> None:
    await keep(committer, every(10, 3_700, 7_200))
    await count_hours(database, START_MS + 3 * HOUR_MS)
    assert await hours(database) == [(1, 350, 350, 3_500.0, 10.0)]
    await keep(committer, every(10, 3_590, 3_600), quality=Quality.LATE)
    await count_hours(database, START_MS + 3 * HOUR_MS)
    assert await hours(database) == [(0, 1, 1, 10.0, 10.0), (1, 350, 350, 3_500.0, 0.0)]


async def test_metres_set_right_after_the_hour_are_counted_anew(
    database: Database, committer: Committer
) -> None:
    fixes = every(10, 0, 100)
    await keep(committer, fixes)
    await count_hours(database, START_MS + 2 * HOUR_MS)
    await committer.set_moved(fixes, np.full(10, 7, np.float32))
    await count_hours(database, START_MS + 2 * HOUR_MS)
    assert await hours(database) == [(0, 10, 10, 70.0, 7.0)]


async def test_the_hour_that_goes_on_grows_with_each_pass(database: Database, committer: Committer) -> None:
    for minute in range(3):
        await keep(committer, every(10, minute * 60, minute * 60 + 60))
        await count_hours(database, START_MS + (minute + 1) * MINUTE_MS)
        assert await hours(database) == [(0, 6 * minute + 6, 6 * minute + 6, 60.0 * (minute + 1), 10.0)]


async def test_hours_end_once_and_are_counted_to_their_last_fix(
    database: Database, committer: Committer
) -> None:
    await count_hours(database, START_MS)
    await keep(committer, every(10, 0, 3_600))
    await count_hours(database, START_MS + 20 * MINUTE_MS)
    await keep(committer, every(10, 3_600, 7_200))
    await count_hours(database, START_MS + 2 * HOUR_MS + MINUTE_MS)
    assert [hour[:2] for hour in await hours(database)] == [(0, 360), (1, 360)]
    async with database.connection() as connection:
        left = await (await connection.execute("SELECT count(*) FROM bus_hour_due")).fetchone()
    assert left == (0,)
    await count_hours(database, START_MS)  # a clock that was set back ends nothing twice, and loses nothing
    assert [hour[:2] for hour in await hours(database)] == [(0, 360), (1, 360)]


async def test_what_was_stored_before_anybody_counted_is_counted_day_by_day(
    database: Database, committer: Committer
) -> None:
    for day in (0, 1, 4):
        await keep(committer, every(60, -day * 86_400, -day * 86_400 + 3_600))
    passes = 0
    now_ms = START_MS + 2 * HOUR_MS
    book = HourBook(database)
    while await count_hours(database, now_ms):
        passes += 1
        assert (await book.counted()).from_ms == now_ms - passes * DAY_MS
        assert passes < 20
    assert [hour[:2] for hour in await hours(database)] == [(-96, 60), (-24, 60), (0, 60)]
    assert await book.counted() == Counted(None, now_ms)


async def test_a_commit_that_overlaps_the_end_of_an_hour_is_not_lost(
    database: Database, committer: Committer
) -> None:
    """The pass waits for the commit that is under way, or the commit sees that the hour has ended."""
    await count_hours(database, START_MS)
    for n in range(12):
        end_ms = START_MS + (n + 1) * HOUR_MS
        late = [every(10, n * 3_600 + k * 60, n * 3_600 + k * 60 + 60) for k in range(20)]
        await asyncio.gather(count_hours(database, end_ms), *(keep(committer, fixes) for fixes in late))
    await count_hours(database, START_MS + 12 * HOUR_MS)
    assert [hour[:2] for hour in await hours(database)] == [(n, 120) for n in range(12)]


async def test_what_is_marked_while_it_is_counted_stays_due(database: Database, committer: Committer) -> None:
    await keep(committer, every(10, 0, 60))
    await count_hours(database, START_MS + 2 * HOUR_MS)
    await keep(committer, every(10, 60, 120), quality=Quality.LATE)
    sql = queries("hours")
    async with database.connection() as connection:
        ((key, hour, mark),) = await (await connection.execute(sql["due"], [10])).fetchall()
        await keep(committer, every(10, 120, 180), quality=Quality.LATE)
        gone = await connection.execute(
            sql["strike_out"], {"bus_keys": [key], "hours": [hour], "marks": [mark]}
        )
        assert gone.rowcount == 0
    await count_hours(database, START_MS + 2 * HOUR_MS)
    assert await hours(database) == [(0, 18, 18, 180.0, 10.0)]


async def test_all_minutes_of_an_hour_fit(database: Database, committer: Committer) -> None:
    await keep(committer, every(30, 0, 3_600))
    await count_hours(database, START_MS + HOUR_MS)
    found = await HourBook(database).of_fleet(START_MS, START_MS + HOUR_MS)
    assert found.minutes.tolist() == [MINUTES_60]


async def test_nothing_counted_is_an_empty_fleet(database: Database, bus_keys: NDArray[np.int32]) -> None:
    book = HourBook(database)
    found = await book.of_fleet(START_MS, START_MS + DAY_MS)
    assert (len(found), len(found.bus_ids), await book.counted()) == (0, len(bus_keys), Counted(None, None))


@pytest.mark.parametrize(
    ("name", "parameters", "table"),
    [
        ("hours_of_fleet", {"from": from_ms(START_MS), "to": from_ms(START_MS + DAY_MS)}, "bus_hour"),
        ("count_open", {"open": from_ms(START_MS)}, "position"),
        ("due", [200], "bus_hour_due"),
        ("oldest_fix", {}, "position"),
    ],
)
async def test_no_query_walks_a_whole_table(
    database: Database, name: str, parameters: dict[str, object] | list[object], table: str
) -> None:
    async with database.connection() as connection:
        await connection.execute(
            "INSERT INTO bus (bus_id, registry_row, plate, sign_number, sign_expires, inspection_expires,"
            " operator, school, seats, depot_lon, depot_lat, state) SELECT 'B' || n, n, '', '', now(), now(),"
            " '', '', 1, 1, 1, 'in_service' FROM generate_series(1, 50) AS n;"
            "INSERT INTO position"
            " SELECT bus, '2026-08-01'::timestamptz + n * interval '1 s', 114, 30, 0, 0, 5, 9, 0, now()"
            " FROM generate_series(1, 50) AS bus, generate_series(1, 400) AS n;"
            "INSERT INTO bus_hour"
            " SELECT '2026-01-01'::timestamptz + n * interval '1 h', bus, 1, 1, 0, 0, 1, 1, 0, 1"
            " FROM generate_series(1, 50) AS bus, generate_series(1, 400) AS n;"
            "INSERT INTO bus_hour_due (hour, bus_key) SELECT hour, bus_key FROM bus_hour"
        )
        await connection.execute("ANALYZE")
        rows = await (await connection.execute(b"EXPLAIN " + queries("hours")[name], parameters)).fetchall()
    plan = "\n".join(line for (line,) in rows)
    assert f"Seq Scan on {table} " not in plan, plan
