"""Looks at tracks are kept once each, and found again by bus, person and time."""

from __future__ import annotations

import pytest

from fleet.accesses import Access
from fleet.clock import HOUR_MS
from storage.accesses import AccessLog
from storage.database import Database
from storage.retention import Retention, delete_expired
from tests.scenes import START_MS

MORNING = Access(START_MS + 10 * HOUR_MS, "王秀英", "view", "B1", START_MS, START_MS + HOUR_MS)


async def test_a_look_into_a_span_that_was_just_shown_is_the_same_look(database: Database) -> None:
    log = AccessLog(database)
    zoomed = MORNING._replace(at_ms=MORNING.at_ms + 60_000, from_ms=START_MS + 1_000)
    await log.record(MORNING)
    await log.record(zoomed)
    assert await log.newest(10) == [MORNING]


@pytest.mark.parametrize(
    "other",
    [
        MORNING._replace(by="李雷"),
        MORNING._replace(by=None),
        MORNING._replace(bus_id="B2"),
        MORNING._replace(from_ms=START_MS - 1),
        MORNING._replace(to_ms=START_MS + HOUR_MS + 1),
        MORNING._replace(what="export"),
        MORNING._replace(at_ms=MORNING.at_ms + HOUR_MS),
    ],
)
async def test_another_look_is_kept_beside_the_first(database: Database, other: Access) -> None:
    log = AccessLog(database)
    await log.record(MORNING)
    await log.record(other)
    assert await log.newest(10) == [other, MORNING]


async def test_every_export_is_kept_and_looks_without_a_name_are_one_persons(database: Database) -> None:
    log = AccessLog(database)
    taken, nameless = MORNING._replace(what="export"), MORNING._replace(by=None)
    for look in (taken, taken, nameless, nameless):
        await log.record(look)
    assert await log.newest(10) == [nameless, taken, taken]


async def test_looks_are_found_by_bus_person_and_time(database: Database) -> None:
    log = AccessLog(database)
    looks = [
        MORNING,
        MORNING._replace(at_ms=MORNING.at_ms + 1, bus_id="B2"),
        MORNING._replace(at_ms=MORNING.at_ms + 2, by="李雷"),
    ]
    for look in looks:
        await log.record(look)
    assert await log.newest(1) == looks[2:]
    assert await log.newest(10, bus_id="B2") == looks[1:2]
    assert await log.newest(10, by="李雷") == looks[2:]
    assert await log.newest(10, from_ms=looks[0].at_ms, to_ms=looks[2].at_ms) == looks[1::-1]


async def test_looks_are_kept_as_long_as_alerts(database: Database) -> None:
    log = AccessLog(database)
    old, young = MORNING, MORNING._replace(at_ms=MORNING.at_ms + 48 * HOUR_MS)
    for look in (old, young):
        await log.record(look)
    gone = await delete_expired(database, Retention(alerts_days=1), old.at_ms + 25 * HOUR_MS)
    assert gone["accesses"] == 1
    assert await log.newest(10) == [young]
