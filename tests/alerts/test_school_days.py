"""The school calendar, as timelines: a day off, a make-up Saturday, and the same without a calendar."""

import datetime as dt

import msgspec
import numpy as np

from fleet.calendar import DaysOff, MakeUpDay, SchoolCalendar
from fleet.registry import Registry
from tests.scenes import drive, found, registry, rules, track

DAY_S = 86_400
NATIONAL_DAY = 30 * DAY_S
"""Seconds from the scene's window to that of 1 October 2026."""


def by_the_calendar() -> Registry:
    """School from Monday to Friday, but not on National Day; a Saturday makes up for a Wednesday."""
    days = SchoolCalendar(
        days_off=(DaysOff("国庆节", dt.date(2026, 10, 1), dt.date(2026, 10, 7)),),
        make_up_days=(MakeUpDay(dt.date(2026, 10, 10), 3),),
    )
    week = msgspec.structs.replace(registry().assignments[0], weekdays=(1, 2, 3, 4, 5))
    return msgspec.structs.replace(registry(), assignments=(week,), calendar=days)


def without_calendar(record: Registry) -> Registry:
    return msgspec.structs.replace(record, calendar=SchoolCalendar())


def test_a_bus_parked_on_a_day_off_is_not_told_for_a_trip_not_begun() -> None:
    parked = track(np.full(7_200, -2_000.0), start_s=NATIONAL_DAY)
    assert rules(found(parked, without_calendar(by_the_calendar()))) == ["trip_not_begun"]
    assert found(parked, by_the_calendar()) == []


def test_driving_the_route_on_a_day_off_is_off_hours() -> None:
    driven = track(drive(0, 9_000, 40), start_s=NATIONAL_DAY)
    assert found(driven, without_calendar(by_the_calendar())) == []
    (alert,) = found(driven, by_the_calendar())
    assert (alert.rule, alert.evidence.assignment_id) == ("off_hours", None)


def test_a_make_up_saturday_is_driven_and_watched_like_a_school_day() -> None:
    saturday = NATIONAL_DAY + 9 * DAY_S
    driven = track(drive(0, 9_000, 40), start_s=saturday)
    assert rules(found(driven, without_calendar(by_the_calendar()))) == ["off_hours"]
    assert found(driven, by_the_calendar()) == []
    (alert,) = found(track(np.full(7_200, -2_000.0), start_s=saturday), by_the_calendar())
    assert (alert.rule, alert.evidence.assignment_id) == ("trip_not_begun", "A1")
