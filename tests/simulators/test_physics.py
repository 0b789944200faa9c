"""What physics forbids, over fleets of any seed and size, with faults and without."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import shapely
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from simulators.drive import Activity
from simulators.motion import ACCELERATION_MS2, HARDEST_BRAKING_MS2
from simulators.scenario import FaultRates, Scenario, Simulation
from tests.simulators.conftest import NOON_MS

SECONDS = 240
HALT_M = 0.31
"""A bus within 0.3 m of its halt stands there: so much a second's way and its speeds may disagree."""
RATES = (
    FaultRates.none(),
    FaultRates(speeding=6, deviation=6, wrong_way=3, long_stop=3, opening_speeding=60, opening_deviation=60),
)

scenarios = st.builds(
    Scenario,
    st.just(NOON_MS),
    seed=st.integers(0, 2**31),
    buses=st.integers(2, 24),
    history_s=st.just(0),
    faults=st.sampled_from(RATES),
)

JOINED_AT_ITS_END = Scenario(NOON_MS, seed=1316, buses=2, history_s=0, faults=FaultRates.none())
"""Its first bus is at the very end of its leg when the simulation begins."""


class Way:
    """A fleet's true motion, columns of shape (seconds, buses), and how far each bus was from its leg."""

    def __init__(self, scenario: Scenario) -> None:
        simulation = Simulation(scenario)
        drive, take = simulation.drive, simulation.drive.step
        states = []

        def watched() -> object:
            states.append(take())
            return states[-1]

        drive.step = watched  # type: ignore[method-assign, assignment]
        legs, along = [list(drive.legs)], []
        for _ in range(SECONDS):
            simulation.step()
            legs.append(list(drive.legs))
            along.append(drive.along_m.copy())
        self.x, self.y, self.speed_ms, activity = (
            np.array([getattr(state, name) for state in states])
            for name in ("x", "y", "speed_ms", "activity")
        )
        self.driving = np.isin(activity, (Activity.OUT, Activity.RUN, Activity.HOME))
        self.along_m = np.array(along)
        self.moved_m = np.hypot(np.diff(self.x, axis=0), np.diff(self.y, axis=0))
        before, after = np.array(legs[:-1], dtype=object), np.array(legs[1:], dtype=object)
        self.same_leg = (before == after) & self.driving
        self.off_leg_m = self._off_leg(before)

    def _off_leg(self, legs: np.ndarray) -> float:
        """The greatest distance of a driving bus from the line of the leg that it was on."""
        on: dict[object, list[tuple[int, int]]] = defaultdict(list)
        for second, bus in np.argwhere(self.driving).tolist():
            on[legs[second, bus]].append((second, bus))
        farthest = 0.0
        for leg, places in on.items():
            line = shapely.LineString(np.column_stack([leg.x, leg.y]))  # type: ignore[attr-defined]
            rows = tuple(np.array(places).T)
            farthest = max(farthest, shapely.distance(line, shapely.points(self.x[rows], self.y[rows])).max())
        return farthest


@given(scenarios)
@example(JOINED_AT_ITS_END)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_bus_exceeds_its_acceleration_leaves_its_leg_or_jumps(scenario: Scenario) -> None:
    way = Way(scenario)
    gained = np.diff(way.speed_ms, axis=0)
    by_speed = (way.speed_ms[1:] + way.speed_ms[:-1]) / 2

    assert way.speed_ms.min() >= 0
    assert gained.max(initial=0.0) <= ACCELERATION_MS2 + 1e-9
    assert gained.min(initial=0.0) >= -HARDEST_BRAKING_MS2 - 1e-9
    assert way.off_leg_m < 0.05
    assert np.all(way.moved_m <= by_speed + HALT_M)
    steady = way.same_leg[1:] & way.same_leg[:-1]
    assert np.all(np.abs(np.diff(way.along_m, axis=0) - by_speed)[steady] <= HALT_M)


@given(scenarios)
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_a_bus_drives_by_its_places_is_what_it_drives_by_its_speed(scenario: Scenario) -> None:
    way = Way(scenario)
    by_speed = ((way.speed_ms[1:] + way.speed_ms[:-1]) / 2).sum(axis=0)
    far = by_speed > 300

    np.testing.assert_allclose(way.moved_m.sum(axis=0)[far], by_speed[far], rtol=0.03)
