"""Alerts held against the truth: what was found, what was missed, what was false, and how soon.

Pure. An alert belongs to a fault when both are of one bus and one rule and their times overlap.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import get_args

import numpy as np

from fleet.clock import HOUR_MS, MINUTE_MS, SECOND_MS
from simulators.scorecard import (
    Evaluation,
    HarmlessResult,
    IncidentResult,
    RaisedAlert,
    RaisedIncident,
    RuleResult,
)
from simulators.truth import ConductFault, DrivingFault, Fault, Harmless

RULES: tuple[DrivingFault | ConductFault, ...] = (*get_args(DrivingFault), *get_args(ConductFault))
LEAST_S: dict[str, float] = {
    "speeding": 10.0,
    "deviation": 20.0,
    "waived_detour": 20.0,
    "unapproved_operation": 90.0,
    "off_hours": 120.0,
    "long_stop": 305.0,
    "silent": 185.0,
    "trip_not_begun": 1_800.0,
    "substitute": 300.0,
}
"""Faults at least this long must be found …"""
LEAST_SIZE: dict[str, float] = {
    "deviation": 100.0,
    "waived_detour": 100.0,
    "wrong_way": 150.0,
    "stops_skipped": 1.0,
    "substitute": 90.0,
    "incident": 3.0,
}
"""… when they are at least so large, where size counts."""
FIXES_WITHIN: dict[str, int] = {"wrong_way": 4, "waived_detour": 2}
"""… and when so many fixes lie within them. A driver's detours are planned long enough for that; how long the
way round a closed road is, is for the roads to say."""
TEMPTED: dict[Harmless, tuple[str, ...]] = {
    "crossing": ("speeding", "deviation", "wrong_way", "stops_skipped"),
    "at_terminal": ("deviation", "long_stop", "off_hours", "unapproved_operation"),
    "canyon_drift": ("speeding", "deviation", "wrong_way", "stops_skipped"),
    "overtaking": ("speeding",),
    "waived_detour": ("deviation", "stops_skipped"),
    "depot_way": (
        "speeding",
        "deviation",
        "wrong_way",
        "stops_skipped",
        "long_stop",
        "off_hours",
        "substitute",
    ),
}
"""What is harmless, and the rules whose alerts it may draw."""
TOLD_AS: dict[str, str] = {"off_hours": "substitute"}
"""A fault of the one rule need not be found where an alert of the other tells what the bus does."""
SLACK_MS = 10 * SECOND_MS
"""An alert may begin and end this far outside its fault: drift, and the band that closes an episode."""
FOLLOWS: dict[str, tuple[tuple[str, ...], int]] = {
    "trip_not_begun": (("late", "long_stop", "jammed"), SLACK_MS),
    "silent": (("dropout", "delay", "jammed"), SLACK_MS),
    "substitute": (("off_hours",), 5 * MINUTE_MS),
}
"""An alert of a rule is true as well while the bus was late or stood, its device said nothing, or it drove a
line without an assignment, and so many milliseconds after."""
RETURN_MS = 90 * SECOND_MS
"""Skipped stops are told once the bus has followed its line again for a while."""
CUT_MS = 5 * SECOND_MS
"""The last seconds of a run are too late for a fault to show that it lasts."""
INCIDENT_M = 600.0
"""An incident so near to a closure is that closure's: a way round may follow the line for a while."""
_METRES_A_DEGREE = 111_320.0

Truth = Mapping[tuple[str, str], Sequence[Fault]]
"""Faults by bus and rule."""


