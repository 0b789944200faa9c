"""The record goes in whole and comes out equal; a bus keeps its key for ever."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

import msgspec
import numpy as np
import pytest

from fleet.calendar import DaysOff, MakeUpDay, SchoolCalendar, Term
from fleet.errors import BadInput, BadRegistry, NotFound
from fleet.registry import LimitStretch, Zone
from storage.commit import Batch, Committer
from storage.database import Database
from storage.migrate import FOLDER, migrate
from storage.positions import Tracks
from storage.registry import Record, import_registry, load_base_map, load_registry, save_base_map
from tests.scenes import approval, bus, registry, track


async def test_a_registry_comes_back_equal_and_in_its_order(database: Database) -> None:
    stretch = LimitStretch(100.25, 300.1, 20.0, "hazard")
    imported = registry(
        approval("R2", limits=[stretch]),
        approval("R1", valid_to=dt.date(2026, 6, 30)),
        approval("R1", version=2, valid_from=dt.date(2026, 7, 1)),
        buses=5,
    )
    await import_registry(database, imported)
    loaded, keys = await load_registry(database)
    assert loaded == imported
    assert keys.dtype == np.int32
    assert len(set(keys.tolist())) == 5


async def test_zones_parameters_gaps_and_the_calendar_come_back_equal(database: Database) -> None:
    corners = ((114.3, 30.6), (114.31, 30.6), (114.305, 30.61))
    own = msgspec.structs.replace(approval(), gaps=(3, 40), parameters={"deviation.min_ms": 10_000.0})
    imported = msgspec.structs.replace(
        registry(own),
        zones=(Zone("Z1", "实验小学", corners, 30.0), Zone("Z2", "", corners, 20.5)),
        parameters={"speeding.tolerance_kmh": 3.5, "deviation.min_fixes": 4.0},
        calendar=SchoolCalendar(
            (Term("秋季学期", dt.date(2026, 9, 1), dt.date(2027, 1, 22)),),
            (DaysOff("国庆节", dt.date(2026, 10, 1), dt.date(2026, 10, 7)),),
            (MakeUpDay(dt.date(2026, 10, 10), 3),),
        ),
    )
    await import_registry(database, imported)
    assert (await load_registry(database))[0] == imported
    await import_registry(database, registry())
    assert (await load_registry(database))[0] == registry(), "and go with the record that had them"


async def test_a_bus_keeps_the_district_of_its_permit(database: Database) -> None:
    known, unknown = bus("B1", district="东城区"), bus("B2")
    imported = msgspec.structs.replace(registry(buses=2), buses=(known, unknown))
    await import_registry(database, imported)
    loaded, _ = await load_registry(database)
    assert [one.district for one in loaded.buses] == ["东城区", ""]


async def test_the_times_at_the_stops_come_back_equal(database: Database) -> None:
    one = registry(buses=2)
    timed = msgspec.structs.replace(one.assignments[0], stop_times=(dt.time(7, 5), dt.time(7, 40)))
    imported = msgspec.structs.replace(one, assignments=(timed, one.assignments[1]))
    await import_registry(database, imported)
    assert (await load_registry(database))[0] == imported


@pytest.fixture
def before_the_calendar(tmp_path: Path) -> Path:
    """The migrations up to the one that brings the calendar."""
    folder = Path(shutil.copytree(FOLDER, tmp_path / "migrations"))
    for path in folder.glob("*.sql"):
        if path.name >= "0008_calendar.sql":
            path.unlink()
    return folder


async def test_a_record_from_before_the_calendar_counts_every_day_by_its_weekday(
    empty_database_url: str, before_the_calendar: Path
) -> None:
    async with Database(empty_database_url) as database:
        await migrate(database, before_the_calendar)
        async with database.connection() as connection:
            await connection.execute(
                "INSERT INTO registry_meta VALUES (true, '测试市', 'Asia/Shanghai', 'old')"
            )
        await migrate(database)
        loaded, _ = await load_registry(database)
    assert (loaded.version, loaded.calendar) == ("old", SchoolCalendar())


async def test_importing_again_replaces_the_record_and_keeps_keys_and_positions(database: Database) -> None:
    await import_registry(database, registry(buses=3))
    _, keys = await load_registry(database)
    await Committer(database, keys).commit(Batch(track([0, 10], row=2), np.zeros(2, np.int16), 0))
    turned = registry(buses=2)
    turned = msgspec.structs.replace(turned, buses=turned.buses[::-1], version="next")
    await import_registry(database, turned)
    loaded, keys_after = await load_registry(database)
    assert loaded == turned
    assert keys_after.tolist() == [keys[1], keys[0]]
    fixes, _ = await Tracks(database).track("B3", 0, 2**41, 10)
    assert len(fixes) == 2, "the track of a bus outlives its permit"
    assert (await Tracks(database).last())[0] == [], "but it is not shown among the fleet"


async def test_a_registry_that_contradicts_itself_changes_nothing(database: Database) -> None:
    await import_registry(database, registry())
    bad = msgspec.structs.replace(registry(), drivers=())
    with pytest.raises(BadRegistry, match="driver 'D1' is not on record"):
        await import_registry(database, bad)
    assert (await load_registry(database))[0] == registry()


async def test_before_the_first_import_there_is_no_registry(database: Database) -> None:
    with pytest.raises(NotFound, match="no registry was imported"):
        await load_registry(database)
    with pytest.raises(NotFound, match="no registry was imported"):
        await Record(database).registry()


async def test_a_reader_notices_an_import_by_another_process(database: Database) -> None:
    await import_registry(database, registry(buses=1))
    record = Record(database)
    first, loaded = await record.registry()
    assert (await record.registry())[1] is loaded, "read once for each import"
    await import_registry(database, registry(buses=2))
    second, reloaded = await record.registry()
    assert second != first
    assert len(reloaded.buses) == 2


async def test_the_base_map_is_kept_and_replaced(database: Database) -> None:
    assert await load_base_map(database) is None
    for roads in (
        b'{"type":"FeatureCollection","features":[]}',
        b'{"type":"FeatureCollection","features":[{}]}',
    ):
        await save_base_map(database, roads)
        assert msgspec.json.decode(await load_base_map(database) or b"") == msgspec.json.decode(roads)


@pytest.mark.parametrize("roads", [b"roads", b"[]", b'{"type":"Feature"}'])
async def test_what_is_no_feature_collection_is_no_base_map(database: Database, roads: bytes) -> None:
    with pytest.raises(BadInput, match="base map"):
        await save_base_map(database, roads)
