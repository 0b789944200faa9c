"""When a bus was at its stops, read off tracks along a straight line of 10 km."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from alerts.passages import Passage, TripState, passages
from fleet.fixes import Fixes
from fleet.quality import Quality
from fleet.registry import Approval, Stop
from tests.scenes import START_MS, approval, degrees, drive, track


def route(*chainages: float) -> Approval:
    lon, lat = degrees(list(chainages), [0.0] * len(chainages))
    stops = [
        Stop(f"{at:.0f}", *where, at)
        for at, where in zip(chainages, zip(lon.tolist(), lat.tolist(), strict=True), strict=True)
    ]
    return msgspec.structs.replace(approval(), stops=tuple(stops))


ROUTE = route(0.0, 3_000.0, 6_000.0, 10_000.0)


def seen(fixes: Fixes, marks: np.ndarray | None = None) -> tuple[TripState, list[Passage]]:
    quality = np.zeros(len(fixes), np.int16) if marks is None else marks
    return passages(ROUTE, START_MS, fixes, quality)


def seconds(passage: Passage) -> tuple[float | None, float | None]:
    """When the stop was reached and left, seconds after the window opened."""
    return tuple(
        None if ms is None else (ms - START_MS) / 1_000 for ms in (passage.reached_ms, passage.left_ms)
    )  # type: ignore[return-value]


@pytest.mark.parametrize("every_s", [1.0, 15.0])
def test_a_bus_that_drives_its_line_is_at_each_stop_when_it_passes_it(every_s: float) -> None:
    state, found = seen(track(np.minimum(drive(0, 10_200, 36, every_s), 10_000), every_s=every_s))
    assert state == "ended"
    assert [passage.stop.name for passage in found] == ["0", "3000", "6000", "10000"]
    assert seconds(found[0]) == pytest.approx((0, 3), abs=0.1)
    assert seconds(found[1]) == pytest.approx((297, 303), abs=0.2)
    assert seconds(found[2]) == pytest.approx((597, 603), abs=0.2)
    assert found[3].reached_ms is not None
    assert found[3].left_ms is None


def test_a_stop_at_which_it_waits_is_reached_once_and_left_when_it_drives_on() -> None:
    way = np.r_[drive(0, 3_000, 36), np.full(60, 3_000.0), drive(3_000, 5_000, 36)]
    state, found = seen(track(way))
    assert state == "under_way"
    assert seconds(found[1]) == pytest.approx((297, 363), abs=1.5)
    assert seconds(found[2]) == (None, None)


def test_before_it_set_out_along_its_line_it_was_nowhere() -> None:
    state, found = seen(track(np.linspace(4_000, 6_500, 300), 400.0))
    assert state == "waiting"
    assert all(seconds(passage) == (None, None) for passage in found)


def test_the_way_to_the_first_stop_along_the_line_is_no_part_of_the_trip() -> None:
    to_the_start = track(drive(0, 3_500, 36)[::-1], start_s=0)
    trip = track(drive(0, 3_500, 36), start_s=400)
    state, found = seen(Fixes.concat([to_the_start, trip]))
    assert state == "under_way"
    assert seconds(found[1]) == pytest.approx((697, 703), abs=1.0)


def test_a_stop_that_it_drove_round_was_not_seen_and_the_next_was() -> None:
    x = drive(0, 7_000, 36)
    y = np.where((x > 2_000) & (x < 4_000), 300.0, 0.0)
    _, found = seen(track(x, y))
    assert seconds(found[1]) == (None, None)
    assert seconds(found[2]) == pytest.approx((597, 603), abs=0.2)


def test_a_stop_that_it_came_near_to_away_from_its_line_was_reached() -> None:
    x = drive(0, 4_000, 36)
    _, found = seen(track(x, np.where((x > 2_000) & (x < 3_900), 55.0, 0.0)))
    reached, left = seconds(found[1])
    assert reached == pytest.approx(298, abs=2)
    assert left == pytest.approx(303, abs=2)


def test_a_gap_of_minutes_over_a_stop_leaves_it_unseen() -> None:
    x = drive(0, 7_000, 36)
    _, found = seen(track(x).take((x < 2_000) | (x > 4_500)))
    assert seconds(found[1]) == (None, None)
    assert seconds(found[2]) == pytest.approx((597, 603), abs=0.2)


def test_a_doubtful_place_counts_for_nothing_and_a_late_one_like_any_other() -> None:
    fixes = track(drive(0, 3_500, 36))
    wild = Fixes.concat(
        [fixes.take(np.arange(100)), track([6_000.0], start_s=99.5), fixes.take(np.arange(100, 350))]
    )
    marks = np.full(len(wild), int(Quality.LATE), np.int16)
    marks[100] = int(Quality.JUMP)
    _, found = seen(wild, marks)
    assert seconds(found[1]) == pytest.approx((297, 303), abs=0.2)
    assert seconds(found[2]) == (None, None)


def test_no_track_is_a_trip_that_waits() -> None:
    state, found = seen(Fixes.empty())
    assert state == "waiting"
    assert len(found) == 4
