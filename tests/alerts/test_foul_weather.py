"""A trip that is due while a weather advisory is in force may begin later: no timetable holds at 20 km/h."""

from __future__ import annotations

import datetime as dt

import msgspec
import numpy as np
import pytest

from alerts.detector import Detector
from fleet.registry import Advisory, Registry
from tests.scenes import NOW_MS, START_MS, drive, found, line, registry, track

MINUTE_MS = 60_000


def ice(from_min: float, to_min: float, *, y: float = 0.0, limit_kmh: float = 20.0) -> Advisory:
    """An advisory round the middle of the route, minutes after the window opens."""
    area = line([(4_000, y - 500), (6_000, y - 500), (6_000, y + 500), (4_000, y + 500)])
    span = START_MS + round(from_min * MINUTE_MS), START_MS + round(to_min * MINUTE_MS)
    return Advisory("W1", "道路结冰", area, *span, limit_kmh)


def brief(ends: dt.time) -> Registry:
    record = registry()
    (duty,) = record.assignments
    return msgspec.structs.replace(record, assignments=(msgspec.structs.replace(duty, ends=ends),))


def told_min(*advisories: Advisory, record: Registry | None = None) -> float:
    """Minutes after its window opened at which the trip of a bus that stays in its yard is told."""
    yard = track(np.full(480, -3_000.0), every_s=15, start_s=-60)
    (alert,) = found(yard, record, advisories=advisories)
    assert alert.rule == "trip_not_begun"
    return (alert.detected_ms - START_MS) / MINUTE_MS


@pytest.mark.parametrize(
    ("advisory", "minutes"),
    [
        (ice(-60, 90), 54.0),  # 30 minutes at the 36 km/h of a timetable are 54 at 20
        (ice(20, 40), 54.0),
        (ice(-60, 90, limit_kmh=30), 36.0),
        (ice(-60, 90, limit_kmh=40), 30.0),
        (ice(-60, 90, y=3_000), 30.0),
        (ice(-90, -30), 30.0),
        (ice(30, 90), 30.0),
    ],
)
def test_the_grace_is_longer_by_as_much_as_the_limit_is_lower(advisory: Advisory, minutes: float) -> None:
    assert told_min(advisory) == pytest.approx(minutes, abs=0.01)


def test_of_two_advisories_the_lower_limit_counts() -> None:
    assert told_min(ice(-60, 90, limit_kmh=30), ice(0, 10)) == pytest.approx(54.0, abs=0.01)


def test_a_trip_that_never_comes_is_told_by_the_end_of_its_window() -> None:
    record = brief(dt.time(7, 40))
    assert told_min(record=record) == pytest.approx(40 - 1_000 / 60, abs=0.01)
    assert told_min(ice(-60, 90), record=record) == pytest.approx(40.0, abs=0.01)


def test_a_bus_that_comes_late_through_the_ice_is_not_told() -> None:
    late = track(np.r_[np.full(40 * 60, -3_000.0), drive(-3_000, 4_000, 20)], start_s=-60)
    assert [a.rule for a in found(late)] == ["trip_not_begun"]
    assert found(late, advisories=[ice(-60, 90)]) == []


def test_an_advisory_that_is_taken_back_leaves_the_grace_as_it_was() -> None:
    detector = Detector(registry())
    detector.advise([ice(-60, 90)])
    detector.detect(track(np.full(8, -3_000.0), every_s=15, start_s=-60), NOW_MS)
    assert detector.tick(START_MS + 31 * MINUTE_MS) == ()
    detector.advise([])
    (opened,) = detector.tick(START_MS + 32 * MINUTE_MS)
    assert (opened.alert.rule, opened.at_ms) == ("trip_not_begun", START_MS + 30 * MINUTE_MS)
