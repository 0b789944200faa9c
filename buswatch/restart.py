"""A restart is invisible: the detector's memory comes back from the stored fixes.

What the detector remembers follows from the fixes that it was given, so they are given again, in
silence: of each bus all since its trip's window opened, and since its open episode began. The same
fixes give the same memory; no snapshot has to be kept in step with the code.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from alerts.detector import Detector
from alerts.episodes import Alert
from fleet.clock import MINUTE_MS
from fleet.quality import Quality
from fleet.registry import Registry
from fleet.timetable import Timetable
from storage.alerts import open_episodes
from storage.database import Database
from storage.positions import fixes_since, newest_times

log = logging.getLogger(__name__)

AT_LEAST_MS = 10 * MINUTE_MS
"""Replayed of every bus, on a trip or not."""
_BEFORE_MS = MINUTE_MS
"""Replayed before a trip's window opened and before an open episode began."""


async def restore(
    detector: Detector, registry: Registry, bus_keys: NDArray[np.int32], database: Database
) -> None:
    """Give ``detector`` the memory it had after the last committed batch; raises ``Unavailable``."""
    newest_ms = await newest_times(database, bus_keys)
    since_ms = replay_from(registry, newest_ms, await open_episodes(database))
    fixes, quality = await fixes_since(database, bus_keys, since_ms)
    judged = (quality & Quality.LATE) == 0  # what came late was not judged then either
    if judged.any():
        detector.detect(fixes.take(judged), received_ms=int(fixes.time_ms.max()))
        log.info("remembered %d stored fixes of %d buses", judged.sum(), len(np.unique(fixes.bus)))


def replay_from(
    registry: Registry, newest_ms: NDArray[np.int64], ongoing: Sequence[Alert]
) -> NDArray[np.int64]:
    """From when on each bus's fixes must be replayed; shapes (buses,), epoch milliseconds.

    ``newest_ms`` is the event time of each bus's newest stored fix, 0 where there is none.
    """
    since_ms = newest_ms - AT_LEAST_MS
    rows = np.flatnonzero(newest_ms > 0).astype(np.int32)
    timetable = Timetable(registry)
    for moments in (newest_ms[rows], since_ms[rows]):
        trips, trip = timetable.trips_at(rows, moments)
        found = trip >= 0
        since_ms[rows[found]] = np.minimum(since_ms[rows[found]], trips.start_ms[trip[found]] - _BEFORE_MS)
    for alert in ongoing:
        row = registry.bus_rows.get(alert.bus_id)
        if row is not None:
            since_ms[row] = min(since_ms[row], alert.started_ms - _BEFORE_MS)
    return np.maximum(since_ms, 0)
