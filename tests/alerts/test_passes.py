"""Lines that come by a place twice, turn sharply, or are not seen for a while."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from fleet.fixes import Fixes
from fleet.registry import Registry, Stop
from tests.alerts.test_beginnings import sampled, standing, way
from tests.scenes import approval, degrees, drive, found, registry, rules, track


def with_stops(points: list[tuple[float, float]], *at: tuple[float, float, float]) -> Registry:
    """One route over ``points``, its stops at (x, y, metres along it)."""
    lon, lat = degrees([x for x, _, _ in at], [y for _, y, _ in at])
    stops = tuple(
        Stop(f"{m:.0f}", a, b, m) for (_, _, m), a, b in zip(at, lon.tolist(), lat.tolist(), strict=True)
    )
    return registry(msgspec.structs.replace(approval(points=points), stops=stops))


def straight(*at_m: float) -> Registry:
    return with_stops([(x, 0.0) for x in range(0, 10_001, 100)], *((m, 0.0, m) for m in at_m))


def test_standing_at_a_stop_is_no_long_stop_on_whichever_pass_of_the_line() -> None:
    points = [
        (0.0, 0.0),
        (2_000.0, 0.0),
        (2_000.0, 1_000.0),
        (300.0, 1_000.0),
        (300.0, 40.0),
        (300.0, -5_000.0),
    ]
    record = with_stops(points, (0.0, 0.0, 0.0), (300.0, 0.0, 300.0), (300.0, -5_000.0, 11_700.0))
    there = way((0, 0), *points[1:4], (300, 60))
    fixes = sampled(there, standing(300, 60, 500), way((300, 60), (300, -3_000)), every_s=5)
    assert found(fixes, record) == []


def test_a_turn_back_round_a_corner_is_the_wrong_way_at_sparse_fixes() -> None:
    points = [(0.0, 0.0), (2_500.0, 0.0), (2_500.0, 400.0), (2_810.0, 400.0), (2_810.0, 6_000.0)]
    there, back = (
        way((0, 0), *points[1:4], (2_810, 480)),
        way((2_810, 480), (2_810, 400), (2_527, 400), kmh=40),
    )
    for first in range(15):
        fixes = sampled(
            there, back, standing(2_527, 400, 30), way((2_527, 400), *points[3:]), every_s=15, first=first
        )
        assert rules(found(fixes, registry(approval(points=points)))) == ["wrong_way"], first


# What was not seen


def unseen(fixes: Fixes, from_s: int, to_s: int) -> Fixes:
    """The same without the fixes of a time, seconds after the first."""
    seconds = (fixes.time_ms - fixes.time_ms[0]) // 1_000
    return fixes.take((seconds < from_s) | (seconds > to_s))


@pytest.mark.parametrize("every_s", [1, 15])
def test_no_stop_was_left_out_on_a_stretch_that_nobody_saw(every_s: int) -> None:
    points = [(0.0, 0.0), (2_500.0, 0.0), (2_500.0, 2_500.0), (9_000.0, 2_500.0)]
    record = with_stops(points, (0, 0, 0), (1_000, 0, 1_000), (2_500, 1_200, 3_700), (9_000, 2_500, 11_500))
    x, y = way(*points)
    y[191:200] += 57.0  # the last fixes before the silence drift off the corridor
    at = np.arange(10, len(x), every_s)
    fixes = track(x[at], y[at], speed_kmh=36, every_s=every_s, accuracy_m=20)
    assert rules(found(unseen(fixes, 190, 600), record)) == ["silent"]


def test_one_that_was_passed_at_a_distance_before_the_silence_was_left_out() -> None:
    x = drive(0, 9_000, 36)
    y = np.interp(x, [1_950, 2_000, 4_000, 4_050], [0.0, 250.0, 250.0, 0.0])
    fixes = unseen(track(x, y, speed_kmh=36), 390, 600)
    alerts = [a for a in found(fixes, straight(0, 1_000, 3_000, 5_000, 10_000)) if a.rule == "stops_skipped"]
    assert [a.evidence.stops_skipped for a in alerts] == [1]


def test_a_fix_thrown_back_to_an_earlier_place_of_the_line_leaves_no_stop_out() -> None:
    points = [(0.0, 0.0), (3_000.0, 0.0), (3_000.0, 300.0), (3_400.0, 300.0), (3_400.0, 0.0), (9_000.0, 0.0)]
    record = with_stops(points, (0, 0, 0), (3_200, 300, 3_500), (9_000, 0, 9_600))
    x, y = way(*points, kmh=50)
    at = np.arange(269 % 15, len(x), 15)  # at 269 s it has come 3,740 m, past the stop
    x, y = x[at], y[at]
    x[269 // 15 + 1], y[269 // 15 + 1] = 2_950.0, 0.0
    assert found(track(x, y, speed_kmh=50, every_s=15), record) == []
