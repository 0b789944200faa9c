"""Trips: the runs that the assignments call for on given days, in columns.

A trip is one run of one assignment on one day, judged by the approval in force that day
(机动车登记规定 art. 64: any change of a route needs a new approval, and an old run is judged by the
version then in force).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time, timedelta

import numpy as np
from numpy.typing import NDArray

from fleet.clock import local_day, local_ms
from fleet.registry import Registry


@dataclass(frozen=True, slots=True, eq=False)
class Trips:
    """Trips in columns of shape (n,), sorted by bus and then by start."""

    bus: NDArray[np.int32]
    """Row in ``Registry.buses``."""
    approval: NDArray[np.int32]
    """Row in ``Registry.approvals``: the version in force on the trip's day."""
    assignment: NDArray[np.int32]
    """Row in ``Registry.assignments``."""
    start_ms: NDArray[np.int64]
    """The window's start, included; epoch milliseconds."""
    end_ms: NDArray[np.int64]
    """The window's end, not included."""

    def __len__(self) -> int:
        return len(self.bus)


def lay_trips(registry: Registry, first: date, last: date) -> Trips:
    """The trips of every day from ``first`` to ``last`` (both included, days of the fleet's zone).

    A route without a valid approval on a day has no trip that day.
    """
    rows: list[tuple[int, int, int, int, int]] = []
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    for row, assignment in enumerate(registry.assignments):
        bus = registry.bus_rows[assignment.bus_id]
        for day in days:
            if day.isoweekday() not in assignment.weekdays:
                continue
            approval = registry.approval_on(assignment.route_id, day)
            if approval is None:
                continue
            overnight = assignment.ends <= assignment.starts
            start = local_ms(day, assignment.starts, registry.tz)
            end = local_ms(day + timedelta(days=overnight), assignment.ends, registry.tz)
            rows.append((bus, start, end, registry.approval_rows[approval.approval_id], row))
    return _columns(sorted(rows))


def _columns(rows: list[tuple[int, int, int, int, int]]) -> Trips:
    table = np.array(rows, np.int64).reshape(-1, 5)
    return Trips(
        bus=table[:, 0].astype(np.int32),
        approval=table[:, 3].astype(np.int32),
        assignment=table[:, 4].astype(np.int32),
        start_ms=table[:, 1].copy(),
        end_ms=table[:, 2].copy(),
    )


class Timetable:
    """Which trip a bus should be on at a moment, for any days, laid out as they are asked for."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._from_ms = self._to_ms = 0
        self._trips = _columns([])
        self._keys = np.empty(0, np.int64)

    def trips_at(self, bus: NDArray[np.int32], time_ms: NDArray[np.int64]) -> tuple[Trips, NDArray[np.int64]]:
        """The laid trips, and for each (bus, moment) the row of its trip among them, -1 for none.

        Where windows of one bus overlap, the one that began last counts. Row numbers hold for the
        returned trips only; name a trip by its assignment and start to remember it.
        """
        if len(bus):
            self._lay(int(time_ms.min()), int(time_ms.max()))
        rows = np.searchsorted(self._keys, _key(bus, time_ms), side="right") - 1
        if len(self._trips) == 0:
            return self._trips, rows
        found = (rows >= 0) & (self._trips.bus[rows] == bus) & (time_ms < self._trips.end_ms[rows])
        return self._trips, np.where(found, rows, -1)

    def _lay(self, first_ms: int, last_ms: int) -> None:
        """Lay out every day of the moments, with the day before for windows past midnight."""
        if self._from_ms <= first_ms and last_ms < self._to_ms:
            return
        zone = self._registry.tz
        first, last = local_day(first_ms, zone), local_day(last_ms, zone)
        self._from_ms = local_ms(first, time.min, zone)
        self._to_ms = local_ms(last + timedelta(days=1), time.min, zone)
        self._trips = lay_trips(self._registry, first - timedelta(days=1), last)
        self._keys = _key(self._trips.bus, self._trips.start_ms)


def _key(bus: NDArray[np.int32], time_ms: NDArray[np.int64]) -> NDArray[np.int64]:
    """One sortable number of bus and moment; moments reach to the year 2248."""
    return (bus.astype(np.int64) << 43) | time_ms
