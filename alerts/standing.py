"""Whether people saw to an alert in time.

The deadline runs from when the alert was put on file, by the wall clock: that is when people could first
see it. What lies long ago by then has no deadline.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from alerts.episodes import Rule, Severity, Status
from alerts.handling import Deadlines

Standing = Literal["on_time", "late", "waiting", "overdue", "exempt", "unknown"]
"""``on_time``, ``late``: somebody acknowledged or settled it before its deadline, or after. ``waiting``,
``overdue``: nobody has yet, and the deadline is still to come, or has passed. ``exempt``: it has no deadline,
see ``Handled.exempt``. ``unknown``: it was put on file before the time of that was recorded.
"""
STANDINGS: tuple[Standing, ...] = ("on_time", "late", "waiting", "overdue", "exempt", "unknown")


class Handled(NamedTuple):
    """An alert as far as its handling goes."""

    bus_id: str
    rule: Rule
    severity: Severity
    """As it stands: one that grew graver is held to the shorter deadline."""
    status: Status
    started_ms: int
    """Event time of its first violating fix."""
    filed_ms: int | None
    """When it was put on file, by the wall clock; None where that was not recorded."""
    acted_ms: int | None
    """When somebody first acknowledged or settled it, by the wall clock; None while nobody has."""
    exempt: bool = False
    """It was found late, or put on file over ten minutes after the event, when nobody could see to it any
    more; or a waiver has answered it."""


def standing_of(alert: Handled, deadlines: Deadlines, now_ms: int) -> Standing:
    """How an alert stands against its deadline; an act at the very deadline is on time."""
    if alert.filed_ms is None:
        return "unknown"
    if alert.exempt:
        return "exempt"
    deadline_ms = alert.filed_ms + deadlines.of(alert.severity)
    if alert.acted_ms is not None:
        return "on_time" if alert.acted_ms <= deadline_ms else "late"
    return "waiting" if now_ms <= deadline_ms else "overdue"
