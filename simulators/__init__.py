"""A city and its buses that report as real ones would, with the truth of every fault beside them.

``Fleet`` is the short way in; ``Scenario`` and ``Simulation`` are the whole of it. The same scenario gives
the same messages, for ever.
"""

from simulators.city import City
from simulators.fleet import Fleet
from simulators.scenario import FaultRates, Scenario, Simulation, simulate_tracks
from simulators.truth import Fault, read_truth, write_truth

__all__ = [
    "City",
    "Fault",
    "FaultRates",
    "Fleet",
    "Scenario",
    "Simulation",
    "read_truth",
    "simulate_tracks",
    "write_truth",
]
