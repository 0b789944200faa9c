"""Timetables: which bus runs which route when, and the assignments that permit it.

Two kinds. ``school_day`` is the real one: to school in the morning, home in the afternoon, on the days of
the school year. ``round_now`` is laid round a moment, on whatever day, so that most of the fleet is on the
road at it and for half a day after: a demonstration must not have to wait for the morning.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from fleet.calendar import SchoolCalendar
from fleet.clock import HOUR_MS, MINUTE_MS, SECOND_MS, from_ms, local_day, local_ms
from fleet.registry import Assignment
from simulators.calendar import school_year
from simulators.legbook import LegBook
from simulators.routes import RouteVersion

ZONE = ZoneInfo("Asia/Shanghai")
_SCHOOL_WEEK = (1, 2, 3, 4, 5)
_BUSY_HOURS = 13
_BEFORE_FIRST_STOP_MS = 3 * MINUTE_MS
_AFTER_LAST_STOP_MS = 4 * MINUTE_MS
_UNLOADING_MS = MINUTE_MS


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """One run of a bus over a route, as planned; times are epoch milliseconds."""

    bus: int
    route: RouteVersion
    starts_ms: int
    """The assignment's window, which includes the drive from the depot."""
    ends_ms: int
    leave_ms: int
    """When it leaves for the first stop; equal to ``depart_ms`` for a bus that is there already."""
    depart_ms: int
    """Departure from the first stop."""
    arrive_ms: int
    """Planned arrival at the last stop."""
    from_depot: bool
    home_after: bool
    """Whether it drives to its depot after this run."""


@dataclass(frozen=True, slots=True, eq=False)
class Timetable:
    """The runs of each bus in order of time (an out-of-service bus has none), and their assignments."""

    runs: tuple[tuple[Run, ...], ...]
    assignments: tuple[Assignment, ...]
    calendar: SchoolCalendar = field(default_factory=SchoolCalendar)
    """The days on which the assignments are due; empty for runs that are laid on any day."""


def school_day(book: LegBook, first: date, days: int) -> Timetable:
    """Mornings and afternoons of ``days`` days from ``first``; runs on days of school only.

    In the holidays there are no runs, and the assignments stand all the same. Raises ``BadSetting`` when the
    city's school year is not one of those whose festivals are known.
    """
    planner = _Planner(book)
    calendar = school_year(book.city.school_year)
    dates = [first + timedelta(days=n) for n in range(days)]
    taught = [day for day in dates if calendar.weekday_on(day) in _SCHOOL_WEEK]
    runs: list[tuple[Run, ...]] = []
    assignments: list[Assignment] = []
    for bus, registered in enumerate(book.city.buses):
        if registered.state == "out_of_service":
            runs.append(())
            continue
        rng = np.random.default_rng([book.city.seed, 3, bus])
        morning_ms, afternoon_ms = int(rng.integers(0, 25)) * MINUTE_MS, int(rng.integers(0, 35)) * MINUTE_MS
        mine = []
        for day in taught or [first]:
            arrive = local_ms(day, time(7, 25), ZONE) + morning_ms
            mine.append(planner.arriving(bus, day, arrive))
            depart = local_ms(day, time(16, 5), ZONE) + afternoon_ms
            mine.append(planner.departing(bus, "to_home", day, depart, from_depot=True, home_after=True))
        runs.append(tuple(mine) if taught else ())
        for number, (direction_run) in enumerate(mine[:2]):
            assignments.append(planner.assignment(direction_run, number, weekdays=_SCHOOL_WEEK))
    return Timetable(tuple(runs), tuple(assignments), calendar)


def round_now(book: LegBook, now_ms: int) -> Timetable:
    """Runs such that at ``now_ms`` some three quarters of the fleet are under way, and for 12 hours after."""
    planner = _Planner(book)
    runs: list[tuple[Run, ...]] = []
    assignments: list[Assignment] = []
    for bus, registered in enumerate(book.city.buses):
        in_service = registered.state == "in_service"
        mine = tuple(planner.shift(bus, now_ms)) if in_service else ()
        runs.append(mine)
        assignments += [
            planner.assignment(run, number, weekdays=(local_day(run.starts_ms, ZONE).isoweekday(),))
            for number, run in enumerate(mine)
        ]
    return Timetable(tuple(runs), tuple(assignments))


