"""Deadlines over a real database: timelines of an alert that nobody takes, and of one that somebody does."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from alerts.episodes import Alert, Change
from alerts.handling import Deadlines
from fleet.clock import MINUTE_MS
from fleet.fixes import Fixes
from storage.alerts import AlertBook
from storage.changes import AlertDesk, ChangeLog
from storage.commit import Batch, Committer
from storage.database import Database
from storage.escalation import escalate
from storage.waivers import WaiverBook
from tests.scenes import START_MS
from tests.storage.records import alert, change
from tests.storage.test_orders import deviation, waiver

DEADLINES = Deadlines()
FILED_MS = START_MS + 6_000
ALERT = alert().alert_id
THREE, TEN, HOUR = 3 * MINUTE_MS, 10 * MINUTE_MS, 60 * MINUTE_MS


@pytest.fixture
def committer(database: Database, bus_keys: NDArray[np.int32]) -> Committer:
    return Committer(database, bus_keys, DEADLINES)


async def file(committer: Committer, *changes: Change, at_ms: int = FILED_MS) -> tuple[Change, ...]:
    batch = Batch(Fixes.empty(), np.zeros(0, np.int16), at_ms, [], list(changes))
    return (await committer.commit(batch)).changes


async def raised(database: Database, after_ms: int) -> list[tuple[str, int, int | None]]:
    """What escalation does so long after the filing: alerts, their level and when they are due next."""
    changes = await escalate(database, DEADLINES, FILED_MS + after_ms)
    assert {(one.kind, one.by, one.at_ms) for one in changes} <= {("escalated", None, FILED_MS + after_ms)}
    return [
        (one.alert.bus_id, one.alert.level, one.alert.due_ms and one.alert.due_ms - FILED_MS)
        for one in changes
    ]


async def standing(database: Database, alert_id: str = ALERT) -> Alert:
    return (await AlertBook(database).one(alert_id))[0]


def worse(**changes: Any) -> Change:
    return change("updated", of=alert(severity="critical", **changes), after_s=90)


async def test_an_alert_that_nobody_takes_goes_up_at_each_deadline_and_no_further(
    committer: Committer, database: Database
) -> None:
    (opened,) = await file(committer, change())
    assert (opened.alert.level, opened.alert.due_ms) == (0, FILED_MS + TEN)
    assert await raised(database, TEN - 1) == []
    assert await raised(database, TEN) == [("B1", 1, 2 * TEN)]
    assert await raised(database, TEN + 1) == []
    assert await raised(database, 2 * TEN + 5) == [("B1", 2, None)]
    assert await raised(database, 9 * TEN) == []
    stored, steps = await AlertBook(database).one(ALERT)
    assert [step.kind for step in steps] == ["opened", "escalated", "escalated"]
    assert stored == steps[-1].alert
    assert stored.version == 3


async def test_one_that_is_past_due_by_hours_goes_up_one_level_at_a_time(
    committer: Committer, database: Database
) -> None:
    await file(committer, change())
    assert await raised(database, 5 * HOUR) == [("B1", 1, 5 * HOUR + TEN)]


@pytest.mark.parametrize("act", ["acknowledged", "closed", "false_alarm"])
async def test_one_that_somebody_takes_or_settles_is_not_raised(
    committer: Committer, database: Database, act: Any
) -> None:
    await file(committer, change())
    handled = await AlertDesk(database).handle(
        ALERT, act, by="李雷", note=None, expected_version=1, at_ms=FILED_MS, reason="device_fault"
    )
    assert handled.alert.due_ms is None
    assert await raised(database, HOUR) == []


async def test_giving_it_to_somebody_does_not_stop_the_clock(
    committer: Committer, database: Database
) -> None:
    await file(committer, change())
    await AlertDesk(database).handle(
        ALERT, "assigned", by="李雷", note=None, expected_version=1, at_ms=FILED_MS, assignee="韩梅梅"
    )
    assert await raised(database, TEN) == [("B1", 1, 2 * TEN)]
    assert (await standing(database)).assignee == "韩梅梅"


async def test_each_severity_has_its_own_and_the_longest_overdue_are_all_raised(
    committer: Committer, database: Database
) -> None:
    mild, grave = alert("B1", severity="warning"), alert("B2", severity="critical")
    await file(committer, change(of=mild), change(of=grave), change(of=alert("B3")))
    assert await raised(database, THREE) == [("B2", 1, 2 * THREE)]
    assert await raised(database, HOUR) == [("B1", 1, 2 * HOUR), ("B2", 2, None), ("B3", 1, HOUR + TEN)]


async def test_one_that_grows_worse_is_due_sooner_and_one_that_grows_milder_no_later(
    committer: Committer,
) -> None:
    await file(committer, change())
    (updated,) = await file(committer, worse(), at_ms=FILED_MS + MINUTE_MS)
    assert updated.alert.due_ms == FILED_MS + MINUTE_MS + THREE
    milder = change("updated", of=alert(severity="warning"), after_s=120)
    (updated,) = await file(committer, milder, at_ms=FILED_MS + 2 * MINUTE_MS)
    assert updated.alert.due_ms == FILED_MS + MINUTE_MS + THREE


async def test_found_late_and_long_ago_are_never_due_whatever_comes_after(
    committer: Committer, database: Database
) -> None:
    late = alert("B2", found_late=True)
    await file(committer, change(of=late))
    await file(committer, change(), at_ms=FILED_MS + HOUR)
    (graver,) = await file(
        committer, change("updated", of=alert(severity="critical"), after_s=4_000), at_ms=FILED_MS + HOUR
    )
    assert graver.alert.due_ms is None
    assert await raised(database, 9 * HOUR) == []


async def test_without_deadlines_nothing_is_due(database: Database, bus_keys: NDArray[np.int32]) -> None:
    (opened,) = await file(Committer(database, bus_keys), change())
    assert opened.alert.due_ms is None


async def test_processes_that_look_at_once_raise_an_alert_once(
    committer: Committer, database: Database
) -> None:
    await file(committer, *(change(of=alert(bus)) for bus in ("B1", "B2", "B3")))
    found = await asyncio.gather(*(escalate(database, DEADLINES, FILED_MS + TEN) for _ in range(6)))
    assert sorted(one.alert.bus_id for changes in found for one in changes) == ["B1", "B2", "B3"]
    steps = await ChangeLog(database).after(0, 100)
    assert [step.kind for step in steps] == ["opened"] * 3 + ["escalated"] * 3
    assert [step.seq for step in steps] == sorted(step.seq for step in steps)


async def test_of_very_many_the_rest_waits_for_the_next_call(
    committer: Committer, database: Database
) -> None:
    many = [change(of=alert("B1", START_MS + n, severity="critical")) for n in range(230)]
    await file(committer, *many)
    assert [len(await raised(database, THREE)) for _ in range(3)] == [200, 30, 0]


async def test_the_engine_loses_neither_level_nor_assignee(committer: Committer, database: Database) -> None:
    await file(committer, change())
    await raised(database, TEN)
    await AlertDesk(database).handle(
        ALERT, "assigned", by="李雷", note=None, expected_version=2, at_ms=FILED_MS + TEN, assignee="韩梅梅"
    )
    for step in (change("updated", of=alert(severity="critical"), after_s=700), change("ended", after_s=800)):
        (told,) = await file(committer, step, at_ms=FILED_MS + TEN + 1)
        assert (told.alert.level, told.alert.assignee) == (1, "韩梅梅")
    assert (await standing(database)).due_ms == FILED_MS + TEN + 1 + THREE


async def test_a_waiver_answers_what_the_deadline_waited_for(
    committer: Committer, database: Database
) -> None:
    await file(committer, change(of=deviation()))
    _, (marked,) = await WaiverBook(database).give(waiver(), at_ms=FILED_MS)
    assert marked.alert.due_ms is None
    assert await raised(database, HOUR) == []
    graver = change("updated", of=deviation(), after_s=30)
    (updated,) = await file(committer, graver)
    assert updated.alert.due_ms is None
    await WaiverBook(database).revoke("W1", by="李雷", at_ms=FILED_MS)
    graver = change("updated", of=deviation(), after_s=60)
    (updated,) = await file(committer, graver, at_ms=FILED_MS + MINUTE_MS)
    assert (updated.alert.severity, updated.alert.due_ms) == ("critical", FILED_MS + MINUTE_MS + THREE)


async def test_a_redelivery_does_not_move_a_deadline(committer: Committer, database: Database) -> None:
    await file(committer, change())
    assert await file(committer, change(), at_ms=FILED_MS + 5 * MINUTE_MS) == ()
    assert (await standing(database)).due_ms == FILED_MS + TEN


async def test_changes_of_before_deadlines_can_still_be_read(
    committer: Committer, database: Database
) -> None:
    (opened,) = await file(committer, change())
    async with database.connection() as connection:
        await connection.execute(
            "UPDATE alert_change SET alert = alert - ARRAY['assignee', 'level', 'due_ms', 'false_reason']"
        )
    (read,) = await ChangeLog(database).after(0, 10)
    assert read.alert == msgspec.structs.replace(opened.alert, due_ms=None)
