"""The school year of a simulated city: two terms, the public holidays in them, and the days made up for.

Laid by rule, so that any year can be simulated: which days are moved is decreed anew every November, and
the decree bridges more than is done here. The days off are those of 全国年节及纪念日放假办法 (2024); a
festival on a weekend is given back on the Monday. The rule gives the Labour Day and National Day breaks of
2026 and their make-up days as decreed (国务院办公厅关于2026年部分节假日安排的通知, 4 November 2025).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple

from fleet.calendar import DaysOff, MakeUpDay, SchoolCalendar, Term
from fleet.errors import BadSetting

_DAY = timedelta(days=1)
_WEEK = timedelta(days=7)
_MONDAY, _FRIDAY, _SATURDAY, _SUNDAY = 1, 5, 6, 7
_AROUND_SPRING_FESTIVAL = timedelta(days=12)
"""The winter holidays begin and end at least so long before and after it."""


class _Festivals(NamedTuple):
    """The festivals of one year whose dates follow the moon or the sun's height."""

    spring_festival: date
    qingming: date
    dragon_boat: date
    mid_autumn: date


_BY_MOON_AND_SUN = """
2020 0125 0404 0625 1001    2031 0123 0405 0624 1001    2042 0122 0404 0622 0928
2021 0212 0404 0614 0921    2032 0211 0404 0612 0919    2043 0210 0405 0611 0917
2022 0201 0405 0603 0910    2033 0131 0404 0601 0908    2044 0130 0404 0531 1005
2023 0122 0405 0622 0929    2034 0219 0405 0620 0927    2045 0217 0404 0619 0925
2024 0210 0404 0610 0917    2035 0208 0405 0610 0916    2046 0206 0404 0608 0915
2025 0129 0404 0531 1006    2036 0128 0404 0530 1004    2047 0126 0405 0529 1004
2026 0217 0405 0619 0925    2037 0215 0404 0618 0924    2048 0214 0404 0615 0922
2027 0206 0405 0609 0915    2038 0204 0405 0607 0913    2049 0202 0404 0604 0911
2028 0126 0404 0528 1003    2039 0124 0405 0527 1002    2050 0123 0404 0623 0930
2029 0213 0404 0616 0922    2040 0212 0404 0614 0920
2030 0203 0405 0605 0912    2041 0201 0404 0603 0910
"""
"""Year, Spring Festival (first of the first month), Qingming, Dragon Boat (fifth of the fifth) and Mid-Autumn
(fifteenth of the eighth), month and day, as the Chinese calendar (GB/T 33661) has them."""


def _read_festivals() -> dict[int, _Festivals]:
    words = iter(_BY_MOON_AND_SUN.split())
    return {
        int(year): _Festivals(*(date.fromisoformat(year + next(words)) for _ in _Festivals._fields))
        for year in words
    }


_FESTIVALS = _read_festivals()


def school_year(year: int) -> SchoolCalendar:
    """The school year that begins on 1 September of ``year``; ``BadSetting`` for one that is not known."""
    if year not in _FESTIVALS or year + 1 not in _FESTIVALS:
        first, last = min(_FESTIVALS), max(_FESTIVALS) - 1
        raise BadSetting(
            f"the festivals of the school year {year} are not known; simulate one of {first} to {last}"
        )
    here, there = _FESTIVALS[year], _FESTIVALS[year + 1]
    terms = (
        Term(
            f"{year}年秋季学期",
            date(year, 9, 1),
            _on_or_before(_FRIDAY, there.spring_festival - _AROUND_SPRING_FESTIVAL),
        ),
        Term(
            f"{year + 1}年春季学期",
            _on_or_after(_MONDAY, there.spring_festival + _AROUND_SPRING_FESTIVAL),
            _on_or_before(_FRIDAY, date(year + 1, 7, 5)),
        ),
    )
    joined = here.mid_autumn in DaysOff("", date(year, 10, 1), date(year, 10, 7))
    national = DaysOff("国庆节", date(year, 10, 1), date(year, 10, 8 if joined else 7))
    labour = _labour_day(year + 1)
    days_off = (
        *(() if joined else (_festival("中秋节", here.mid_autumn),)),
        national,
        _festival("元旦", date(year + 1, 1, 1)),
        _festival("清明节", there.qingming),
        labour,
        _festival("端午节", there.dragon_boat),
    )
    moved = (*_moved(national, 4 if joined else 3, days_off), *_moved(labour, 2, days_off))
    return SchoolCalendar(terms, days_off, tuple(sorted(moved, key=lambda made_up: made_up.day)))


def _festival(name: str, day: date) -> DaysOff:
    """A festival of one day; on a weekend it goes on to the Monday."""
    return DaysOff(name, day, day if day.isoweekday() < _SATURDAY else _on_or_after(_MONDAY, day))


def _labour_day(year: int) -> DaysOff:
    """1 to 5 May where the weekend falls well; else 1 to 3 May, lest more than one day be moved."""
    first = date(year, 5, 1)
    long = first.isoweekday() not in (_SUNDAY, _MONDAY, _MONDAY + 1)
    return DaysOff("劳动节", first, date(year, 5, 5 if long else 3))


def _moved(off: DaysOff, by_law: int, days_off: tuple[DaysOff, ...]) -> Iterator[MakeUpDay]:
    """The make-up days of a break with more working days than the ``by_law`` given ones: for the last of
    them the next Saturday, for the one before it the last Sunday ahead, both on weekends that are no
    longer than usual.
    """
    span = (off.first + n * _DAY for n in range((off.last - off.first).days + 1))
    worked = [day.isoweekday() for day in span if day.isoweekday() < _SATURDAY]
    after = _on_or_after(_SATURDAY, off.last + _DAY)
    while _is_long_weekend(after, days_off):
        after += _WEEK
    before = _on_or_before(_SUNDAY, off.first - _DAY)
    while _is_long_weekend(before, days_off):
        before -= _WEEK
    for _, day, weekday in zip(range(len(worked) - by_law), (after, before), reversed(worked), strict=False):
        yield MakeUpDay(day, weekday)


def _is_long_weekend(day: date, days_off: tuple[DaysOff, ...]) -> bool:
    """Whether a day off lies in or beside the weekend of a Saturday or Sunday."""
    friday = _on_or_before(_FRIDAY, day)
    return any(friday + n * _DAY in off for off in days_off for n in range(4))


def _on_or_after(weekday: int, day: date) -> date:
    return day + (weekday - day.isoweekday()) % 7 * _DAY


def _on_or_before(weekday: int, day: date) -> date:
    return day - (day.isoweekday() - weekday) % 7 * _DAY