def evaluate(
    alerts: Iterable[RaisedAlert],
    truth: Iterable[Fault],
    *,
    from_ms: int,
    to_ms: int,
    buses: int,
    interval_s: int = 1,
    incidents: Iterable[RaisedIncident] = (),
) -> Evaluation:
    """Hold ``alerts`` and ``incidents`` against ``truth`` over the time from ``from_ms`` to ``to_ms`` of
    ``buses`` buses that report every ``interval_s`` seconds.

    Only faults that began in that time, and had lasted long enough before its end, must be found. An
    alert that overlaps any fault of its rule is true, be the fault ever so small. A detour under a waiver
    must be found as well; what is told of it is true when it is a warning that names the waiver. Alerts count
    that were raised in that time, be it of what began before.
    """
    faults: dict[tuple[str, str], list[Fault]] = defaultdict(list)
    for fault in truth:
        faults[fault.bus, fault.rule].append(fault)
    known = [a for a in alerts if a.started_ms <= to_ms]
    raised = [a for a in known if a.detected_ms >= from_ms]
    going_on = [a for a in known if a.detected_ms < from_ms]
    bus_hours = buses * (to_ms - from_ms) / HOUR_MS
    results, missed, false = [], [], []
    for rule in RULES:
        mine = [a for a in raised if a.rule == rule]
        pairs = [(fault, a) for a in mine for fault in faults[a.bus, rule] if _overlap(fault, a, to_ms)]
        under_waiver = [a for a in mine if _under_waiver(a, faults, to_ms)]
        true_alerts = {id(a) for _, a in pairs}
        causes, after_ms = FOLLOWS.get(rule, ((), 0))
        true_alerts |= {
            id(a) for a in mine for cause in causes if _follows(a, faults[a.bus, cause], after_ms)
        }
        true_alerts |= {id(a) for a in under_waiver}
        true_alerts -= {id(a) for a in under_waiver if not _names_waiver(a)}
        first: dict[Fault, RaisedAlert] = {}
        for fault, a in pairs:
            first[fault] = min(first.get(fault, a), a, key=lambda alert: alert.detected_ms)
        due = [
            fault
            for fault in _due(faults, rule, from_ms, to_ms, interval_s)
            if fault in first
            or not (_told_as_another(fault, raised, to_ms) or _told_before(fault, going_on, to_ms))
        ]
        found = [f for f in due if f in first]
        missed += [f for f in due if f not in first]
        untrue = [a for a in mine if id(a) not in true_alerts]
        false += untrue
        delays = [(first[f].detected_ms - f.from_ms) / SECOND_MS for f in found]
        places = [off for f in found if (off := _metres_apart(f, first[f])) is not None]
        counts = (len(found), len(due) - len(found), len(true_alerts))
        results.append(_result(rule, counts, untrue, delays, interval_s, places, bus_hours))
    hidden = _hidden(raised, faults, from_ms, to_ms, interval_s)
    closures = [f for f in faults["", "incident"] if f.size >= LEAST_SIZE["incident"]]
    gathered, unseen = _gathered(closures, list(incidents))
    missed += [*hidden, *unseen]
    found_count = sum(r.found for r in results)
    true_count = sum(r.true_alerts for r in results)
    return Evaluation(
        rules=tuple(results),
        precision=_part(true_count, true_count + len(false)),
        recall=_part(found_count, found_count + len(missed)),
        bus_hours=round(bus_hours, 3),
        missed=tuple(sorted(missed, key=lambda f: f.from_ms)),
        false=tuple(sorted(false, key=lambda a: a.started_ms)),
        harmless=_harmless(raised, false, faults, from_ms, to_ms),
        incidents=gathered,
    )


def _overlap(fault: Fault, alert: RaisedAlert, to_ms: int) -> bool:
    ended = to_ms if alert.ended_ms is None else alert.ended_ms
    after_ms = RETURN_MS if fault.rule == "stops_skipped" else SLACK_MS
    return alert.started_ms <= fault.to_ms + after_ms and ended >= fault.from_ms - SLACK_MS


def _meet(one: Fault, other: Fault) -> bool:
    return one.from_ms <= other.to_ms and other.from_ms <= one.to_ms


def _follows(alert: RaisedAlert, causes: Sequence[Fault], after_ms: int) -> bool:
    """Whether an alert came of one of ``causes``."""
    return any(f.from_ms <= alert.detected_ms <= f.to_ms + after_ms for f in causes)


def _under_waiver(alert: RaisedAlert, faults: Truth, to_ms: int) -> bool:
    """Whether an alert came of a detour that a waiver covers."""
    return alert.rule in TEMPTED["waived_detour"] and any(
        _overlap(fault, alert, to_ms) for fault in faults.get((alert.bus, "waived_detour"), ())
    )


def _names_waiver(alert: RaisedAlert) -> bool:
    return alert.severity == "warning" and alert.waiver_id is not None


def _told_as_another(fault: Fault, raised: Sequence[RaisedAlert], to_ms: int) -> bool:
    """Whether an alert of another rule had told by the end of a fault what the bus was doing."""
    return any(
        alert.bus == fault.bus and alert.detected_ms <= fault.to_ms and _overlap(fault, alert, to_ms)
        for alert in raised
        if alert.rule == TOLD_AS.get(fault.rule)
    )


def _told_before(fault: Fault, going_on: Sequence[RaisedAlert], to_ms: int) -> bool:
    """Whether an alert of the rule that was raised before the time in question had not ended yet."""
    return any(a.bus == fault.bus and a.rule == fault.rule and _overlap(fault, a, to_ms) for a in going_on)


def _due(faults: Truth, rule: str, from_ms: int, to_ms: int, interval_s: int) -> list[Fault]:
    """The faults of a rule that must be found; none of which a jammed receiver may have kept something."""
    return [
        fault
        for (bus, named), group in faults.items()
        if named == rule
        for fault in group
        if _findable(fault, from_ms, to_ms, interval_s)
        and not any(_meet(fault, jam) for jam in faults.get((bus, "jammed"), ()))
    ]


