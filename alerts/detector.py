"""The detector: fixes in, observations and alert changes out. Pure but for its own memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from alerts.bands import BAND_STATE
from alerts.episodes import (
    RULES,
    SEVERITIES,
    Alert,
    Change,
    ChangeKind,
    Evidence,
    Rule,
    alert_identity,
)
from alerts.judging import Judge, Judged, Observations
from alerts.memory import ON_RECORD, Facts
from alerts.permits import missing, permitted_until
from alerts.reconcile import reconcile
from alerts.telling import Events
from fleet.fixes import Fixes
from fleet.parameters import Parameters
from fleet.registry import Advisory, Registry
from fleet.timetable import Timetable, Trips
from geofence.beginnings import pack_beginnings
from geofence.compiled import compiled
from geofence.corridors import pack_corridors
from geofence.limits import REASONS
from geofence.matching import NO_LINE
from geofence.plane import Plane
from geofence.screening import Screen
from geofence.zones import pack_areas, slowed_lines

LATE_AFTER_MS = 60_500
"""An alert found in a fix older than this on arrival was found late, in a backfill. Devices report on whole
seconds, so ages are whole seconds and the milliseconds of the way: these must not decide."""

_KINDS: tuple[ChangeKind, ...] = ("opened", "updated", "ended")


@dataclass(frozen=True, slots=True)
class Findings:
    """What the detector made of a batch; the columns have the batch's shape (n,)."""

    quality: NDArray[np.int16]
    """Bits of ``Quality``."""
    speed_kmh: NDArray[np.float64]
    """The speed judged by; NaN where none could be trusted."""
    moved_m: NDArray[np.float32]
    """Metres driven that the fix adds, see ``geofence.screening.Screened``."""
    observations: Observations
    judged: Judged
    changes: tuple[Change, ...]
    """In the order in which they happened."""


class Anew(NamedTuple):
    """A bus to be judged anew; epoch milliseconds."""

    row: int
    """Its row in the registry."""
    sure_ms: int
    """From when on its fixes are judged with all that it goes by."""
    late_ms: int
    """Its oldest fix that came late; 0 where any may have."""


