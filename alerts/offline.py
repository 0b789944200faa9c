"""The detector on its own: fixes, approvals and parameters in, episodes out. One call."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from alerts.detector import Detector
from alerts.episodes import RULES, Alert, Rule
from fleet.fixes import Fixes
from fleet.parameters import Parameters
from fleet.registry import Advisory, Registry
from fleet.timetable import Trips

_BATCH = 50_000


def find_episodes(
    fixes: Fixes,
    registry: Registry,
    parameters: Parameters | None = None,
    *,
    trips: Trips | None = None,
    rules: Collection[Rule] = RULES,
    advisories: Sequence[Advisory] = (),
) -> list[Alert]:
    """Every episode in ``fixes``, in its last state, in order of start, bus and rule.

    The fixes may come in any order; they are judged in the order of event time. ``trips`` are what
    the buses are held to instead of the registry's assignments. The same fixes, registry and
    parameters give the same episodes, to the last digit.
    """
    detector = Detector(registry, parameters, trips=trips, rules=rules)
    detector.advise(advisories)
    return episodes_of(detector, fixes)


def episodes_of(detector: Detector, fixes: Fixes) -> list[Alert]:
    """Every episode that a fresh detector finds in ``fixes``; it keeps what it counted."""
    ordered = fixes.take(np.argsort(fixes.time_ms, kind="stable"))
    alerts: dict[str, Alert] = {}
    if len(ordered):
        last_ms = int(ordered.time_ms[-1])
        for start in range(0, len(ordered), _BATCH):
            batch = ordered.take(np.arange(start, min(start + _BATCH, len(ordered))))
            for change in detector.detect(batch, last_ms).changes:
                alerts[change.alert.alert_id] = change.alert
        for change in detector.tick(last_ms + detector.parameters.silent.lag_ms):
            alerts[change.alert.alert_id] = change.alert
    return sorted(alerts.values(), key=lambda alert: (alert.started_ms, alert.bus_id, alert.rule))
