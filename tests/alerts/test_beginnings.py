"""When a trip begins: what a bus does on its way to the first stop is no part of it."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from fleet.fixes import Fixes
from fleet.registry import Registry
from tests.scenes import LENGTH_M, approval, bus, degrees, drive, found, registry, rules, track


def way(*corners: tuple[float, float], kmh: float = 36.0) -> tuple[np.ndarray, np.ndarray]:
    """Places of a drive from corner to corner, second by second."""
    points = np.array(corners)
    along = np.r_[0.0, np.cumsum(np.hypot(*np.diff(points, axis=0).T))]
    at = drive(0.0, float(along[-1]), kmh)
    return np.interp(at, along, points[:, 0]), np.interp(at, along, points[:, 1])


def standing(x: float, y: float, seconds: int) -> tuple[np.ndarray, np.ndarray]:
    return np.full(seconds, x), np.full(seconds, y)


def sampled(
    *legs: tuple[np.ndarray, np.ndarray], every_s: int, start_s: float = 0.0, first: int = 0
) -> Fixes:
    """What is reported of one leg after the other, with the speed of each second."""
    x, y = np.concatenate([leg[0] for leg in legs]), np.concatenate([leg[1] for leg in legs])
    speed = np.hypot(np.diff(x, prepend=x[0]), np.diff(y, prepend=y[0])) * 3.6
    at = np.arange(first, len(x), every_s)
    return track(x[at], y[at], speed_kmh=speed[at], every_s=every_s, start_s=start_s + first)


def on_the_line() -> tuple[np.ndarray, np.ndarray]:
    return way((0, 0), (6_000, 0))


@pytest.mark.parametrize("every_s", [1, 5, 15])
def test_a_way_to_the_first_stop_that_leads_along_the_line_is_not_the_trip(every_s: int) -> None:
    there = way((150, 2_500), (150, 0), (540, 0), (540, 125), (0, 125), (0, 0))
    fixes = sampled(there, standing(0, 0, 90), on_the_line(), every_s=every_s)
    assert found(fixes) == []


@pytest.mark.parametrize("every_s", [1, 15])
def test_neither_is_one_that_passes_the_first_stop_by_on_another_road(every_s: int) -> None:
    points = [(0.0, 0.0), (0.0, 100.0), (100.0, 100.0), (100.0, -30.0), (100.0, -LENGTH_M)]
    there = way((2_500, 100), (100, 100), (100, -500), kmh=45)
    back = way((100, -500), (400, -500), (400, 0), (0, 0), kmh=45)
    fixes = sampled(there, back, standing(0, 0, 90), way(*points[:-1], (100, -3_000)), every_s=every_s)
    assert "deviation" not in rules(found(fixes, registry(approval(points=points))))


@pytest.mark.parametrize("every_s", [1, 15, 30])
@pytest.mark.parametrize("stood_s", [10, 60])
def test_a_bus_that_was_at_its_first_stop_is_on_its_trip_soon(every_s: int, stood_s: int) -> None:
    off = way((0, 0), (450, 0), (450, 200), (2_000, 200), (2_000, 0), (4_000, 0))
    for first in range(0, every_s, 7):
        fixes = sampled(
            way((-2_000, 900), (0, 900), (0, 0)), standing(0, 0, stood_s), off, every_s=every_s, first=first
        )
        assert rules(found(fixes)) == ["deviation"]


def test_so_is_one_that_waited_in_a_yard_beside_the_line() -> None:
    out = way((180, 180), (180, 0), (600, 0), (600, 200), (2_000, 200), (2_000, 0), (4_000, 0))
    fixes = sampled(way((180, 2_000), (180, 180)), standing(180, 180, 150), out, every_s=5)
    assert rules(found(fixes)) == ["deviation"]


def test_one_that_joined_later_is_on_its_trip_when_it_has_driven_on() -> None:
    late = way((200, 2_500), (200, 0), (2_500, 0), (2_500, 200), (4_000, 200), (4_000, 0), (5_000, 0))
    assert rules(found(sampled(late, every_s=5))) == ["deviation"]


def test_one_wrong_fix_does_not_take_a_bus_from_its_first_stop() -> None:
    off = way((0, 0), (700, 0), (700, 200), (2_000, 200), (2_000, 0), (4_000, 0))
    x, y = (np.concatenate(pair) for pair in zip(standing(0, 0, 120), off, strict=True))
    at = np.arange(0, len(x), 15)
    y[at[9]] += 640.0
    fixes = track(x[at], y[at], speed_kmh=36, every_s=15)
    assert rules(found(fixes)) == ["deviation"]


@pytest.mark.parametrize("every_s", [1, 5, 15])
def test_a_bus_that_crosses_two_passes_of_its_line_has_not_driven_from_one_to_the_other(every_s: int) -> None:
    points = [*((x, 0.0) for x in range(0, 3_001, 50)), *((x, 90.0) for x in range(3_000, -3_001, -50))]
    there = way((250, -2_500), (250, 0), (260, 90), (260, 700), (-500, 700), (-500, 400), (0, 400), (0, 0))
    fixes = sampled(there, standing(0, 0, 60), way((0, 0), (2_900, 0)), every_s=every_s)
    assert found(fixes, registry(approval(points=points))) == []


def with_depot(x: float, y: float) -> Registry:
    lon, lat = degrees([x], [y])
    return msgspec.structs.replace(registry(), buses=(bus(depot=(float(lon[0]), float(lat[0]))),))


@pytest.mark.parametrize("every_s", [1, 5, 15])
def test_a_bus_that_drives_home_along_its_next_line_and_comes_back_is_not_on_the_wrong_way(
    every_s: int,
) -> None:
    home = sampled(
        standing(0, 0, 60), way((0, 0), (1_600, 0)), standing(1_600, 20, 40), way((1_600, 0), (0, 0)),
        standing(0, 0, 90), on_the_line(), every_s=every_s, start_s=-150,
    )  # fmt: skip
    assert found(home, with_depot(1_600, 60)) == []
    assert rules(found(home, with_depot(1_600, 900))) == ["wrong_way"]


def test_a_bus_that_passes_its_depot_slowly_on_its_trip_stays_on_it() -> None:
    slow = way((1_500, 0), (1_700, 0), kmh=8)
    off = way((1_700, 0), (1_720, 0), (1_720, 200), (4_000, 200), (4_000, 0), (5_000, 0))
    trip = sampled(standing(0, 0, 400), way((0, 0), (1_500, 0)), slow, off, every_s=5, start_s=-300)
    assert rules(found(trip, with_depot(1_600, 60))) == ["deviation"]


@pytest.mark.parametrize("stood_s", [30, 240])
def test_a_bus_that_came_home_along_its_line_sets_out_from_its_depot(stood_s: int) -> None:
    home, out = way((3_500, 1_500), (3_500, 0), (6_200, 0)), way((6_200, 0), (6_900, 0), (6_900, 2_500))
    fixes = sampled(home, standing(6_200, 20, stood_s), out, every_s=15)
    alerts = rules(found(fixes, with_depot(6_200, 60)))
    assert alerts == ([] if stood_s > 120 else ["deviation"])


@pytest.mark.parametrize("silence_s", [150, 420])
def test_a_trip_that_may_have_begun_in_a_silence_is_known_sooner(silence_s: int) -> None:
    before = track(np.full(40, -900.0), np.linspace(1_200, 300, 40), every_s=15)
    off = way((1_700, 0), (3_500, 0), (3_500, 200), (5_000, 200), (5_000, 0), (6_000, 0))
    after = sampled(off, every_s=15, start_s=585 + silence_s)
    alerts = rules(found(Fixes.concat([before, after])))
    assert alerts == ([] if silence_s < 200 else ["deviation"])
