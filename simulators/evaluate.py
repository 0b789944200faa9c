"""Alerts held against the truth: what was found, what was missed, what was false, and how soon.

Pure. An alert belongs to a fault when both are of one bus and one rule and their times overlap.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, get_args

import msgspec
import numpy as np

from fleet.clock import HOUR_MS, SECOND_MS, format_time
from simulators.truth import HARMLESS, ConductFault, DrivingFault, Fault, Harmless

RULES: tuple[DrivingFault | ConductFault, ...] = (*get_args(DrivingFault), *get_args(ConductFault))
LEAST_S: dict[str, float] = {
    "speeding": 10.0,
    "deviation": 20.0,
    "unapproved_operation": 90.0,
    "off_hours": 120.0,
    "long_stop": 305.0,
    "silent": 185.0,
    "trip_not_begun": 1_800.0,
}
"""Faults at least this long must be found …"""
LEAST_SIZE: dict[str, float] = {"deviation": 100.0, "wrong_way": 150.0, "stops_skipped": 1.0}
"""… when they are at least so large, where size counts."""
OPTIONAL = ("substitute",)
"""Faults that make an alert true and need not be found: whether they are one hangs on other buses."""
SLACK_MS = 10 * SECOND_MS
"""An alert may begin and end this far outside its fault: drift, and the band that closes an episode."""
FOLLOWS: dict[str, tuple[tuple[str, ...], int]] = {
    "trip_not_begun": (("long_stop",), HOUR_MS),
    "silent": (("dropout", "delay", "jammed"), SLACK_MS),
}
"""An alert of a rule is true as well while one of these held the bus up, or had its device say nothing, and
so many milliseconds after."""
RETURN_MS = 90 * SECOND_MS
"""Skipped stops are told once the bus has followed its line again for a while."""
_METRES_A_DEGREE = 111_320.0
CUT_MS = 5 * SECOND_MS
"""The last seconds of a run are too late for a fault to show that it lasts."""


class RaisedAlert(msgspec.Struct, frozen=True):
    """An alert, as far as it matters here; times are epoch milliseconds of event time."""

    bus: str
    rule: str
    started_ms: int
    detected_ms: int
    ended_ms: int | None
    severity: str
    lon: float | None = None
    """Where it began, WGS-84."""
    lat: float | None = None


class RuleResult(msgspec.Struct, frozen=True):
    """How one rule did. Delays are seconds from a fault's true beginning to its detection."""

    rule: str
    found: int
    missed: int
    true_alerts: int
    false: int
    delay_p50_s: float | None
    delay_p95_s: float | None
    delay_max_s: float | None
    delay_p50_fixes: float | None
    """The same in fixes, at the interval at which the fleet reports."""
    place_p50_m: float | None
    """Metres from where the faults truly began to where their alerts say."""
    false_per_1000_bus_hours: float


class HarmlessResult(msgspec.Struct, frozen=True):
    """How often something was done that must not alarm, and how often it did."""

    what: Harmless
    times: int
    alarmed: int
    """Those during which its bus raised a false alert; of waived detours, one above a warning."""


