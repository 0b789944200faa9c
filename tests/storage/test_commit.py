"""A batch is kept whole or not at all; committing it again changes nothing; bad rows cost only themselves."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from alerts.episodes import Change
from fleet.errors import Unavailable
from fleet.fixes import Fixes
from fleet.quality import Quality
from fleet.rejects import Reason, Reject
from storage.alerts import AlertBook
from storage.changes import AlertDesk, ChangeLog
from storage.commit import Batch, Committer, Receipt
from storage.database import Database
from storage.positions import Tracks
from storage.rejects import RejectShelf
from tests.scenes import START_MS, track
from tests.storage.records import alert, change


def batch(
    fixes: Fixes | None = None, *, rejects: list[Reject] | None = None, changes: list[Change] | None = None
) -> Batch:
    kept = Fixes.empty() if fixes is None else fixes
    return Batch(kept, np.zeros(len(kept), np.int16), START_MS, rejects or [], changes or [])


def reject(payload: bytes = b"{", item: int | None = None, received_ms: int = START_MS) -> Reject:
    return Reject("buswatch/v1/B1/position", payload, item, Reason.NOT_JSON, "not JSON", received_ms)


async def test_what_is_committed_comes_back_as_it_was(committer: Committer, database: Database) -> None:
    fixes = Fixes.of(
        bus=[1, 1],
        time_ms=[START_MS + 1, START_MS + 1_002],
        lon=[114.123456789, -0.1],
        lat=[30.987654321, 0.2],
        speed_kmh=[np.nan, 33.3],
        heading_deg=[359.9, np.nan],
        accuracy_m=[np.nan, 4.5],
        satellites=[-1, 12],
    )
    quality = np.array([Quality.LATE | Quality.JUMP, 0], np.int16)
    receipt = await committer.commit(Batch(fixes, quality, START_MS))
    assert receipt == Receipt(2, 0, 0, 0, (), {1: START_MS + 1})
    kept, marks = await Tracks(database).track("B2", START_MS, START_MS + 2_000, 10)
    for name in ("time_ms", "lon", "lat", "speed_kmh", "heading_deg", "accuracy_m", "satellites"):
        np.testing.assert_array_equal(getattr(kept, name), getattr(fixes, name), err_msg=name)
    np.testing.assert_array_equal(marks, quality)


@pytest.mark.parametrize("mark", [Quality.GOOD, Quality.LATE])
async def test_what_is_not_known_is_null_whichever_columns_it_is(
    committer: Committer, database: Database, mark: Quality
) -> None:
    lacks = np.arange(16)[:, None] >> np.arange(4) & 1 == 1  # a fix for each combination
    fixes = Fixes.of(
        bus=[1] * 16,
        time_ms=np.arange(16) * 1_000 + START_MS,
        lon=np.linspace(114, 115, 16),
        lat=[30.5] * 16,
        speed_kmh=np.where(lacks[:, 0], np.nan, 20.5),
        heading_deg=np.where(lacks[:, 1], np.nan, 90.0),
        accuracy_m=np.where(lacks[:, 2], np.nan, 3.25),
        satellites=np.where(lacks[:, 3], -1, 0),
    )
    receipt = await committer.commit(Batch(fixes, np.full(16, mark, np.int16), START_MS))
    assert receipt.committed == 16
    kept, _ = await Tracks(database).track("B2", START_MS, START_MS + 16_000, 100)
    for name in ("time_ms", "lon", "speed_kmh", "heading_deg", "accuracy_m", "satellites"):
        np.testing.assert_array_equal(getattr(kept, name), getattr(fixes, name), err_msg=name)
    async with database.connection() as connection:
        cursor = await connection.execute("SELECT count(*) FROM position WHERE satellites IS NULL")
        assert await cursor.fetchone() == (8,)


async def test_fixes_that_are_stored_already_though_nobody_knew_cost_only_themselves(
    committer: Committer, database: Database
) -> None:
    await committer.commit(batch(track(range(10))))
    receipt = await committer.commit(batch(track(range(30)), changes=[change()]))
    assert (receipt.committed, receipt.duplicates, len(receipt.changes)) == (20, 10, 1)
    assert await Tracks(database).count() == 30


async def test_a_redelivered_batch_changes_nothing(committer: Committer, database: Database) -> None:
    whole = batch(track(range(100)), rejects=[reject()], changes=[change()])
    first = await committer.commit(whole)
    assert (first.committed, first.duplicates, first.rejected, len(first.changes)) == (100, 0, 1, 1)
    assert await committer.commit(whole) == Receipt(0, 100, 0, 0, ())
    assert await Tracks(database).count() == 100
    assert await RejectShelf(database).counts() == {"not_json": 1}
    assert await ChangeLog(database).newest_seq() == first.changes[0].seq


async def test_a_doubled_fix_in_one_batch_is_kept_once_as_first_received(
    committer: Committer, database: Database
) -> None:
    fixes = Fixes.of(bus=[0, 0, 0], time_ms=[2_000, 1_000, 2_000], lon=[1.0, 2.0, 3.0], lat=[1.0, 2.0, 3.0])
    assert await committer.commit(batch(fixes)) == Receipt(2, 1, 0, 0, ())
    kept, _ = await Tracks(database).track("B1", 0, 10_000, 10)
    assert kept.lon.tolist() == [2.0, 1.0]


async def test_fixes_that_the_database_refuses_are_rejected_and_the_rest_land(
    committer: Committer, database: Database
) -> None:
    fixes = track(range(50))
    fixes.lat[7] = 91.0
    fixes.lon[30] = np.nan
    receipt = await committer.commit(batch(fixes, rejects=[reject()], changes=[change()]))
    assert (receipt.committed, receipt.duplicates, receipt.refused, receipt.rejected) == (48, 0, 2, 3)
    assert len(receipt.changes) == 1
    assert await RejectShelf(database).counts() == {"refused_by_database": 2, "not_json": 1}
    refused = [
        found.reject for found in await RejectShelf(database).newest(10) if found.reject.reason != "not_json"
    ]
    assert {found.topic for found in refused} == {"buswatch/v1/B1/position"}
    assert any(b'"lat":91.0' in found.payload for found in refused)
    again = await committer.commit(batch(fixes, rejects=[reject()], changes=[change()]))
    assert (again.committed, again.duplicates, again.refused, again.rejected) == (0, 48, 2, 0)
    after = await committer.commit(batch(track(range(50, 60), start_s=50)))
    assert after.committed == 10, "the connection is as good as before"


async def test_a_change_that_the_database_refuses_does_not_stop_the_batch(
    committer: Committer, database: Database
) -> None:
    poisoned = change(of=alert(bus_id="B\0"))
    receipt = await committer.commit(batch(track(range(5)), changes=[poisoned, change()]))
    assert (receipt.committed, receipt.rejected) == (5, 1)
    assert [told.alert.bus_id for told in receipt.changes] == ["B1"]
    assert await RejectShelf(database).counts() == {"refused_by_database": 1}


async def test_a_reject_that_comes_again_is_counted_in_its_row(
    committer: Committer, database: Database
) -> None:
    twice = [reject(received_ms=START_MS + 5), reject(received_ms=START_MS)]
    assert (await committer.commit(batch(rejects=twice))).rejected == 1
    assert (await committer.commit(batch(rejects=[reject(received_ms=START_MS + 9)]))).rejected == 0
    (found,) = await RejectShelf(database).newest(10)
    assert (found.times, found.reject.received_ms, found.last_received_ms) == (3, START_MS, START_MS + 9)
    assert found.reject == reject()


async def test_rejects_differ_by_payload_and_by_item(committer: Committer) -> None:
    different = [reject(b"a"), reject(b"b"), reject(b"a", item=0), reject(b"a", item=1)]
    assert (await committer.commit(batch(rejects=different))).rejected == 4


async def test_a_reject_may_hold_any_bytes_and_any_text(committer: Committer, database: Database) -> None:
    nasty = Reject("t\0\ud800", bytes(range(256)), None, Reason.WRONG_TOPIC, "why\0", START_MS)
    assert (await committer.commit(batch(rejects=[nasty]))).rejected == 1
    (found,) = await RejectShelf(database).newest(1)
    assert found.reject.payload == bytes(range(256))
    assert found.reject.topic == "t\N{REPLACEMENT CHARACTER}?"


async def test_an_opening_that_is_told_again_neither_doubles_nor_reopens(
    committer: Committer, database: Database
) -> None:
    await committer.commit(batch(changes=[change(), change("ended", after_s=60)]))
    assert (await committer.commit(batch(changes=[change(), change("ended", after_s=60)]))).changes == ()
    stored, changes = await AlertBook(database).one(alert().alert_id)
    assert [step.kind for step in changes] == ["opened", "ended"]
    assert (stored.version, stored.ended_ms) == (2, START_MS + 60_000)


async def test_an_older_update_that_comes_again_does_not_undo_a_newer_one(
    committer: Committer, database: Database
) -> None:
    graver = change("updated", of=alert(severity="critical"), after_s=20)
    milder = change("updated", of=alert(severity="serious"), after_s=10)
    await committer.commit(batch(changes=[change(of=alert(severity="warning")), milder, graver]))
    assert (await committer.commit(batch(changes=[milder, graver]))).changes == ()
    stored, changes = await AlertBook(database).one(alert().alert_id)
    assert (stored.severity, stored.version, len(changes)) == ("critical", 3, 3)


async def test_an_update_of_the_newest_moment_that_says_something_else_takes_effect_once(
    committer: Committer, database: Database
) -> None:
    """Late fixes were judged in their place, and the newest fix of the bus is the one that had opened it."""
    mild = change(of=alert(severity="warning"))
    graver = change("updated", of=alert(severity="critical"))
    await committer.commit(batch(changes=[mild]))
    for told in (1, 0):
        assert len((await committer.commit(batch(changes=[graver]))).changes) == told
    (kept,) = await AlertBook(database).page(limit=5)
    assert (kept.severity, kept.version) == ("critical", 2)


async def test_what_a_person_did_survives_what_the_engine_finds_later(
    committer: Committer, database: Database
) -> None:
    opened = (await committer.commit(batch(changes=[change()]))).changes[0]
    handled = await AlertDesk(database).handle(
        opened.alert.alert_id, "acknowledged", by="王秀英", note="", expected_version=1, at_ms=START_MS
    )
    ended = (await committer.commit(batch(changes=[change("ended", after_s=60)]))).changes[0]
    assert ended.alert.status == "acknowledged"
    assert ended.alert.ended_ms == START_MS + 60_000
    assert (opened.alert.version, handled.alert.version, ended.alert.version) == (1, 2, 3)
    assert opened.seq < handled.seq < ended.seq


async def test_writers_at_once_give_each_change_its_place_in_one_order(
    committer: Committer, database: Database
) -> None:
    """Whoever reads up to a seq while others write has missed nothing below it."""
    seen: list[int] = []

    async def write(bus: int) -> None:
        for n in range(10):
            one = alert(bus_id=f"B{bus}", started_ms=START_MS + n)
            await committer.commit(batch(track([n], start_s=n, row=bus), changes=[change(of=one)]))

    async def read() -> None:
        while len(seen) < 30:
            seen.extend(step.seq for step in await ChangeLog(database).after(seen[-1] if seen else 0, 100))

    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        tasks.create_task(read())
        for bus in range(3):
            tasks.create_task(write(bus))
    assert seen == sorted(set(seen))
    assert len(seen) == 30


async def test_an_empty_batch_is_kept_too(committer: Committer) -> None:
    assert await committer.commit(batch()) == Receipt(0, 0, 0, 0, ())


async def test_without_a_database_nothing_is_kept_and_it_says_unavailable(
    committer: Committer, database: Database
) -> None:
    await database.close()
    with pytest.raises(Unavailable, match="does not answer"):
        await committer.commit(batch(track(range(5))))


async def test_the_receipt_names_the_buses_whose_fixes_came_late_and_the_oldest_of_each(
    committer: Committer,
) -> None:
    fixes = Fixes.of(bus=[0, 0, 1, 1], time_ms=[2_000, 1_000, 5_000, 3_000], lon=[1.0] * 4, lat=[1.0] * 4)
    late = np.array([1, 1, 0, 1], np.int16)
    receipt = await committer.commit(Batch(fixes, late, now_ms=9_000))
    assert receipt.late == {0: 1_000, 1: 3_000}
    assert (await committer.commit(Batch(fixes, late, now_ms=9_000))).late == {}
