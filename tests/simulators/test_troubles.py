"""Foul weather, jamming: what the scenarios do to a fleet, and what the detector says."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from buswatch.simulation import write_city
from simulators.drive import Activity
from simulators.jamming import JammingPlan
from simulators.scenario import FaultRates, Scenario, Simulation
from simulators.scenario_file import read_scenario, shipped
from simulators.truth import Fault
from simulators.weather import WeatherPlan
from tests.simulators.conftest import NOON_MS, Driven, drive

QUIET = FaultRates.none()
FOG = WeatherPlan(name="大雾", from_s=120, lasts_s=300, radius_m=6_000, heedless=0.2)
JAMMED = JammingPlan(from_s=60, lasts_s=240, radius_m=2_500)


def of(simulation: Simulation, rule: str) -> list[Fault]:
    return [fault for fault in simulation.truth if fault.rule == rule]


@pytest.fixture(scope="module")
def fog() -> Driven:
    return drive(Scenario(NOON_MS, seed=2, buses=80, history_s=0, faults=QUIET, weather=FOG), 420)


def test_drivers_keep_to_the_limit_of_the_weather_but_the_heedless(fog: Driven) -> None:
    over_kmh = (fog.column("speed_ms") - fog.column("limit_ms")) * 3.6
    over_kmh[fog.column("activity") != Activity.RUN] = 0.0
    heedless = fog.simulation.drive.heedless

    assert 5 < heedless.sum() < 30
    assert over_kmh[130:, ~heedless].max() < 5.0
    assert over_kmh[130:, heedless].max() > 15.0
    guilty = {fault.bus for fault in of(fog.simulation, "speeding") if fault.to_ms - fault.from_ms > 10_000}
    assert guilty
    assert guilty <= {fog.simulation.city.bus_ids[bus] for bus in np.flatnonzero(heedless).tolist()}


def test_no_limit_is_that_of_the_weather_before_and_after_it(fog: Driven) -> None:
    lowest = fog.column("limit_ms")[:, fog.simulation.drive.activity == Activity.RUN].mean(axis=1) * 3.6
    assert lowest[125:400].max() < 32.0 < lowest[:115].min()


def test_buses_that_the_weather_keeps_are_late_until_they_leave_their_first_stop() -> None:
    ice = WeatherPlan(name="结冰", from_s=0, lasts_s=3_600, radius_m=9_000)
    driven = drive(Scenario(NOON_MS, seed=2, buses=40, history_s=0, faults=QUIET, weather=ice), 3_000)
    late = of(driven.simulation, "late")
    assert len(late) > 5
    activity, time_ms = driven.column("activity"), driven.column("time_ms")
    for fault in late:
        row = driven.simulation.city.bus_ids.index(fault.bus)
        planned = [run.depart_ms for run in driven.simulation.timetable.runs[row]]
        assert any(0 <= fault.from_ms - 300_000 - depart_ms < 2_000 for depart_ms in planned)
        if fault.to_ms < time_ms[-1, row]:
            after = int(np.flatnonzero(time_ms[:, row] > fault.to_ms)[0])
            assert Activity.RUN in activity[after : after + 2, row]


def test_no_bus_of_a_fleet_without_a_fault_is_late(faultless: Driven) -> None:
    assert of(faultless.simulation, "late") == []


def test_a_jammed_receiver_repeats_its_place_without_a_satellite_and_the_truth_says_so() -> None:
    simulation = Simulation(Scenario(NOON_MS, seed=2, buses=60, history_s=0, faults=QUIET, jamming=JAMMED))
    sent = [simulation.step().fixes for _ in range(330)]
    jammed = of(simulation, "jammed")

    assert len({fault.bus for fault in jammed}) > 5
    assert all(NOON_MS + 60_000 <= f.from_ms <= f.to_ms < NOON_MS + 301_000 for f in jammed)
    longest = max(jammed, key=lambda fault: fault.size)
    row = simulation.city.bus_ids.index(longest.bus)
    mine = [
        (fixes.lon[i], fixes.lat[i], fixes.satellites[i])
        for fixes in sent
        for i in np.flatnonzero(fixes.bus == row).tolist()
        if longest.from_ms <= fixes.time_ms[i] <= longest.to_ms
    ]
    assert len(mine) > 30
    assert len(set(mine)) == 1
    assert mine[0][2] == 0


def test_the_advisory_of_a_scenario_is_written_as_the_api_takes_it(tmp_path: Path) -> None:
    write_city(Simulation(Scenario(NOON_MS, buses=20, history_s=0, weather=FOG)), tmp_path / "fog")
    advisory = json.loads((tmp_path / "fog" / "advisory.json").read_text())
    assert advisory["limit_kmh"] == 20


@pytest.mark.parametrize("name", shipped())
def test_every_shipped_scenario_can_be_driven(name: str) -> None:
    script = read_scenario(name)
    simulation = Simulation(script.scenario(NOON_MS, buses=30))
    assert sum(len(simulation.step().fixes) for _ in range(15)) >= 28
