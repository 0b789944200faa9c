"""A closed road: nobody drives over it, the detours are in the truth, and a waiver may cover them."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from fleet.errors import BadSetting
from simulators.closure import ClosurePlan
from simulators.detours import TERMINAL_M, Detours
from simulators.drive import Activity
from simulators.legs import lay_leg
from simulators.routes import CORRIDOR_M
from simulators.scenario import FaultRates, Scenario, Simulation
from tests.simulators.conftest import NOON_MS, Driven, drive

AFTER_S, LASTS_S = 120, 1_500


def scenario(**changes: object) -> Scenario:
    closure = ClosurePlan(
        from_s=AFTER_S, lasts_s=LASTS_S, buses=106, waiver="traffic_control"
    )  # ten of a hundred
    given = {"seed": 2, "buses": 100, "faults": FaultRates.none(), "closure": closure} | changes
    return Scenario(NOON_MS, **given)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def closed() -> Driven:
    return drive(scenario(), AFTER_S + LASTS_S + 300)


def rules(simulation: Simulation) -> set[str]:
    return {fault.rule for fault in simulation.truth}


def on_closure(driven: Driven) -> list[tuple[int, int]]:
    """Second and bus of each that is on its run over the closed carriageway."""
    simulation = driven.simulation
    road = simulation._closure
    assert road is not None
    network = simulation.city.network
    edge = network.edges[road.edge]
    line = edge.line_from(road.node)
    x, y, heading, activity = (driven.column(n) for n in ("x", "y", "heading_deg", "activity"))
    course = np.degrees(np.arctan2(*(line[-1] - line[0]))) % 360
    middle = line[len(line) // 2] if len(line) > 2 else line.mean(axis=0)
    there = np.hypot(x - middle[0], y - middle[1]) < 20
    same_way = np.abs((heading - course + 180) % 360 - 180) < 60
    rows = np.argwhere(there & same_way & (activity == Activity.RUN)).tolist()
    return [(second, bus) for second, bus in rows]


def test_before_it_buses_pass_and_while_it_is_closed_none_does(closed: Driven) -> None:
    road = closed.simulation._closure
    assert road is not None
    still_there_s = 60  # who had passed the last junction before it drives on
    passed = [second for second, _ in on_closure(closed)]
    assert passed
    assert not [s for s in passed if AFTER_S + still_there_s < s < AFTER_S + LASTS_S]


def test_as_many_detour_as_were_asked_for_about(closed: Driven) -> None:
    detours = [fault for fault in closed.simulation.truth if fault.rule == "waived_detour"]
    (incident,) = [fault for fault in closed.simulation.truth if fault.rule == "incident"]
    assert 5 <= len({fault.bus for fault in detours}) <= 15
    assert incident.size >= len({fault.bus for fault in detours})
    assert incident.from_ms <= min(fault.from_ms for fault in detours)


def test_no_way_round_comes_near_the_end_of_its_line_away_from_that(closed: Driven) -> None:
    """Wherever a road may be closed: a way round may pass the end between two junctions."""
    road, network = closed.simulation._closure, closed.simulation.city.network
    assert road is not None
    due = {(run.route, edge, node) for edge, node, run, _ in road._passes(closed.simulation.timetable)}
    ordered = sorted(due, key=lambda one: (one[0].approval_id, *one[1:]))
    found = [(route, road._way_round(route, edge, node)) for route, edge, node in ordered[::7]]
    assert sum(one is not None for _, one in found) > 100
    for route, one in found:
        if one is None:
            continue
        line = shapely.LineString(network.line_of(route.way))
        driven = shapely.LineString(network.line_of(one.way))
        places = shapely.line_interpolate_point(driven, np.arange(0.0, driven.length, 5.0))
        away = places[shapely.distance(places, line) > CORRIDOR_M + 1.0]
        assert shapely.distance(away, shapely.Point(line.coords[-1])).min(initial=np.inf) >= TERMINAL_M


def test_a_detour_is_measured_all_the_way_that_it_is_away_from_its_line(closed: Driven) -> None:
    simulation = closed.simulation
    road = simulation._closure
    assert road is not None
    route, one = next(iter(road._rounds.items()))
    bus = next(run.bus for runs in simulation.timetable.runs for run in runs if run.route is route)
    drive = Simulation(scenario()).drive
    detours = Detours(simulation.city, drive)
    drive.legs[bus] = lay_leg(simulation.city.network, route.way)
    drive.run_number[bus] = [run.route for run in simulation.timetable.runs[bus]].index(route)
    leg = detours.lay(bus, one.i, one.j, one.way)
    line = shapely.LineString(simulation.city.network.line_of(route.way))
    slow_m = shapely.distance(shapely.points(leg.x, leg.y), line)
    np.testing.assert_allclose(leg.off_m, slow_m, atol=1e-6)
    assert leg.off_m.max() > CORRIDOR_M


def test_a_detour_is_labelled_while_the_bus_is_outside_its_corridor(closed: Driven) -> None:
    detours = [fault for fault in closed.simulation.truth if fault.rule == "waived_detour"]
    assert all(fault.size > CORRIDOR_M for fault in detours)
    assert "deviation" not in rules(closed.simulation)


def test_without_a_waiver_the_detours_are_deviations() -> None:
    simulation = Simulation(scenario(closure=ClosurePlan(from_s=0, lasts_s=600, buses=106)))
    for _ in range(700):
        simulation.step()
    assert simulation.waivers == ()
    assert {"deviation", "incident"} <= rules(simulation)
    assert "waived_detour" not in rules(simulation)


def test_the_waiver_names_its_reason_routes_and_area(closed: Driven) -> None:
    (waiver,) = closed.simulation.waivers
    on_record = {approval.route_id for approval in closed.simulation.registry.approvals}
    assert waiver.reason == "traffic_control"
    assert (waiver.from_ms, waiver.to_ms >= NOON_MS + (AFTER_S + LASTS_S) * 1_000) == (
        NOON_MS + AFTER_S * 1_000,
        True,
    )
    assert waiver.route_ids
    assert set(waiver.route_ids) <= on_record
    assert len(waiver.area) >= 3


def test_other_faults_leave_the_buses_that_are_awaited_alone() -> None:
    rates = FaultRates(
        speeding=6, deviation=6, wrong_way=6, long_stop=6, opening_speeding=0, opening_deviation=0
    )
    simulation = Simulation(scenario(faults=rates))
    road = simulation._closure
    assert road is not None
    awaited = {simulation.city.bus_ids[row] for row in np.flatnonzero(road.awaited)}
    for _ in range(AFTER_S):
        simulation.step()
    driving = {"speeding", "deviation", "wrong_way", "long_stop"}
    assert not {fault.bus for fault in simulation.truth if fault.rule in driving} & awaited


def test_a_nation_closes_no_road() -> None:
    with pytest.raises(BadSetting, match="closures are of one city"):
        scenario(buses=20_000)