class _Planner:
    """Lays runs from the planned times of legs."""

    def __init__(self, book: LegBook) -> None:
        self._book = book

    def route(self, bus: int, direction: str, day: date) -> RouteVersion:
        """The version in force on ``day`` of the route that ``bus`` serves."""
        pair = self._book.city.routes[self._book.city.bus_route[bus]]
        versions = pair.to_school if direction == "to_school" else pair.to_home
        return next(v for v in reversed(versions) if v.valid_from <= day or v is versions[0])

    def departing(
        self, bus: int, direction: str, day: date, depart_ms: int, *, from_depot: bool, home_after: bool
    ) -> Run:
        """The run that leaves its first stop at ``depart_ms``."""
        route = self.route(bus, direction, day)
        arrive = depart_ms + self._book.run_ms(bus, route)
        leave = depart_ms
        starts = depart_ms - _BEFORE_FIRST_STOP_MS
        if from_depot:
            leave = starts - self._book.depot_ms(bus, route.stops[0])
            starts = leave - MINUTE_MS
        return Run(
            bus=bus,
            route=route,
            starts_ms=starts // MINUTE_MS * MINUTE_MS,
            ends_ms=-(-(arrive + _AFTER_LAST_STOP_MS) // MINUTE_MS) * MINUTE_MS,
            leave_ms=leave,
            depart_ms=depart_ms,
            arrive_ms=arrive,
            from_depot=from_depot,
            home_after=home_after,
        )

    def arriving(self, bus: int, day: date, arrive_ms: int) -> Run:
        """The run to school that reaches it at ``arrive_ms``."""
        took = self._book.run_ms(bus, self.route(bus, "to_school", day))
        return self.departing(bus, "to_school", day, arrive_ms - took, from_depot=True, home_after=True)

    def shift(self, bus: int, now_ms: int) -> Iterator[Run]:
        """The runs of one bus from the one under way at ``now_ms`` until half a day later."""
        rng = np.random.default_rng([self._book.city.seed, 4, bus])
        run = self._first_run(bus, now_ms, rng)
        rounds = int(rng.integers(1, 6))
        while True:
            home = run.home_after or rounds <= 0
            yield replace(run, home_after=home)
            if run.arrive_ms > now_ms + _BUSY_HOURS * HOUR_MS:
                return
            direction = "to_home" if run.route.direction == "to_school" else "to_school"
            if home:
                back = self._book.depot_ms(bus, run.route.stops[-1])
                leave = run.arrive_ms + _UNLOADING_MS + back + round(rng.uniform(5, 9) * MINUTE_MS)
                route = self.route(bus, direction, local_day(leave, ZONE))
                depart = leave + self._book.depot_ms(bus, route.stops[0]) + _BEFORE_FIRST_STOP_MS
                rounds = int(rng.integers(3, 7))
            else:
                depart = run.arrive_ms + round(rng.uniform(9.5, 11.5) * MINUTE_MS)
                rounds -= 1
            run = self.departing(bus, direction, self._day(depart), depart, from_depot=home, home_after=False)

    def _first_run(self, bus: int, now_ms: int, rng: np.random.Generator) -> Run:
        """The run that ``bus`` is on, on its way to, or has just ended at ``now_ms``.

        Some leave their first stop about then: a monitor that starts with the simulation sees them join
        their line, and need not wait to know them under way.
        """
        direction = str(rng.choice(["to_school", "to_home"]))
        day = self._day(now_ms)
        draw, part = rng.random(), rng.uniform(0.02, 0.95)
        plan = self.departing(bus, direction, day, now_ms, from_depot=True, home_after=False)
        run_ms, out_ms = plan.arrive_ms - plan.depart_ms, plan.depart_ms - plan.leave_ms
        if draw < 0.20:
            depart, from_depot, home_after = now_ms + round((part * 130 - 60) * SECOND_MS), False, False
        elif draw < 0.81:
            depart, from_depot, home_after = now_ms - round(part * run_ms), False, False
        elif draw < 0.87:
            depart, from_depot, home_after = now_ms + round(part * out_ms), True, False
        elif draw < 0.91:
            depart, from_depot, home_after = now_ms + round(part * 5 * MINUTE_MS), False, False
        elif draw < 0.96:
            home_ms = self._book.depot_ms(bus, plan.route.stops[-1])
            depart, from_depot, home_after = now_ms - run_ms - round(part * home_ms), False, True
        else:
            depart, from_depot, home_after = now_ms + out_ms + round(part * 8 * MINUTE_MS), True, False
        return self.departing(bus, direction, day, depart, from_depot=from_depot, home_after=home_after)

    @staticmethod
    def _day(ms: int) -> date:
        return local_day(ms, ZONE)

    def assignment(self, run: Run, number: int, weekdays: tuple[int, ...]) -> Assignment:
        """What the sign says of a run; long shifts change drivers where a bus has two."""
        city = self._book.city
        spare = run.bus + len(city.buses)
        expected = self._book.stops_ms(run.bus, run.route)
        second = number // 5 % 2 and spare < len(city.drivers)
        return Assignment(
            assignment_id=f"A{run.bus + 1:04d}-{number + 1:02d}",
            bus_id=city.buses[run.bus].bus_id,
            driver_id=city.drivers[spare if second else run.bus % len(city.drivers)].driver_id,
            route_id=run.route.route_id,
            weekdays=weekdays,
            starts=_wall_clock(run.starts_ms),
            ends=_wall_clock(run.ends_ms),
            stop_times=tuple(_wall_clock(_minute(run.depart_ms + ms)) for ms in expected),
        )


def _wall_clock(ms: int) -> time:
    moment: datetime = from_ms(ms, ZONE)
    return moment.time()


def _minute(ms: int) -> int:
    """The nearest whole minute: a timetable names no seconds."""
    return round(ms / MINUTE_MS) * MINUTE_MS
