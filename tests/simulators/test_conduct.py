"""Faults of conduct: what they do to record, timetable and drive, and that the truth holds them."""

from __future__ import annotations

import numpy as np
import pytest

from fleet.clock import local_day
from simulators.scenario import FaultRates, Scenario, Simulation
from simulators.truth import Fault

START_MS = 1_788_219_000_000
SECONDS = 1_500

Driven = tuple[Simulation, list[np.ndarray], list[np.ndarray]]
"""A simulation, and second by second the buses whose fixes were sent and the true speeds."""


@pytest.fixture(scope="module")
def driven() -> Driven:
    """A small fleet with every fault, driven; its fixes' buses and times second by second."""
    simulation = Simulation(Scenario(START_MS, buses=150, faults=FaultRates.every(), history_s=0))
    buses, speeds = [], []
    for _ in range(SECONDS):
        sent = simulation.step()
        buses.append(sent.fixes.bus)
        speeds.append(simulation.drive.speed_ms.copy())
    return simulation, buses, speeds


def faults(simulation: Simulation, rule: str) -> list[Fault]:
    return [fault for fault in simulation.truth if fault.rule == rule]


def test_a_bus_without_inspection_is_so_on_record_and_drives(driven: Driven) -> None:
    simulation, _, speeds = driven
    record = simulation.registry
    found = faults(simulation, "unapproved_operation")
    assert found
    for fault in found:
        row = record.bus_rows[fault.bus]
        assert record.buses[row].inspection_expires < local_day(fault.from_ms, record.tz)
        assert max(speed[row] for speed in speeds) > 3


def test_a_bus_whose_trip_does_not_begin_stays_where_it_is(driven: Driven) -> None:
    simulation, _, speeds = driven
    found = faults(simulation, "trip_not_begun")
    assert found
    for fault in found:
        assert max(speed[simulation.registry.bus_rows[fault.bus]] for speed in speeds) == 0
        assert fault.bus in {a.bus_id for a in simulation.registry.assignments}


def test_a_stray_has_no_assignment(driven: Driven) -> None:
    simulation, _, _ = driven
    found = faults(simulation, "off_hours")
    assert found
    assert not {fault.bus for fault in found} & {a.bus_id for a in simulation.registry.assignments}


def test_a_substitute_drives_a_colleague_s_route_while_that_one_stays_in_its_depot() -> None:
    rates = FaultRates(0, 0, 0, 0, 0, 0, substitute=70, opening_speeding=0, opening_deviation=0)
    simulation = Simulation(Scenario(START_MS, buses=60, faults=rates, history_s=0))
    for _ in range(4_200):
        simulation.step()
    record, timetable = simulation.registry, simulation.timetable
    driven = [fault for fault in faults(simulation, "substitute") if fault.size > 99]
    absent = {fault.bus for fault in faults(simulation, "trip_not_begun")}
    assert driven
    for fault in driven:
        routes = {run.route.route_id for run in timetable.runs[record.bus_rows[fault.bus]]}
        due_for = {a.bus_id for a in record.assignments if a.route_id in routes}
        assert due_for & absent
        assert fault.bus not in {a.bus_id for a in record.assignments}


def test_as_many_buses_have_a_fault_all_day_as_were_asked_for() -> None:
    asked = {"unapproved_operation": 5, "off_hours": 7, "trip_not_begun": 9, "substitute": 4}
    rates = FaultRates(0, 0, 0, 0, 0, 0, opening_speeding=0, opening_deviation=0, **asked)
    simulation = Simulation(Scenario(START_MS, buses=1_058, faults=rates, history_s=0))
    conduct, record = simulation._conduct, simulation.registry
    assert {rule: len(rows) for rule, rows in conduct._all_day.items()} == asked
    expired = sum(bus.inspection_expires < local_day(START_MS, record.tz) for bus in record.buses)
    plain = Simulation(Scenario(START_MS, buses=1_058, faults=FaultRates.none(), history_s=0)).registry
    out = sum(bus.inspection_expires < local_day(START_MS, plain.tz) for bus in plain.buses)
    assert expired - out == 5
    without = {bus.bus_id for bus in record.buses} - {a.bus_id for a in record.assignments}
    assert len(without) - len({b.bus_id for b in plain.buses} - {a.bus_id for a in plain.assignments}) == 11
    absent = {fault.bus for fault in faults(simulation, "trip_not_begun")}
    assert len(absent) == 13  # and the colleagues of the substitutes


def test_a_trip_not_begun_lasts_for_its_window_and_lies_where_it_should_have_begun(driven: Driven) -> None:
    simulation, _, _ = driven
    lines = {approval.line[0] for approval in simulation.registry.approvals}
    for fault in faults(simulation, "trip_not_begun"):
        assert fault.size == (fault.to_ms - fault.from_ms) / 1_000
        assert min(abs(fault.lon - lon) + abs(fault.lat - lat) for lon, lat in lines) < 1e-4


def test_a_silent_device_sends_nothing_from_one_end_of_its_fault_to_the_other(
    driven: Driven,
) -> None:
    simulation, buses, _ = driven
    found = faults(simulation, "silent")
    assert found
    for fault in found:
        row = simulation.registry.bus_rows[fault.bus]
        first, last = ((ms - START_MS) // 1_000 for ms in (fault.from_ms, fault.to_ms))
        assert not any(row in sent for sent in buses[first + 1 : last - 1])


def test_a_long_stop_stands_and_no_bus_brakes_too_hard_for_one(driven: Driven) -> None:
    simulation, _, speeds = driven
    found = faults(simulation, "long_stop")
    assert found
    for fault in found:
        row = simulation.registry.bus_rows[fault.bus]
        first, last = ((ms - START_MS) // 1_000 for ms in (fault.from_ms, fault.to_ms))
        assert max(speed[row] for speed in speeds[first + 1 : last]) < 0.1
    drop = np.diff(np.array(speeds), axis=0).min()
    assert drop >= -2.6
