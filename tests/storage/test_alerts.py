"""Alerts by filters, page by page, and the episodes that still go on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from alerts.episodes import Alert, Change
from fleet.errors import NotFound
from fleet.fixes import Fixes
from storage.alerts import AlertBook, open_episodes
from storage.commit import Batch, Committer
from storage.database import Database
from storage.named import queries
from tests.scenes import START_MS
from tests.storage.records import alert, change

OLD = alert("B1", START_MS, severity="warning")
NEW = alert("B2", START_MS + 60_000, severity="critical")
STRAY = alert("B2", START_MS + 30_000, rule="deviation")
TWIN = alert("B3", START_MS + 60_000)


pytestmark = pytest.mark.usefixtures("book")


@pytest.fixture
async def book(committer: Committer, database: Database) -> AlertBook:
    changes: list[Change] = [change(of=one) for one in (OLD, STRAY, NEW, TWIN)]
    changes.append(change("ended", of=OLD, after_s=40))
    await committer.commit(Batch(Fixes.empty(), np.zeros(0, np.int16), START_MS, [], changes))
    return AlertBook(database)


def identities(alerts: list[Alert]) -> list[str]:
    return [one.alert_id for one in alerts]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, [TWIN, NEW, STRAY, OLD]),
        ({"rule": "deviation"}, [STRAY]),
        ({"severity": "critical"}, [NEW]),
        ({"status": "closed"}, []),
        ({"ongoing": True}, [TWIN, NEW, STRAY]),
        ({"ongoing": False}, [OLD]),
        ({"bus_id": "B2"}, [NEW, STRAY]),
        ({"bus_id": "B2", "rule": "speeding"}, [NEW]),
        ({"from_ms": START_MS + 30_000}, [TWIN, NEW, STRAY]),
        ({"to_ms": START_MS + 30_000}, [OLD]),
    ],
)
async def test_a_page_holds_what_passes_every_filter(
    book: AlertBook, filters: dict[str, Any], expected: list[Alert]
) -> None:
    assert identities(await book.page(**filters, limit=10)) == identities(expected)


async def test_pages_follow_each_other_without_gap_or_double_though_starts_are_equal(book: AlertBook) -> None:
    found: list[Alert] = []
    while page := await book.page(
        after=(found[-1].started_ms, found[-1].alert_id) if found else None, limit=1
    ):
        found += page
    assert identities(found) == identities([TWIN, NEW, STRAY, OLD])


async def test_the_episodes_that_go_on_are_what_the_engine_resumes_with(
    database: Database,
) -> None:
    assert await open_episodes(database, ["B1", "B2", "B3"]) == [STRAY, NEW, TWIN]


async def test_a_file_holds_the_alert_and_its_steps_in_order(book: AlertBook) -> None:
    stored, steps = await book.one(OLD.alert_id)
    assert stored.ended_ms == START_MS + 40_000
    assert [step.kind for step in steps] == ["opened", "ended"]
    assert steps[-1].alert == stored


async def test_there_is_no_file_of_an_unknown_alert(book: AlertBook) -> None:
    with pytest.raises(NotFound, match="no alert 'B9"):
        await book.one("B9.speeding.1")


@pytest.mark.parametrize(
    "filters",
    [
        {},
        {"bus_id": "B7"},
        {"bus_id": "B7", "from": "2026-09-01", "to": "2026-09-02"},
        {"from": "2026-09-01", "to": "2026-09-02"},
        {"status": "open", "severity": "critical"},
        {"rule": "speeding", "ongoing": True},
        {"after_start": "2026-09-02", "after_id": "A3"},
    ],
)
async def test_no_page_of_alerts_walks_and_sorts_the_whole_table(
    database: Database, filters: dict[str, object]
) -> None:
    names = ("rule", "severity", "status", "ongoing", "bus_id", "from", "to", "after_start", "after_id")
    parameters = {name: filters.get(name) for name in names} | {"limit": 100}
    async with database.connection() as connection:
        await connection.execute(
            "INSERT INTO alert SELECT 'A' || n, 'B' || n % 50, 'speeding', 'warning', 'closed', at, at, at,"
            " 114, 30, false, '{}', 1, at FROM generate_series(1, 20000) AS n,"
            " LATERAL (SELECT '2026-08-01'::timestamptz + n * interval '3 min') AS moment (at); ANALYZE alert"
        )
        explain = b"EXPLAIN " + queries("alerts")["page"]
        rows = await (await connection.execute(explain, parameters)).fetchall()
    plan = "\n".join(line for (line,) in rows)
    assert "Seq Scan on alert" not in plan, plan
