"""Permits: what must be in force for a bus to run a trip, and what is missing.

校车安全管理条例 articles 14 to 18 (permit, sign), 21 and 22 (inspection, out of service), 23 to 26 (driver).
"""

from __future__ import annotations

from datetime import date, time, timedelta
from functools import cache

import numpy as np
from numpy.typing import NDArray

from fleet.clock import local_day, local_ms
from fleet.registry import Registry
from fleet.timetable import NO_APPROVAL, Trips

_FOREVER_MS = np.iinfo(np.int64).max


def permitted_until(registry: Registry) -> NDArray[np.int64]:
    """(buses,) the moment from which sign or inspection are expired; 0 for a bus out of service."""
    until = np.zeros(len(registry.buses), np.int64)
    day_after = cache(lambda day: _end_of(day, registry))
    for row, bus in enumerate(registry.buses):
        if bus.state == "in_service":
            until[row] = day_after(min(bus.sign_expires, bus.inspection_expires))
    return until


def permitted_trips(registry: Registry, trips: Trips) -> NDArray[np.bool_]:
    """(trips,) whether the route has an approval in force and the driver is qualified that day."""
    if not registry.assignments:
        return np.ones(len(trips), np.bool_)
    day_after = cache(lambda day: _end_of(day, registry))
    qualified = np.array(
        [day_after(registry.drivers_by_id[a.driver_id].qualified_until) for a in registry.assignments],
        np.int64,
    )
    named = trips.assignment >= 0
    holds = np.where(named, qualified[np.where(named, trips.assignment, 0)], _FOREVER_MS)
    return (trips.approval != NO_APPROVAL) & (trips.start_ms < holds)


def missing(registry: Registry, bus: int, assignment: int, at_ms: int) -> tuple[str, ...]:
    """What is missing for bus row ``bus`` to run assignment row ``assignment`` (-1: none) at a moment."""
    day = local_day(at_ms, registry.tz)
    registered = registry.buses[bus]
    found = []
    if registered.state == "out_of_service":
        found.append("out_of_service")
    if registered.sign_expires < day:
        found.append("sign_expired")
    if registered.inspection_expires < day:
        found.append("inspection_expired")
    if assignment >= 0:
        duty = registry.assignments[assignment]
        if registry.drivers_by_id[duty.driver_id].qualified_until < day:
            found.append("driver_unqualified")
        if registry.approval_on(duty.route_id, day) is None:
            found.append("route_not_approved")
    return tuple(found)


def _end_of(day: date, registry: Registry) -> int:
    """The first moment after a day."""
    if day >= date.max - timedelta(days=1):
        return int(_FOREVER_MS)
    return local_ms(day + timedelta(days=1), time.min, registry.tz)
