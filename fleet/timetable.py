"""Trips: the runs that the assignments call for on given days, in columns.

A trip is one run of one assignment on one day, judged by the approval in force that day
(机动车登记规定 art. 64: any change of a route needs a new approval, and an old run is judged by the
version then in force).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

import numpy as np
from numpy.typing import NDArray

from fleet.clock import local_day, local_ms
from fleet.registry import Approval, Assignment, Registry

NO_APPROVAL = -1
"""The approval of a trip whose route has none on its day: it must not be driven."""


@dataclass(frozen=True, slots=True, eq=False)
class Trips:
    """Trips in columns of shape (n,), sorted by bus and then by start."""

    bus: NDArray[np.int32]
    """Row in ``Registry.buses``."""
    approval: NDArray[np.int32]
    """Row in ``Registry.approvals``: the version in force on the trip's day; ``NO_APPROVAL`` for none."""
    assignment: NDArray[np.int32]
    """Row in ``Registry.assignments``."""
    start_ms: NDArray[np.int64]
    """The window's start, included; epoch milliseconds."""
    end_ms: NDArray[np.int64]
    """The window's end, not included."""
    open_ended: NDArray[np.bool_]
    """No timetable: within its window the bus is on its route from its first fix near it, may run it
    again and again, and either way. False for what an assignment calls for."""

    def __len__(self) -> int:
        return len(self.bus)


def lay_trips(registry: Registry, first: date, last: date) -> Trips:
    """The trips of every day from ``first`` to ``last`` (both included, days of the fleet's zone).

    Which assignments are due on a day, the registry's school calendar says: none on a day off or outside
    term, on a make-up day those of the weekday that it is taught as.
    """
    moment = cache(local_ms)
    rows: list[tuple[int, int, int, int, int]] = []
    dates = (first + timedelta(days=n) for n in range((last - first).days + 1))
    taught = [(day, registry.calendar.weekday_on(day)) for day in dates]
    for row, assignment in enumerate(registry.assignments):
        bus = registry.bus_rows[assignment.bus_id]
        for day, weekday in taught:
            if weekday not in assignment.weekdays:
                continue
            approval = registry.approval_on(assignment.route_id, day)
            overnight = assignment.ends <= assignment.starts
            start = moment(day, assignment.starts, registry.tz)
            end = moment(day + timedelta(days=overnight), assignment.ends, registry.tz)
            version = NO_APPROVAL if approval is None else registry.approval_rows[approval.approval_id]
            rows.append((bus, start, end, version, row))
    return _columns(sorted(rows))


def due_ms(
    registry: Registry, assignment: Assignment, approval: Approval, start_ms: int
) -> tuple[int | None, ...]:
    """When the trip whose window opens at ``start_ms`` is due at each stop of ``approval``, in their order.

    Epoch milliseconds; None where the record has no times for a version with so many stops.
    """
    times = assignment.stop_times
    if len(times) != len(approval.stops):
        return (None,) * len(approval.stops)
    day = local_day(start_ms, registry.tz)
    return tuple(
        local_ms(day + timedelta(days=moment < assignment.starts), moment, registry.tz) for moment in times
    )


def _columns(rows: list[tuple[int, int, int, int, int]]) -> Trips:
    table = np.array(rows, np.int64).reshape(-1, 5)
    return Trips(
        bus=table[:, 0].astype(np.int32),
        approval=table[:, 3].astype(np.int32),
        assignment=table[:, 4].astype(np.int32),
        start_ms=table[:, 1].copy(),
        end_ms=table[:, 2].copy(),
        open_ended=np.zeros(len(table), np.bool_),
    )


class Timetable:
    """The trips of any days, laid out as they are asked for."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._first = self._last = date.min
        self._trips = _columns([])
        self._keys = np.empty(0, np.int64)

    def trips_at(self, bus: NDArray[np.int32], time_ms: NDArray[np.int64]) -> tuple[Trips, NDArray[np.int64]]:
        """The laid trips, and for each (bus, moment) the row of its trip among them, -1 for none.

        Where windows of one bus overlap, the one that began last counts. Row numbers hold for the
        returned trips only; name a trip by its assignment and start to remember it.
        """
        if len(bus):
            self.cover(int(time_ms.min()), int(time_ms.max()))
        rows = np.searchsorted(self._keys, _key(bus, time_ms), side="right") - 1
        if len(self._trips) == 0:
            return self._trips, rows
        found = (rows >= 0) & (self._trips.bus[rows] == bus) & (time_ms < self._trips.end_ms[rows])
        return self._trips, np.where(found, rows, -1)

    def cover(self, first_ms: int, last_ms: int) -> Trips:
        """The trips of every day of a time, of the day before it (for windows past midnight) and of the
        day after. The same object as last time when that covers it.
        """
        first = local_day(first_ms, self._registry.tz) - timedelta(days=1)
        last = local_day(last_ms, self._registry.tz) + timedelta(days=1)
        if self._first <= first and last <= self._last:
            return self._trips
        if self._first != date.min and max(last, self._last) - min(first, self._first) <= _KEPT:
            first, last = min(first, self._first), max(last, self._last)
        self._first, self._last = first, last
        self._trips = lay_trips(self._registry, first, last)
        self._keys = _key(self._trips.bus, self._trips.start_ms)
        return self._trips


_KEPT = timedelta(days=7)
"""Trips of so many days are kept laid out while moments before and after them are asked for."""


def _key(bus: NDArray[np.int32], time_ms: NDArray[np.int64]) -> NDArray[np.int64]:
    """One sortable number of bus and moment; moments reach to the year 2248."""
    return (bus.astype(np.int64) << 43) | time_ms
