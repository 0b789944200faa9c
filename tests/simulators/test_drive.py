"""The drive: physics, and what a bus without a fault never does."""

from __future__ import annotations

import numpy as np
import shapely

from fleet.clock import MINUTE_MS, parse_time
from simulators.drive import Activity
from simulators.motion import ACCELERATION_MS2, HARDEST_BRAKING_MS2
from simulators.scenario import FaultRates, Scenario, Simulation
from tests.simulators.conftest import Driven


def test_no_bus_gains_or_loses_speed_faster_than_a_bus_can(faulty: Driven) -> None:
    change = np.diff(faulty.column("speed_ms"), axis=0)

    assert change.max() <= ACCELERATION_MS2 + 1e-9
    assert change.min() >= -HARDEST_BRAKING_MS2 - 1e-9


def test_places_are_continuous_and_agree_with_the_speed(faulty: Driven) -> None:
    speed = faulty.column("speed_ms")
    moved = np.hypot(np.diff(faulty.column("x"), axis=0), np.diff(faulty.column("y"), axis=0))

    assert np.all(moved <= (speed[1:] + speed[:-1]) / 2 + 0.7)


def test_a_driving_bus_is_on_the_road(faulty: Driven) -> None:
    roads = shapely.STRtree([shapely.LineString(edge.line) for edge in faulty.simulation.city.network.edges])
    running = faulty.column("activity")[::20] == Activity.RUN
    places = shapely.points(faulty.column("x")[::20][running], faulty.column("y")[::20][running])

    _, distance = roads.query_nearest(places, return_distance=True, all_matches=False)
    assert distance.max() < 2.5


def test_without_a_fault_no_bus_on_a_run_is_over_the_limit(faultless: Driven) -> None:
    over_kmh = (faultless.column("speed_ms") - faultless.column("limit_ms")) * 3.6

    assert over_kmh[faultless.column("activity") == Activity.RUN].max() < 2.0


def test_without_a_fault_no_bus_on_a_run_leaves_its_line(faultless: Driven) -> None:
    network = faultless.simulation.city.network
    x, y, activity = (faultless.column(name) for name in ("x", "y", "activity"))
    for bus, runs in enumerate(faultless.simulation.timetable.runs):
        running = activity[:, bus] == Activity.RUN
        if running.any():
            lines = [shapely.LineString(network.line_of(run.route.way)) for run in runs[:3]]
            off = shapely.distance(
                np.array(lines)[:, None], shapely.points(x[running, bus], y[running, bus])[None]
            ).min(axis=0)
            assert off.max() < 3.0


def test_buses_without_pupils_keep_under_60(faultless: Driven) -> None:
    empty = np.isin(faultless.column("activity"), (Activity.OUT, Activity.HOME))

    assert faultless.column("speed_ms")[empty].max() * 3.6 < 60


def test_buses_stop_at_their_stops_for_15_to_45_seconds(faultless: Driven) -> None:
    drive, speed = faultless.simulation.drive, faultless.column("speed_ms")
    dwelled = []
    for bus, leg in enumerate(drive.legs):
        if leg is None or drive.activity[bus] != Activity.RUN:
            continue
        began = np.flatnonzero(faultless.column("activity")[:, bus] != Activity.RUN)
        first = 0 if not len(began) else began[-1] + 1
        for stop in leg.stops_m:
            standing = (np.abs(faultless.along_m[first:, bus] - stop) < 0.5) & (speed[first:, bus] == 0)
            if standing.any() and not standing[-1] and not standing[0]:
                dwelled.append(int(standing.sum()))
    assert len(dwelled) > 10
    assert min(dwelled) >= 14
    assert max(dwelled) <= 47


def test_an_out_of_service_bus_stands_in_its_depot(faultless: Driven) -> None:
    speed = faultless.column("speed_ms")
    for bus, row in enumerate(faultless.simulation.registry.buses):
        if row.state == "out_of_service":
            assert speed[:, bus].max() == 0


def test_runs_end_about_when_they_were_planned_to(faultless: Driven) -> None:
    activity = faultless.column("activity")
    arrived = (activity[:-1] == Activity.RUN) & (activity[1:] == Activity.UNLOADING)
    late_min = [
        (faultless.states[int(np.argmax(arrived[:, bus]))].time_ms[bus] - runs[0].arrive_ms) / MINUTE_MS
        for bus, runs in enumerate(faultless.simulation.timetable.runs)
        if arrived[:, bus].any()
    ]

    assert len(late_min) > 10
    assert max(late_min) < 4


def test_on_a_school_morning_yesterdays_buses_are_parked_and_todays_leave() -> None:
    morning_ms = parse_time("2026-09-08T06:45:00+08:00")
    faults = FaultRates.none()
    simulation = Simulation(
        Scenario(morning_ms, buses=20, timetable="school_day", faults=faults, history_s=0)
    )
    departs_ms = np.array([runs[2].depart_ms if runs else np.inf for runs in simulation.timetable.runs])
    assert not simulation.drive.activity.any()

    has_run = np.zeros(20, bool)
    for _ in range(3_000):
        simulation.step()
        has_run |= simulation.drive.activity == Activity.RUN
    assert has_run[departs_ms < morning_ms + 45 * MINUTE_MS].sum() > 5
    assert has_run[departs_ms < morning_ms + 45 * MINUTE_MS].all()
