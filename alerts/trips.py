"""Trips as they are driven: waiting, under way, ended.

Route deviation is judged on a trip under way only: the way from the depot to the first stop and
home from the last is no deviation. A trip is under way once the bus has driven forward along the
line for some way that began near the line's beginning; it has ended at the last stop.
"""

from __future__ import annotations

import numpy as np

from fleet.parameters import TripParameters
from geofence.compiled import Row, compiled
from geofence.corridors import Corridors

NO_TRIP, WAITING, UNDER_WAY, ENDED = range(4)
"""The phases of a trip, as the column holds them. ``NO_TRIP``: outside every window."""

TRIP_STATE = np.dtype(
    [
        ("phase", np.int8),
        ("assignment", np.int64),
        ("start_ms", np.int64),
        ("running", np.bool_),
        ("midway", np.bool_),
        ("run_from_m", np.float64),
        ("run_to_m", np.float64),
    ]
)
"""What is remembered of a bus's trip. ``running``: on the line and going forward from
``run_from_m`` to ``run_to_m``; ``midway``: its first fix in the window came late and lay on it."""


@compiled
def step_trip(
    s: Row,
    t: int,
    assignment: int,
    start_ms: int,
    off_m: float,
    chainage_m: float,
    line: int,
    c: Corridors,
    p: TripParameters,
) -> bool:
    """Take a bus's trip one believed fix further; ``assignment`` is -1 outside every window.

    Returns whether the bus follows the line: it is under way, or has driven far enough forward along
    it to be on that road, though not yet on its trip.
    """
    if assignment != s.assignment or start_ms != s.start_ms or s.phase == NO_TRIP:
        s.assignment = assignment
        s.start_ms = start_ms
        s.phase = NO_TRIP if assignment < 0 else WAITING
        s.running = False
        s.midway = assignment >= 0 and off_m <= c.width_m[line] and t - start_ms >= p.late_ms
    if s.phase == WAITING:
        if off_m > c.width_m[line]:
            s.running = False
            s.midway = False
        elif not s.running or chainage_m < s.run_to_m - p.backward_m:
            s.running = True
            s.run_from_m = chainage_m
            s.run_to_m = chainage_m
        else:
            s.run_to_m = max(s.run_to_m, chainage_m)
            driven = s.run_to_m - s.run_from_m
            from_beginning = s.run_from_m <= p.beginning_m
            if (from_beginning and driven >= p.joined_m) or (s.midway and driven >= p.joined_midway_m):
                s.phase = UNDER_WAY
    elif s.phase == UNDER_WAY and off_m <= c.width_m[line] and chainage_m >= c.last_stop_m[line] - p.ending_m:
        s.phase = ENDED
    follows: bool = s.phase == UNDER_WAY or (
        s.phase == WAITING and s.running and s.run_to_m - s.run_from_m >= p.joined_m
    )
    return follows
