"""What has been kept long enough is deleted, and nothing else."""

from __future__ import annotations

import numpy as np
import psycopg
import pytest
from numpy.typing import NDArray

from fleet.clock import DAY_MS
from fleet.fixes import Fixes
from fleet.rejects import Reason, Reject
from storage.alerts import AlertBook
from storage.changes import ChangeLog
from storage.commit import Batch, Committer
from storage.database import Database
from storage.editions import edition_of
from storage.hours import HourBook, count_hours
from storage.migrate import FOLDER
from storage.positions import fixes_since
from storage.rejects import RejectShelf
from storage.retention import Retention, RetentionRecord, delete_expired
from tests.scenes import START_MS, track
from tests.storage.records import alert, change

KEPT = Retention(positions_days=10, alerts_days=20, rejects_days=5)


def fixes_on(*days: int) -> Fixes:
    """A minute of B1 on each of the days after the first."""
    return Fixes.concat([track(range(60), start_s=day * DAY_MS / 1_000) for day in days])


async def commit(committer: Committer, fixes: Fixes, **more: object) -> None:
    zeros = np.zeros(len(fixes), np.int16)
    await committer.commit(Batch(fixes, zeros, START_MS, **more))  # type: ignore[arg-type]


async def test_old_positions_go_and_younger_ones_stay(
    database: Database, committer: Committer, bus_keys: NDArray[np.int32]
) -> None:
    await commit(committer, fixes_on(0, 1, 9, 11))
    gone = await delete_expired(database, KEPT, START_MS + 12 * DAY_MS)
    kept = (await fixes_since(database, bus_keys, 0)).fixes
    assert set(((kept.time_ms - START_MS) // DAY_MS).tolist()) == {9, 11}
    async with database.connection() as connection:
        hypertable = await edition_of(connection) != "plain"
    assert gone["positions"] == (2 if hypertable else 120)
    (noted,) = [d for d in await RetentionRecord(database).deleted() if d.what == "positions"]
    assert noted.unit == ("days" if hypertable else "rows")
    assert (noted.deleted, noted.keep_days) == (gone["positions"], 10)


async def test_a_second_run_deletes_nothing_more_and_adds_nothing(
    database: Database, committer: Committer
) -> None:
    await commit(committer, fixes_on(0))
    first = await delete_expired(database, KEPT, START_MS + 12 * DAY_MS)
    assert first["positions"] > 0
    assert (await delete_expired(database, KEPT, START_MS + 12 * DAY_MS))["positions"] == 0
    assert (
        next(d for d in await RetentionRecord(database).deleted() if d.what == "positions").deleted
        == first["positions"]
    )


async def test_an_old_alert_goes_with_its_handling_and_one_that_goes_on_stays(
    database: Database, committer: Committer
) -> None:
    over = alert("B1", START_MS, ended_ms=START_MS + 60_000)
    going_on = alert("B2", START_MS)
    changes = [change("opened", of=alert("B1", START_MS)), change("ended", of=over)]
    await commit(committer, Fixes.empty(), changes=[*changes, change("opened", of=going_on)])
    assert (await delete_expired(database, KEPT, START_MS + 19 * DAY_MS))["alerts"] == 0
    assert (await delete_expired(database, KEPT, START_MS + 21 * DAY_MS))["alerts"] == 1
    assert [a.bus_id for a in await AlertBook(database).page(limit=10)] == ["B2"]
    assert {c.alert.bus_id for c in await ChangeLog(database).after(0, 10)} == {"B2"}


async def test_the_figures_of_an_hour_outlive_its_fixes_and_go_with_the_alerts(
    database: Database, committer: Committer
) -> None:
    await commit(committer, fixes_on(0, 9))
    now_ms = START_MS + 9 * DAY_MS
    while await count_hours(database, now_ms):
        pass
    book = HourBook(database)
    assert (await delete_expired(database, KEPT, START_MS + 12 * DAY_MS))["hours"] == 0
    assert len(await book.of_fleet(START_MS, now_ms + DAY_MS)) == 2
    assert (await delete_expired(database, KEPT, START_MS + 21 * DAY_MS))["hours"] == 1
    assert (await book.of_fleet(START_MS, now_ms + DAY_MS)).begins_ms.tolist() == [START_MS + 9 * DAY_MS]


async def test_old_rejects_go(database: Database, committer: Committer) -> None:
    reject = Reject("buswatch/v1/B1/position", b"x", None, Reason.NOT_JSON, "", START_MS)
    await commit(committer, Fixes.empty(), rejects=[reject])
    assert (await delete_expired(database, KEPT, START_MS + 4 * DAY_MS))["rejects"] == 0
    assert (await delete_expired(database, KEPT, START_MS + 6 * DAY_MS))["rejects"] == 1
    assert await RejectShelf(database).newest(10) == []


async def test_what_is_kept_for_ever_is_not_looked_through(database: Database, committer: Committer) -> None:
    await commit(committer, fixes_on(0))
    for_ever = Retention(positions_days=0, alerts_days=0, rejects_days=0)
    assert await delete_expired(database, for_ever, START_MS + 4_000 * DAY_MS) == {}
    assert await RetentionRecord(database).deleted() == []


async def test_the_edition_is_that_of_the_server(database: Database, request: pytest.FixtureRequest) -> None:
    async with database.connection() as connection:
        assert await edition_of(connection) == ("apache" if "timescale" in request.node.name else "plain")


async def test_the_statements_of_the_community_licence_can_be_parsed(database: Database) -> None:
    """PostgreSQL reads the whole text before it refuses the first statement; what they do is TimescaleDB's,
    with a licence that is not to be had here.
    """
    text = (FOLDER.parent / "timescale" / "community.sql").read_bytes()
    async with database.connection() as connection:
        refusals = (psycopg.errors.FeatureNotSupported, psycopg.errors.InvalidParameterValue)
        with pytest.raises(refusals):
            await connection.execute(text)
        with pytest.raises(psycopg.errors.SyntaxError):
            await connection.execute(text + b"; SELECT add_policy(;")
