"""Handling: what people may do about an alert, and by when somebody must have taken it.

A deadline is counted by the wall's clock from the moment an alert was put on file, because it measures people
and not buses. An open alert past its deadline goes up a level, and once more after another: from the desk to
the shift leader to the authority in charge (the supervised alarm, 报警督办, of JT/T 809).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import msgspec

from alerts.episodes import Alert, Change, FalseReason, Severity, Status
from fleet.clock import MINUTE_MS
from fleet.errors import BadInput, Conflict

Act = Literal["acknowledged", "closed", "false_alarm", "assigned", "noted"]
"""What a person does about an alert; also the kind of the change."""

HIGHEST_LEVEL = 2
LONG_AGO_MS = 10 * MINUTE_MS
"""What happened longer ago has no deadline: found after an outage, nobody could have met it."""

_UNSETTLED: tuple[Status, ...] = ("open", "acknowledged")
_MAY_FOLLOW: dict[Act, tuple[Status, ...]] = {
    "acknowledged": ("open",),
    "closed": _UNSETTLED,
    "false_alarm": _UNSETTLED,
    "assigned": _UNSETTLED,
    "noted": (*_UNSETTLED, "closed", "false_alarm"),
}
"""The statuses that each act may follow: what is settled stays settled, and can still be remarked upon."""


@dataclass(frozen=True, slots=True)
class Deadlines:
    """How long an open alert of each severity may wait for somebody at each level, milliseconds.

    The defaults: a critical alert wants a call to the driver, and three minutes are what it takes to look and
    to dial; a serious one is to be taken while the bus is still on its run; a warning within the shift's next
    quiet hour.
    """

    critical_ms: int = 3 * MINUTE_MS
    serious_ms: int = 10 * MINUTE_MS
    warning_ms: int = 60 * MINUTE_MS

    def of(self, severity: Severity) -> int:
        """The deadline of a severity, milliseconds."""
        waits = {"critical": self.critical_ms, "serious": self.serious_ms, "warning": self.warning_ms}
        return waits[severity]

    def due_ms(self, change: Change, now_ms: int) -> int | None:
        """When an alert that the engine opens or changes is due if that is put on file now, or None when it
        never is: it was found late or lies long ago, or a waiver has answered it.
        """
        alert = change.alert
        long_ago = now_ms - change.at_ms > LONG_AGO_MS
        if alert.found_late or long_ago or alert.evidence.waiver_id is not None:
            return None
        return now_ms + self.of(alert.severity)


def handled(
    alert: Alert,
    act: Act,
    *,
    by: str,
    note: str | None = None,
    assignee: str | None = None,
    reason: FalseReason | None = None,
) -> Alert:
    """An alert after what ``by`` did about it; its version is counted where it is written.

    Who acknowledges an alert that nobody holds takes it. ``assignee`` is for ``assigned``, where None takes
    the alert away from whoever held it; ``reason`` is for ``false_alarm``. Raises ``Conflict`` when the
    status does not allow the act, ``BadInput`` when the act lacks what it needs.
    """
    if alert.status not in _MAY_FOLLOW[act]:
        raise Conflict(f"alert {alert.alert_id!r} is {alert.status}; it cannot become {act}")
    if act == "assigned":
        return msgspec.structs.replace(alert, assignee=assignee)
    if act == "noted":
        if not note:
            raise BadInput("body.note: a note says something")
        return alert
    if act == "acknowledged":
        return msgspec.structs.replace(alert, status=act, due_ms=None, assignee=alert.assignee or by)
    if act == "false_alarm":
        if reason is None:
            raise BadInput("body.reason: say why it was false")
        if reason == "other" and not note:
            raise BadInput("body.note: the reason `other` needs a note that says which")
        return msgspec.structs.replace(alert, status=act, due_ms=None, false_reason=reason)
    return msgspec.structs.replace(alert, status=act, due_ms=None)
