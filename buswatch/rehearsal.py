"""Rehearsal: traces judged by the detector again, or for the first time, without writing anything.

From files (``rehearse_files``), for whoever wants to try the detector on traces of their own; or from
storage (``rehearse_stored``), to see what other parameters would have raised.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import shapely
from numpy.typing import NDArray

from alerts.detector import Detector
from alerts.episodes import RULES, Alert, Rule
from alerts.offline import episodes_of
from alerts.reconcile import overlap
from buswatch.rejudging import given_from
from buswatch.route_file import read_routes
from buswatch.settings import Settings
from fleet.clock import DAY_MS, format_time
from fleet.errors import BadInput
from fleet.fixes import Fixes
from fleet.parameters import Parameters
from fleet.quality import Quality
from fleet.registry import Approval, Bus, Registry
from fleet.timetable import Trips
from geofence.plane import Plane
from simulators.recordings.csv_file import TraceReader
from simulators.recordings.tables import LATEST_MS, Table, read_moment
from simulators.recordings.traces import Traces
from storage.alerts import AlertBook
from storage.database import Database
from storage.positions import fixes_since
from storage.registry import load_registry

WITHOUT_TIMETABLE: frozenset[Rule] = frozenset({"speeding", "deviation"})
"""What can be judged of a bus when only its routes are known."""
WITH_TIMETABLE: frozenset[Rule] = WITHOUT_TIMETABLE | {"wrong_way", "silent", "trip_not_begun"}
"""And when the times of its trips are known too."""
WITH_STOPS: frozenset[Rule] = frozenset({"stops_skipped", "long_stop"})
"""And when every route names its stops. The other rules need the registry."""

_MOST_ROUTES = 4
_LEAST_SHARE = 0.1
"""A bus without an assignment may be on the routes that so much of its places lie on, at most so many."""
_SAMPLE = 2_000
"""Fixes of a bus that are looked at to find its routes."""
_PAGE = 500
_BUSES_AT_ONCE = 50
_ENDS_WITHIN_MS = DAY_MS
"""Read on after the last moment asked for, so that what began before it ends as it did when raised."""
_FAR = date(9999, 12, 31)


class Files(NamedTuple):
    """What a rehearsal from files is given."""

    fixes: Path
    routes: Path
    assignments: Path | None
    zone: ZoneInfo
    skip_bad: bool


def rehearse_files(
    files: Files, settings: Mapping[str, float], rules: Collection[Rule] | None, *, as_json: bool
) -> int:
    """Print the episodes in a file of fixes, a JSON line each or a table. ``BadInput`` for a bad file."""
    reader = TraceReader(files.fixes, files.zone, skip_bad=files.skip_bad)
    for _ in reader.chunks():
        pass
    traces = reader.traces()
    for warning in filter(None, [traces.left_out]):
        print(warning, file=sys.stderr)
    registry = _registry(traces.bus_ids, read_routes(files.routes), str(files.zone))
    if files.assignments is None:
        trips, timed = _likely_trips(traces, registry), False
    else:
        trips, timed = _stated_trips(files.assignments, files.zone, registry)
    possible = set(WITHOUT_TIMETABLE)
    if timed:
        possible |= WITH_TIMETABLE
        possible |= WITH_STOPS if all(approval.stops for approval in registry.approvals) else set()
    chosen = possible if rules is None else set(rules)
    parameters = Parameters().with_settings(settings)
    detector = Detector(registry, parameters, trips=trips, rules=chosen)
    alerts = episodes_of(detector, traces.fixes)
    if as_json:
        for alert in alerts:
            print(msgspec.json.encode(_line(alert, registry)).decode())
    else:
        print(_table(alerts, registry))
        print(_summary(traces, alerts, detector, trips))
    return 0


def _registry(bus_ids: Sequence[str], approvals: Sequence[Approval], zone: str) -> Registry:
    """A registry of bare facts: the buses by name only, with every permit."""
    lon, lat = approvals[0].line[0]
    buses = tuple(Bus(bus_id, "", "", _FAR, _FAR, "", "", 0, (lon, lat)) for bus_id in bus_ids)
    return Registry(buses, (), tuple(approvals), (), zone=zone, version="files")


def _trips(rows: list[tuple[int, int, int, int, bool]]) -> Trips:
    """Trips of (bus, start, end, route, open-ended)."""
    table = np.array([row[:4] for row in sorted(rows)], np.int64).reshape(-1, 4)
    return Trips(
        bus=table[:, 0].astype(np.int32),
        approval=table[:, 3].astype(np.int32),
        assignment=np.full(len(table), -1, np.int32),
        start_ms=table[:, 1].copy(),
        end_ms=table[:, 2].copy(),
        open_ended=np.array([row[4] for row in sorted(rows)], np.bool_),
    )


def _stated_trips(path: Path, zone: ZoneInfo, registry: Registry) -> tuple[Trips, bool]:
    """The trips of an assignments file, and whether any of them has its times."""
    table = Table(path, ("bus", "route_id"), ("from", "to"))
    routes = {approval.route_id: row for row, approval in enumerate(registry.approvals)}
    rows: list[tuple[int, int, int, int, bool]] = []
    strangers: set[str] = set()
    for chunk in table.rows():
        for line, (bus_id, route_id, begins, ends) in chunk:
            try:
                from_ms = read_moment(begins, zone) if begins else 0
                to_ms = read_moment(ends, zone) if ends else LATEST_MS
            except ValueError as error:
                table.complain(line, f"its time: {error}")
                continue
            if route_id not in routes:
                table.complain(line, f"no route has the route_id {route_id!r}")
            elif from_ms >= to_ms:
                table.complain(line, "its from is not before its to")
            elif bus_id not in registry.bus_rows:
                strangers.add(bus_id)
            else:
                open_ended = not (begins and ends)
                rows.append((registry.bus_rows[bus_id], from_ms, to_ms, routes[route_id], open_ended))
    if table.bad:
        raise BadInput(table.complaint())
    if strangers:
        print(f"{path}: no fix of {', '.join(sorted(strangers))}", file=sys.stderr)
    return _trips(rows), any(not row[4] for row in rows)


def _likely_trips(traces: Traces, registry: Registry) -> Trips:
    """Without assignments: every bus on the routes that its fixes lie on, at any time."""
    approvals = registry.approvals
    if len(approvals) == 1:
        return _trips([(row, 0, LATEST_MS, 0, True) for row in range(len(traces.bus_ids))])
    points = np.array([point for approval in approvals for point in approval.line])
    plane = Plane.around(points[:, 0], points[:, 1])
    lines = [
        shapely.LineString(np.column_stack(plane.to_metres(*np.array(approval.line).T)))
        for approval in approvals
    ]
    tree = shapely.STRtree(lines)
    widest = max(approval.corridor_m for approval in approvals)
    rows: list[tuple[int, int, int, int, bool]] = []
    for bus in range(len(traces.bus_ids)):
        share = _shares(
            np.flatnonzero(traces.fixes.bus == bus), traces.fixes, plane, tree, widest, len(lines)
        )
        best = np.argsort(-share, kind="stable")[:_MOST_ROUTES]
        rows += [(bus, 0, LATEST_MS, int(route), True) for route in best if share[route] >= _LEAST_SHARE]
    return _trips(rows)


def _shares(
    mine: NDArray[np.intp], fixes: Fixes, plane: Plane, tree: shapely.STRtree, within_m: float, routes: int
) -> NDArray[np.float64]:
    """Which part of the places where a bus was lies near each route: hours of parking are one place."""
    squares = np.column_stack((np.round(fixes.lon[mine], 3), np.round(fixes.lat[mine], 3)))
    mine = mine[np.unique(squares, axis=0, return_index=True)[1]]
    some = mine[:: max(1, len(mine) // _SAMPLE)]
    x, y = plane.to_metres(fixes.lon[some], fixes.lat[some])
    sound = np.isfinite(x) & np.isfinite(y)
    near = tree.query(shapely.points(x[sound], y[sound]), predicate="dwithin", distance=within_m)
    return np.bincount(near[1], minlength=routes) / max(len(some), 1)


def _line(alert: Alert, registry: Registry) -> dict[str, Any]:
    """An episode as a line of JSON."""
    evidence = alert.evidence
    peak, unit = _peak(alert)
    approval = registry.approval_rows.get(evidence.approval_id or "")
    facts = msgspec.to_builtins(evidence)
    facts.pop("peak_ms")
    return {
        "bus": alert.bus_id,
        "rule": alert.rule,
        "severity": alert.severity,
        "route_id": None if approval is None else registry.approvals[approval].route_id,
        "opened_at": format_time(alert.started_ms, registry.tz),
        "detected_at": format_time(alert.detected_ms, registry.tz),
        "closed_at": None if alert.ended_ms is None else format_time(alert.ended_ms, registry.tz),
        "peak": peak,
        "peak_unit": unit,
        "peak_at": format_time(evidence.peak_ms, registry.tz),
        "place": {"lon": round(alert.lon, 6), "lat": round(alert.lat, 6)},
        "evidence": facts,
    }


def _peak(alert: Alert) -> tuple[float | None, str]:
    """The greatest of an episode, and its unit."""
    e = alert.evidence
    for value, unit in (
        (e.speed_kmh, "km/h"), (e.off_line_m, "m"), (e.back_m, "m"), (e.stops_skipped, "stops"),
        (e.stood_s, "s"), (e.silent_s, "s"),
    ):  # fmt: skip
        if value is not None:
            return value, unit
    return None, ""


def _table(alerts: Sequence[Alert], registry: Registry) -> str:
    rows = [f"{'bus':<14}{'rule':<22}{'severity':<10}{'opened':<26}{'detected':<15}{'closed':<15}peak"]
    for alert in alerts:
        peak, unit = _peak(alert)
        opened, detected = (format_time(ms, registry.tz) for ms in (alert.started_ms, alert.detected_ms))
        closed = format_time(alert.ended_ms, registry.tz)[11:23] if alert.ended_ms is not None else "going on"
        rows.append(
            f"{alert.bus_id:<14}{alert.rule:<22}{alert.severity:<10}{opened[:23]:<26}{detected[11:23]:<15}"
            f"{closed:<15}{'' if peak is None else f'{peak:g} {unit}'}"
        )
    return "\n".join(rows)


def _summary(traces: Traces, alerts: Sequence[Alert], detector: Detector, trips: Trips) -> str:
    marks = detector.marks.sum(axis=0).tolist()
    told = [
        f"{count:,} {str(mark.name).lower()}"
        for mark, count in zip(Quality, marks, strict=False)
        if mark and count
    ]
    found = Counter(alert.rule for alert in alerts)
    idle = len(traces.bus_ids) - len(np.unique(trips.bus))
    lines = [
        f"{len(traces.fixes):,} fixes of {len(traces.bus_ids):,} buses, {len(trips):,} trips",
        "marked: " + (", ".join(told) or "none"),
        "episodes: " + (", ".join(f"{found[rule]} {rule}" for rule in RULES if found[rule]) or "none"),
        f"parameters {detector.parameters.version}",
    ]
    if idle:
        lines.append(f"{idle:,} buses have no trip: their fixes are near no route, or they are not assigned")
    return "\n".join(lines)


class Differences(NamedTuple):
    """How the episodes of a rehearsal differ from the alerts that were raised."""

    gained: list[Alert]
    lost: list[Alert]
    changed: list[tuple[Alert, Alert]]
    """Each as it was raised and as it is now."""
    same: int


def compare(raised: Sequence[Alert], rehearsed: Sequence[Alert]) -> Differences:
    """Lay the episodes of a rehearsal beside the alerts raised: of one bus and rule, and overlapping."""
    gained, changed, same = [], [], 0
    left = {alert.alert_id: alert for alert in raised}
    by_key: dict[tuple[str, str], list[Alert]] = {}
    for alert in raised:
        by_key.setdefault((alert.bus_id, alert.rule), []).append(alert)
    for episode in rehearsed:
        known = [
            alert
            for alert in by_key.get((episode.bus_id, episode.rule), ())
            if alert.alert_id in left and overlap(alert, episode)
        ]
        if not known:
            gained.append(episode)
            continue
        was = next((alert for alert in known if alert.alert_id == episode.alert_id), known[0])
        del left[was.alert_id]
        if _essence(was) == _essence(episode):
            same += 1
        else:
            changed.append((was, episode))
    return Differences(gained, list(left.values()), changed, same)


def _essence(alert: Alert) -> tuple[object, ...]:
    return alert.started_ms, alert.ended_ms, alert.severity, _peak(alert)


async def rehearse_stored(
    settings: Settings,
    changed: Mapping[str, float],
    rules: Collection[Rule] | None,
    from_ms: int,
    to_ms: int,
    bus_ids: Sequence[str],
    *,
    as_json: bool,
) -> int:
    """Print what the rules would have raised in stored tracks from ``from_ms`` to ``to_ms``, beside what
    they did. The tracks of some buses at a time are held in memory.
    """
    async with Database(settings.required_database_url()) as database:
        registry, keys = await load_registry(database)
        unknown = [bus_id for bus_id in bus_ids if bus_id not in registry.bus_rows]
        if unknown:
            raise BadInput(f"no bus {', '.join(unknown)} is on record")
        rows = [registry.bus_rows[b] for b in bus_ids] or list(range(len(registry.buses)))
        parameters = Parameters().with_settings(changed)
        registry = _without_overrides(registry, changed)
        rehearsed: list[Alert] = []
        for start in range(0, len(rows), _BUSES_AT_ONCE):
            some = np.array(rows[start : start + _BUSES_AT_ONCE], np.int32)
            detector = Detector(registry, parameters, rules=rules or RULES)
            begins = np.full(len(some), from_ms)
            since_ms = given_from(registry, some, begins, begins, ()).since_ms
            stored = (await fixes_since(database, keys[some], since_ms)).fixes
            fixes = stored.take(stored.time_ms < to_ms + _ENDS_WITHIN_MS)
            found = episodes_of(detector, Fixes(some[fixes.bus], *(
                fixes.time_ms, fixes.lon, fixes.lat, fixes.speed_kmh, fixes.heading_deg, fixes.accuracy_m,
                fixes.satellites,
            )))  # fmt: skip
            mine = {registry.buses[row].bus_id for row in some.tolist()}
            rehearsed += [a for a in found if from_ms <= a.started_ms < to_ms and a.bus_id in mine]
        names = {registry.buses[row].bus_id for row in rows}
        raised = [
            alert
            for alert in await _raised(database, from_ms, to_ms)
            if alert.bus_id in names and alert.rule in (rules or RULES)
        ]
    differences = compare(raised, rehearsed)
    print(_as_json(differences, registry) if as_json else _as_text(differences, registry, parameters))
    return 0


def _without_overrides(registry: Registry, settings: Mapping[str, float]) -> Registry:
    """The registry, whose fleet and approvals state none of ``settings``: what is rehearsed wins."""

    def others(stated: dict[str, float]) -> dict[str, float]:
        return {name: value for name, value in stated.items() if name not in settings}

    return msgspec.structs.replace(
        registry,
        parameters=others(registry.parameters),
        approvals=tuple(
            msgspec.structs.replace(approval, parameters=others(approval.parameters))
            for approval in registry.approvals
        ),
    )


async def _raised(database: Database, from_ms: int, to_ms: int) -> list[Alert]:
    found: list[Alert] = []
    after: tuple[int, str] | None = None
    while True:
        page = await AlertBook(database).page(from_ms=from_ms, to_ms=to_ms, after=after, limit=_PAGE)
        found += page
        if len(page) < _PAGE:
            return found
        after = (page[-1].started_ms, page[-1].alert_id)


def _as_json(found: Differences, registry: Registry) -> str:
    return msgspec.json.encode(
        {
            "gained": [_line(alert, registry) for alert in found.gained],
            "lost": [_line(alert, registry) for alert in found.lost],
            "changed": [{"was": _line(a, registry), "now": _line(b, registry)} for a, b in found.changed],
            "same": found.same,
        }
    ).decode()


def _as_text(found: Differences, registry: Registry, parameters: Parameters) -> str:
    parts = []
    for name, alerts in (("gained", found.gained), ("lost", found.lost)):
        if alerts:
            parts.append(f"{name}:\n{_table(alerts, registry)}")
    if found.changed:
        pairs = [alert for pair in found.changed for alert in pair]
        parts.append(f"changed, each as raised and as rehearsed:\n{_table(pairs, registry)}")
    parts.append(
        f"{len(found.gained)} gained, {len(found.lost)} lost, {len(found.changed)} changed,"
        f" {found.same} the same;"
        f" parameters {parameters.version}; nothing was written"
    )
    return "\n\n".join(parts)
