"""Trips laid out from assignments."""

import datetime as dt

import msgspec
import numpy as np

from fleet.calendar import DaysOff, MakeUpDay, SchoolCalendar, Term
from fleet.clock import local_day, parse_time
from fleet.registry import Registry
from fleet.timetable import Timetable, due_ms, lay_trips
from tests.scenes import approval, registry


def at(record: Registry, *moments: str) -> list[tuple[str, str] | None]:
    """For bus B1 at each moment: the approval and the trip's start, or None."""
    times = np.array([parse_time(f"{m}+08:00") for m in moments], np.int64)
    trips, rows = Timetable(record).trips_at(np.zeros(len(times), np.int32), times)
    return [
        None
        if row < 0 or trips.approval[row] < 0
        else (record.approvals[trips.approval[row]].approval_id, str(trips.start_ms[row]))
        for row in rows
    ]


def overnight(record: Registry) -> Registry:
    late = msgspec.structs.replace(record.assignments[0], starts=dt.time(23), ends=dt.time(1), weekdays=(2,))
    return msgspec.structs.replace(record, assignments=(late,))


def test_a_window_includes_its_start_and_not_its_end() -> None:
    start = str(parse_time("2026-09-01T07:00:00+08:00"))
    assert at(
        registry(),
        "2026-09-01T06:59:59.999",
        "2026-09-01T07:00",
        "2026-09-01T08:59:59.999",
        "2026-09-01T09:00",
    ) == [None, ("R1.1", start), ("R1.1", start), None]


def test_a_window_past_midnight_belongs_to_the_day_it_began() -> None:
    start = str(parse_time("2026-09-01T23:00:00+08:00"))  # a Tuesday
    assert at(overnight(registry()), "2026-09-02T00:30", "2026-09-01T00:30", "2026-09-01T23:30") == [
        ("R1.1", start),
        None,
        ("R1.1", start),
    ]


def test_a_trip_is_due_at_its_stops_by_the_day_it_began() -> None:
    record = overnight(registry())
    late = msgspec.structs.replace(record.assignments[0], stop_times=(dt.time(23, 30), dt.time(0, 10)))
    start = parse_time("2026-09-01T23:00:00+08:00")
    assert due_ms(record, late, approval(), start) == (
        parse_time("2026-09-01T23:30:00+08:00"),
        parse_time("2026-09-02T00:10:00+08:00"),
    )


def test_without_times_for_so_many_stops_nobody_knows_when_a_trip_is_due() -> None:
    record = registry()
    of_another = msgspec.structs.replace(record.assignments[0], stop_times=(dt.time(7, 30),) * 3)
    for assignment in (record.assignments[0], of_another):
        assert due_ms(record, assignment, approval(), 0) == (None, None)


def test_the_version_in_force_that_day_counts_and_none_means_no_trip() -> None:
    record = registry(
        approval(valid_to=dt.date(2026, 8, 31)),
        approval(version=2, valid_from=dt.date(2026, 9, 1), valid_to=dt.date(2026, 9, 1)),
    )
    found = at(record, "2026-08-31T08:00", "2026-09-01T08:00", "2026-09-02T08:00")
    assert [trip and trip[0] for trip in found] == ["R1.1", "R1.2", None]


def test_trips_are_laid_by_bus_and_start() -> None:
    trips = lay_trips(registry(buses=3), dt.date(2026, 9, 1), dt.date(2026, 9, 2))
    assert list(trips.bus) == [0, 0, 1, 1, 2, 2]
    assert (np.diff(trips.start_ms)[::2] == 86_400_000).all()


def test_a_day_off_has_no_trip_and_a_make_up_day_those_of_its_weekday() -> None:
    days = SchoolCalendar(
        (Term("autumn", dt.date(2026, 9, 21), dt.date(2026, 10, 17)),),
        (DaysOff("国庆节", dt.date(2026, 10, 1), dt.date(2026, 10, 7)),),
        (MakeUpDay(dt.date(2026, 10, 10), 3),),
    )
    wednesdays = msgspec.structs.replace(registry().assignments[0], weekdays=(3,))
    record = msgspec.structs.replace(registry(), assignments=(wednesdays,), calendar=days)
    trips = lay_trips(record, dt.date(2026, 9, 1), dt.date(2026, 10, 31))
    assert [local_day(ms, record.tz).isoformat() for ms in trips.start_ms.tolist()] == [
        "2026-09-23",
        "2026-09-30",
        "2026-10-10",
        "2026-10-14",
    ]


def test_a_window_past_midnight_runs_on_into_a_day_off() -> None:
    days = SchoolCalendar(days_off=(DaysOff("closed", dt.date(2026, 9, 2), dt.date(2026, 9, 2)),))
    record = msgspec.structs.replace(overnight(registry()), calendar=days)  # on Tuesdays
    start = str(parse_time("2026-09-01T23:00:00+08:00"))
    assert at(record, "2026-09-02T00:30") == [("R1.1", start)]


def test_a_time_without_any_trip_has_none_for_any_moment() -> None:
    days = SchoolCalendar(days_off=(DaysOff("summer", dt.date(2026, 7, 4), dt.date(2026, 8, 31)),))
    record = msgspec.structs.replace(registry(), calendar=days)
    assert at(record, "2026-07-20T08:00", "2026-09-01T08:00") == [
        None,
        ("R1.1", str(parse_time("2026-09-01T07:00:00+08:00"))),
    ]
