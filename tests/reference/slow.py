"""The slow reference: distance, limit, verdicts and episodes, one fix at a time, written to be read.

It follows the rules as they are written down, and uses Shapely where the detector has kernels. It knows
a bus on a trip under way that reports believable fixes, and leaves out what judges the fix itself: the
wander across the line, crossing roads, and a lone fix between two others.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import shapely

from fleet.parameters import DeviationParameters, SpeedingParameters
from fleet.registry import ROAD_CAP_KMH, Approval, LimitStretch

Verdict = Literal["violating", "between", "clear"]
_RANK = ("warning", "serious", "critical")


@dataclass
class Episode:
    """From the first violating fix to the first clear one, or to the last before a silence."""

    started_ms: int
    peak: float
    fixes: int = 1
    plain: bool = False
    """Whether a fix was evidence enough by its size."""
    detected_ms: int | None = None
    ended_ms: int | None = None
    severity: str = "warning"


@dataclass
class Band:
    """One rule of one bus: opens after enough violating fixes, ends after enough clear ones."""

    parameters: SpeedingParameters | DeviationParameters
    silence_ms: int = 120_000
    episodes: list[Episode] = field(default_factory=list)
    run: Episode | None = None
    """The episode that is open, or about to open."""
    violating_ms: int = 0
    clear: list[int] = field(default_factory=list)
    """The moments of the clear fixes, one after the other, that may end it."""
    last_ms: int | None = None

    def take(self, time_ms: int, verdict: Verdict, peak: float, *, plain: bool = True) -> Episode | None:
        """One fix further; returns the episode when the fix violates."""
        silent = self.last_ms is not None and time_ms - self.last_ms > self.silence_ms
        if silent and self.run is not None:
            if self.run.detected_ms is not None:
                self.run.ended_ms = self.last_ms
            self.run = None
        self.last_ms = time_ms
        if verdict == "violating":
            return self._violating(time_ms, peak, plain)
        if self.run is None:
            return None
        if self.run.detected_ms is None:
            if verdict == "clear" or time_ms - self.violating_ms > self.parameters.sparse_ms:
                self.run = None
            return None
        self.clear = [*self.clear, time_ms] if verdict == "clear" else []
        if self.clear and self._enough(len(self.clear), time_ms - self.clear[0]):
            self.run.ended_ms = self.clear[0]
            self.run = None
        return None

    def _violating(self, time_ms: int, peak: float, plain: bool) -> Episode:
        self.violating_ms = time_ms
        self.clear = []
        if self.run is None:
            self.run = Episode(time_ms, peak)
        else:
            self.run.fixes += 1
            self.run.peak = max(self.run.peak, peak)
        run, elapsed_ms = self.run, time_ms - self.run.started_ms
        near_ms = getattr(self.parameters, "near_ms", 0)
        run.plain = run.plain or plain or 0 < near_ms <= elapsed_ms
        if run.detected_ms is None and run.plain and self._enough(run.fixes, elapsed_ms):
            self.run.detected_ms = time_ms
            self.episodes.append(self.run)
        return self.run

    def _enough(self, fixes: int, elapsed_ms: int) -> bool:
        p = self.parameters
        return (fixes >= p.min_fixes and elapsed_ms >= p.min_ms) or (fixes >= 2 and elapsed_ms >= p.sparse_ms)


def raise_severity(episode: Episode, severity: str) -> None:
    """It only rises."""
    episode.severity = max(episode.severity, severity, key=_RANK.index)


def deviation_verdict(off_m: float, corridor_m: float, accuracy_m: float, p: DeviationParameters) -> Verdict:
    """Whether a bus so far from its line has left it."""
    if accuracy_m > p.worst_accuracy_m:
        return "between"
    if off_m > corridor_m + accuracy_m:
        return "violating"
    return "clear" if off_m <= corridor_m else "between"


def is_plainly_off(off_m: float, corridor_m: float, accuracy_m: float, p: DeviationParameters) -> bool:
    """Whether a bus is farther from its line than drift may put it."""
    return off_m > corridor_m + plain_beyond_m(accuracy_m, p)


def plain_beyond_m(accuracy_m: float, p: DeviationParameters) -> float:
    """Metres beyond the corridor from which a fix of this accuracy is plain."""
    return max(accuracy_m + min(p.plain_factor * accuracy_m, p.plain_most_m), p.plain_wander * accuracy_m)


def deviation_severity(off_m: float, elapsed_ms: int, p: DeviationParameters) -> str:
    """Beyond either the distance or the time."""
    if off_m > p.critical_m or elapsed_ms > p.critical_ms:
        return "critical"
    return "serious" if off_m > p.serious_m or elapsed_ms > p.serious_ms else "warning"


def speeding_verdict(speed_kmh: float, limit_kmh: float, p: SpeedingParameters) -> Verdict:
    """Whether a speed is over the limit."""
    if speed_kmh > limit_kmh + p.tolerance_kmh:
        return "violating"
    return "clear" if speed_kmh <= limit_kmh + p.leave_kmh else "between"


def speeding_severity(over_percent: float, p: SpeedingParameters) -> str:
    """By how many per cent over the limit."""
    if over_percent >= p.critical_percent:
        return "critical"
    return "serious" if over_percent >= p.serious_percent else "warning"


def limit_at(approval: Approval, chainage_m: float) -> float:
    """The lowest limit of the stretches at a place of the line, and of the legal cap there."""
    here = [s for s in approval.limits if s.from_m <= chainage_m < s.to_m]
    caps = [s.limit_kmh for s in here if s.reason == "legal_cap"] or [ROAD_CAP_KMH]
    return min([*caps, *(s.limit_kmh for s in here if s.reason != "legal_cap")])


def limit_round(approval: Approval, chainage_m: float, edge_m: float) -> float:
    """The highest limit within ``edge_m`` along the line."""
    edges = [edge for s in approval.limits for edge in (s.from_m, s.to_m)]
    inside = [e for e in edges if chainage_m - edge_m < e <= chainage_m + edge_m]
    return max(limit_at(approval, at) for at in [max(chainage_m - edge_m, 0.0), chainage_m, *inside])


def limit_in_force(
    approval: Approval,
    line: shapely.LineString,
    place: shapely.Point,
    accuracy_m: float,
    p: SpeedingParameters,
) -> float:
    """The limit that a bus on its trip is held to at a place: the line's, or off the line the highest
    cap of its roads.
    """
    if line.distance(place) > min(approval.corridor_m, p.on_line_m + 2 * accuracy_m):
        return highest_cap(approval.limits)
    return limit_round(approval, line.project(place), max(p.edge_m, accuracy_m))


def highest_cap(limits: tuple[LimitStretch, ...]) -> float:
    """The highest legal cap of any road of the route."""
    return max([ROAD_CAP_KMH, *(s.limit_kmh for s in limits if s.reason == "legal_cap")])
