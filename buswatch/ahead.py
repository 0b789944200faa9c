"""Compiles the detector's loops when Buswatch is installed, so that no start has to wait for it.

`python -m buswatch.ahead`; what was compiled is kept on disk, see ``geofence.compiled``.
"""

from __future__ import annotations

import datetime as dt

import numpy as np

from alerts.detector import Detector
from alerts.passages import passages
from fleet.fixes import Fixes
from fleet.registry import Approval, Assignment, Bus, Driver, Registry

_FIRST, _LAST = dt.date(2000, 1, 1), dt.date(2999, 12, 31)
_MOMENT_MS = 1_788_219_000_000


def compile_ahead() -> None:
    """Judge one fix of one bus and a moment after it, and follow the fix along its line."""
    line = ((114.30, 30.60), (114.31, 30.60))
    route = Approval("R.1", "R", 1, "", "", "", "to_school", line, 50.0, (), (), _FIRST, _LAST)
    bus = Bus("B", "", "", _LAST, _LAST, "", "", 40, line[0])
    duty = Assignment("A", "B", "D", "R", (1, 2, 3, 4, 5, 6, 7), dt.time(0), dt.time(23))
    detector = Detector(Registry((bus,), (Driver("D", "", "", _LAST),), (route,), (duty,)))
    fix = Fixes.of(bus=[0], time_ms=[_MOMENT_MS], lon=[114.30], lat=[30.60])
    detector.detect(fix, _MOMENT_MS)
    detector.tick(_MOMENT_MS + 60_000)
    passages(route, _MOMENT_MS, fix, np.zeros(1, np.int16))


if __name__ == "__main__":
    compile_ahead()
