"""Timetables: the fleet is busy when asked for, and every window holds the run it permits."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import msgspec
import pytest

from fleet.calendar import SchoolCalendar
from fleet.clock import HOUR_MS, MINUTE_MS, local_day, local_ms, parse_time
from fleet.registry import check_registry
from fleet.timetable import lay_trips
from simulators.city import City
from simulators.legbook import LegBook
from simulators.timetable import ZONE, Timetable, round_now, school_day

LATE_MS = parse_time("2026-10-14T21:30:00+08:00")


@pytest.fixture(scope="module")
def book() -> LegBook:
    return LegBook(City(seed=4, buses=120))


@pytest.fixture(scope="module")
def timetable(book: LegBook) -> Timetable:
    return round_now(book, LATE_MS)


def test_most_of_the_fleet_is_under_way_at_the_moment_asked_for(timetable: Timetable, book: LegBook) -> None:
    in_service = [bus for bus, row in enumerate(book.city.buses) if row.state == "in_service"]
    running = sum(
        any(run.depart_ms - MINUTE_MS <= LATE_MS < run.arrive_ms for run in timetable.runs[bus])
        for bus in in_service
    )

    assert 0.65 < running / len(in_service) < 0.9


def test_the_fleet_keeps_busy_for_twelve_hours(timetable: Timetable) -> None:
    for hours in range(1, 13):
        moment = LATE_MS + hours * HOUR_MS
        running = sum(any(run.depart_ms <= moment < run.arrive_ms for run in runs) for runs in timetable.runs)
        assert running > 0.4 * len(timetable.runs)


def test_a_window_begins_before_the_first_stop_and_ends_after_the_last(timetable: Timetable) -> None:
    for run in (run for runs in timetable.runs for run in runs):
        assert run.starts_ms <= run.leave_ms <= run.depart_ms - 3 * MINUTE_MS or not run.from_depot
        assert run.starts_ms <= run.depart_ms - 3 * MINUTE_MS
        assert run.ends_ms >= run.arrive_ms + 4 * MINUTE_MS


def test_a_bus_is_due_at_each_stop_between_leaving_the_first_and_reaching_the_last(
    timetable: Timetable,
) -> None:
    runs = [run for runs in timetable.runs for run in runs]
    for run, assignment in zip(runs, timetable.assignments, strict=True):
        day = local_day(run.starts_ms, ZONE)
        due = [local_ms(day, moment, ZONE) for moment in assignment.stop_times]
        due = [ms + (ms < run.starts_ms) * 24 * HOUR_MS for ms in due]
        assert len(due) == len(run.route.stops)
        assert due == sorted(due)
        assert abs(due[0] - run.depart_ms) <= MINUTE_MS / 2
        assert abs(due[-1] - run.arrive_ms) <= MINUTE_MS / 2


def test_windows_of_one_bus_never_overlap(timetable: Timetable) -> None:
    for runs in timetable.runs:
        for one, following in pairwise(runs):
            assert one.ends_ms <= following.starts_ms


def test_an_out_of_service_bus_has_no_run(timetable: Timetable, book: LegBook) -> None:
    for bus, runs in zip(book.city.buses, timetable.runs, strict=True):
        assert bool(runs) == (bus.state == "in_service")


def test_assignments_call_for_exactly_the_planned_windows_across_midnight(
    timetable: Timetable, book: LegBook
) -> None:
    registry = book.city.registry(timetable.assignments)
    day = local_day(LATE_MS, ZONE)

    check_registry(registry)
    trips = lay_trips(registry, day - timedelta(days=1), day + timedelta(days=2))
    called = set(zip(trips.bus.tolist(), trips.start_ms.tolist(), trips.end_ms.tolist(), strict=True))
    planned = {(run.bus, run.starts_ms, run.ends_ms) for runs in timetable.runs for run in runs}
    assert called == planned


def test_a_school_day_has_a_morning_and_an_afternoon_and_a_weekend_none(book: LegBook) -> None:
    week = school_day(book, date(2026, 10, 12), 7)

    runs = week.runs[0]
    assert len(runs) == 10
    assert [run.route.direction for run in runs[:2]] == ["to_school", "to_home"]
    assert len(week.assignments) == 2 * sum(bus.state == "in_service" for bus in book.city.buses)


def called_for(week: Timetable, book: LegBook, first: date, last: date) -> set[tuple[int, date]]:
    """Bus and day of every trip that the record calls for."""
    record = msgspec.structs.replace(book.city.registry(week.assignments), calendar=week.calendar)
    check_registry(record)
    trips = lay_trips(record, first, last)
    days = [local_day(ms, ZONE) for ms in trips.start_ms.tolist()]
    return set(zip(trips.bus.tolist(), days, strict=True))


def test_over_national_day_the_record_calls_for_the_runs_that_are_driven_and_no_other(book: LegBook) -> None:
    first, days = date(2026, 9, 30), 12
    week = school_day(book, first, days)

    driven = {(run.bus, local_day(run.starts_ms, ZONE)) for runs in week.runs for run in runs}
    assert {day.day for _, day in driven} == {30, 8, 9, 10}, "the tenth is a Saturday made up for"
    assert called_for(week, book, first, first + timedelta(days=days - 1)) == driven


def test_in_the_summer_holidays_nothing_runs_and_the_assignments_stand(book: LegBook) -> None:
    first = date(2027, 7, 20)
    week = school_day(book, first, 8)

    assert not any(week.runs)
    assert len(week.assignments) == 2 * sum(bus.state == "in_service" for bus in book.city.buses)
    assert called_for(week, book, first, first + timedelta(days=7)) == set()


@pytest.mark.parametrize("moment", ["2026-10-04T10:00:00+08:00", "2060-07-20T10:00:00+08:00"])
def test_a_demonstration_runs_on_holidays_and_in_years_without_known_festivals(
    book: LegBook, moment: str
) -> None:
    now_ms = parse_time(moment)
    shown = round_now(book, now_ms)

    assert shown.calendar == SchoolCalendar()
    day = local_day(now_ms, ZONE)
    running = {run.bus for runs in shown.runs for run in runs if run.starts_ms <= now_ms < run.ends_ms}
    assert {(bus, day) for bus in running} <= called_for(shown, book, day, day)
    assert len(running) > 0.6 * len(shown.runs)
