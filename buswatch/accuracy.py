"""How accurate the detector is on simulated fleets: found, missed, false, delay, for each rule.

No broker and no database: the simulator's fixes go straight into the detector, and its alerts are held
against the truth, for each scenario, seed, sampling and noise.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np

from alerts.episodes import Alert
from alerts.incidents import Incident, gather
from alerts.offline import find_episodes
from alerts.waivers import covering, waived
from buswatch.evaluation import raised_alerts, raised_incidents
from fleet.clock import SECOND_MS
from fleet.fixes import Fixes
from fleet.parameters import Parameters
from fleet.registry import Registry
from fleet.timetable import Timetable
from simulators.evaluate import evaluate
from simulators.picture import Scene, draw
from simulators.receiver import Noise
from simulators.scenario import FaultRates, Scenario, Simulation
from simulators.scenario_file import ANY_DAY_MS, read_scenario
from simulators.scorecard import Evaluation

SCENARIOS = {"driving": FaultRates(), "every": FaultRates.every()}
"""Beside those that are shipped as files: bad driving and bad links; and a fault for every rule."""
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


def evaluate_simulated(trials: Trials, *, as_json: bool, pictures: Path | None = None) -> int:
    """Print a table for each combination, or a line of JSON each; leave in the folder ``pictures`` a drawing
    of each fault that was missed and each alert that was false.

    Exit status 1 when at a fix every 15 s or more often, out of street canyons, something was missed, or
    when anywhere more was false than the goals allow.
    """
    clean = True
    for scenario in trials.scenarios:
        for noise in trials.noises:
            for interval_s in trials.sampling_s:
                for seed in range(1, trials.seeds + 1):
                    chosen = scenario_of(
                        scenario, seed=seed, buses=trials.buses, interval_s=interval_s, noise=noise
                    )
                    result = run(chosen, trials.seconds, pictures)
                    what = {"scenario": scenario, "seed": seed, "sampling_s": interval_s, "noise": noise}
                    if as_json:
                        print(json.dumps({**what, **result.to_json()}))
                    else:
                        print(f"{scenario}, seed {seed}, a fix every {interval_s} s, {noise}")
                        print(result.table(), end="\n\n", flush=True)
                    missed = interval_s <= 15 and noise != "canyon" and bool(result.missed)
                    false_per_1000 = 1_000 * len(result.false) / max(result.bus_hours, 1.0)
                    clean = clean and not missed and false_per_1000 <= MOST_FALSE[noise]
    return 0 if clean else 1


def scenario_of(name: str, *, seed: int, buses: int, interval_s: int, noise: Noise) -> Scenario:
    """One of ``SCENARIOS``, else one of a file; ``BadInput`` when it is neither."""
    if name in SCENARIOS:
        return Scenario(
            ANY_DAY_MS, seed=seed, buses=buses, interval_s=interval_s, noise=noise, faults=SCENARIOS[name]
        )
    script = read_scenario(name)
    start_ms = ANY_DAY_MS if script.start_ms is None else script.start_ms
    return replace(script.scenario(start_ms, seed=seed, buses=buses, interval_s=interval_s), noise=noise)


def run(scenario: Scenario, seconds: int, pictures: Path | None = None) -> Evaluation:
    """The evaluation of one city."""
    simulation = Simulation(scenario)
    fixes = Fixes.concat([simulation.history().fixes, *(simulation.step().fixes for _ in range(seconds))])
    end_ms = scenario.start_ms + seconds * SECOND_MS
    alerts = under_waivers(
        find_episodes(fixes, simulation.registry, advisories=simulation.advisories), simulation
    )
    result = evaluate(
        raised_alerts(alerts),
        simulation.truth,
        from_ms=scenario.start_ms,
        to_ms=end_ms,
        buses=scenario.buses,
        interval_s=scenario.interval_s,
        incidents=raised_incidents(incidents_in(alerts, simulation.registry, end_ms)),
    )
    if pictures is not None:
        name = f"{scenario.noise}-{scenario.interval_s}s-seed{scenario.seed}"
        _draw(pictures, name, simulation.registry, fixes, result, end_ms)
    return result


def under_waivers(alerts: Sequence[Alert], simulation: Simulation) -> list[Alert]:
    """The alerts, with those that a waiver of the scenario covers as warnings that name it."""
    route = _routes(simulation.registry)
    covered = [(a, covering(a, simulation.waivers, route.get(a.evidence.approval_id or ""))) for a in alerts]
    return [waived(alert, waiver) if waiver else alert for alert, waiver in covered]


def incidents_in(alerts: Sequence[Alert], registry: Registry, newest_ms: int) -> list[Incident]:
    """The incidents that the alerts of a fleet come to by ``newest_ms``, had each been raised at once: judged
    after the drive they are all found late, and a late one joins none.
    """
    route = _routes(registry)
    at_once = [msgspec.structs.replace(alert, found_late=False) for alert in alerts]
    pairs = [(alert, route.get(alert.evidence.approval_id or "")) for alert in at_once]
    return gather(pairs, Parameters().with_settings(registry.parameters).incident, newest_ms)


def _routes(registry: Registry) -> dict[str, str]:
    """The route of each approval."""
    return {approval.approval_id: approval.route_id for approval in registry.approvals}


def _draw(folder: Path, name: str, registry: Registry, fixes: Fixes, result: Evaluation, end_ms: int) -> None:
    """A picture of each miss and each false alert; none of a bus that sent nothing about then."""
    folder.mkdir(parents=True, exist_ok=True)
    row = {bus.bus_id: place for place, bus in enumerate(registry.buses)}
    timetable = Timetable(registry)
    wanted: list[tuple[str, str, str, int, int]] = [
        ("missed", f.bus, f.rule, f.from_ms, f.to_ms) for f in result.missed if f.bus
    ]
    wanted += [("false", a.bus, a.rule, a.started_ms, a.ended_ms or end_ms) for a in result.false]
    for kind, bus, rule, from_ms, to_ms in wanted:
        mine = fixes.take(np.flatnonzero(fixes.bus == row[bus]))
        trips, (trip,) = timetable.trips_at(np.array([row[bus]], np.int32), np.array([from_ms], np.int64))
        held = int(trips.approval[trip]) if trip >= 0 else -1
        scene = Scene(
            f"{kind}: {rule} of {bus}",
            mine.take(np.argsort(mine.time_ms, kind="stable")),
            from_ms,
            to_ms,
            registry.approvals[held] if held >= 0 else None,
        )
        with contextlib.suppress(ValueError):
            (folder / f"{kind}-{rule}-{bus}-{from_ms}-{name}.svg").write_text(draw(scene), encoding="utf-8")
