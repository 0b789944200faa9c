"""Holding the alerts on file against the truth of a simulation."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from alerts.episodes import Alert
from alerts.incidents import Incident
from buswatch.settings import Settings
from fleet.errors import BadInput
from simulators.evaluate import evaluate
from simulators.scorecard import Evaluation, RaisedAlert, RaisedIncident
from simulators.truth import read_truth
from storage.alerts import AlertBook
from storage.database import Database
from storage.incidents import IncidentBook
from storage.registry import load_registry

_PAGE = 500
_MOST_INCIDENTS = 10_000


async def evaluate_stored(settings: Settings, truth: Path, from_ms: int, to_ms: int, *, as_json: bool) -> int:
    """Print how the alerts raised between two moments compare with a truth file.

    Exit status 0 when every fault that could be found was found and no alert was false.
    """
    async with Database(settings.required_database_url()) as database:
        registry, _ = await load_registry(database)
        result = await evaluate_database(database, truth, from_ms, to_ms, len(registry.buses))
    print(json.dumps(result.to_json(), ensure_ascii=False) if as_json else result.table())
    return 0 if not result.missed and not result.false else 1


async def evaluate_database(
    database: Database, truth: Path, from_ms: int, to_ms: int, buses: int
) -> Evaluation:
    """The evaluation of the alerts on file; ``BadInput`` when the truth cannot be read."""
    try:
        faults = read_truth(truth)
    except OSError as error:
        raise BadInput(f"the truth file {truth} cannot be read: {error.strerror}") from error
    alerts = await _alerts_between(database, from_ms, to_ms)
    incidents = await IncidentBook(database).newest(_MOST_INCIDENTS)
    return evaluate(
        raised_alerts(alerts),
        faults,
        from_ms=from_ms,
        to_ms=to_ms,
        buses=buses,
        incidents=raised_incidents(i for i in incidents if from_ms <= i.first_ms <= to_ms),
    )


async def _alerts_between(database: Database, from_ms: int, to_ms: int) -> list[Alert]:
    found: list[Alert] = []
    after: tuple[int, str] | None = None
    while True:
        page = await AlertBook(database).page(
            rule=None, severity=None, status=None, ongoing=None, bus_id=None,
            from_ms=from_ms, to_ms=to_ms, after=after, limit=_PAGE,
        )  # fmt: skip
        found += page
        if len(page) < _PAGE:
            return found
        after = (page[-1].started_ms, page[-1].alert_id)


def raised_alerts(alerts: Iterable[Alert]) -> list[RaisedAlert]:
    """The monitor's alerts as the evaluation takes them."""
    return [
        RaisedAlert(
            a.bus_id, a.rule, a.started_ms, a.detected_ms, a.ended_ms, a.severity, a.lon, a.lat,
            a.evidence.waiver_id,
        )
        for a in alerts
    ]  # fmt: skip


def raised_incidents(incidents: Iterable[Incident]) -> list[RaisedIncident]:
    """The monitor's incidents as the evaluation takes them."""
    return [RaisedIncident(i.lon, i.lat, i.first_ms, i.last_ms) for i in incidents]
