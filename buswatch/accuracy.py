"""How accurate the detector is on simulated fleets: found, missed, false, delay, for each rule.

No broker and no database: the simulator's fixes go straight into the detector, and its alerts are held
against the truth, for each scenario, seed, sampling and noise.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NamedTuple

from alerts.offline import find_episodes
from fleet.clock import SECOND_MS, parse_time
from fleet.fixes import Fixes
from simulators.evaluate import Evaluation, RaisedAlert, evaluate
from simulators.receiver import Noise
from simulators.scenario import FaultRates, Scenario, Simulation

START_MS = parse_time("2026-09-01T07:30:00+08:00")
SCENARIOS = {"calm": FaultRates.none(), "driving": FaultRates(), "every": FaultRates.every()}
"""No fault at all; bad driving and bad links; and every fault that the simulator has."""
MOST_FALSE: dict[str, float] = {"open_sky": 1.0, "city": 1.0, "tunnel": 1.0, "canyon": 10.0}
"""False alerts in 1,000 bus-hours that are allowed."""


class Trials(NamedTuple):
    """What is tried: every combination."""

    scenarios: Sequence[str]
    seeds: int
    sampling_s: Sequence[int]
    noises: Sequence[Noise]
    buses: int
    seconds: int


def evaluate_simulated(trials: Trials, *, as_json: bool) -> int:
    """Print a table for each combination, or a line of JSON each.

    Exit status 1 when at a fix every 15 s or more often, out of street canyons, something was missed, or
    when anywhere more was false than the goals allow.
    """
    clean = True
    for scenario in trials.scenarios:
        for noise in trials.noises:
            for interval_s in trials.sampling_s:
                for seed in range(1, trials.seeds + 1):
                    result = run(
                        Scenario(
                            START_MS,
                            seed=seed,
                            buses=trials.buses,
                            interval_s=interval_s,
                            noise=noise,
                            faults=SCENARIOS[scenario],
                        ),
                        trials.seconds,
                    )
                    what = {"scenario": scenario, "seed": seed, "sampling_s": interval_s, "noise": noise}
                    if as_json:
                        print(json.dumps({**what, **result.to_json()}))  # noqa: T201
                    else:
                        print(f"{scenario}, seed {seed}, a fix every {interval_s} s, {noise}")  # noqa: T201
                        print(result.table(), end="\n\n", flush=True)  # noqa: T201
                    missed = interval_s <= 15 and noise != "canyon" and bool(result.missed)
                    false_per_1000 = 1_000 * len(result.false) / max(result.bus_hours, 1.0)
                    clean = clean and not missed and false_per_1000 <= MOST_FALSE[noise]
    return 0 if clean else 1


def run(scenario: Scenario, seconds: int) -> Evaluation:
    """The evaluation of one city."""
    simulation = Simulation(scenario)
    fixes = Fixes.concat([simulation.history().fixes, *(simulation.step().fixes for _ in range(seconds))])
    end_ms = scenario.start_ms + seconds * SECOND_MS
    raised = [
        RaisedAlert(a.bus_id, a.rule, a.started_ms, a.detected_ms, a.ended_ms, a.severity)
        for a in find_episodes(fixes, simulation.registry)
    ]
    return evaluate(
        raised,
        simulation.truth,
        from_ms=scenario.start_ms,
        to_ms=end_ms,
        buses=scenario.buses,
        interval_s=scenario.interval_s,
    )
