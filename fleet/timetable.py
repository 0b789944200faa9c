"""Trips: the runs that the assignments call for on given days, in columns.

A trip is one run of one assignment on one day, judged by the approval in force that day
(机动车登记规定 art. 64: any change of a route needs a new approval, and an old run is judged by the
version then in force).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from fleet.clock import local_ms
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
    rows.sort()
    table = np.array(rows, np.int64).reshape(-1, 5)
    return Trips(
        bus=table[:, 0].astype(np.int32),
        approval=table[:, 3].astype(np.int32),
        assignment=table[:, 4].astype(np.int32),
        start_ms=table[:, 1].copy(),
        end_ms=table[:, 2].copy(),
    )