class Detector:
    """Holds every bus to its approved route, the limit in force and its permit.

    >>> detector = Detector(registry)                                   # doctest: +SKIP
    >>> detector.detect(fixes, received_ms=now_ms).changes              # doctest: +SKIP
    """

    def __init__(
        self,
        registry: Registry,
        parameters: Parameters | None = None,
        *,
        trips: Trips | None = None,
        rules: Collection[Rule] = RULES,
    ) -> None:
        """``trips``: what to hold the buses to instead of the registry's assignments, sorted by bus and
        start. ``rules``: those to judge. Parameters that fleet and approvals state override
        ``parameters``; ``BadSetting`` when one is none.
        """
        self._registry = registry
        self.parameters = (parameters or Parameters()).with_settings(registry.parameters)
        self.plane = Plane.around(*_extent(registry))
        self._trips = trips
        self._timetable = Timetable(registry)
        self._sets, chosen = _parameter_sets(self.parameters, registry)
        corridors = pack_corridors(registry.approvals, self.plane, registry.zones)
        self._set_of_line = chosen
        self._facts = Facts(
            corridors,
            pack_areas(self.plane, registry.zones),
            pack_areas(self.plane),
            slowed_lines(self.plane, registry.approvals),
            pack_beginnings(corridors),
            chosen,
            _on_record(registry, self.plane),
        )
        self.screen = Screen(len(registry.buses), self.parameters.screen)
        self._newest = np.zeros(len(registry.buses), np.int64)
        self.judge = Judge(registry, self._facts, self._sets, rules)

    @property
    def marks(self) -> NDArray[np.int64]:
        """Fixes so far by mark: (buses, marks), the marks in the order of the bits of ``Quality``."""
        return self.screen.counts

    @property
    def nbytes(self) -> tuple[int, int]:
        """Bytes of memory: what grows with the buses, and the approved lines."""
        return self.screen.nbytes + self.judge.nbytes, self._facts.corridors.nbytes

    def advise(self, advisories: Sequence[Advisory]) -> None:
        """Hold every bus to the weather advisories given, each in its area and time; to no others."""
        self._facts = self._facts._replace(
            weather=pack_areas(self.plane, advisories=advisories),
            slowed=slowed_lines(self.plane, self._registry.approvals, advisories),
        )
        self.judge.facts = self._facts

    def detect(self, fixes: Fixes, received_ms: int | NDArray[np.int64]) -> Findings:
        """Take fixes in the order of their arrival, all received at ``received_ms``, or each at its own,
        shape (n,). An alert opened by a fix that was old when it was received was found late.

        Those of one bus that are out of order within the batch are judged in the order of their event
        time. The order of one bus's fixes counts, the cut into batches does not. The columns of the
        findings are in the order given.
        """
        came_ms = np.full(len(fixes), received_ms, np.int64)
        order = in_order(fixes, self._newest)
        if order is None:
            return self._detect(fixes, came_ms)
        found = self._detect(fixes.take(order), came_ms[order])
        back = np.argsort(order)
        return Findings(
            found.quality[back],
            found.speed_kmh[back],
            found.moved_m[back],
            Observations._make(column[back] for column in found.observations),
            Judged._make(column[back] for column in found.judged),
            found.changes,
        )

    def _detect(self, fixes: Fixes, received_ms: NDArray[np.int64]) -> Findings:
        if len(fixes):
            self._lay(int(fixes.time_ms.min()), min(int(fixes.time_ms.max()), int(received_ms.max())))
        x, y = self.plane.to_metres(fixes.lon, fixes.lat)
        screened = self.screen.screen(fixes, x, y, received_ms)
        seen, judged, events = self.judge.judge(fixes, x, y, screened, received_ms - LATE_AFTER_MS)
        return Findings(
            screened.quality, screened.speed_kmh, screened.moved_m, seen, judged, self._changes(events)
        )  # fmt: skip

    def tick(self, now_ms: int) -> tuple[Change, ...]:
        """What time alone has brought by now: buses that fell silent on a trip, trips not begun.

        Judged ``silent.lag_ms`` behind ``now_ms``, for fixes on their way are not silence.
        """
        at_ms = now_ms - self.parameters.silent.lag_ms
        self._lay(at_ms, at_ms)
        return self._changes(self.judge.tick(at_ms))

    def prepare(self) -> None:
        """Have every loop compiled that is not yet, so that neither a fix nor the clock waits for it."""
        self.detect(Fixes.empty(), 0)
        self.judge.prepare()

    def _lay(self, first_ms: int, last_ms: int) -> None:
        """Lay out the trips of some moments."""
        if self._trips is None:
            self.judge.take_up(self._timetable.cover(first_ms, max(first_ms, last_ms)))
        else:
            self.judge.take_up(self._trips)

    def judge_anew(
        self,
        fixes: Fixes,
        buses: Sequence[Anew],
        on_file: Sequence[Alert],
        received_ms: int | NDArray[np.int64],
    ) -> Findings:
        """Forget the ``buses`` and judge all of their ``fixes`` in the order of event time.

        ``fixes`` are the stored ones from far enough back, each bus's in order, received as ``detect`` has
        it; ``on_file`` the alerts of
        these buses that had not ended before the fixes given. The changes found are what must change about
        those, see ``reconcile``; afterwards the detector goes on as if every fix had come in its place.
        """
        rows = np.array([bus.row for bus in buses], np.int32)
        self.screen.forget(rows)
        self.judge.forget(rows)
        found = self.detect(fixes, received_ms)
        newest_ms = np.zeros(len(self._registry.buses), np.int64)
        np.maximum.at(newest_ms, fixes.bus, fixes.time_ms)
        known, rejudged = defaultdict[str, list[Alert]](list), defaultdict[str, list[Change]](list)
        for alert in on_file:
            known[alert.bus_id].append(alert)
        for change in found.changes:
            rejudged[change.alert.bus_id].append(change)
        changes: list[Change] = []
        for bus in buses:
            bus_id = self._registry.buses[bus.row].bus_id
            newer, going_on = reconcile(
                known[bus_id], rejudged[bus_id], int(newest_ms[bus.row]), bus.sure_ms, bus.late_ms
            )
            changes += newer
            for alert in going_on:
                self.judge.adopt(bus.row, RULES.index(alert.rule), alert.started_ms)
        return replace(found, changes=tuple(changes))

    def _changes(self, told: Sequence[Events]) -> tuple[Change, ...]:
        changes = []
        for events in told:
            for bus, rule, kind, at_ms, band in zip(*events, strict=True):
                kind_name = _KINDS[kind]
                alert = self._alert(int(bus), RULES[rule], band, int(at_ms) if kind_name == "ended" else None)
                changes.append(Change(kind=kind_name, at_ms=int(at_ms), alert=alert))
        return tuple(changes)

    def _alert(self, bus: int, rule: Rule, band: np.void, ended_ms: int | None) -> Alert:
        memory = dict(zip(BAND_STATE.names or (), band.item(), strict=True))
        bus_id = self._registry.buses[bus].bus_id
        lon, lat = memory["first_lon"], memory["first_lat"]
        if rule == "trip_not_begun":
            lon, lat = self._registry.approvals[memory["line"]].line[0]
            memory["peak_lon"], memory["peak_lat"] = lon, lat
        elif rule == "stops_skipped":  # told where the bus is back; it began where it had left its line
            lon, lat = self._place_on_line(memory["line"], memory["peak_chainage_m"])
        return Alert(
            alert_id=alert_identity(bus_id, rule, memory["first_ms"]),
            bus_id=bus_id,
            rule=rule,
            severity=SEVERITIES[memory["severity"]],
            status="open",
            started_ms=memory["first_ms"],
            detected_ms=memory["opened_ms"],
            ended_ms=ended_ms,
            lon=lon,
            lat=lat,
            found_late=memory["late"],
            evidence=self._evidence(bus, rule, memory),
        )

    def _place_on_line(self, line: int, chainage_m: float) -> tuple[float, float]:
        """The place, WGS-84, so many metres along an approved line."""
        approval = self._registry.approvals[line]
        x, y = self.plane.to_metres(*np.array(approval.line, np.float64).T)
        piece_m = np.hypot(np.diff(x), np.diff(y))
        piece_m[list(approval.gaps)] = 0.0
        vertex_m = np.r_[0.0, np.cumsum(piece_m)]
        lon, lat = self.plane.to_degrees(
            np.interp([chainage_m], vertex_m, x), np.interp([chainage_m], vertex_m, y)
        )
        return round(float(lon[0]), 6), round(float(lat[0]), 6)

    def _evidence(self, bus: int, rule: Rule, memory: dict[str, float]) -> Evidence:
        line, row = int(memory["line"]), int(memory["assignment"])
        approval = self._registry.approvals[line] if line != NO_LINE else None
        assignment = self._registry.assignments[row] if row >= 0 else None
        parameters = self._sets[self._set_of_line[line]]
        peak = memory["peak"]
        moving = rule in ("speeding", "unapproved_operation", "off_hours")
        return Evidence(
            peak_ms=int(memory["peak_ms"]),
            peak_lon=memory["peak_lon"],
            peak_lat=memory["peak_lat"],
            fixes=int(memory["fixes"]),
            parameters_version=parameters.version,
            registry_version=self._registry.version,
            speed_kmh=round(memory["peak_value"], 1) if moving else None,
            limit_kmh=memory["peak_limit"] if rule == "speeding" else None,
            limit_reason=REASONS[int(memory["peak_reason"])] if rule == "speeding" else None,
            over_percent=round(peak, 1) if rule == "speeding" else None,
            off_line_m=round(peak, 1) if rule == "deviation" else None,
            corridor_m=approval.corridor_m if approval and rule == "deviation" else None,
            chainage_m=round(memory["peak_chainage_m"], 1) if approval else None,
            approval_id=approval.approval_id if approval else None,
            assignment_id=assignment.assignment_id if assignment else None,
            driver_id=assignment.driver_id if assignment else None,
            back_m=round(peak, 1) if rule == "wrong_way" else None,
            stops_skipped=int(peak) if rule == "stops_skipped" else None,
            stood_s=round(peak, 1) if rule == "long_stop" else None,
            silent_s=round(peak, 1) if rule in ("silent", "trip_not_begun") else None,
            faults=missing(self._registry, bus, row, int(memory["first_ms"]))
            if rule == "unapproved_operation"
            else (),
        )


