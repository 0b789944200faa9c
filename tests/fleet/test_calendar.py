"""The school calendar: which weekday a day counts as, and what is refused."""

from __future__ import annotations

from datetime import date

import msgspec
import pytest

from fleet.calendar import DaysOff, MakeUpDay, SchoolCalendar, Term, check_calendar
from fleet.errors import BadRegistry

AUTUMN = Term("2026 autumn", date(2026, 9, 1), date(2027, 1, 22))
SPRING = Term("2027 spring", date(2027, 2, 22), date(2027, 7, 2))
NATIONAL_DAY = DaysOff("国庆节", date(2026, 10, 1), date(2026, 10, 7))
AS_WEDNESDAY = MakeUpDay(date(2026, 10, 10), 3)
YEAR = SchoolCalendar((AUTUMN, SPRING), (NATIONAL_DAY,), (MakeUpDay(date(2026, 9, 20), 2), AS_WEDNESDAY))


def test_without_a_calendar_every_day_counts_by_its_weekday() -> None:
    assert [SchoolCalendar().weekday_on(date(2026, 10, day)) for day in range(1, 8)] == [4, 5, 6, 7, 1, 2, 3]


@pytest.mark.parametrize(
    ("day", "weekday"),
    [
        (date(2026, 8, 31), None),
        (date(2026, 9, 1), 2),
        (date(2026, 9, 30), 3),
        (date(2026, 10, 1), None),
        (date(2026, 10, 7), None),
        (date(2026, 10, 8), 4),
        (date(2026, 10, 10), 3),
        (date(2026, 10, 11), 7),
        (date(2027, 1, 22), 5),
        (date(2027, 1, 25), None),
        (date(2027, 2, 22), 1),
        (date(2027, 7, 2), 5),
        (date(2027, 7, 5), None),
    ],
)
def test_first_and_last_days_are_included_and_exceptions_go_before_terms(
    day: date, weekday: int | None
) -> None:
    assert YEAR.weekday_on(day) == weekday


def test_without_terms_days_off_and_make_up_days_still_count() -> None:
    exceptions = SchoolCalendar(days_off=(NATIONAL_DAY,), make_up_days=(AS_WEDNESDAY,))
    check_calendar(exceptions)
    assert exceptions.weekday_on(date(2026, 10, 1)) is None
    assert exceptions.weekday_on(date(2026, 10, 10)) == 3
    assert exceptions.weekday_on(date(2026, 8, 3)) == 1


def test_a_day_off_has_a_name() -> None:
    assert YEAR.days_off_on(date(2026, 10, 5)) == NATIONAL_DAY
    assert YEAR.days_off_on(date(2026, 10, 8)) is None


def changed(**changes: object) -> SchoolCalendar:
    return msgspec.structs.replace(YEAR, **changes)


@pytest.mark.parametrize(
    ("calendar", "complaint"),
    [
        (
            changed(terms=(Term("turned", date(2027, 1, 22), date(2026, 9, 1)),)),
            "term 'turned': its last day, 2026-09-01, is before its first, 2027-01-22; correct",
        ),
        (
            changed(terms=(Term("spring", AUTUMN.last, SPRING.last), AUTUMN)),
            "terms '2026 autumn' and 'spring' both hold 2027-01-22; end the one before",
        ),
        (
            changed(days_off=(DaysOff("turned", date(2026, 10, 7), date(2026, 10, 1)),)),
            "days off 'turned': its last day",
        ),
        (
            changed(days_off=(DaysOff("国庆节", date(2025, 10, 1), date(2025, 10, 7)),)),
            "days off '国庆节', 2025-10-01 to 2025-10-07, lie in no term and change nothing; correct",
        ),
        (
            changed(make_up_days=(MakeUpDay(date(2026, 10, 9), 3),)),
            "make-up day 2026-10-09 is no Saturday or Sunday; correct",
        ),
        (
            changed(make_up_days=(MakeUpDay(date(2026, 10, 10), 6),)),
            r"make-up day 2026-10-10: taught_as must be 1 \(Monday\) to 5 \(Friday\), not 6",
        ),
        (
            changed(make_up_days=(MakeUpDay(date(2026, 10, 3), 3),)),
            "make-up day 2026-10-03 is one of the days off '国庆节' too; take it out",
        ),
        (
            changed(make_up_days=(MakeUpDay(date(2026, 8, 29), 3),)),
            "make-up day 2026-08-29 lies in no term; correct",
        ),
        (changed(make_up_days=(AS_WEDNESDAY, AS_WEDNESDAY)), "make-up day 2026-10-10 is on record twice"),
    ],
)
def test_a_contradiction_is_named_with_its_place_and_its_remedy(
    calendar: SchoolCalendar, complaint: str
) -> None:
    check_calendar(YEAR)
    with pytest.raises(BadRegistry, match=f"calendar: {complaint}"):
        check_calendar(calendar)