class Evaluation(msgspec.Struct, frozen=True):
    """The result over all rules, with each fault that was missed and each alert that was false."""

    rules: tuple[RuleResult, ...]
    precision: float
    """True alerts by all alerts; 1 when none was raised."""
    recall: float
    """Faults found by faults that could be found; 1 when there was none."""
    bus_hours: float
    missed: tuple[Fault, ...]
    false: tuple[RaisedAlert, ...]
    harmless: tuple[HarmlessResult, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The evaluation as JSON-ready values."""
        whole: dict[str, Any] = msgspec.to_builtins(self)
        return whole

    def table(self) -> str:
        """The evaluation as text for a terminal."""
        head = f"{'rule':<16}{'found':>7}{'missed':>8}{'false':>7}{'/1000 bus h':>13}"
        lines = [head + f"{'delay p50':>11}{'p95':>7}{'max':>7}{'fixes':>7}{'place m':>9}"]
        for r in self.rules:
            delays = [
                " -" if d is None else f"{d:.1f}"
                for d in (r.delay_p50_s, r.delay_p95_s, r.delay_max_s, r.delay_p50_fixes, r.place_p50_m)
            ]
            lines.append(
                f"{r.rule:<16}{r.found:>7}{r.missed:>8}{r.false:>7}{r.false_per_1000_bus_hours:>13.2f}"
                f"{delays[0]:>11}{delays[1]:>7}{delays[2]:>7}{delays[3]:>7}{delays[4]:>9}"
            )
        lines.append(
            f"precision {self.precision:.3f}, recall {self.recall:.3f}, {self.bus_hours:.1f} bus hours"
        )
        if self.harmless:
            told = (f"{h.what} {h.times} ({h.alarmed} alarmed)" for h in self.harmless)
            lines.append("harmless: " + ", ".join(told))
        lines += [
            f"missed  {f.bus} {f.rule} {format_time(f.from_ms)}, {_seconds(f.from_ms, f.to_ms)}, {f.size:g}"
            for f in self.missed
        ]
        lines += [
            f"false   {a.bus} {a.rule} {format_time(a.started_ms)}, {a.severity}"
            + ("" if a.ended_ms is None else f", for {_seconds(a.started_ms, a.ended_ms)}")
            for a in self.false
        ]
        return "\n".join(lines)


def evaluate(
    alerts: Iterable[RaisedAlert],
    truth: Iterable[Fault],
    *,
    from_ms: int,
    to_ms: int,
    buses: int,
    interval_s: int = 1,
) -> Evaluation:
    """Hold ``alerts`` against ``truth`` over the time from ``from_ms`` to ``to_ms`` of ``buses`` buses
    that report every ``interval_s`` seconds.

    Only faults that began in that time, and had lasted long enough before its end, must be found. An
    alert that overlaps any fault of its rule is true, be the fault ever so small.
    """
    faults: dict[tuple[str, str], list[Fault]] = defaultdict(list)
    for fault in truth:
        faults[fault.bus, fault.rule].append(fault)
    raised = [a for a in alerts if from_ms <= a.started_ms <= to_ms]
    bus_hours = buses * (to_ms - from_ms) / HOUR_MS
    results, missed, false = [], [], []
    for rule in RULES:
        mine = [a for a in raised if a.rule == rule]
        pairs = [(fault, a) for a in mine for fault in faults[a.bus, rule] if _overlap(fault, a, to_ms)]
        true_alerts = {id(a) for _, a in pairs}
        causes, after_ms = FOLLOWS.get(rule, ((), 0))
        true_alerts |= {
            id(a) for a in mine for cause in causes if _follows(a, faults[a.bus, cause], after_ms)
        }
        first: dict[Fault, RaisedAlert] = {}
        for fault, a in pairs:
            first[fault] = min(first.get(fault, a), a, key=lambda alert: alert.detected_ms)
        due = [
            f
            for (_, named), group in faults.items()
            if named == rule
            for f in group
            if _findable(f, from_ms, to_ms, interval_s)
            and not any(_meet(f, jam) for jam in faults.get((f.bus, "jammed"), ()))
        ]
        found = [f for f in due if f in first]
        missed += [f for f in due if f not in first]
        untrue = [a for a in mine if id(a) not in true_alerts]
        false += untrue
        delays = [(first[f].detected_ms - f.from_ms) / SECOND_MS for f in found]
        places = [off for f in found if (off := _metres_apart(f, first[f])) is not None]
        counts = (len(found), len(due) - len(found), len(true_alerts))
        results.append(_result(rule, counts, untrue, delays, interval_s, places, bus_hours))
    during = [f for group in faults.values() for f in group if f.rule in HARMLESS and f.from_ms >= from_ms]
    found_count = sum(r.found for r in results)
    true_count = sum(r.true_alerts for r in results)
    return Evaluation(
        rules=tuple(results),
        precision=_part(true_count, true_count + len(false)),
        recall=_part(found_count, found_count + len(missed)),
        bus_hours=round(bus_hours, 3),
        missed=tuple(sorted(missed, key=lambda f: f.from_ms)),
        false=tuple(sorted(false, key=lambda a: a.started_ms)),
        harmless=tuple(_harmless_results(during, raised, false, to_ms)),
    )


def _harmless_results(
    during: Sequence[Fault], raised: Sequence[RaisedAlert], false: Sequence[RaisedAlert], to_ms: int
) -> Iterator[HarmlessResult]:
    """Of each kind that was done at all, how often it was and how often it alarmed."""
    above = [a for a in raised if a.rule == "deviation" and a.severity != "warning"]
    for what in HARMLESS:
        tempting: dict[str, list[RaisedAlert]] = defaultdict(list)
        for alert in above if what == "waived_detour" else false:
            tempting[alert.bus].append(alert)
        times = [f for f in during if f.rule == what]
        alarmed = sum(any(_overlap(f, a, to_ms) for a in tempting[f.bus]) for f in times)
        if times:
            yield HarmlessResult(what, len(times), alarmed)


def _overlap(fault: Fault, alert: RaisedAlert, to_ms: int) -> bool:
    ended = to_ms if alert.ended_ms is None else alert.ended_ms
    return alert.started_ms <= fault.to_ms + SLACK_MS and ended >= fault.from_ms - SLACK_MS


def _meet(one: Fault, other: Fault) -> bool:
    return one.from_ms <= other.to_ms and other.from_ms <= one.to_ms


def _follows(alert: RaisedAlert, causes: Sequence[Fault], after_ms: int) -> bool:
    """Whether an alert came of one of ``causes``."""
    return any(f.from_ms <= alert.detected_ms <= f.to_ms + after_ms for f in causes)


def _findable(fault: Fault, from_ms: int, to_ms: int, interval_s: int) -> bool:
    """Whether a fault began within the time and lasted long enough before its end to have to be found."""
    if fault.from_ms < from_ms or fault.rule in OPTIONAL:
        return False
    if fault.rule == "stops_skipped" and fault.to_ms > to_ms - RETURN_MS:
        return False
    cut_ms = CUT_MS + 2 * (interval_s - 1) * SECOND_MS
    lasted_s = (min(fault.to_ms, to_ms - cut_ms) - fault.from_ms) / SECOND_MS
    if fault.rule == "wrong_way" and lasted_s < 4 * interval_s:
        return False
    return lasted_s >= LEAST_S.get(fault.rule, 0.0) and fault.size >= LEAST_SIZE.get(fault.rule, 0.0)


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
    if alert.lon is None or alert.lat is None:
        return None
    east = (alert.lon - fault.lon) * np.cos(np.radians(fault.lat))
    return float(np.hypot(east, alert.lat - fault.lat) * _METRES_A_DEGREE)


def _seconds(from_ms: int, to_ms: int) -> str:
    return f"{(to_ms - from_ms) / SECOND_MS:.0f} s"


def _part(some: int, all_of_them: int) -> float:
    return some / all_of_them if all_of_them else 1.0
