"""The live frame: what it holds, for which fixes, and that each is told once."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest

from alerts.detector import Detector
from buswatch.live import COLUMNS, LiveFrame
from fleet.fixes import Fixes
from fleet.registry import Registry
from tests.scenes import LENGTH_M, START_MS, bus, drive, registry, track

RECORD = registry(buses=3)


class Watched:
    """A detector and the frame that it fills."""

    def __init__(self, record: Registry = RECORD) -> None:
        self.frame = LiveFrame(record)
        self._detector = Detector(record)

    def take(self, fixes: Fixes) -> None:
        self.frame.add(fixes, self._detector.detect(fixes, int(fixes.time_ms.max())))

    def rows(self) -> list[dict[str, Any]]:
        told = msgspec.json.decode(self.frame.encode(START_MS))
        return [dict(zip(told["columns"], row, strict=True)) for row in told["rows"]]


@pytest.fixture
def watched() -> Watched:
    return Watched()


def test_a_frame_says_when_it_was_made_and_what_its_columns_are(watched: Watched) -> None:
    told = msgspec.json.decode(watched.frame.encode(1_790_000_000_123))
    assert told == {"time_ms": 1_790_000_000_123, "stalled": None, "columns": list(COLUMNS), "rows": []}


def test_a_bus_on_its_trip_is_told_with_its_place_speed_and_limit(watched: Watched) -> None:
    fixes = track(drive(0, 1_200, 36), 3.0)
    watched.take(fixes)
    (row,) = watched.rows()
    assert row["bus"] == "B1"
    assert row["time_ms"] == fixes.time_ms[-1]
    assert (row["lon"], row["lat"]) == (round(fixes.lon[-1], 6), round(fixes.lat[-1], 6))
    assert (row["speed_kmh"], row["limit_kmh"], row["off_m"]) == (36.0, 60.0, 3.0)
    assert row["state"] == "on_route"


def test_the_newest_fix_of_a_bus_wins_over_all_batches_of_a_second(watched: Watched) -> None:
    first, second = track(range(0, 50, 10), row=1), track(range(50, 80, 10), start_s=5, row=1)
    watched.take(first)
    watched.take(second)
    (row,) = watched.rows()
    assert row["time_ms"] == second.time_ms[-1]


def test_a_fix_that_came_late_does_not_move_a_bus_back(watched: Watched) -> None:
    watched.take(track([100, 110, 120], start_s=10))
    watched.take(track([0], start_s=1))
    (row,) = watched.rows()
    assert row["time_ms"] == START_MS + 12_000


def test_a_frame_that_was_told_leaves_the_next_one_empty(watched: Watched) -> None:
    watched.take(track([0, 10]))
    assert len(watched.rows()) == 1
    assert watched.rows() == []


def test_what_was_not_reported_is_null(watched: Watched) -> None:
    told = track([0], speed_kmh=float("nan"))
    watched.take(told)
    (row,) = watched.rows()
    assert row["speed_kmh"] is None
    assert row["heading"] is None


def test_off_the_road_network_of_its_route_limit_and_distance_are_null(watched: Watched) -> None:
    watched.take(track([0.0], start_s=-3_600))
    (row,) = watched.rows()
    assert row["off_m"] is None
    assert row["state"] == "off_trip"


def test_a_bus_off_its_corridor_for_long_is_deviating(watched: Watched) -> None:
    x = drive(0, LENGTH_M / 2, 36)
    watched.take(track(x, np.where(x > 2_500, 400.0, 0.0)))
    (row,) = watched.rows()
    assert row["state"] == "deviating"
    assert row["off_m"] == 400.0


def test_a_bus_that_speeds_for_long_is_speeding(watched: Watched) -> None:
    watched.take(track(drive(0, 3_000, 90)))
    (row,) = watched.rows()
    assert row["state"] == "speeding"


def test_a_bus_out_of_service_is_told_as_that_whatever_it_does() -> None:
    record = msgspec.structs.replace(RECORD, buses=(bus("B1", state="out_of_service"), *RECORD.buses[1:]))
    watched = Watched(record)
    watched.take(track(drive(0, 3_000, 90)))
    (row,) = watched.rows()
    assert row["state"] == "out_of_service"


def test_all_buses_that_reported_are_told(watched: Watched) -> None:
    watched.take(Fixes.concat([track([0, 10], row=row) for row in (2, 0)]))
    assert {row["bus"] for row in watched.rows()} == {"B1", "B3"}


def test_a_stalled_monitor_says_why_until_all_is_well(watched: Watched) -> None:
    watched.frame.stalled = "the database does not answer"
    for _ in range(2):
        told = msgspec.json.decode(watched.frame.encode(START_MS))
        assert told["stalled"] == "the database does not answer"
    watched.frame.stalled = None
    assert msgspec.json.decode(watched.frame.encode(START_MS))["stalled"] is None
