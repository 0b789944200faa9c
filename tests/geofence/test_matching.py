"""Matching held against a plain Shapely loop, and where a line crosses itself."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geofence.compiled import compiled
from geofence.corridors import Corridors, pack_corridors
from geofence.matching import MATCH, locate
from tests.scenes import PLANE, approval


class Seen(NamedTuple):
    off_m: np.ndarray
    chainage_m: np.ndarray


def observe(
    points: Sequence[tuple[float, float]],
    x: np.ndarray,
    y: np.ndarray,
    *,
    remembering: bool,
    corridor_m: float = 50.0,
    course: np.ndarray | None = None,
) -> Seen:
    """One bus against one line, a fix a second; without memory each fix is another bus's first."""
    corridors = pack_corridors([approval(points=points, corridor_m=corridor_m)], PLANE)
    n = len(x)
    memories = np.zeros(1 if remembering else n, np.dtype(MATCH, align=True))
    courses = np.zeros((n, 2)) if course is None else course
    off, chainage = np.empty(n), np.empty(n)
    _observe(corridors, memories, x.astype(float), y.astype(float), courses, off, chainage)
    return Seen(off, chainage)


@compiled
def _observe(
    c: Corridors,
    memories: np.ndarray,
    x: np.ndarray,
    y: np.ndarray,
    courses: np.ndarray,
    off: np.ndarray,
    chainage: np.ndarray,
) -> None:
    for i in range(len(x)):
        memory = memories[i % len(memories)]
        place = locate(c, 0, memory, 1_000 * i, x[i], y[i], courses[i, 0], courses[i, 1], 0.0)
        off[i], chainage[i] = place.off_m, place.chainage_m


@st.composite
def lines(draw: st.DrawFn) -> list[tuple[float, float]]:
    """Random walks: they cross themselves, turn back, and come near again."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n = draw(st.integers(2, 200))
    turns = np.cumsum(rng.normal(0, draw(st.sampled_from([0.1, 0.8, 3.0])), n))
    steps = rng.uniform(1, 80, n)
    x, y = np.cumsum(steps * np.cos(turns)), np.cumsum(steps * np.sin(turns))
    return list(zip(x.tolist(), y.tolist(), strict=True))


@settings(max_examples=100, deadline=None)
@given(lines(), st.integers(0, 2**32 - 1))
def test_a_first_match_is_the_nearest_point_of_the_whole_line(
    points: list[tuple[float, float]], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    near = np.array(points)[rng.integers(0, len(points), 60)]
    x, y = (near + rng.normal(0, 150, near.shape)).T
    seen = observe(points, x, y, remembering=False)
    route = shapely.LineString(np.column_stack(PLANE.to_metres(*np.array(approval(points=points).line).T)))
    for i in range(len(x)):
        place = shapely.Point(x[i], y[i])
        # Of passes in the corridor an earlier one is preferred, by a metre in a thousand of line.
        preferred = 0.001 * route.length if seen.off_m[i] <= 50 else 0.0
        assert -2e-3 <= seen.off_m[i] - route.distance(place) <= preferred + 2e-3
        assert route.interpolate(seen.chainage_m[i]).distance(place) == pytest.approx(seen.off_m[i], abs=5e-3)


@settings(max_examples=60, deadline=None)
@given(lines(), st.integers(0, 2**32 - 1))
def test_with_memory_off_the_corridor_is_never_said_of_a_fix_within_it(
    points: list[tuple[float, float]], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    route = shapely.LineString(np.column_stack(PLANE.to_metres(*np.array(approval(points=points).line).T)))
    along = np.linspace(0, route.length, 80)
    places = np.array([route.interpolate(d).coords[0] for d in along]) + rng.normal(0, 40, (80, 2))
    seen = observe(points, places[:, 0], places[:, 1], remembering=True)
    distance = shapely.distance(route, shapely.points(places))
    clear = np.abs(np.asarray(distance) - 50) > 2e-3  # places are kept in single precision
    np.testing.assert_array_equal((seen.off_m <= 50)[clear], (np.asarray(distance) <= 50)[clear])
    assert (seen.off_m >= distance - 2e-3).all()


def test_out_and_back_on_one_street_is_matched_to_the_right_pass() -> None:
    points = [(x, 0.0) for x in range(0, 3_001, 50)] + [(x, 0.0) for x in range(2_950, -1, -50)]
    x = np.r_[np.arange(0, 3_000, 12.0), np.arange(3_000, 0, -12.0)]
    seen = observe(points, x, np.full(len(x), 3.0), remembering=True)
    way = np.r_[0, np.cumsum(np.abs(np.diff(x)))]
    assert np.abs(seen.chainage_m - way).max() < 100  # near the turn both passes are equally near


def test_a_line_that_crosses_itself_is_followed_through_the_crossing() -> None:
    turn = np.linspace(0, 2 * np.pi, 200)
    points = list(zip((1_000 * np.sin(turn)).tolist(), (1_000 * np.sin(2 * turn)).tolist(), strict=True))
    fine = np.linspace(0, 2 * np.pi, 800)
    x, y = 1_000 * np.sin(fine), 1_000 * np.sin(2 * fine)
    seen = observe(points, x, y, remembering=True)
    assert (np.diff(seen.chainage_m) > -1).all()


def test_a_bus_that_drives_against_the_pass_it_was_matched_to_is_on_the_other_one() -> None:
    points = [(x, 0.0) for x in range(0, 3_001, 50)] + [(x, 20.0) for x in range(3_000, -1, -50)]
    x = np.r_[np.full(5, 1_500.0), np.arange(1_490, 1_000, -10.0)]
    course = np.where(np.arange(len(x))[:, None] < 5, 0.0, (-1.0, 0.0))
    seen = observe(points, x, np.full(len(x), 5.0), remembering=True, course=course)
    assert (seen.chainage_m[:5] < 1_501).all()
    assert np.abs(seen.chainage_m[5:] - (6_020 - x[5:])).max() < 1
