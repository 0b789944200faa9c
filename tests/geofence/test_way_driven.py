"""The metres that each fix adds to the way driven: near what was driven, and none for a bus that stands."""

from __future__ import annotations

import numpy as np
import pytest

from fleet.clock import parse_time
from fleet.fixes import Fixes
from fleet.parameters import ScreenParameters
from fleet.quality import Quality
from geofence.plane import Plane
from geofence.screening import Screen
from simulators.drive import State
from simulators.scenario import FaultRates, Scenario, Simulation
from tests.scenes import drive, track

HOUR_S = 3_600
rng = np.random.default_rng(4)


def moved(fixes: Fixes) -> np.ndarray:
    """Metres that each fix of the one bus adds."""
    x, y = Plane(114.3, 30.6).to_metres(fixes.lon, fixes.lat)
    return Screen(1, ScreenParameters()).screen(fixes, x, y, np.full(len(x), fixes.time_ms.max())).moved_m


def drift(seconds: int, sigma_m: float) -> np.ndarray:
    """Metres off in each axis, which last for a minute; shape (seconds, 2)."""
    stay, off = np.exp(-1 / 60), np.zeros((seconds, 2))
    for second in range(1, seconds):
        off[second] = stay * off[second - 1] + np.sqrt(1 - stay**2) * rng.normal(0, sigma_m, 2)
    return off


@pytest.mark.parametrize("every_s", [1, 5, 15, 60])
def test_a_straight_way_is_counted_to_the_last_few_metres(every_s: int) -> None:
    fixes = track(drive(0, 4_000, 36, every_s), every_s=every_s)
    assert 4_000 - 25 - 10 * every_s <= moved(fixes).sum() <= 4_000


def test_a_bus_that_says_that_it_stands_moves_by_no_drift() -> None:
    off = drift(HOUR_S, 12)
    assert moved(track(off[:, 0], off[:, 1], speed_kmh=0.0)).sum() == 0


def test_one_that_does_not_report_its_speed_moves_by_little_of_it() -> None:
    off = drift(HOUR_S, 4)
    assert moved(track(off[:, 0], off[:, 1], speed_kmh=np.nan)).sum() < 100


def test_a_device_that_always_says_that_it_stands_is_not_believed_for_long() -> None:
    assert 4_000 - 110 <= moved(track(drive(0, 4_000, 36), speed_kmh=0.0)).sum() <= 4_000


def test_a_jump_that_the_next_fix_denies_adds_nothing() -> None:
    way = drive(0, 1_000, 36)
    way[50] += 5_000
    added = moved(track(way))
    assert added[50] == 0
    assert added.sum() <= 1_000


def test_a_real_move_after_a_gap_counts_as_the_crow_flies() -> None:
    way = np.concatenate((drive(0, 500, 36), drive(20_000, 20_500, 36)))
    assert 20_500 - 50 <= moved(track(way)).sum() <= 20_500


def test_a_late_fix_adds_nothing_by_itself() -> None:
    fixes = track(drive(0, 1_000, 36))
    order = np.r_[0:60, 70 : len(fixes), 60:70]
    mixed = fixes.take(order)
    x, y = Plane(114.3, 30.6).to_metres(mixed.lon, mixed.lat)
    screened = Screen(1, ScreenParameters()).screen(mixed, x, y, np.full(len(x), fixes.time_ms.max()))
    assert (screened.quality[-10:] == Quality.LATE).all()
    assert screened.moved_m[-10:].sum() == 0
    assert 1_000 - 30 <= screened.moved_m.sum() <= 1_000


@pytest.mark.parametrize(("every_s", "least"), [(1, 0.97), (15, 0.95)])
def test_a_fleet_has_driven_what_it_has_driven(
    every_s: int, least: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    start_ms = parse_time("2026-09-01T07:30:00+08:00")
    scenario = Scenario(start_ms, seed=3, buses=30, interval_s=every_s, faults=FaultRates.none(), history_s=0)
    simulation, driven = Simulation(scenario), np.zeros(30)
    step = simulation.drive.step

    def counted() -> State:
        state = step()
        driven[:] += state.speed_ms
        return state

    monkeypatch.setattr(simulation.drive, "step", counted)
    screen, plane, found = Screen(30, ScreenParameters()), Plane(114.3, 30.6), np.zeros(30)
    for _ in range(HOUR_S // 2):
        fixes = simulation.step().fixes
        if len(fixes):
            x, y = plane.to_metres(fixes.lon, fixes.lat)
            added = screen.screen(fixes, x, y, np.full(len(x), fixes.time_ms.max())).moved_m
            np.add.at(found, fixes.bus, added)
    assert driven.sum() > 200_000
    assert least * driven.sum() <= found.sum() <= 1.02 * driven.sum()
    assert (found[driven < 1] == 0).all()
