"""What only looks like a fault: that it is there, that it is what it says, and that it is harmless."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
import shapely

from simulators.drive import Activity
from simulators.faults import TOLERANCE_KMH
from simulators.harmless import TERMINAL_M
from simulators.routes import CORRIDOR_M
from simulators.scenario import FaultRates, Scenario
from simulators.truth import Fault, Harmless
from tests.simulators.conftest import NOON_MS, Driven, drive

READ_OFF = ("crossing", "at_terminal", "canyon_drift", "depot_way")


@pytest.fixture(scope="module")
def driven() -> Driven:
    """Half an hour of forty buses that do nothing wrong and overtake often."""
    rates = FaultRates(0, 0, 0, 0, 0, 0, overtaking=30, opening_speeding=0, opening_deviation=0)
    return drive(Scenario(NOON_MS, seed=3, buses=40, faults=rates, history_s=0), 1_800)


def times(driven: Driven, kind: str) -> list[tuple[Fault, int, np.ndarray]]:
    """Each time of a kind, with its bus and the seconds within it, by their rows."""
    rows, time_ms = driven.simulation.registry.bus_rows, driven.column("time_ms")
    found = [(fault, rows[fault.bus]) for fault in driven.simulation.truth if fault.rule == kind]
    return [
        (f, bus, np.flatnonzero((time_ms[:, bus] >= f.from_ms) & (time_ms[:, bus] <= f.to_ms)))
        for f, bus in found
    ]


def lines(driven: Driven, bus: int) -> list[shapely.LineString]:
    network, runs = driven.simulation.city.network, driven.simulation.timetable.runs[bus]
    return [shapely.LineString(network.line_of(run.route.way)) for run in runs[:3]]


def test_there_is_each_kind_and_no_fault_among_them(driven: Driven) -> None:
    kinds = {fault.rule for fault in driven.simulation.truth}
    assert kinds == set(get_args(Harmless)) - {"waived_detour"}


def test_an_overtaking_is_truly_over_the_limit_and_too_short_to_be_speeding(driven: Driven) -> None:
    over_kmh = (driven.column("speed_ms") - driven.column("limit_ms")) * 3.6
    bursts = times(driven, "overtaking")
    assert len(bursts) > 50
    for fault, bus, seconds in bursts:
        assert over_kmh[seconds, bus].min() > TOLERANCE_KMH
        assert fault.to_ms - fault.from_ms <= 3_000
        assert abs(fault.size - over_kmh[seconds, bus].max()) < 0.1


def test_every_second_over_the_limit_is_an_overtaking(driven: Driven) -> None:
    over_kmh = (driven.column("speed_ms") - driven.column("limit_ms")) * 3.6
    labelled = np.zeros(over_kmh.shape, bool)
    for _, bus, seconds in times(driven, "overtaking"):
        labelled[seconds, bus] = True
    on_run = driven.column("activity") == Activity.RUN
    np.testing.assert_array_equal(labelled, on_run & (over_kmh > TOLERANCE_KMH))


def test_a_bus_that_crosses_has_no_trip_and_is_within_a_corridor_of_its_own(driven: Driven) -> None:
    x, y, activity = (driven.column(name) for name in ("x", "y", "activity"))
    for _, bus, seconds in times(driven, "crossing"):
        assert set(activity[seconds, bus]) <= {Activity.OUT, Activity.HOME}
        places = shapely.points(x[seconds, bus], y[seconds, bus])
        assert min(shapely.distance(line, places).max() for line in lines(driven, bus)) < CORRIDOR_M + 6


def test_a_bus_at_its_terminal_stands_there_and_has_no_trip(driven: Driven) -> None:
    x, y, speed, activity = (driven.column(name) for name in ("x", "y", "speed_ms", "activity"))
    for _, bus, seconds in times(driven, "at_terminal"):
        assert speed[seconds, bus].max() < 0.1
        assert not np.isin(activity[seconds, bus], (Activity.RUN, Activity.OUT, Activity.HOME)).any()
        here = shapely.Point(x[seconds[0], bus], y[seconds[0], bus])
        ends = [line.boundary for line in lines(driven, bus)]
        assert min(here.distance(end) for end in ends) < TERMINAL_M


def test_drift_is_told_of_on_trips_between_tall_buildings_alone(driven: Driven) -> None:
    canyon, activity = driven.column("canyon"), driven.column("activity")
    for fault, bus, seconds in times(driven, "canyon_drift"):
        assert canyon[seconds, bus].all()
        assert (activity[seconds, bus] == Activity.RUN).all()
        assert fault.to_ms - fault.from_ms >= 30_000


def test_sizes_are_seconds(driven: Driven) -> None:
    for kind in READ_OFF:
        assert all(abs(f.size - (f.to_ms - f.from_ms) / 1_000) < 0.1 for f, _, _ in times(driven, kind))


def test_a_bus_with_a_fault_of_its_own_is_not_called_harmless() -> None:
    rates = FaultRates(0, 0, 0, 0, 0, 0, off_hours=1_058, opening_speeding=0, opening_deviation=0)
    strays = drive(Scenario(NOON_MS, seed=3, buses=20, faults=rates, history_s=0), 300).simulation
    held = {strays.city.bus_ids[row] for row in np.flatnonzero(strays._conduct.held)}
    found = {fault.rule for fault in strays.truth if fault.bus in held}
    assert "off_hours" in found
    assert not found & set(get_args(Harmless))
