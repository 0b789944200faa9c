"""Judging anew from the stored fixes: all buses after a restart, and a bus whose fixes came late.

What the detector remembers follows from the fixes that it was given, so they are given again in the
order of event time: of each bus all since its trip's window opened and since its open episode began, an
hour at least.
No snapshot has to be kept in step with the code, and a restart is invisible. What comes out is laid
beside the alerts on file (``alerts.reconcile``): only what was missed, for want of a fix that came
late, is told.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from alerts.detector import Anew, Detector
from alerts.episodes import OF_THE_CLOCK, Alert, Change
from fleet.clock import MINUTE_MS
from fleet.fixes import Fixes
from fleet.registry import Registry
from fleet.timetable import Timetable
from storage.alerts import episodes_since, open_episodes
from storage.commit import Batch, Committer
from storage.database import Database
from storage.positions import fixes_since, newest_times

log = logging.getLogger(__name__)

AT_LEAST_MS = 60 * MINUTE_MS
"""Given again of every bus, on a trip or not: a bus that drives another's route is not known as a substitute
before it has driven most of it."""
BUSES_AT_ONCE = 500
"""Judged anew at once after a restart: an hour of them, at a fix a second, is two million fixes."""
DRIVEN_FROM_MS = 2 * MINUTE_MS
"""Given again before the oldest late fix, so that the way driven up to it is known."""
BEFORE_MS = 11 * MINUTE_MS
"""Given again before a trip's window opened and before an open episode began."""
_NEVER_MS = np.iinfo(np.int64).max
Sift = Callable[[Sequence[Change]], tuple[Change, ...]]
"""Gives of some changes those that may be told."""


class Rejudging:
    """Judges buses anew, and records what that changes."""

    def __init__(
        self,
        registry: Registry,
        detector: Detector,
        database: Database,
        bus_keys: NDArray[np.int32],
        committer: Committer,
    ) -> None:
        self._registry = registry
        self._detector = detector
        self._database = database
        self._bus_keys = bus_keys
        self._committer = committer

    def all_buses(self, at_once: int = BUSES_AT_ONCE) -> list[dict[int, None]]:
        """All buses, for ``judge`` after a restart, so many at once: the last hour of a nation is more
        than memory holds, and what is found of the first is not to wait for the last.
        """
        rows = range(len(self._registry.buses))
        return [dict.fromkeys(rows[first : first + at_once]) for first in rows[::at_once]]

    async def judge(
        self, late: Mapping[int, int | None], now_ms: int, sift: Sift = tuple
    ) -> tuple[Change, ...]:
        """The buses of some rows, each from the event time of its oldest late fix or earlier on; None: any
        fix may not have been judged before, and is received now.

        Of the changes found those are recorded, and returned, that ``sift`` lets through. Raises
        ``Unavailable``; doing it again is then harmless.
        """
        rows = np.array(list(late), np.int32)
        oldest_ms = np.array([_NEVER_MS if ms is None else ms for ms in late.values()], np.int64)
        keys = self._bus_keys[rows]
        newest_ms = await newest_times(self._database, keys)
        bus_ids = [self._registry.buses[row].bus_id for row in rows]
        oldest_ms = np.minimum(oldest_ms, newest_ms)
        known = await open_episodes(self._database, bus_ids)
        reach = given_from(self._registry, rows, oldest_ms, newest_ms, known)
        known += await episodes_since(self._database, bus_ids, reach.since_ms)
        reach = given_from(self._registry, rows, oldest_ms, newest_ms, known)
        stored = await fixes_since(self._database, keys, reach.since_ms)
        fixes = replace(stored.fixes, bus=rows[stored.fixes.bus])
        at_least_ms = np.array([now_ms if ms is None else 0 for ms in late.values()], np.int64)
        known_ms = known_when(stored.fixes.bus, np.maximum(stored.received_ms, at_least_ms[stored.fixes.bus]))
        newest_of = dict(zip(bus_ids, newest_ms.tolist(), strict=True))
        on_file = [
            alert
            for alert in await episodes_since(self._database, bus_ids, reach.since_ms)
            if not _by_time_alone(alert, newest_of[alert.bus_id])
        ]
        buses = [
            Anew(row, sure_ms, late_ms or 0)
            for (row, late_ms), sure_ms in zip(late.items(), reach.sure_ms.tolist(), strict=True)
        ]
        found = self._detector.judge_anew(fixes, buses, on_file, known_ms)
        log.debug("judged %d buses anew by %d fixes: %d changes", len(rows), len(fixes), len(found.changes))
        late_ms = np.zeros(len(self._bus_keys), np.int64)
        late_ms[rows] = oldest_ms
        anew = np.flatnonzero(fixes.time_ms >= late_ms[fixes.bus])
        await self._committer.set_moved(fixes.take(anew), found.moved_m[anew])
        changes = sift(found.changes)
        if not changes:
            return ()
        batch = Batch(Fixes.empty(), np.empty(0, np.int16), now_ms, changes=changes)
        return (await self._committer.commit(batch)).changes


