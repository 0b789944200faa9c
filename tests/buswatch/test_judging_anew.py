"""Started anew, or told to judge its buses anew, a monitor finds what one that never stopped has found."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from alerts.detector import Detector, Findings
from alerts.episodes import Alert, Change
from buswatch.rejudging import Rejudging
from fleet.clock import MINUTE_MS, SECOND_MS
from fleet.fixes import Fixes
from simulators.scenario import FaultRates, Scenario, Simulation
from simulators.scenario_file import ANY_DAY_MS
from storage.alerts import AlertBook
from storage.commit import Batch, Committer
from storage.database import Database
from storage.registry import import_registry, load_registry

BUSES, SECONDS, BATCH_MS = 100, 5_400, 20 * SECOND_MS
SIMULATION = Simulation(
    Scenario(ANY_DAY_MS, seed=1, buses=BUSES, interval_s=5, noise="open_sky", faults=FaultRates.every())
)
REGISTRY = SIMULATION.registry

WANTED = {
    "deviation",
    "speeding",
    "wrong_way",
    "long_stop",
    "off_hours",
    "silent",
    "trip_not_begun",
    "substitute",
}

Batches = list[tuple[int, Fixes]]
"""Fixes, and the moment at which they have all been received."""


@pytest.fixture(scope="module")
def batches() -> Batches:
    """A drive on which every bus is heard in the order of event time, and no fix twice."""
    sent = [SIMULATION.history().fixes, *(SIMULATION.step().fixes for _ in range(SECONDS))]
    fixes = Fixes.concat(sent)
    order = np.lexsort((fixes.bus, fixes.time_ms))
    again = (np.diff(fixes.time_ms[order]) == 0) & (np.diff(fixes.bus[order]) == 0)
    fixes = fixes.take(order[~np.r_[False, again]])
    return list(_cut(fixes))


def _cut(fixes: Fixes) -> Iterator[tuple[int, Fixes]]:
    edges = np.arange(fixes.time_ms[0], fixes.time_ms[-1] + BATCH_MS, BATCH_MS) + BATCH_MS
    begin = 0
    for now_ms in edges.tolist():
        end = int(np.searchsorted(fixes.time_ms, now_ms))
        yield now_ms, fixes.take(np.arange(begin, end))
        begin = end


def judged(detector: Detector, now_ms: int, fixes: Fixes) -> Findings:
    """What a detector says of a batch, and then of the time that has passed."""
    findings = detector.detect(fixes, fixes.time_ms)
    return Findings(
        findings.quality, findings.speed_kmh, findings.moved_m, findings.observations, findings.judged,
        findings.changes + detector.tick(now_ms),
    )  # fmt: skip


def in_one_run(batches: Batches) -> dict[str, Alert]:
    """The alerts of a detector that sees all of it."""
    detector = Detector(REGISTRY)
    changes = [change for batch in batches for change in judged(detector, *batch).changes]
    return {change.alert.alert_id: change.alert for change in changes}


class Room:
    """A monitor's detector over its storage."""

    def __init__(self, database: Database, bus_keys: NDArray[np.int32]) -> None:
        self._database = database
        self._bus_keys = bus_keys
        self.committer = Committer(database, bus_keys)
        self.start()

    def start(self) -> None:
        """With an empty memory."""
        self.detector = Detector(REGISTRY)
        self.rejudging = Rejudging(REGISTRY, self.detector, self._database, self._bus_keys, self.committer)

    async def remember(self, now_ms: int) -> tuple[Change, ...]:
        """What a restart tells, in which the buses are judged anew a few at a time."""
        parts = self.rejudging.all_buses(at_once=7)
        told = [await self.rejudging.judge(buses, now_ms) for buses in parts]
        assert [row for buses in parts for row in buses] == list(range(BUSES))
        return tuple(change for changes in told for change in changes)

    async def take(self, now_ms: int, fixes: Fixes) -> None:
        found = judged(self.detector, now_ms, fixes)
        batch = Batch(
            fixes, found.quality, now_ms, (), found.changes, found.moved_m, received_ms=fixes.time_ms
        )
        await self.committer.commit(batch)

    async def alerts(self) -> dict[str, Alert]:
        return {a.alert_id: a for a in await AlertBook(self._database).page(limit=10_000)}


def comparable(alerts: dict[str, Alert]) -> dict[str, dict[str, object]]:
    """All but how often each was told, which a restart may add to."""
    fields = [name for name in Alert.__struct_fields__ if name != "version"]
    return {name: {field: getattr(alert, field) for field in fields} for name, alert in alerts.items()}


@pytest.mark.parametrize("restarts", [True, False], ids=["restarted", "judged anew"])
async def test_at_any_moment_it_changes_no_alert(
    database: Database, batches: Batches, restarts: bool
) -> None:
    await import_registry(database, REGISTRY)
    room = Room(database, (await load_registry(database))[1])
    rng = np.random.default_rng(5)
    moments = set(rng.choice(len(batches), 24, replace=False).tolist())
    for place, (now_ms, fixes) in enumerate(batches):
        await room.take(now_ms, fixes)
        if place not in moments:
            continue
        if restarts:
            room.start()
            told = await room.remember(now_ms)
        else:
            oldest_ms = now_ms - rng.integers(0, 40 * MINUTE_MS, BUSES)
            told = await room.rejudging.judge(dict(enumerate(oldest_ms.tolist())), now_ms)
        assert told == ()
    expected = in_one_run(batches)
    assert {alert.rule for alert in expected.values()} >= WANTED
    assert comparable(await room.alerts()) == comparable(expected)