def _extent(registry: Registry) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Longitudes and latitudes between which the lines lie."""
    ways = [np.array(approval.line, np.float64) for approval in registry.approvals]
    ends = np.array([(way.min(axis=0), way.max(axis=0)) for way in ways], np.float64).reshape(-1, 2)
    return ends[:, 0], ends[:, 1]


def _on_record(registry: Registry, plane: Plane) -> NDArray[np.void]:
    """Each bus's row for the loop."""
    rows = np.zeros(len(registry.buses), ON_RECORD)
    depots = np.array([bus.depot for bus in registry.buses], np.float64).reshape(-1, 2)
    rows["permitted_until_ms"] = permitted_until(registry)
    rows["depot_x"], rows["depot_y"] = plane.to_metres(depots[:, 0], depots[:, 1])
    return rows


def _parameter_sets(fleet: Parameters, registry: Registry) -> tuple[list[Parameters], NDArray[np.int32]]:
    """The different sets of parameters, and which of them each line has; the last is the fleet's."""
    sets = {fleet.version: fleet}
    versions = []
    for approval in registry.approvals:
        own = fleet.with_settings(approval.parameters) if approval.parameters else fleet
        sets.setdefault(own.version, own)
        versions.append(own.version)
    place = {version: row for row, version in enumerate(sets)}
    return list(sets.values()), np.array([place[v] for v in [*versions, fleet.version]], np.int32)


def in_order(fixes: Fixes, newest: NDArray[np.int64]) -> NDArray[np.intp] | None:
    """The order in which every bus's fixes are by event time, else as given; None when they are so.

    ``newest``: a zero for each bus, and zeros again afterwards.
    """
    if not _goes_back(fixes.bus, fixes.time_ms, newest):
        return None
    order = np.empty(len(fixes), np.intp)
    order[np.argsort(fixes.bus, kind="stable")] = np.lexsort((fixes.time_ms, fixes.bus))
    return order


@compiled
def _goes_back(bus: NDArray[np.int32], time_ms: NDArray[np.int64], newest: NDArray[np.int64]) -> bool:
    """Whether any fix is older than one of its bus before it."""
    back = False
    for i in range(len(bus)):
        back = back or time_ms[i] < newest[bus[i]]
        newest[bus[i]] = time_ms[i]
    for row in bus:
        newest[row] = 0
    return back
