"""A city and its buses that report as real ones would, with the truth of every fault beside them.

``Scenario`` and ``Simulation`` are the door: the same scenario gives the same messages, for ever.
"""

from simulators.city import City
from simulators.scenario import FaultRates, Scenario, Simulation, simulate_tracks
from simulators.truth import Fault, read_truth, write_truth

__all__ = [
    "City",
    "Fault",
    "FaultRates",
    "Scenario",
    "Simulation",
    "read_truth",
    "simulate_tracks",
    "write_truth",
]
