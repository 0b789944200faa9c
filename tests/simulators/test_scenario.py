"""A scenario always gives the same messages; another seed gives others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fleet.errors import BadSetting
from simulators.payload import encode
from simulators.scenario import Scenario, Simulation, simulate_tracks
from tests.simulators.conftest import BUSES, NOON_MS

SCENARIO = Scenario(NOON_MS, seed=11, buses=BUSES, history_s=0)


def messages(scenario: Scenario, seconds: int) -> list[bytes]:
    simulation = Simulation(scenario)
    seconds_sent = [simulation.history(), *(simulation.step() for _ in range(seconds))]
    return [message.payload for sent in seconds_sent for message in encode(sent)]


def test_the_same_scenario_gives_the_same_bytes() -> None:
    with_history = replace(SCENARIO, history_s=120)
    assert messages(with_history, 90) == messages(with_history, 90)


def test_another_seed_gives_other_bytes() -> None:
    assert messages(SCENARIO, 5) != messages(replace(SCENARIO, seed=12), 5)


def test_tracks_hold_a_fix_for_every_bus_and_second_once_repeats_are_left_out() -> None:
    fixes, truth = simulate_tracks(SCENARIO, 120)

    keys = set(zip(fixes.bus.tolist(), fixes.time_ms.tolist(), strict=True))
    kept_back = BUSES * 120 - len(keys)
    assert 0 <= kept_back <= 240
    assert fixes.time_ms.min() >= NOON_MS
    assert fixes.time_ms.max() < NOON_MS + 120_000
    assert all(fault.from_ms >= NOON_MS for fault in truth)


def test_a_bus_hands_in_what_its_device_kept_before_the_beginning_as_arrays_in_order() -> None:
    simulation = Simulation(replace(SCENARIO, history_s=2_400))
    history = simulation.history()

    assert history.fixes.time_ms.max() < NOON_MS <= history.due_ms.min()
    assert 0.98 * BUSES * 240 < len(history.fixes) <= BUSES * 240  # but what was in a tunnel
    sent = encode(history)
    assert len(sent) == BUSES * 2
    assert max(message.fixes for message in sent) == 200
    for bus in range(BUSES):
        steps = np.diff(history.fixes.time_ms[history.fixes.bus == bus])
        assert np.all(steps % 10_000 == 0)
        assert np.mean(steps == 10_000) > 0.98


def test_the_drive_goes_on_from_its_history_without_a_jump() -> None:
    simulation = Simulation(replace(SCENARIO, history_s=60))
    before, after = simulation.history().fixes, simulation.step().fixes
    for bus in range(BUSES):
        newest, first = np.flatnonzero(before.bus == bus)[-1], np.flatnonzero(after.bus == bus)
        for row in first[:1]:
            east = (after.lon[row] - before.lon[newest]) * 95_000
            north = (after.lat[row] - before.lat[newest]) * 111_000
            assert np.hypot(east, north) < 25 * 11 + 40


@pytest.mark.parametrize("history_s", [-1, 3_601])
def test_a_history_is_up_to_an_hour(history_s: int) -> None:
    with pytest.raises(BadSetting, match="up to an hour"):
        replace(SCENARIO, history_s=history_s)


@pytest.mark.parametrize("interval_s", [5, 30])
def test_a_longer_interval_gives_fewer_fixes_of_the_same_drive(interval_s: int) -> None:
    fixes, _ = simulate_tracks(replace(SCENARIO, interval_s=interval_s), 120)

    assert len(fixes) == pytest.approx(BUSES * 120 / interval_s, rel=0.15)
    for bus in range(BUSES):
        steps = np.diff(np.unique(fixes.time_ms[fixes.bus == bus]))
        assert np.all(steps % (interval_s * 1_000) == 0)


def test_a_simulation_may_begin_after_its_timetables_moment() -> None:
    simulation = Simulation(SCENARIO, begin_ms=NOON_MS + 45_000)

    first = simulation.step().fixes.time_ms
    assert first.min() >= NOON_MS + 45_000
    assert first.max() < NOON_MS + 46_000
    assert simulation.registry == Simulation(SCENARIO).registry


def test_an_interval_that_no_device_has_is_refused() -> None:
    with pytest.raises(BadSetting):
        Scenario(NOON_MS, interval_s=0)
