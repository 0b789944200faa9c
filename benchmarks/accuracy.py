"""How accurate the detector is on simulated fleet-hours: found, missed, false, delay.

Run it with `make accuracy`. No broker and no database: the simulator's fixes go straight into the
detector, and its alerts are held against the truth. Exit status 1 when anything was missed or false.
"""

from __future__ import annotations

import argparse
import sys

import numpy as np

from alerts.detector import Detector
from alerts.episodes import Alert
from fleet.clock import SECOND_MS, parse_time
from fleet.fixes import Fixes
from simulators.evaluate import Evaluation, RaisedAlert, evaluate
from simulators.scenario import Scenario, Simulation

START_MS = parse_time("2026-09-01T07:30:00+08:00")
_BATCH = 5_000


def main() -> int:
    """Print a table for each seed."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seeds", type=int, default=3, help="how many cities (3)")
    options.add_argument("--seconds", type=int, default=3_600, help="how long each drives (3600)")
    options.add_argument("--buses", type=int, default=1_058)
    options.add_argument("--interval", type=int, default=1, help="seconds between a bus's fixes (1)")
    chosen = options.parse_args()
    clean = True
    for seed in range(1, chosen.seeds + 1):
        scenario = Scenario(START_MS, seed=seed, buses=chosen.buses, interval_s=chosen.interval)
        result = run(scenario, chosen.seconds)
        print(f"seed {seed}, {chosen.buses:,} buses, {chosen.seconds} s, a fix every {chosen.interval} s")
        print(result.table(), end="\n\n")
        clean = clean and not result.missed and not result.false
    return 0 if clean else 1


def run(scenario: Scenario, seconds: int) -> Evaluation:
    """The evaluation of one city."""
    simulation = Simulation(scenario)
    fixes = Fixes.concat([simulation.history().fixes, *(simulation.step().fixes for _ in range(seconds))])
    end_ms = scenario.start_ms + seconds * SECOND_MS
    detector = Detector(simulation.registry)
    alerts: dict[str, Alert] = {}
    for start in range(0, len(fixes), _BATCH):
        batch = fixes.take(np.arange(start, min(start + _BATCH, len(fixes))))
        alerts |= {change.alert.alert_id: change.alert for change in detector.detect(batch, end_ms).changes}
    raised = [
        RaisedAlert(a.bus_id, a.rule, a.started_ms, a.detected_ms, a.ended_ms, a.severity)
        for a in alerts.values()
    ]
    return evaluate(raised, simulation.truth, from_ms=scenario.start_ms, to_ms=end_ms, buses=scenario.buses)


if __name__ == "__main__":
    sys.exit(main())
