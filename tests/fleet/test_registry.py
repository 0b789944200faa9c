"""The registry: written, read, and refused when it contradicts itself."""

import datetime as dt

import msgspec
import pytest

from fleet.calendar import DaysOff, MakeUpDay, SchoolCalendar, Term
from fleet.errors import BadRegistry
from fleet.registry import Registry, check_registry, decode_registry, encode_registry
from tests.scenes import approval, bus, registry


def test_a_registry_survives_the_way_through_json() -> None:
    calendar = SchoolCalendar(
        (Term("秋季学期", dt.date(2026, 9, 1), dt.date(2027, 1, 22)),),
        (DaysOff("国庆节", dt.date(2026, 10, 1), dt.date(2026, 10, 7)),),
        (MakeUpDay(dt.date(2026, 10, 10), 3),),
    )
    record = msgspec.structs.replace(registry(approval(), approval(route="R2"), buses=3), calendar=calendar)
    assert decode_registry(encode_registry(record)) == record


def test_the_latest_valid_version_of_a_route_is_in_force() -> None:
    first = approval(valid_to=dt.date(2026, 6, 30))
    second = approval(version=2, valid_from=dt.date(2026, 7, 1))
    record = registry(second, first)
    assert record.approval_on("R1", dt.date(2026, 6, 30)) == first
    assert record.approval_on("R1", dt.date(2026, 7, 1)) == second
    assert record.approval_on("R1", dt.date(2027, 7, 1)) is None
    assert record.approval_on("R9", dt.date(2026, 7, 1)) is None


def broken(**changes: object) -> Registry:
    return msgspec.structs.replace(registry(), **changes)


def with_stop_times(*times: str, starts: str = "07:00", ends: str = "09:00") -> Registry:
    assignment = msgspec.structs.replace(
        registry().assignments[0],
        starts=dt.time.fromisoformat(starts),
        ends=dt.time.fromisoformat(ends),
        stop_times=tuple(map(dt.time.fromisoformat, times)),
    )
    return broken(assignments=(assignment,))


@pytest.mark.parametrize(
    ("record", "complaint"),
    [
        (broken(buses=registry().buses * 2), "bus 'B1' is on record twice"),
        (broken(buses=(bus("live"),)), "none of alerts, live"),
        (broken(buses=(bus("B/1"),)), "letters, digits and - only"),
        (broken(buses=()), "bus 'B1' is not on record"),
        (broken(drivers=()), "driver 'D1' is not on record"),
        (broken(approvals=()), "route 'R1' has no approval"),
        (broken(approvals=(approval(corridor_m=0),)), "corridor_m must be above 0"),
        (
            broken(approvals=(msgspec.structs.replace(approval(), line=((114.0, 30.0),) * 3),)),
            "two distinct points",
        ),
        (
            broken(assignments=(msgspec.structs.replace(registry().assignments[0], weekdays=(0,)),)),
            "weekdays must be",
        ),
        (with_stop_times("07:10"), "1 stop_times and route 'R1' 2 stops; give one for each, or none"),
        (with_stop_times("07:10", "07:05"), "must follow each other from starts 07:00:00 to ends 09:00:00"),
        (with_stop_times("07:10", "09:01"), "must follow each other"),
        (with_stop_times("06:59", "07:10"), "must follow each other"),
        (
            broken(calendar=SchoolCalendar(make_up_days=(MakeUpDay(dt.date(2026, 10, 9), 3),))),
            "make-up day 2026-10-09 is no Saturday or Sunday",
        ),
    ],
)
def test_a_contradiction_is_named(record: Registry, complaint: str) -> None:
    with pytest.raises(BadRegistry, match=complaint):
        check_registry(record)


@pytest.mark.parametrize(
    "record",
    [
        with_stop_times("07:00", "09:00"),
        with_stop_times("23:50", "00:10", starts="23:00", ends="01:00"),
        with_stop_times("07:00", "06:59", starts="07:00", ends="07:00"),
    ],
)
def test_stop_times_lie_in_the_window_past_midnight_too(record: Registry) -> None:
    check_registry(record)
    assert decode_registry(encode_registry(record)) == record


def test_a_registry_from_before_districts_still_reads() -> None:
    record = registry(buses=2)
    old = encode_registry(record).replace(b',"district":""', b"")
    assert b"district" not in old
    assert decode_registry(old) == record


def test_what_is_no_registry_is_said_to_be_unreadable() -> None:
    with pytest.raises(BadRegistry, match="cannot be read"):
        decode_registry(b"{}")
