"""From when on a bus's fixes are given again, and what judging them anew puts on file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from alerts.detector import LATE_AFTER_MS, Detector
from alerts.episodes import Alert, Change
from buswatch.rejudging import AT_LEAST_MS, BEFORE_MS, DRIVEN_FROM_MS, Rejudging, given_from, known_when
from fleet.clock import HOUR_MS, MINUTE_MS
from fleet.fixes import Fixes
from storage.alerts import AlertBook
from storage.commit import Batch, Committer
from storage.database import Database
from storage.positions import Tracks
from storage.registry import import_registry, load_registry
from tests.scenes import START_MS, drive, registry, track
from tests.storage.records import alert

RECORD = registry(buses=3)
"""Windows from 07:00, which is START_MS, to 09:00."""
END_MS = START_MS + 2 * HOUR_MS


def since(newest_ms: int, *, oldest_ms: int | None = None, ongoing: Sequence[Alert] = ()) -> int:
    """From when on the fixes of B2 are given again."""
    newest = np.array([newest_ms], np.int64)
    oldest = newest if oldest_ms is None else np.array([oldest_ms], np.int64)
    return int(given_from(RECORD, np.array([1], np.int32), oldest, newest, ongoing).since_ms[0])


@pytest.mark.parametrize("into_ms", [0, MINUTE_MS, HOUR_MS, 2 * HOUR_MS - 1])
def test_on_a_trip_from_before_its_window_opened(into_ms: int) -> None:
    assert since(START_MS + into_ms) <= START_MS - BEFORE_MS


def test_a_trip_is_judged_surely_from_its_window_on_and_what_was_before_it_is_not() -> None:
    newest_ms = np.array([START_MS + HOUR_MS], np.int64)
    reach = given_from(RECORD, np.array([1], np.int32), newest_ms, newest_ms, ())
    assert (reach.since_ms[0], reach.sure_ms[0]) == (START_MS - BEFORE_MS, START_MS)


def test_off_every_trip_for_an_hour() -> None:
    newest_ms = START_MS - 3 * HOUR_MS
    assert since(newest_ms) == newest_ms - AT_LEAST_MS


def test_soon_after_a_trip_that_trip_too_for_the_minutes_given_reach_into_it() -> None:
    assert since(END_MS + 5 * MINUTE_MS) == START_MS - BEFORE_MS


def test_long_after_a_trip_that_trip_no_more() -> None:
    newest_ms = END_MS + HOUR_MS
    assert since(newest_ms) == newest_ms - AT_LEAST_MS


def test_from_the_oldest_fix_that_came_late_on() -> None:
    newest_ms = START_MS - 3 * HOUR_MS
    assert since(newest_ms, oldest_ms=newest_ms - HOUR_MS) == newest_ms - HOUR_MS - DRIVEN_FROM_MS


def test_a_late_fix_of_a_trip_long_over_brings_that_whole_trip() -> None:
    assert since(END_MS + 3 * HOUR_MS, oldest_ms=END_MS - MINUTE_MS) == START_MS - BEFORE_MS


def test_from_before_an_open_episode_began_however_long_ago() -> None:
    began_ms = START_MS - 5 * HOUR_MS
    assert since(START_MS - HOUR_MS, ongoing=[alert("B2", began_ms)]) == began_ms - BEFORE_MS


def test_of_a_bus_without_a_fix_nothing_is_before_the_epoch() -> None:
    assert since(0) == 0


def test_each_bus_has_its_own_moment() -> None:
    newest = np.array([0, START_MS + HOUR_MS, START_MS - 3 * HOUR_MS], np.int64)
    rows = np.array([2, 0, 1], np.int32)
    ongoing = [alert("B2", START_MS - 4 * HOUR_MS)]
    found = given_from(RECORD, rows, newest, newest, ongoing)
    assert found.since_ms.tolist() == [0, START_MS - BEFORE_MS, START_MS - 4 * HOUR_MS - BEFORE_MS]


@dataclass(frozen=True)
class Storage:
    """A database with the registry on record, and the way into it."""

    database: Database
    bus_keys: NDArray[np.int32]
    committer: Committer


@pytest.fixture
async def storage(database: Database) -> Storage:
    await import_registry(database, RECORD)
    _, bus_keys = await load_registry(database)
    return Storage(database, bus_keys, Committer(database, bus_keys))


class Monitor:
    """What a monitor process has in memory, over a database that outlives it."""

    def __init__(self, storage: Storage) -> None:
        self.detector = Detector(RECORD)
        self.committer = storage.committer
        self.rejudging = Rejudging(
            RECORD, self.detector, storage.database, storage.bus_keys, storage.committer
        )

    async def remember(self, now_ms: int) -> tuple[Change, ...]:
        """What a restart tells."""
        (buses,) = self.rejudging.all_buses()
        return await self.rejudging.judge(buses, now_ms)

    async def take(self, fixes: Fixes) -> None:
        findings = self.detector.detect(fixes, int(fixes.time_ms[-1]))
        batch = Batch(
            fixes,
            findings.quality,
            int(fixes.time_ms[-1]),
            changes=findings.changes,
            moved_m=findings.moved_m,
        )
        await self.committer.commit(batch)

    async def find(self, fixes: Fixes, received_ms: NDArray[np.int64]) -> Alert:
        """The alert of fixes that came late, each when ``received_ms`` says; shape (n,)."""
        findings = self.detector.detect(fixes, received_ms)
        now_ms = int(received_ms.max())
        await self.committer.commit(Batch(fixes, findings.quality, now_ms, received_ms=received_ms))
        found = await self.rejudging.judge({0: int(fixes.time_ms.min())}, now_ms + HOUR_MS)
        return found[0].alert


FAST = track(drive(0, 4_000, 90))


async def test_a_restart_in_the_middle_of_an_episode_goes_on_with_the_same_alert(storage: Storage) -> None:
    middle = len(FAST) // 2
    await Monitor(storage).take(FAST.take(np.arange(middle)))
    (before,) = await AlertBook(storage.database).page(limit=10)
    restarted = Monitor(storage)
    assert await restarted.remember(int(FAST.time_ms[-1])) == ()
    await restarted.take(FAST.take(np.arange(middle, len(FAST))))
    await restarted.take(track(drive(4_000, 4_300, 36), start_s=len(FAST)))
    (after,) = await AlertBook(storage.database).page(limit=10)
    assert after.alert_id == before.alert_id
    assert before.ended_ms is None
    assert after.ended_ms is not None


async def test_what_was_stored_and_never_judged_is_found_after_a_restart(storage: Storage) -> None:
    monitor = Monitor(storage)
    nothing_judged = Batch(FAST, np.zeros(len(FAST), np.int16), START_MS)
    await monitor.committer.commit(nothing_judged)
    (opened, *_) = await monitor.remember(int(FAST.time_ms[-1]))
    assert (opened.kind, opened.alert.rule, opened.alert.bus_id) == ("opened", "speeding", "B1")
    assert await Monitor(storage).remember(int(FAST.time_ms[-1])) == (), "once"


async def test_the_way_driven_is_counted_anew_when_a_part_of_it_comes_late(storage: Storage) -> None:
    """A bus that drives back and comes again while it has no link: the ends say nothing of it."""
    way = drive(0, 1_000, 36)
    whole = track(np.r_[way, way[::-1], way, way + 1_000])
    monitor = Monitor(storage)
    await monitor.take(whole.take(np.r_[0:100, 300:400]))
    (known,) = await Tracks(storage.database).hours("B1", START_MS, START_MS + HOUR_MS, 10)
    assert 1_950 < known.moved_m <= 2_000
    await monitor.take(whole.take(np.arange(100, 300)))  # the link is back, and brings what it had kept
    (stored,) = await Tracks(storage.database).hours("B1", START_MS, START_MS + HOUR_MS, 10)
    assert (stored.fixes, stored.moved_m) == (400, known.moved_m)
    now_ms = int(whole.time_ms[-1])
    await monitor.rejudging.judge({0: int(whole.time_ms[100])}, now_ms)
    (anew,) = await Tracks(storage.database).hours("B1", START_MS, START_MS + HOUR_MS, 10)
    assert 3_900 < anew.moved_m <= 4_000


def test_a_fix_is_known_when_all_before_it_of_its_bus_are() -> None:
    bus = np.array([0, 0, 0, 2, 2, 5], np.int32)
    received_ms = np.array([30, 50, 40, 20, 10, 5])
    assert known_when(bus, received_ms).tolist() == [30, 50, 50, 20, 20, 5]
    assert known_when(bus[:0], received_ms[:0]).tolist() == []


@pytest.mark.parametrize("late", [False, True])
async def test_found_late_is_by_when_the_fixes_came_however_long_judging_anew_had_to_wait(
    storage: Storage, late: bool
) -> None:
    received_ms = FAST.time_ms + 2_000
    hole = np.arange(len(FAST)) < (20 if late else 0)
    received_ms[hole] += LATE_AFTER_MS
    assert (await Monitor(storage).find(FAST, received_ms)).found_late == late


async def test_without_any_fix_there_is_nothing_to_judge(storage: Storage) -> None:
    assert await Monitor(storage).remember(START_MS) == ()


async def test_a_silence_that_goes_on_is_not_ended_by_a_restart(storage: Storage) -> None:
    monitor = Monitor(storage)
    sent = track(drive(0, 3_000, 36))
    await monitor.take(sent)
    later_ms = int(sent.time_ms[-1]) + 5 * MINUTE_MS
    nothing = Batch(Fixes.empty(), np.empty(0, np.int16), later_ms, changes=monitor.detector.tick(later_ms))
    (silent,) = (await monitor.committer.commit(nothing)).changes
    assert silent.alert.rule == "silent"
    restarted = Monitor(storage)
    assert await restarted.remember(later_ms) == ()
    again = Batch(
        Fixes.empty(), np.empty(0, np.int16), later_ms, changes=restarted.detector.tick(later_ms + 1_000)
    )
    assert (await restarted.committer.commit(again)).changes == (), "found again under its own identity"
    (on_file,) = await AlertBook(storage.database).page(limit=10)
    assert on_file.ended_ms is None
