"""Random routes and what a bus on them reports, in metres of the scenes' plane."""

from __future__ import annotations

import numpy as np
import shapely
from hypothesis import strategies as st
from numpy.typing import NDArray

Points = NDArray[np.float64]
Track = tuple[NDArray[np.float64], Points, NDArray[np.float64]]
"""Seconds (n,), places (n, 2) and reported accuracies (n,)."""

SPEED_MS = 30.0
_LEAD_M, _TAIL_M = 1_000.0, 3_000.0


@st.composite
def wild_lines(draw: st.DrawFn) -> Points:
    """Lines that cross themselves, loop, and run out and back; they begin with a straight kilometre, on
    which the trip gets under way, and end far from all the rest.
    """
    turns = draw(st.lists(st.sampled_from([-90, -45, 0, 0, 0, 45, 90, 180]), min_size=6, max_size=24))
    steps = draw(st.lists(st.integers(60, 700), min_size=len(turns), max_size=len(turns)))
    heading = np.radians(np.cumsum(turns))
    walk = np.cumsum(np.column_stack((np.cos(heading), np.sin(heading))) * np.array(steps)[:, None], axis=0)
    walk = np.vstack(((0.0, 0.0), walk))
    if draw(st.booleans()):
        walk = np.vstack((walk, walk[-2::-1]))
    low, high = walk.min(axis=0), walk.max(axis=0)
    lead = np.column_stack((np.full(11, low[0] - 2_000.0), np.linspace(0, _LEAD_M, 11)))
    tail = np.array([(high[0] + _TAIL_M, high[1] + _TAIL_M), (high[0] + 2 * _TAIL_M, high[1] + _TAIL_M)])
    return np.vstack((lead, walk, tail))


@st.composite
def gentle_lines(draw: st.DrawFn) -> Points:
    """Lines that never come near themselves: to each place belongs one chainage."""
    rise = draw(st.lists(st.integers(-30, 30), min_size=60, max_size=60))
    return np.column_stack((np.arange(61) * 200.0, np.r_[0.0, np.cumsum(rise)]))


@st.composite
def tracks(draw: st.DrawFn, points: Points, *, aside: bool) -> Track:
    """A bus that drives along a line: a fix every 1 to 60 s, noise, gaps; where ``aside``, with
    stretches on which it drives up to 700 m beside the line.
    """
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    line = shapely.LineString(points)
    end_m = line.length - 2_000.0
    every_s = draw(st.sampled_from([1.0, 2.0, 5.0, 10.0, 30.0, 60.0]))
    lead_s = np.arange(0.0, 100.0, 10.0)
    seconds = np.arange(lead_s[-1] + every_s, lead_s[-1] + (end_m - _LEAD_M) / SPEED_MS, every_s)
    gaps = rng.random(len(seconds)) < draw(st.sampled_from([0.0, 0.03]))
    seconds = seconds + np.cumsum(np.where(gaps, rng.choice([20.0, 70.0, 130.0], len(seconds)), 0.0))
    chainage = np.r_[lead_s * 10.0, 900.0 + (seconds - lead_s[-1]) * SPEED_MS]
    seconds = np.r_[lead_s, seconds]
    off = np.zeros(len(seconds))
    for _ in range(draw(st.integers(1, 4)) if aside else 0):
        from_m, way_m = rng.uniform(_LEAD_M, end_m), rng.uniform(100.0, 3_000.0)
        inside = np.minimum(chainage - from_m, from_m + way_m - chainage)
        off = np.where(
            inside > 0, np.minimum(inside / 3.0, rng.choice([40.0, 80.0, 150.0, 300.0, 700.0])), off
        )
    noise = rng.normal(0.0, draw(st.sampled_from([0.0, 3.0, 10.0] if aside else [0.0, 2.0])), (len(off), 2))
    here = shapely.get_coordinates(shapely.line_interpolate_point(line, chainage))
    ahead = shapely.get_coordinates(shapely.line_interpolate_point(line, chainage + 1.0))
    along = ahead - here
    left = np.column_stack((-along[:, 1], along[:, 0]))
    accuracy = rng.choice([3.0, 10.0, 30.0, 150.0], len(off), p=[0.5, 0.3, 0.15, 0.05])
    places = here + left * off[:, None] + noise
    kept = _drivable(seconds, places) & (chainage < end_m)
    return seconds[kept], places[kept], accuracy[kept]


def _drivable(seconds: NDArray[np.float64], places: Points) -> NDArray[np.bool_]:
    """Without the fixes that are jumps: a bus beside a line that turns back changes sides at once."""
    kept = np.zeros(len(seconds), np.bool_)
    last = 0
    for row in range(len(seconds)):
        way_m = np.hypot(*(places[row] - places[last]))
        kept[row] = way_m <= 40.0 * (seconds[row] - seconds[last]) + 50.0
        last = row if kept[row] else last
    return kept
