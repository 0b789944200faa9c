"""Foul weather, jamming, a closed bridge: what the scenarios do to a fleet, and what the detector says."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from buswatch.accuracy import run
from buswatch.simulation import write_city
from fleet.clock import SECOND_MS
from simulators.closure import ClosurePlan
from simulators.drive import Activity
from simulators.jamming import JammingPlan
from simulators.scenario import FaultRates, Scenario, Simulation
from simulators.scenario_file import read_scenario, shipped
from simulators.truth import Fault
from simulators.weather import WeatherPlan
from tests.simulators.conftest import NOON_MS, Driven, drive

QUIET = FaultRates.none()
FOG = WeatherPlan("大雾", from_s=120, lasts_s=300, radius_m=6_000, heedless=0.2)
JAMMED = JammingPlan(from_s=60, lasts_s=240, radius_m=2_500)
CLOSED = ClosurePlan(from_s=60, lasts_s=1_800, waived=True)


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


@pytest.fixture(scope="module")
def closure() -> Scenario:
    return Scenario(NOON_MS, seed=1, buses=500, interval_s=5, history_s=600, faults=QUIET, closure=CLOSED)


def test_buses_go_round_a_closed_bridge_and_their_alerts_stay_warnings(closure: Scenario) -> None:
    result = run(closure, 1_500)
    found = {r.rule: r for r in result.rules}
    harmless = {h.what: h for h in result.harmless}

    assert found["deviation"].found >= 4
    assert found["deviation"].false == found["wrong_way"].false == 0
    assert harmless["waived_detour"].times >= 4
    assert harmless["waived_detour"].alarmed == 0


def test_nobody_passes_a_closed_bridge_who_could_turn_off(closure: Scenario) -> None:
    simulation = Simulation(closure)
    edge = simulation._closure.edge  # type: ignore[union-attr]
    for _ in range(900):
        simulation.step()
    rounds = {fault.bus for fault in of(simulation, "waived_detour")}
    for bus, leg in enumerate(simulation.drive.legs):
        if leg is not None and simulation.city.bus_ids[bus] in rounds:
            assert simulation.drive.activity[bus] != Activity.RUN or edge not in leg.way.edges


def test_what_must_not_alarm_is_driven_and_does_not_alarm() -> None:
    scenario = Scenario(
        NOON_MS, seed=4, buses=120, noise="open_sky", faults=replace(QUIET, overtaking=3.0),
    )  # fmt: skip
    result = run(scenario, 1_500)
    harmless = {h.what: h.times for h in result.harmless}

    assert set(harmless) >= {"depot_way", "at_terminal", "crossing", "canyon_drift", "overtaking"}
    assert harmless["overtaking"] > 20
    assert result.false == ()


def test_a_burst_is_too_short_to_be_speeding() -> None:
    simulation = Simulation(
        Scenario(NOON_MS, seed=4, buses=80, history_s=0, faults=replace(QUIET, overtaking=4.0))
    )
    for _ in range(600):
        simulation.step()
    bursts = of(simulation, "overtaking")
    assert len(bursts) > 10
    assert max(fault.to_ms - fault.from_ms for fault in bursts) <= 3 * SECOND_MS
    assert min(fault.size for fault in bursts) > 5.0


def test_the_orders_of_a_scenario_are_written_as_the_api_takes_them(
    tmp_path: Path, closure: Scenario
) -> None:
    write_city(Simulation(closure), tmp_path / "closed")
    waiver = json.loads((tmp_path / "closed" / "waiver.json").read_text())
    assert waiver["reason"] == "traffic_control"
    assert len(waiver["area"]) > 3
    write_city(Simulation(Scenario(NOON_MS, buses=20, history_s=0, weather=FOG)), tmp_path / "fog")
    advisory = json.loads((tmp_path / "fog" / "advisory.json").read_text())
    assert advisory["limit_kmh"] == 20


@pytest.mark.parametrize("name", shipped())
def test_every_shipped_scenario_can_be_driven(name: str) -> None:
    script = read_scenario(name)
    simulation = Simulation(script.scenario(NOON_MS, buses=30))
    assert sum(len(simulation.step().fixes) for _ in range(15)) >= 28
