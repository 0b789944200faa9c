"""The school calendar: on which days the assignments of which weekday are due.

After GTFS: a term is a row of ``calendar.txt`` (service by the weekday, from a first to a last day), days
off and make-up days are the exceptions of ``calendar_dates.txt`` (service removed, service added). What GTFS
cannot say is which weekday a make-up day (调休) stands for; here it must be said.
"""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import msgspec

from fleet.errors import BadRegistry

_SATURDAY = 6


class Span(msgspec.Struct, frozen=True):
    """The days from ``first`` to ``last``, both included."""

    name: str
    first: date
    last: date

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last


class Term(Span, frozen=True):
    """Days in which schools teach by the weekday."""


class DaysOff(Span, frozen=True):
    """Days of a term without school: a public holiday, a closure."""


class MakeUpDay(msgspec.Struct, frozen=True):
    """A Saturday or Sunday in term on which schools teach as on ``taught_as``, 1 (Monday) to 5 (Friday)."""

    day: date
    taught_as: int


class SchoolCalendar(msgspec.Struct, frozen=True):
    """The terms and their exceptions, one calendar for the whole fleet, days of the fleet's zone.

    Without terms every day is in term, so the empty calendar has every day count by its weekday.
    """

    terms: tuple[Term, ...] = ()
    days_off: tuple[DaysOff, ...] = ()
    make_up_days: tuple[MakeUpDay, ...] = ()

    def weekday_on(self, day: date) -> int | None:
        """The ISO weekday (Monday is 1) whose assignments are due on ``day``; None: none are."""
        for made_up in self.make_up_days:
            if made_up.day == day:
                return made_up.taught_as
        if self.days_off_on(day) is not None or not self.in_term(day):
            return None
        return day.isoweekday()

    def days_off_on(self, day: date) -> DaysOff | None:
        """The days off that ``day`` is one of, or None."""
        return next((off for off in self.days_off if day in off), None)

    def in_term(self, day: date) -> bool:
        """Whether ``day`` lies in a term."""
        return not self.terms or any(day in term for term in self.terms)


def check_calendar(calendar: SchoolCalendar) -> None:
    """Raise ``BadRegistry`` at the first contradiction: a span that ends before it begins, terms that
    overlap, days off outside every term, a make-up day that cannot be one.
    """
    for term in calendar.terms:
        _check_order(f"term {term.name!r}", term)
    for one, following in pairwise(sorted(calendar.terms, key=lambda term: term.first)):
        if following.first <= one.last:
            raise BadRegistry(
                f"calendar: terms {one.name!r} and {following.name!r} both hold {following.first};"
                " end the one before the other begins"
            )
    for off in calendar.days_off:
        where = f"days off {off.name!r}"
        _check_order(where, off)
        if calendar.terms and not any(t.first <= off.last and off.first <= t.last for t in calendar.terms):
            raise BadRegistry(
                f"calendar: {where}, {off.first} to {off.last}, lie in no term and change nothing;"
                " correct their dates or leave them out"
            )
    seen: set[date] = set()
    for made_up in calendar.make_up_days:
        _check_make_up(calendar, made_up)
        if made_up.day in seen:
            raise BadRegistry(f"calendar: make-up day {made_up.day} is on record twice; leave one out")
        seen.add(made_up.day)


def _check_make_up(calendar: SchoolCalendar, made_up: MakeUpDay) -> None:
    where = f"calendar: make-up day {made_up.day}"
    if made_up.day.isoweekday() < _SATURDAY:
        raise BadRegistry(f"{where} is no Saturday or Sunday; correct its date")
    if made_up.taught_as not in range(1, _SATURDAY):
        raise BadRegistry(f"{where}: taught_as must be 1 (Monday) to 5 (Friday), not {made_up.taught_as}")
    off = calendar.days_off_on(made_up.day)
    if off is not None:
        raise BadRegistry(f"{where} is one of the days off {off.name!r} too; take it out of one of the two")
    if not calendar.in_term(made_up.day):
        raise BadRegistry(f"{where} lies in no term; correct its date, or the term's first or last day")


def _check_order(where: str, span: Span) -> None:
    if span.last < span.first:
        raise BadRegistry(
            f"calendar: {where}: its last day, {span.last}, is before its first, {span.first};"
            " correct one of them"
        )
