"""A scenario always gives the same messages; another seed gives others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fleet.errors import BadSetting
from simulators.payload import encode
from simulators.scenario import Scenario, Simulation, simulate_tracks
from tests.simulators.conftest import BUSES, NOON_MS

SCENARIO = Scenario(NOON_MS, seed=11, buses=BUSES)


def messages(scenario: Scenario, seconds: int) -> list[bytes]:
    simulation = Simulation(scenario)
    return [message.payload for _ in range(seconds) for message in encode(simulation.step())]


def test_the_same_scenario_gives_the_same_bytes() -> None:
    assert messages(SCENARIO, 90) == messages(SCENARIO, 90)


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
