"""People's acts: each upon the version that was seen, and only where it makes sense."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from alerts.episodes import Change
from alerts.handling import Act
from fleet.errors import Conflict, NotFound
from fleet.fixes import Fixes
from storage.alerts import AlertBook
from storage.changes import AlertDesk, ChangeLog
from storage.commit import Batch, Committer
from storage.database import Database
from tests.scenes import START_MS
from tests.storage.records import alert, change

ALERT = alert().alert_id


@pytest.fixture
async def desk(committer: Committer, database: Database) -> AlertDesk:
    """A desk with one open alert at version 1."""
    await committer.commit(Batch(Fixes.empty(), np.zeros(0, np.int16), START_MS, [], [change()]))
    return AlertDesk(database)


async def act(desk: AlertDesk, what: Act, version: int, by: str = "王秀英") -> Change:
    return await desk.handle(
        ALERT,
        what,
        by=by,
        note="看过录像",
        expected_version=version,
        at_ms=START_MS + 90_000,
        reason="device_fault",
    )


async def test_an_act_is_recorded_with_who_when_and_why(desk: AlertDesk, database: Database) -> None:
    done = await act(desk, "acknowledged", 1)
    assert (done.kind, done.by, done.note, done.at_ms) == (
        "acknowledged",
        "王秀英",
        "看过录像",
        START_MS + 90_000,
    )
    assert (done.alert.status, done.alert.version) == ("acknowledged", 2)
    stored, steps = await AlertBook(database).one(ALERT)
    assert stored == done.alert
    assert steps[-1] == done
    assert await ChangeLog(database).after(steps[0].seq, 10) == [done]


async def test_of_two_people_who_act_at_once_one_is_told_to_look_again(desk: AlertDesk) -> None:
    done = await asyncio.gather(
        act(desk, "closed", 1, by="甲"), act(desk, "false_alarm", 1, by="乙"), return_exceptions=True
    )
    assert sorted(type(outcome).__name__ for outcome in done) == ["Change", "Conflict"]


@pytest.mark.parametrize("settled", ["closed", "false_alarm"])
@pytest.mark.parametrize("later", ["acknowledged", "closed", "false_alarm"])
async def test_what_is_settled_stays_settled(desk: AlertDesk, settled: Act, later: Act) -> None:
    await act(desk, settled, 1)
    with pytest.raises(Conflict, match=f"is {settled}; it cannot become {later}"):
        await act(desk, later, 2)


async def test_an_alert_goes_from_hand_to_hand_with_every_step_on_file(
    desk: AlertDesk, database: Database
) -> None:
    for version, to in enumerate(["李雷", "韩梅梅", None], 1):
        given = await desk.handle(
            ALERT, "assigned", by="王秀英", note=None, expected_version=version, at_ms=START_MS, assignee=to
        )
        assert (given.kind, given.alert.assignee, given.alert.status) == ("assigned", to, "open")
    noted = await act(desk, "noted", 4)
    assert (noted.kind, noted.note, noted.alert.version) == ("noted", "看过录像", 5)
    false = await act(desk, "false_alarm", 5)
    assert false.alert.false_reason == "device_fault"
    stored, steps = await AlertBook(database).one(ALERT)
    assert [step.alert.assignee for step in steps] == [None, "李雷", "韩梅梅", None, None, None]
    assert stored == false.alert


async def test_acknowledging_twice_is_a_conflict(desk: AlertDesk) -> None:
    await act(desk, "acknowledged", 1)
    with pytest.raises(Conflict, match="at version 2 by now, not 1"):
        await act(desk, "acknowledged", 1)
    with pytest.raises(Conflict, match="cannot become acknowledged"):
        await act(desk, "acknowledged", 2)


async def test_what_the_engine_wrote_since_stands_in_nobodys_way_and_what_a_person_did_does(
    desk: AlertDesk, committer: Committer
) -> None:
    def batch(*changes: Change) -> Batch:
        return Batch(Fixes.empty(), np.zeros(0, np.int16), START_MS, [], list(changes))

    await committer.commit(batch(change("updated", after_s=15), change("updated", after_s=25)))
    done = await act(desk, "acknowledged", 1)
    assert (done.alert.status, done.alert.version) == ("acknowledged", 4)
    await committer.commit(batch(change("updated", after_s=35)))
    with pytest.raises(Conflict, match="at version 5 by now, not 3"):
        await act(desk, "closed", 3, by="李雷")
    with pytest.raises(Conflict, match="at version 5 by now, not 6"):
        await act(desk, "closed", 6, by="李雷")
    assert (await act(desk, "closed", 4, by="李雷")).alert.version == 6


async def test_an_act_upon_no_alert_finds_none(desk: AlertDesk) -> None:
    with pytest.raises(NotFound, match="no alert 'B9"):
        await desk.handle("B9.speeding.1", "closed", by="甲", note=None, expected_version=1, at_ms=0)


async def test_a_refused_act_leaves_no_trace(desk: AlertDesk, database: Database) -> None:
    before = await ChangeLog(database).newest_seq()
    with pytest.raises(Conflict):
        await act(desk, "closed", 7)
    assert await ChangeLog(database).newest_seq() == before
