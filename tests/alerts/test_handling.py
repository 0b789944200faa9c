"""What people may do about an alert, and by when somebody must have taken it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from alerts.episodes import Alert, FalseReason, Severity, Status
from alerts.handling import LONG_AGO_MS, Act, Deadlines, handled
from fleet.clock import MINUTE_MS
from fleet.errors import BadInput, Conflict
from tests.storage.records import alert, change

NOW_MS = alert().detected_ms
DUE = alert(due_ms=NOW_MS + MINUTE_MS, level=1)


def after(act: Act, of: Alert = DUE, **more: Any) -> Alert:
    return handled(of, act, by="王秀英", **more)


def test_who_acknowledges_an_alert_that_nobody_holds_takes_it_and_stops_the_clock() -> None:
    taken = after("acknowledged")
    assert (taken.status, taken.assignee, taken.due_ms, taken.level) == ("acknowledged", "王秀英", None, 1)


def test_who_acknowledges_anothers_alert_leaves_it_theirs() -> None:
    assert after("acknowledged", alert(assignee="李雷")).assignee == "李雷"


@pytest.mark.parametrize("to", ["李雷", "王秀英", None])
def test_an_alert_is_given_taken_over_and_taken_away_while_its_clock_goes_on(to: str | None) -> None:
    given = after("assigned", alert(assignee="韩梅梅", due_ms=NOW_MS), assignee=to)
    assert (given.assignee, given.status, given.due_ms) == (to, "open", NOW_MS)


def test_a_note_changes_nothing_else() -> None:
    assert after("noted", note="已联系学校") == DUE
    with pytest.raises(BadInput, match=r"body\.note"):
        after("noted", note=None)


@pytest.mark.parametrize(
    "reason", ["position_drift", "device_fault", "approval_outdated", "detour_not_on_record"]
)
def test_a_false_alarm_has_a_reason(reason: FalseReason) -> None:
    false = after("false_alarm", reason=reason)
    assert (false.status, false.false_reason, false.due_ms) == ("false_alarm", reason, None)


def test_a_false_alarm_without_a_reason_or_with_another_that_is_not_told_is_refused() -> None:
    with pytest.raises(BadInput, match=r"body\.reason"):
        after("false_alarm")
    with pytest.raises(BadInput, match=r"body\.note"):
        after("false_alarm", reason="other", note=None)
    assert after("false_alarm", reason="other", note="测试车辆").false_reason == "other"


@pytest.mark.parametrize("settled", ["closed", "false_alarm"])
@pytest.mark.parametrize("act", ["acknowledged", "closed", "false_alarm", "assigned"])
def test_what_is_settled_stays_settled_and_whose_it_was(settled: Status, act: Act) -> None:
    with pytest.raises(Conflict, match=f"is {settled}; it cannot become {act}"):
        after(act, alert(status=settled), reason="device_fault", assignee="李雷")


@pytest.mark.parametrize("status", ["open", "acknowledged", "closed", "false_alarm"])
def test_a_note_may_be_added_at_any_time(status: Status) -> None:
    assert after("noted", alert(status=status), note="补充").status == status


@pytest.mark.parametrize(("severity", "minutes"), [("critical", 3), ("serious", 10), ("warning", 60)])
def test_an_alert_is_due_by_its_severity_from_when_it_is_put_on_file(
    severity: Severity, minutes: int
) -> None:
    filed_ms = NOW_MS + 2_000
    assert Deadlines().due_ms(change(of=alert(severity=severity)), filed_ms) == filed_ms + minutes * MINUTE_MS


def test_what_was_found_late_lies_long_ago_or_is_waived_is_never_due() -> None:
    evidence = msgspec.structs.replace(alert().evidence, waiver_id="W1")
    assert Deadlines().due_ms(change(of=alert(found_late=True)), NOW_MS) is None
    assert Deadlines().due_ms(change(of=alert(evidence=evidence)), NOW_MS) is None
    assert Deadlines().due_ms(change(), NOW_MS + LONG_AGO_MS) is not None
    assert Deadlines().due_ms(change(), NOW_MS + LONG_AGO_MS + 1) is None
