"""School years: terms, holidays and the days made up for, in every year that can be laid."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from fleet.calendar import DaysOff, MakeUpDay, Term, check_calendar
from fleet.errors import BadSetting
from simulators.calendar import school_year


def test_the_breaks_of_2026_are_those_decreed() -> None:
    before, after = school_year(2025), school_year(2026)

    assert MakeUpDay(date(2026, 5, 9), 2) in before.make_up_days
    assert DaysOff("劳动节", date(2026, 5, 1), date(2026, 5, 5)) in before.days_off
    assert DaysOff("国庆节", date(2026, 10, 1), date(2026, 10, 7)) in after.days_off
    assert [made_up.day for made_up in after.make_up_days if made_up.day.year == 2026] == [
        date(2026, 9, 20),
        date(2026, 10, 10),
    ]
    for year, off in ((before, date(2026, 4, 6)), (before, date(2026, 6, 19)), (after, date(2026, 9, 25))):
        assert year.weekday_on(off) is None


def test_a_year_has_two_terms_and_the_winter_holidays_hold_the_spring_festival() -> None:
    assert school_year(2026).terms == (
        Term("2026年秋季学期", date(2026, 9, 1), date(2027, 1, 22)),
        Term("2027年春季学期", date(2027, 2, 22), date(2027, 7, 2)),
    )
    assert not any(school_year(2026).in_term(date(2027, 2, 6) + timedelta(days=n)) for n in range(-7, 15))


def test_mid_autumn_within_the_national_day_break_makes_it_a_day_longer() -> None:
    names = [off.name for off in school_year(2025).days_off]
    assert "中秋节" not in names
    assert DaysOff("国庆节", date(2025, 10, 1), date(2025, 10, 8)) in school_year(2025).days_off
    assert school_year(2025).make_up_days[:2] == (
        MakeUpDay(date(2025, 9, 28), 2),
        MakeUpDay(date(2025, 10, 11), 3),
    )


def test_a_festival_on_a_weekend_is_given_back_on_the_monday() -> None:
    assert DaysOff("端午节", date(2025, 5, 31), date(2025, 6, 2)) in school_year(2024).days_off


@pytest.mark.parametrize("year", range(2020, 2050))
def test_every_year_is_free_of_contradictions_and_has_as_many_school_days_as_a_school_year(
    year: int,
) -> None:
    calendar = school_year(year)

    check_calendar(calendar)
    days = [date(year, 9, 1) + timedelta(days=n) for n in range(365)]
    assert 185 <= sum(calendar.weekday_on(day) in range(1, 6) for day in days) <= 200
    assert all(calendar.in_term(off.first) and calendar.in_term(off.last) for off in calendar.days_off)
    assert len(calendar.make_up_days) in (2, 3)


@pytest.mark.parametrize("year", [2019, 2050])
def test_a_year_without_known_festivals_is_refused(year: int) -> None:
    with pytest.raises(BadSetting, match=f"school year {year} are not known; simulate one of 2020 to 2049"):
        school_year(year)
