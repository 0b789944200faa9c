"""The detector: fixes in, observations and alert changes out. Pure but for its own memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alerts.bands import BAND_STATE
from alerts.episodes import SEVERITIES, Alert, Change, ChangeKind, Evidence, Rule, alert_identity
from alerts.judging import DEVIATION, SPEEDING, Events, Judge, Judged
from alerts.reconcile import reconcile
from fleet.fixes import Fixes
from fleet.parameters import Parameters
from fleet.quality import Quality
from fleet.registry import Registry
from fleet.timetable import Timetable
from geofence.corridors import pack_corridors
from geofence.limits import REASONS
from geofence.matching import NO_LINE, Geofence, Observations
from geofence.plane import Plane
from geofence.screening import Screen

LATE_AFTER_MS = 60_000
"""An alert found in a fix older than this on arrival was found late, in a backfill."""

_RULES: dict[int, Rule] = {SPEEDING: "speeding", DEVIATION: "route_deviation"}
_CODES = {name: code for code, name in _RULES.items()}
_KINDS: tuple[ChangeKind, ...] = ("opened", "updated", "ended")


@dataclass(frozen=True, slots=True)
class Findings:
    """What the detector made of a batch; the columns have the batch's shape (n,)."""

    quality: NDArray[np.int16]
    """Bits of ``Quality``."""
    speed_kmh: NDArray[np.float64]
    """The speed judged by; NaN where none could be trusted."""
    observations: Observations
    judged: Judged
    changes: tuple[Change, ...]
    """In the order in which they happened."""


class Detector:
    """Holds every bus to its approved route and the limit in force.

    >>> detector = Detector(registry)                                   # doctest: +SKIP
    >>> detector.detect(fixes, received_ms=now_ms).changes              # doctest: +SKIP
    """

    def __init__(self, registry: Registry, parameters: Parameters | None = None) -> None:
        self._registry = registry
        self.parameters = parameters or Parameters()
        points = np.array([p for a in registry.approvals for p in a.line], np.float64).reshape(-1, 2)
        self.plane = Plane.around(points[:, 0], points[:, 1])
        self._timetable = Timetable(registry)
        buses = len(registry.buses)
        corridors = pack_corridors(registry.approvals, self.plane)
        self._screen = Screen(buses, self.parameters.screen)
        self._geofence = Geofence(corridors, buses, self.parameters.speeding.edge_m)
        self._judge = Judge(corridors, buses, self.parameters)

    def detect(self, fixes: Fixes, received_ms: int) -> Findings:
        """Take fixes in the order of their arrival, all received at ``received_ms``.

        The order of one bus's fixes counts, the cut into batches does not.
        """
        x, y = self.plane.to_metres(fixes.lon, fixes.lat)
        screened = self._screen.screen(fixes, x, y)
        trips, row = self._timetable.trips_at(fixes.bus, fixes.time_ms)
        line = _pick(trips.approval, row, NO_LINE).astype(np.int32)
        believed = (screened.quality & (Quality.LATE | Quality.JUMP)) == 0
        seen = self._geofence.observe(fixes.bus, fixes.time_ms, x, y, line, believed)
        judged, events = self._judge.judge(
            fixes.bus,
            fixes.time_ms,
            fixes.lon,
            fixes.lat,
            fixes.accuracy_m,
            _pick(trips.assignment, row, -1),
            _pick(trips.start_ms, row, 0),
            screened,
            seen,
            received_ms - LATE_AFTER_MS,
        )
        return Findings(screened.quality, screened.speed_kmh, seen, judged, self._changes(events))

    def judge_anew(
        self, fixes: Fixes, rows: NDArray[np.int32], on_file: Sequence[Alert], received_ms: int
    ) -> tuple[Change, ...]:
        """Forget the buses in ``rows`` and judge all of their ``fixes`` in the order of event time.

        ``fixes`` are the stored ones from far enough back, each bus's in order; ``on_file`` the alerts
        of these buses that had not ended before. Returns what must change about them, see
        ``reconcile``; afterwards the detector goes on as if every fix had come in its place.
        """
        for part in (self._screen, self._geofence, self._judge):
            part.forget(rows)
        rejudged = self.detect(fixes, received_ms).changes
        changes: list[Change] = []
        for row in rows.tolist():
            bus_id = self._registry.buses[row].bus_id
            times = fixes.time_ms[fixes.bus == row]
            newer, going_on = reconcile(
                [alert for alert in on_file if alert.bus_id == bus_id],
                [change for change in rejudged if change.alert.bus_id == bus_id],
                int(times.max()) if len(times) else 0,
            )
            changes += newer
            for alert in going_on:
                self._judge.adopt(row, _CODES[alert.rule], alert.started_ms)
        return tuple(changes)

    def _changes(self, events: Events) -> tuple[Change, ...]:
        changes = []
        for bus, rule, kind, at_ms, band in zip(*events, strict=True):
            kind_name = _KINDS[kind]
            alert = self._alert(int(bus), int(rule), band, int(at_ms) if kind_name == "ended" else None)
            changes.append(Change(kind=kind_name, at_ms=int(at_ms), alert=alert))
        return tuple(changes)

    def _alert(self, bus: int, rule: int, band: np.void, ended_ms: int | None) -> Alert:
        memory = dict(zip(BAND_STATE.names or (), band.item(), strict=True))
        bus_id, rule_name = self._registry.buses[bus].bus_id, _RULES[rule]
        return Alert(
            alert_id=alert_identity(bus_id, rule_name, memory["first_ms"]),
            bus_id=bus_id,
            rule=rule_name,
            severity=SEVERITIES[memory["severity"]],
            status="open",
            started_ms=memory["first_ms"],
            detected_ms=memory["opened_ms"],
            ended_ms=ended_ms,
            lon=memory["first_lon"],
            lat=memory["first_lat"],
            found_late=memory["late"],
            evidence=self._evidence(rule_name, memory),
        )

    def _evidence(self, rule: Rule, memory: dict[str, float]) -> Evidence:
        line, row = int(memory["line"]), int(memory["assignment"])
        approval = self._registry.approvals[line] if line != NO_LINE else None
        assignment = self._registry.assignments[row] if row >= 0 else None
        speeding = rule == "speeding"
        return Evidence(
            peak_ms=int(memory["peak_ms"]),
            peak_lon=memory["peak_lon"],
            peak_lat=memory["peak_lat"],
            fixes=int(memory["fixes"]),
            parameters_version=self.parameters.version,
            registry_version=self._registry.version,
            speed_kmh=round(memory["peak_value"], 1) if speeding else None,
            limit_kmh=memory["peak_limit"] if speeding else None,
            limit_reason=REASONS[int(memory["peak_reason"])] if speeding else None,
            over_percent=round(memory["peak"], 1) if speeding else None,
            off_line_m=None if speeding else round(memory["peak"], 1),
            corridor_m=approval.corridor_m if approval and not speeding else None,
            chainage_m=round(memory["peak_chainage_m"], 1) if approval else None,
            approval_id=approval.approval_id if approval else None,
            assignment_id=assignment.assignment_id if assignment else None,
            driver_id=assignment.driver_id if assignment else None,
        )


def _pick(column: NDArray[np.generic], row: NDArray[np.int64], missing: int) -> NDArray[np.int64]:
    """``column[row]``, and ``missing`` where ``row`` is -1."""
    if len(column) == 0:
        return np.full(len(row), missing, np.int64)
    return np.where(row >= 0, column[row], missing).astype(np.int64)
