"""Waivers, advisories and incidents over a real database."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest

from alerts.episodes import Alert, Change
from fleet.errors import Conflict, NotFound
from fleet.fixes import Fixes
from fleet.parameters import IncidentParameters
from fleet.registry import Advisory, Waiver
from storage.advisories import AdvisoryBook, advisories_since
from storage.alerts import AlertBook
from storage.changes import ChangeLog
from storage.commit import Batch, Committer
from storage.database import Database
from storage.incidents import IncidentBook
from storage.waivers import WaiverBook
from tests.scenes import START_MS
from tests.storage.records import alert, change

HOUR = 3_600_000
NOW_MS = START_MS + 30_000
AREA = ((114.3, 30.6), (114.33, 30.6), (114.33, 30.63), (114.3, 30.63))


def deviation(bus_id: str = "B1", started_ms: int = START_MS, **changes: Any) -> Alert:
    """A critical deviation from route R1 that goes on."""
    stands = alert(bus_id, started_ms, rule="deviation", severity="critical")
    evidence = msgspec.structs.replace(stands.evidence, approval_id="R1.1", off_line_m=600.0)
    return msgspec.structs.replace(stands, evidence=evidence, **changes)


def waiver(waiver_id: str = "W1", **changes: Any) -> Waiver:
    stands = Waiver(
        waiver_id, "roadworks", "交警大队", START_MS - HOUR, START_MS + HOUR, ("R1",), AREA, "修路"
    )
    return msgspec.structs.replace(stands, **changes)


async def raise_(committer: Committer, *changes: Change) -> tuple[Change, ...]:
    batch = Batch(Fixes.empty(), np.zeros(0, np.int16), NOW_MS, [], list(changes))
    return (await committer.commit(batch)).changes


async def test_a_deviation_under_a_waiver_is_raised_as_a_warning(
    committer: Committer, database: Database
) -> None:
    given, marked = await WaiverBook(database).give(waiver(), at_ms=NOW_MS)
    assert marked == []
    assert await WaiverBook(database).newest(10) == [given]
    (opened, speeding) = await raise_(committer, change(of=deviation()), change())
    assert (opened.kind, opened.alert.severity, opened.alert.evidence.waiver_id) == (
        "opened",
        "warning",
        "W1",
    )
    assert (speeding.alert.severity, speeding.alert.evidence.waiver_id) == ("serious", None)
    graver = change("updated", deviation(), after_s=400)
    (updated,) = await raise_(committer, graver)
    assert (updated.alert.severity, updated.alert.evidence.waiver_id) == ("warning", "W1")


async def test_one_given_while_deviations_go_on_marks_them_in_sight(
    committer: Committer, database: Database
) -> None:
    past = deviation("B3", START_MS - 2 * HOUR, ended_ms=START_MS - 2 * HOUR + 5_000)
    await raise_(committer, change(of=deviation()), change(of=past), change(of=alert("B2")))
    given, changes = await WaiverBook(database).give(waiver(), at_ms=NOW_MS)
    (marked,) = changes
    assert (marked.kind, marked.by, marked.note, marked.at_ms) == ("waived", "交警大队", "修路", NOW_MS)
    assert (marked.alert.severity, marked.alert.version) == ("warning", 2)
    on_file, steps = await AlertBook(database).one(deviation().alert_id)
    assert on_file == marked.alert
    assert steps[-1] == marked
    assert await ChangeLog(database).newest_seq() == marked.seq
    assert given.incident_id is None


async def test_one_that_is_revoked_covers_no_more(committer: Committer, database: Database) -> None:
    book = WaiverBook(database)
    await book.give(waiver(), at_ms=NOW_MS)
    revoked = await book.revoke("W1", by="李雷", at_ms=NOW_MS + 1)
    assert (revoked.revoked_by, revoked.revoked_ms) == ("李雷", NOW_MS + 1)
    (opened,) = await raise_(committer, change(of=deviation()))
    assert (opened.alert.severity, opened.alert.evidence.waiver_id) == ("critical", None)
    with pytest.raises(Conflict, match="revoked already"):
        await book.revoke("W1", by="李雷", at_ms=NOW_MS)
    with pytest.raises(NotFound, match="no waiver 'W9'"):
        await book.revoke("W9", by="李雷", at_ms=NOW_MS)


async def test_an_advisory_holds_for_its_time_or_until_it_is_ended(database: Database) -> None:
    book = AdvisoryBook(database)
    ice = Advisory("V1", "道路结冰", AREA, START_MS, START_MS + HOUR)
    fog = Advisory("V2", "大雾", AREA, START_MS, START_MS + 2 * HOUR, 30.0)
    for advisory in (ice, fog):
        await book.issue(advisory, by="气象台", at_ms=START_MS)
    assert await advisories_since(database, START_MS) == [ice, fog]
    assert await advisories_since(database, START_MS + HOUR) == [fog]
    ended = await book.end("V2", by="李雷", at_ms=NOW_MS)
    assert (ended.ended_by, ended.ended_ms) == ("李雷", NOW_MS)
    assert await advisories_since(database, START_MS) == [ice, msgspec.structs.replace(fog, to_ms=NOW_MS)]
    assert [issued.advisory for issued in await book.newest(10)] == [fog, ice]
    with pytest.raises(Conflict, match="ended already"):
        await book.end("V2", by="李雷", at_ms=NOW_MS)
    with pytest.raises(NotFound, match="no advisory 'V9'"):
        await book.end("V9", by="李雷", at_ms=NOW_MS)


async def test_incidents_follow_the_deviations_on_file(committer: Committer, database: Database) -> None:
    book, three = IncidentBook(database), IncidentParameters(buses=3)
    alerts = [deviation(f"B{n}", START_MS + n * 1_000) for n in (1, 2, 3)]
    await raise_(committer, *(change(of=one) for one in alerts[:2]))
    assert await book.gather(three, NOW_MS) == []
    await raise_(committer, change(of=alerts[2]))
    (found,) = await book.gather(three, NOW_MS)
    assert found.alert_ids == tuple(one.alert_id for one in alerts)
    assert (found.route_ids, found.ended_ms) == (("R1",), None)
    assert await book.gather(three, NOW_MS) == [], "nothing new"
    assert await IncidentBook(database).one(found.incident_id) == (
        found,
        (await book.one(found.incident_id))[1],
    )
    await raise_(committer, *(change("ended", one, after_s=60) for one in alerts))
    (over,) = await book.gather(three, NOW_MS + HOUR)
    assert over.ended_ms == START_MS + 63_000
    assert await book.newest(10) == [over]
    assert await book.newest(10, ongoing=True) == []
    again = [deviation(f"B{n}", START_MS + 5 * HOUR + n) for n in (1, 2, 3)]
    await raise_(committer, *(change(of=one) for one in again))
    (second,) = await book.gather(three, START_MS + 5 * HOUR)
    assert second.alert_ids == tuple(one.alert_id for one in again)
    with pytest.raises(NotFound, match="no incident 'I9'"):
        await book.one("I9")


async def test_one_waiver_is_read_by_its_name(database: Database) -> None:
    book = WaiverBook(database)
    given, _ = await book.give(waiver(), at_ms=NOW_MS)
    assert await book.one("W1") == given
    with pytest.raises(NotFound, match="there is no waiver 'W9'"):
        await book.one("W9")


async def test_the_advisories_in_force_at_a_moment_are_those_that_nobody_had_ended(
    database: Database,
) -> None:
    book = AdvisoryBook(database)
    for name, from_ms in (("V1", START_MS), ("V2", START_MS), ("V3", START_MS + HOUR)):
        await book.issue(Advisory(name, "大雾", AREA, from_ms, from_ms + HOUR), by="气象台", at_ms=NOW_MS)
    await book.end("V2", by="李雷", at_ms=START_MS + 60_000)
    assert [one.advisory.advisory_id for one in await book.in_force(START_MS)] == ["V1", "V2"]
    assert [one.advisory.advisory_id for one in await book.in_force(START_MS + 60_000)] == ["V1"]
    assert [one.advisory.advisory_id for one in await book.in_force(START_MS + HOUR)] == ["V3"]
