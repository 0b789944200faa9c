"""A small fleet, driven once for all tests that look at how it drove."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from fleet.clock import parse_time
from simulators.drive import State
from simulators.link import Sent
from simulators.scenario import FaultRates, Scenario, Simulation

NOON_MS = parse_time("2026-10-14T12:00:00+08:00")
BUSES = 40


@dataclass(frozen=True)
class Driven:
    """A simulation with the true state of each of its seconds, columns of shape (seconds, buses)."""

    simulation: Simulation
    states: list[State]
    along_m: NDArray[np.float64]
    sent: list[Sent]

    def column(self, name: str) -> NDArray[np.float64]:
        return np.array([getattr(state, name) for state in self.states])


def drive(scenario: Scenario, seconds: int) -> Driven:
    """Drive ``scenario`` and keep the truth that a run gives away to nobody."""
    simulation = Simulation(scenario)
    states: list[State] = []
    step = simulation.drive.step

    def watched() -> State:
        states.append(step())
        return states[-1]

    simulation.drive.step = watched  # type: ignore[method-assign]
    along, sent = [], []
    for _ in range(seconds):
        sent.append(simulation.step())
        along.append(simulation.drive.along_m.copy())
    return Driven(simulation, states, np.array(along), sent)


@pytest.fixture(scope="session")
def faultless() -> Driven:
    """Twenty-five minutes of forty buses without a fault."""
    return drive(Scenario(NOON_MS, seed=3, buses=BUSES, faults=FaultRates.none()), 1_500)


@pytest.fixture(scope="session")
def faulty() -> Driven:
    """Twenty-five minutes of forty buses with many faults."""
    rates = FaultRates(
        speeding=3, deviation=3, dropout=4, duplicate=6, disorder=6, jump=6,
        opening_speeding=40, opening_deviation=40,
    )  # fmt: skip
    return drive(Scenario(NOON_MS, seed=3, buses=BUSES, faults=rates), 1_500)
