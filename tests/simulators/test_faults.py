"""Driving faults: the truth says what truly happened, and nothing else did."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import shapely

from simulators.drive import Activity
from simulators.faults import TOLERANCE_KMH
from simulators.routes import CORRIDOR_M
from simulators.scenario import FaultRates, Scenario, Simulation
from simulators.truth import HARMLESS, Fault
from tests.simulators.conftest import NOON_MS, Driven


def faults_of(driven: Driven, rule: str) -> list[Fault]:
    return [fault for fault in driven.simulation.truth if fault.rule == rule]


def over_kmh(driven: Driven) -> np.ndarray:
    over = (driven.column("speed_ms") - driven.column("limit_ms")) * 3.6
    over[driven.column("activity") != Activity.RUN] = -np.inf
    return over


def test_faults_of_both_rules_are_driven(faulty: Driven) -> None:
    assert len(faults_of(faulty, "speeding")) >= 10
    assert len(faults_of(faulty, "deviation")) >= 8


def test_every_second_over_the_limit_is_in_the_truth_and_no_other(faulty: Driven) -> None:
    rows = faulty.simulation.registry.bus_rows
    time_ms = faulty.column("time_ms")
    labelled = np.zeros(time_ms.shape, bool)
    for fault in faults_of(faulty, "speeding"):
        bus = rows[fault.bus]
        labelled[:, bus] |= (time_ms[:, bus] >= fault.from_ms) & (time_ms[:, bus] <= fault.to_ms)

    np.testing.assert_array_equal(labelled, over_kmh(faulty) > TOLERANCE_KMH)


def test_a_speeding_is_beyond_every_doubt_for_ten_seconds(faulty: Driven) -> None:
    rows, over, time_ms = faulty.simulation.registry.bus_rows, over_kmh(faulty), faulty.column("time_ms")
    for fault in faults_of(faulty, "speeding"):
        bus = rows[fault.bus]
        if fault.to_ms < time_ms[-30, bus]:
            inside = (time_ms[:, bus] >= fault.from_ms) & (time_ms[:, bus] <= fault.to_ms)
            assert (over[inside, bus] > TOLERANCE_KMH + 3).sum() >= 10
            assert fault.size <= 41


def test_a_deviation_is_labelled_where_the_bus_is_truly_outside_its_corridor(faulty: Driven) -> None:
    simulation, rows = faulty.simulation, faulty.simulation.registry.bus_rows
    x, y, time_ms = faulty.column("x"), faulty.column("y"), faulty.column("time_ms")
    for fault in faults_of(faulty, "deviation"):
        bus = rows[fault.bus]
        inside = (time_ms[:, bus] >= fault.from_ms) & (time_ms[:, bus] <= fault.to_ms)
        run = next(
            run for run in simulation.timetable.runs[bus] if run.starts_ms <= fault.from_ms < run.ends_ms
        )
        line = shapely.LineString(simulation.city.network.line_of(run.route.way))
        off = shapely.distance(shapely.points(x[inside, bus], y[inside, bus]), line)
        assert off.min() > CORRIDOR_M - 3
        assert abs(off.max() - fault.size) < 3


def test_a_detour_leads_far_enough_from_the_line_for_long_enough(faulty: Driven) -> None:
    end_ms = faulty.column("time_ms")[-1].min()
    ended = [fault for fault in faults_of(faulty, "deviation") if fault.to_ms < end_ms - 10_000]

    assert len(ended) >= 5
    assert all(fault.size >= 100 and fault.to_ms - fault.from_ms >= 20_000 for fault in ended)


def test_as_many_faults_begin_at_the_opening_as_were_asked_for() -> None:
    rates = FaultRates(0, 0, 0, 0, 0, 0, opening_speeding=53, opening_deviation=106)
    simulation = Simulation(Scenario(NOON_MS, seed=3, buses=100, faults=rates))
    for _ in range(300):
        simulation.step()
    found = [fault.rule for fault in simulation.truth]
    assert (found.count("speeding"), found.count("deviation")) == (5, 10)


def test_faults_come_as_often_as_the_rates_say() -> None:
    rates = FaultRates(
        speeding=2, deviation=0, dropout=2, duplicate=2, disorder=2, jump=2, overtaking=2,
        opening_speeding=0, opening_deviation=0,
    )  # fmt: skip
    simulation = Simulation(Scenario(NOON_MS, seed=3, buses=100, faults=rates, history_s=0))
    for _ in range(1_800):
        simulation.step()
    found = [fault.rule for fault in simulation.truth]
    expected = 2 * 100 * 0.5
    for rule in ("speeding", "overtaking", "duplicate", "jump"):
        assert abs(found.count(rule) - expected) < 4 * np.sqrt(expected), rule


def test_without_rates_there_is_no_fault_at_all(faultless: Driven) -> None:
    assert {fault.rule for fault in faultless.simulation.truth} <= set(HARMLESS)


def test_the_truth_holds_exactly_the_faults_of_the_scenario() -> None:
    rates = replace(
        FaultRates.none(), speeding=1.2, deviation=0.6, dropout=1.0, jump=2.0,
        unapproved_operation=80, off_hours=53, trip_not_begun=53, skew=106, opening_speeding=53,
    )  # fmt: skip
    simulation = Simulation(Scenario(NOON_MS, seed=5, buses=100, faults=rates))
    fastest_ms = np.zeros(100)
    for _ in range(1_800):
        simulation.step()
        np.maximum(fastest_ms, simulation.drive.speed_ms, out=fastest_ms)
    truth = simulation.truth
    bus_hours = 100 * 1_800 / 3_600
    assert {fault.rule for fault in truth} - set(HARMLESS) <= {
        "speeding", "deviation", "stops_skipped", "dropout", "jump", "unapproved_operation", "off_hours",
        "trip_not_begun", "skew", "substitute",
    }  # fmt: skip

    def buses(rule: str) -> set[str]:
        return {fault.bus for fault in truth if fault.rule == rule}

    assert (len(buses("skew")), len(buses("trip_not_begun"))) == (10, 5)
    driven = {simulation.city.bus_ids[row] for row in np.flatnonzero(fastest_ms > 5)}
    all_day = simulation._conduct._all_day
    assert (len(all_day["unapproved_operation"]), len(all_day["off_hours"])) == (8, 5)
    for rule, rows in all_day.items():
        if rule in ("unapproved_operation", "off_hours"):
            assert buses(rule) == {simulation.city.bus_ids[row] for row in rows} & driven, rule
    expected = {"speeding": 1.2 * bus_hours + 5, "jump": 2.0 * bus_hours, "dropout": bus_hours}
    for name, times in expected.items():
        assert abs(sum(fault.rule == name for fault in truth) - times) < 4 * np.sqrt(times) + 1, name
