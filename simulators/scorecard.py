"""What comes of holding alerts against the truth: results, as values, as JSON, as a table."""

from __future__ import annotations

from typing import Any

import msgspec

from fleet.clock import SECOND_MS, format_time
from simulators.truth import Fault


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
    waiver_id: str | None = None
    """The waiver that it names."""


class RaisedIncident(msgspec.Struct, frozen=True):
    """A probable closure, as the monitor has it; times are epoch milliseconds of event time."""

    lon: float
    """Where the first bus left its line, WGS-84."""
    lat: float
    first_ms: int
    """When the first bus left its line, and …"""
    last_ms: int
    """… the last one."""


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
    """How one kind of what only looks like a fault was taken."""

    kind: str
    times: int
    alerted: int
    """How often it drew a false alert of a rule that it may have tempted."""
    told: int | None = None
    """Of detours under a waiver: how many were told as a warning that names it. None for the others."""


class IncidentResult(msgspec.Struct, frozen=True):
    """How the closures of roads were gathered from the alerts of single buses."""

    found: int
    missed: int
    other: int
    """Incidents that no closure explains: faults of single buses that met by chance."""
    place_p50_m: float | None
    """Metres from where the buses truly left their lines to where the incidents say."""


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
    harmless: tuple[HarmlessResult, ...]
    """Of those kinds that there were."""
    incidents: IncidentResult

    def to_json(self) -> dict[str, Any]:
        """The evaluation as JSON-ready values."""
        whole: dict[str, Any] = msgspec.to_builtins(self)
        return whole

    def table(self) -> str:
        """The evaluation as text for a terminal."""
        return "\n".join(
            [
                *self._rule_lines(),
                f"precision {self.precision:.3f}, recall {self.recall:.3f}, {self.bus_hours:.1f} bus hours",
                *self._harmless_lines(),
                *self._incident_lines(),
                *self._missed_and_false_lines(),
            ]
        )

    def _rule_lines(self) -> list[str]:
        head = f"{'rule':<21}{'found':>7}{'missed':>8}{'false':>7}{'/1000 bus h':>13}"
        lines = [head + f"{'delay p50':>11}{'p95':>7}{'max':>7}{'fixes':>7}{'place m':>9}"]
        for r in self.rules:
            delays = [
                " -" if d is None else f"{d:.1f}"
                for d in (r.delay_p50_s, r.delay_p95_s, r.delay_max_s, r.delay_p50_fixes, r.place_p50_m)
            ]
            lines.append(
                f"{r.rule:<21}{r.found:>7}{r.missed:>8}{r.false:>7}{r.false_per_1000_bus_hours:>13.2f}"
                f"{delays[0]:>11}{delays[1]:>7}{delays[2]:>7}{delays[3]:>7}{delays[4]:>9}"
            )
        return lines

    def _harmless_lines(self) -> list[str]:
        if not self.harmless:
            return []
        return [
            f"{'harmless':<21}{'times':>7}{'alerted':>8}",
            *(
                f"{h.kind:<21}{h.times:>7}{h.alerted:>8}"
                + ("" if h.told is None else f"  told as warnings that name the waiver: {h.told}")
                for h in self.harmless
            ),
        ]

    def _incident_lines(self) -> list[str]:
        found = self.incidents
        if not found.found + found.missed + found.other:
            return []
        place = "" if found.place_p50_m is None else f", {found.place_p50_m:.0f} m from the place"
        return [f"incidents: {found.found} found{place}, {found.missed} missed, {found.other} other"]

    def _missed_and_false_lines(self) -> list[str]:
        lines = [
            f"missed  {f.bus} {f.rule} {format_time(f.from_ms)}, {_seconds(f.from_ms, f.to_ms)}, {f.size:g}"
            for f in self.missed
        ]
        lines += [
            f"false   {a.bus} {a.rule} {format_time(a.started_ms)}, {a.severity}"
            + ("" if a.ended_ms is None else f", for {_seconds(a.started_ms, a.ended_ms)}")
            for a in self.false
        ]
        return lines


def _seconds(from_ms: int, to_ms: int) -> str:
    return f"{(to_ms - from_ms) / SECOND_MS:.0f} s"
