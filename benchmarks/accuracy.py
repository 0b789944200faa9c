"""How accurate the detector is on simulated fleets: found, missed, false, delay.

Run it with `make accuracy`. No broker and no database: the simulator's fixes go straight into the
detector, and its alerts are held against the truth, for each seed, sampling and noise. Exit status 1
when at a fix a second something was missed, or when more was false than the goals allow.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any, get_args

from alerts.offline import find_episodes
from fleet.clock import SECOND_MS, parse_time
from fleet.fixes import Fixes
from simulators.evaluate import Evaluation, RaisedAlert, evaluate
from simulators.receiver import Noise
from simulators.scenario import Scenario, Simulation

START_MS = parse_time("2026-09-01T07:30:00+08:00")
MOST_FALSE: dict[str, float] = {"open_sky": 1.0, "city": 1.0, "canyon": 10.0}
"""False alerts in 1,000 bus-hours that are allowed, of each rule."""


def main() -> int:
    """Print a table for each combination, or a line of JSON."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seeds", type=int, default=3, help="how many cities (3)")
    options.add_argument("--seconds", type=int, default=3_600, help="how long each drives (3600)")
    options.add_argument("--buses", type=int, default=1_058)
    options.add_argument("--sampling", default="1", help="seconds between a bus's fixes, as 1,5,15,30 (1)")
    options.add_argument("--noise", default="city", help=f"some of {','.join(get_args(Noise))} (city)")
    options.add_argument("--json", action="store_true")
    chosen = options.parse_args()
    clean = True
    for noise in chosen.noise.split(","):
        for interval_s in map(int, chosen.sampling.split(",")):
            for seed in range(1, chosen.seeds + 1):
                scenario = Scenario(
                    START_MS, seed=seed, buses=chosen.buses, interval_s=interval_s, noise=noise
                )
                result = run(scenario, chosen.seconds)
                _tell(scenario, chosen.seconds, result, as_json=chosen.json)
                missed = interval_s == 1 and noise != "canyon" and bool(result.missed)
                false = any(rule.false_per_1000_bus_hours > MOST_FALSE[noise] for rule in result.rules)
                clean = clean and not missed and not false
    return 0 if clean else 1


def _tell(scenario: Scenario, seconds: int, result: Evaluation, *, as_json: bool) -> None:
    if as_json:
        told: dict[str, Any] = {
            "seed": scenario.seed, "sampling_s": scenario.interval_s, "noise": scenario.noise,
            **result.to_json(),
        }  # fmt: skip
        print(json.dumps(told))
        return
    where = f"seed {scenario.seed}, {scenario.buses:,} buses, {seconds} s"
    print(f"{where}, a fix every {scenario.interval_s} s, {scenario.noise}")
    print(result.table(), end="\n\n")


def run(scenario: Scenario, seconds: int) -> Evaluation:
    """The evaluation of one city."""
    simulation = Simulation(scenario)
    fixes = Fixes.concat([simulation.history().fixes, *(simulation.step().fixes for _ in range(seconds))])
    end_ms = scenario.start_ms + seconds * SECOND_MS
    raised = [
        RaisedAlert(a.bus_id, a.rule, a.started_ms, a.detected_ms, a.ended_ms, a.severity)
        for a in find_episodes(fixes, simulation.registry)
    ]
    return evaluate(raised, simulation.truth, from_ms=scenario.start_ms, to_ms=end_ms, buses=scenario.buses)


if __name__ == "__main__":
    sys.exit(main())
