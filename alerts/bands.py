"""The shape that all rules share: a way in, a way out, a band between, and a memory.

A rule says of each fix: violating, clear, or neither (between the thresholds). An episode opens
when fixes violate for ``min_fixes`` and ``min_ms``, and ends when they are clear for as many and as
long; where fixes are sparse, two that lie ``sparse_ms`` apart suffice for either. It starts at its
first violating fix and ends at its first clear one. Before it opens, a fix in the band between adds
nothing to the run and takes nothing away, for ``sparse_ms`` at most: a value that wavers round the
threshold is neither forgotten nor counted.
"""

from __future__ import annotations

import numpy as np

from geofence.compiled import Row, compiled, row_dtype

CLEAR, BETWEEN, VIOLATING = range(3)
"""What a rule says of one fix."""

NOTHING, OPENED, WENT_ON, ENDED = range(4)
"""What a fix does to an episode."""

BAND_STATE = row_dtype(
    [
        ("first_ms", np.int64),
        ("first_lon", np.float64),
        ("first_lat", np.float64),
        ("first_x", np.float64),
        ("first_y", np.float64),
        ("first_chainage_m", np.float64),
        ("clear_ms", np.int64),
        ("violating_ms", np.int64),
        ("opened_ms", np.int64),
        ("told_ms", np.int64),
        ("told_peak", np.float64),
        ("peak", np.float64),
        ("peak_ms", np.int64),
        ("peak_lon", np.float64),
        ("peak_lat", np.float64),
        ("peak_value", np.float64),
        ("peak_limit", np.float64),
        ("peak_chainage_m", np.float64),
        ("line", np.int64),
        ("assignment", np.int64),
        ("fixes", np.int32),
        ("clear_fixes", np.int32),
        ("peak_reason", np.int16),
        ("severity", np.int8),
        ("open", np.bool_),
        ("late", np.bool_),
        ("plain", np.bool_),
    ]
)
"""The memory of one rule for one bus: the run of violating fixes (an open episode once ``open``),
the run of clear ones, the peak, and what was last told of it. ``plain``: a fix of the run was evidence
enough by its size. ``violating_ms`` is the last violating
fix, ``opened_ms`` the one that opened the episode. ``peak`` is what the rule ranks by; the other
``peak_`` fields describe the fix that has it."""


@compiled
def step_band(  # noqa: PLR0911  # each a step of the machine
    s: Row, verdict: int, t: int, lon: float, lat: float, enough: bool, p: Row
) -> int:
    """Take one rule of one bus one fix further. Returns NOTHING, OPENED, WENT_ON or ENDED.

    ``p`` has the rule's min_fixes, min_ms and sparse_ms; an episode opens only when ``enough``.
    """
    if verdict == VIOLATING:
        if s.fixes == 0:
            begin_run(s, t, lon, lat)
        s.fixes += 1
        s.violating_ms = t
        s.clear_fixes = 0
        if s.open:
            return WENT_ON
        if enough and _held(s.fixes, t - s.first_ms, p):
            s.open = True
            s.opened_ms = t
            return OPENED
        return NOTHING
    if not s.open:
        if verdict == CLEAR or t - s.violating_ms > p.sparse_ms:
            s.fixes = 0
        return NOTHING
    if verdict == BETWEEN:
        s.clear_fixes = 0
        return NOTHING
    if s.clear_fixes == 0:
        s.clear_ms = t
    s.clear_fixes += 1
    if _held(s.clear_fixes, t - s.clear_ms, p):
        return ENDED
    return NOTHING


@compiled
def begin_run(s: Row, t: int, lon: float, lat: float) -> None:
    """Begin a run of violating fixes, as of a moment and a place."""
    s.first_ms = t
    s.first_lon = lon
    s.first_lat = lat
    s.peak = -np.inf
    s.plain = False


@compiled
def forget_band(s: Row) -> None:
    """Close the band: nothing open, nothing about to open."""
    s.open = False
    s.fixes = 0
    s.clear_fixes = 0


@compiled
def _held(fixes: int, elapsed_ms: int, p: Row) -> bool:
    """Whether a run is long enough: so many fixes over so long, or two far apart."""
    return (fixes >= p.min_fixes and elapsed_ms >= p.min_ms) or (fixes >= 2 and elapsed_ms >= p.sparse_ms)