def known_when(bus: NDArray[np.int32], received_ms: NDArray[np.int64]) -> NDArray[np.int64]:
    """When each fix and all before it of its bus had been received; shapes (n,), by bus and event time."""
    begins = np.flatnonzero(np.diff(bus, prepend=-1))
    parts = np.split(received_ms, begins[1:])
    return np.concatenate([np.maximum.accumulate(part) for part in parts])


def _by_time_alone(alert: Alert, newest_ms: int) -> bool:
    """Whether an open alert was brought by time alone since the bus's newest fix: no fix can tell of it,
    and the next tick finds it again under the same identity.
    """
    return alert.rule in OF_THE_CLOCK and alert.ended_ms is None and alert.detected_ms > newest_ms


class Reach(NamedTuple):
    """How far back buses are judged anew; shapes (n,), epoch milliseconds."""

    since_ms: NDArray[np.int64]
    """From when on their fixes are given again."""
    sure_ms: NDArray[np.int64]
    """From when on what comes of it can be relied on: before, a bus may have been on a trip whose beginning
    is not among the fixes."""


def given_from(
    registry: Registry,
    rows: NDArray[np.int32],
    oldest_ms: NDArray[np.int64],
    newest_ms: NDArray[np.int64],
    known: Sequence[Alert],
) -> Reach:
    """How far back the buses in ``rows`` must be judged anew; shapes (n,). Those ``known`` are judged whole.

    ``newest_ms`` is the event time of a bus's newest stored fix, 0 where there is none; ``oldest_ms``
    the oldest that was not judged in its place.
    """
    sure_ms = np.minimum(oldest_ms, newest_ms - AT_LEAST_MS + DRIVEN_FROM_MS)
    since_ms = np.minimum(oldest_ms - DRIVEN_FROM_MS, newest_ms - AT_LEAST_MS)
    timetable = Timetable(registry)
    reported = newest_ms > 0
    for moments in (newest_ms, since_ms.copy()):
        trips, trip = timetable.trips_at(rows[reported], moments[reported])
        opened_ms = np.full(len(rows), np.iinfo(np.int64).max)
        if len(trips):
            opened_ms[reported] = np.where(trip >= 0, trips.start_ms[trip], opened_ms[reported])
        sure_ms = np.minimum(sure_ms, opened_ms)
        since_ms = np.minimum(since_ms, opened_ms - BEFORE_MS)
    place = {registry.buses[row].bus_id: i for i, row in enumerate(rows.tolist())}
    for alert in known:
        i = place[alert.bus_id]
        sure_ms[i] = min(sure_ms[i], alert.started_ms)
        since_ms[i] = min(since_ms[i], alert.started_ms - BEFORE_MS)
    return Reach(np.maximum(since_ms, 0), sure_ms)