def _findable(fault: Fault, from_ms: int, to_ms: int, interval_s: int) -> bool:
    """Whether a fault began within the time and lasted long enough before its end to have to be found."""
    if fault.from_ms < from_ms:
        return False
    if fault.rule == "stops_skipped" and fault.to_ms > to_ms - RETURN_MS:
        return False
    cut_ms = CUT_MS + 2 * (interval_s - 1) * SECOND_MS
    lasted_s = (min(fault.to_ms, to_ms - cut_ms) - fault.from_ms) / SECOND_MS
    if lasted_s < FIXES_WITHIN.get(fault.rule, 0) * interval_s:
        return False
    return lasted_s >= LEAST_S.get(fault.rule, 0.0) and fault.size >= LEAST_SIZE.get(fault.rule, 0.0)


def _hidden(
    raised: Sequence[RaisedAlert], faults: Truth, from_ms: int, to_ms: int, interval_s: int
) -> list[Fault]:
    """The detours under a waiver of which nothing was told: a waiver lowers an alert and hides none."""
    told: dict[str, list[RaisedAlert]] = defaultdict(list)
    for alert in raised:
        if alert.rule == "deviation":
            told[alert.bus].append(alert)
    return [
        fault
        for fault in _due(faults, "waived_detour", from_ms, to_ms, interval_s)
        if not any(_overlap(fault, alert, to_ms) for alert in told[fault.bus])
    ]


def _harmless(
    raised: Sequence[RaisedAlert], false: Sequence[RaisedAlert], faults: Truth, from_ms: int, to_ms: int
) -> tuple[HarmlessResult, ...]:
    """How often there was each kind of what only looks like a fault, and how often it drew an alert."""
    results = []
    for kind, rules in TEMPTED.items():
        groups = [group for (_, named), group in faults.items() if named == kind]
        times = sum(from_ms <= f.to_ms and f.from_ms <= to_ms for group in groups for f in group)
        if not times:
            continue
        told = None
        if kind == "waived_detour":
            told = len(_drawing(kind, rules, filter(_names_waiver, raised), faults, to_ms))
        alerted = len(_drawing(kind, rules, false, faults, to_ms))
        results.append(HarmlessResult(kind, times, alerted, told))
    return tuple(results)


def _drawing(
    kind: Harmless, rules: Sequence[str], alerts: Iterable[RaisedAlert], faults: Truth, to_ms: int
) -> set[Fault]:
    """Those of a kind that alerts of such rules overlap."""
    return {
        fault
        for alert in alerts
        if alert.rule in rules
        for fault in faults.get((alert.bus, kind), ())
        if _overlap(fault, alert, to_ms)
    }


def _gathered(
    closures: Sequence[Fault], incidents: Sequence[RaisedIncident]
) -> tuple[IncidentResult, list[Fault]]:
    """How incidents and closures agree, and the closures that no incident tells of."""
    explained: set[int] = set()
    places, unseen = [], []
    for closure in closures:
        near = {
            number: metres
            for number, one in enumerate(incidents)
            if one.first_ms <= closure.to_ms + HOUR_MS
            and one.last_ms >= closure.from_ms
            and (metres := _metres(closure, one.lon, one.lat)) <= INCIDENT_M
        }
        explained |= set(near)
        if near:
            places.append(min(near.values()))
        else:
            unseen.append(closure)
    result = IncidentResult(
        found=len(places),
        missed=len(unseen),
        other=len(incidents) - len(explained),
        place_p50_m=round(float(np.median(places)), 1) if places else None,
    )
    return result, unseen


def _result(
    rule: str,
    counts: tuple[int, int, int],
    untrue: Sequence[RaisedAlert],
    delays: Sequence[float],
    interval_s: int,
    places: Sequence[float],
    bus_hours: float,
) -> RuleResult:
    """``counts``: faults found and missed, and true alerts."""
    found, missed, true_alerts = counts
    p50, p95, most = (
        (round(float(d), 1) for d in np.percentile(delays, [50, 95, 100])) if delays else (None,) * 3
    )
    return RuleResult(
        rule=rule,
        found=found,
        missed=missed,
        true_alerts=true_alerts,
        false=len(untrue),
        delay_p50_s=p50,
        delay_p95_s=p95,
        delay_max_s=most,
        delay_p50_fixes=None if p50 is None else round(p50 / interval_s, 1),
        place_p50_m=round(float(np.median(places)), 1) if places else None,
        false_per_1000_bus_hours=round(1_000 * len(untrue) / bus_hours, 3) if bus_hours else 0.0,
    )


def _metres_apart(fault: Fault, alert: RaisedAlert) -> float | None:
    """From where a fault began to where its alert says; None where it does not say."""
    return None if alert.lon is None or alert.lat is None else _metres(fault, alert.lon, alert.lat)


def _metres(fault: Fault, lon: float, lat: float) -> float:
    east = (lon - fault.lon) * np.cos(np.radians(fault.lat))
    return float(np.hypot(east, lat - fault.lat) * _METRES_A_DEGREE)


def _part(some: int, all_of_them: int) -> float:
    return some / all_of_them if all_of_them else 1.0
