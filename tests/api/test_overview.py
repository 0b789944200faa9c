"""The overview of a small fleet whose every figure can be counted by hand.

B1 and B2 are of one school and operator, B3 and B4 of others; B4 is out of service. Each has one trip a
school day, from 07:00 to 09:00. 2026-09-01, the day of the scene, is a Tuesday.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import msgspec
import numpy as np
import pytest

from alerts.episodes import FalseReason
from alerts.handling import Act, Deadlines
from alerts.standing import Handled, Standing, standing_of
from api.app import create_app
from api.context import Context
from api.indicators import cut
from api.live import LiveHub
from api.ports import Ports
from api.schemas.overview import Overview
from buswatch.web import ports_on
from fleet.calendar import DaysOff, SchoolCalendar
from fleet.clock import DAY_MS, HOUR_MS, MINUTE_MS, from_ms
from fleet.fixes import Fixes
from fleet.hours import BusHours
from fleet.quality import Quality
from fleet.registry import Registry
from storage.changes import AlertDesk
from storage.commit import Batch, Committer
from storage.database import Database
from storage.hours import count_hours
from storage.registry import import_registry, load_registry
from tests.scenes import DAY, START_MS, bus, registry, track
from tests.storage.records import alert, change

WORKDAYS = (1, 2, 3, 4, 5)
EVENING_MS = START_MS + 11 * HOUR_MS
MINUTE = MINUTE_MS // 1_000


def small_fleet(**changes: Any) -> Registry:
    record = registry(buses=4)
    buses = (
        bus("B1"), bus("B2"), bus("B3", school="光明小学", operator="平安客运"),
        bus("B4", school="光明小学", operator="平安客运", state="out_of_service"),
    )  # fmt: skip
    assignments = tuple(msgspec.structs.replace(a, weekdays=WORKDAYS) for a in record.assignments)
    return msgspec.structs.replace(record, buses=buses, assignments=assignments, **changes)


@dataclass
class Office:
    """The API at a time that the test sets, and what it does to the database."""

    database: Database
    ports: Ports
    now_ms: int = EVENING_MS
    committer: Committer = field(init=False)
    client: httpx.AsyncClient = field(init=False)

    async def record(self, fleet: Registry) -> None:
        await import_registry(self.database, fleet)
        _, keys = await load_registry(self.database)
        self.committer = Committer(self.database, keys)

    async def drive(
        self, row: int, from_s: float, to_s: float, *, quality: int = 0, metres: float = 100.0
    ) -> None:
        """Fixes of a bus every half minute, from one second after the scene's start to another."""
        places = np.arange(0, to_s - from_s, 30)
        fixes = track(places, every_s=30, start_s=from_s, row=row, speed_kmh=36.0)
        await self.commit(fixes, quality, metres)

    async def commit(self, fixes: Fixes, quality: int, metres: float) -> None:
        marks, moved_m = np.full(len(fixes), quality, np.int16), np.full(len(fixes), metres, np.float32)
        await self.committer.commit(Batch(fixes, marks, self.now_ms, moved_m=moved_m))

    async def count(self) -> None:
        while await count_hours(self.database, self.now_ms):
            pass

    async def raise_alert(
        self,
        bus_id: str,
        at_ms: int,
        filed_ms: int | None,
        act: Act | None = None,
        acted_ms: int = 0,
        **more: Any,
    ) -> None:
        """An alert that began at a moment, was put on file at another, and what somebody did about it."""
        opened = alert(bus_id, at_ms, **more)
        nothing = Fixes.empty(), np.empty(0, np.int16)
        await self.committer.commit(Batch(*nothing, at_ms, changes=[change("opened", opened)]))
        async with self.database.connection() as connection:
            filed = None if filed_ms is None else from_ms(filed_ms)
            await connection.execute(
                "UPDATE alert SET filed_at = %s WHERE alert_id = %s", [filed, opened.alert_id]
            )
        if act is not None:
            desk = AlertDesk(self.database)
            reason: FalseReason | None = "position_drift" if act == "false_alarm" else None
            await desk.handle(
                opened.alert_id, act, by="李雷", note=None, reason=reason, expected_version=1, at_ms=acted_ms
            )

    async def ask(self, query: str = "") -> dict[str, Any]:
        answer = await self.client.get(f"/api/v1/overview{query}")
        assert answer.status_code == 200, answer.text
        Overview.model_validate_json(answer.content)
        found: dict[str, Any] = answer.json()
        return found


@pytest.fixture
async def office(database: Database, tmp_path: Path) -> AsyncIterator[Office]:
    office = Office(database, ports_on(database))
    await office.record(small_fleet())
    zone = small_fleet().tz
    hub = LiveHub(office.ports, zone, lambda: office.now_ms)

    async def nobody(_: dict[str, Any]) -> None: ...

    context = Context(office.ports, hub, zone, nobody, {}, lambda: office.now_ms)
    transport = httpx.ASGITransport(create_app(context, tmp_path), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://buswatch") as client:
        office.client = client
        yield office


def of(part: float, whole: float) -> dict[str, float | None]:
    return {"part": part, "whole": whole, "rate": part / whole if whole else None}


async def seed(office: Office) -> None:
    """Monday: B1 all its trip, B2 nothing. Tuesday: B1 with a silence of ten minutes, B2 with drift, B3 for
    an hour that is not its trip's.
    """
    await office.drive(0, -86_400, -86_400 + 120 * MINUTE)  # 240 fixes, 24 km, the first of them unseen
    await office.drive(0, 0, 50 * MINUTE)  # 100 fixes, 10 km
    await office.drive(0, 60 * MINUTE, 120 * MINUTE)  # 120 fixes, 12 km, the first of them unseen
    await office.drive(1, 0, 60 * MINUTE)  # 120 fixes, 12 km, the first of them unseen
    await office.drive(1, 60 * MINUTE, 70 * MINUTE, quality=Quality.JUMP, metres=0)  # 20
    await office.drive(1, 70 * MINUTE, 75 * MINUTE, quality=Quality.FROZEN, metres=0)  # 10
    await office.drive(1, 75 * MINUTE, 80 * MINUTE, quality=Quality.NO_FIX, metres=0)  # 10
    await office.drive(2, 180 * MINUTE, 240 * MINUTE)  # 120 fixes, 12 km, the first of them unseen
    await office.count()


async def test_two_days_counted_by_hand(office: Office) -> None:
    await seed(office)
    found = await office.ask("?from=2026-08-31&to=2026-09-01")
    total = found["total"]
    assert (found["from"], found["to"], found["step"]) == ("2026-08-31", "2026-09-01", "day")
    assert total["online"] == of(4, 6)  # of 3 buses on 2 days B1 twice, B2 and B3 once
    assert total["valid"] == of(700, 740)
    assert total["drift"] == of(30, 740)
    assert (total["jumps"], total["frozen"]) == (20, 10)
    # B1's very first fix, its first on Tuesday, a night later, the one after its silence; the others' first.
    assert total["complete"] == of(69.5, 70.0)
    assert total["connected"] == of(120 + 110 + 80, 6 * 120)
    assert total["trips"] == of(3, 6)  # B3's fixes are not of its trip
    assert (total["km"], total["bus_hours"], total["top_speed_kmh"]) == (70.0, round(370 / 60, 1), 36.0)
    monday, tuesday = found["series"]
    assert (monday["online"], tuesday["online"]) == (of(1, 3), of(3, 3))
    assert (monday["km"], tuesday["km"]) == (24.0, 46.0)
    assert monday["begins"] == "2026-08-31T00:00:00.000+08:00"
    assert found["counted"] == {"from": None, "until": "2026-09-01T18:00:00.000+08:00"}


async def test_schools_and_operators_share_out_the_whole(office: Office) -> None:
    await seed(office)
    found = await office.ask("?from=2026-08-31&to=2026-09-01")
    ours, theirs = found["operators"]
    assert [group["name"] for group in found["schools"]] == ["光明小学", "实验小学"]
    assert (ours["name"], theirs["name"]) == ("平安客运", "阳光校车")
    assert (ours["buses"], ours["in_service"], theirs["buses"]) == (2, 1, 2)
    assert (ours["online"], theirs["online"]) == (of(1, 2), of(3, 4))
    assert (ours["connected"], theirs["connected"]) == (of(0, 240), of(310, 480))
    assert (ours["km"], theirs["km"]) == (12.0, 58.0)


async def test_a_day_is_told_by_the_hour(office: Office) -> None:
    await seed(office)
    found = await office.ask("?from=2026-09-01")
    assert (found["step"], len(found["series"])) == ("hour", 24)
    seven, eight, ten = (found["series"][hour] for hour in (7, 8, 10))
    assert seven["begins"] == "2026-09-01T07:00:00.000+08:00"
    assert (seven["online"], seven["connected"]) == (of(2, 3), of(50 + 60, 180))
    assert (eight["online"], eight["connected"]) == (of(2, 3), of(60 + 20, 180))
    assert (ten["online"], ten["km"]) == (of(0, 0), 12.0)
    assert eight["valid"] == of(120, 160)
    assert found["total"]["online"] == of(3, 3)


async def test_today_counts_what_was_due_so_far_beside_as_much_of_yesterday(office: Office) -> None:
    """At 08:00 half of the trips is over; yesterday B1 drove all of its trip, half of it by then."""
    office.now_ms = START_MS + HOUR_MS
    await office.drive(0, -86_400, -86_400 + 120 * MINUTE)
    await office.drive(0, 0, 30 * MINUTE)
    await office.count()
    found = await office.ask()
    assert (found["from"], found["to"]) == ("2026-09-01", "2026-09-01")
    assert (found["total"]["connected"], found["total"]["online"]) == (of(30, 180), of(1, 3))
    assert found["series"][8]["online"] == of(0, 0)  # nothing is due yet
    before = found["before"]
    assert (before["from"], before["until"]) == ("2026-08-31", "2026-08-31T08:00:00.000+08:00")
    assert (before["total"]["connected"], before["total"]["online"]) == (of(60, 180), of(1, 3))
    assert before["total"]["km"] == 12.0


async def test_before_the_first_window_nothing_is_due(office: Office) -> None:
    office.now_ms = START_MS - 2 * HOUR_MS
    await office.count()
    total = (await office.ask())["total"]
    assert {name: total[name]["rate"] for name in ("online", "valid", "complete", "drift", "connected")} == (
        dict.fromkeys(("online", "valid", "complete", "drift", "connected"))
    )
    assert (total["trips"], total["alerts_per_1000_km"]) == (of(0, 0), None)


async def test_on_a_day_off_no_bus_is_missed(office: Office) -> None:
    calendar = SchoolCalendar(days_off=(DaysOff("台风停课", DAY, DAY),))
    await office.record(small_fleet(calendar=calendar))
    await seed(office)
    found = await office.ask("?from=2026-08-31&to=2026-09-01")
    assert [day["day_off"] for day in found["days"]] == [None, "台风停课"]
    assert (found["total"]["online"], found["total"]["connected"]) == (of(1, 3), of(120, 360))
    assert found["series"][1]["online"] == of(0, 0)
    assert found["series"][1]["km"] == 46.0  # what was driven all the same is not hidden


async def test_before_anything_was_counted_it_says_so(office: Office) -> None:
    found = await office.ask()
    assert found["counted"] == {"from": None, "until": None}
    assert found["total"]["online"] == of(0, 0)


async def test_while_older_hours_are_still_to_be_counted_it_says_so(
    office: Office,
) -> None:
    await office.drive(0, -10 * 86_400, -10 * 86_400 + 60)
    assert await count_hours(office.database, office.now_ms)
    found = await office.ask("?from=2026-08-31&to=2026-09-01")
    assert found["counted"]["from"] == "2026-08-31T18:00:00.000+08:00"
    assert found["before"]["whole"] is False


async def test_alerts_by_rule_severity_and_day_and_how_they_were_handled(office: Office) -> None:
    """Critical ones are due after 3 minutes, serious after 10, warnings after 60, all from when they were put
    on file; one that a device handed in hours late has no deadline, nor has one that a waiver covers.
    """
    await seed(office)
    monday, tuesday = START_MS - DAY_MS, START_MS
    minute = MINUTE_MS
    filed = monday + 8 * minute
    late_filed = tuesday + 5 * HOUR_MS
    await office.raise_alert("B1", monday, monday, "acknowledged", monday + 10 * minute)
    await office.raise_alert("B1", monday + 1, monday, "closed", monday + 10 * minute + 1)
    critical: dict[str, Any] = {"rule": "deviation", "severity": "critical"}
    await office.raise_alert("B1", monday + 2, filed, "false_alarm", filed + 3 * minute, **critical)
    await office.raise_alert("B1", monday + 3, late_filed, **critical)
    waived = msgspec.structs.replace(alert().evidence, waiver_id="W1")
    await office.raise_alert("B2", tuesday, tuesday, rule="deviation", severity="warning", evidence=waived)
    await office.raise_alert("B2", tuesday, tuesday, rule="long_stop", severity="warning")
    await office.raise_alert("B3", EVENING_MS - 1, EVENING_MS - 1, severity="warning")
    await office.raise_alert("B3", tuesday + 1, None, "closed", tuesday + 2)
    found = await office.ask("?from=2026-08-31&to=2026-09-01")
    total = found["total"]
    assert total["alerts"] == 8
    assert total["standings"] == {
        "on_time": 2, "late": 1, "waiting": 1, "overdue": 1, "exempt": 2, "unknown": 1,
    }  # fmt: skip
    assert total["on_time"] == of(2, 4)
    assert total["false_alarms"] == of(1, 8)
    assert total["by_severity"] == {"critical": 2, "serious": 3, "warning": 3}
    assert total["alerts_per_1000_km"] == round(8 / 70 * 1_000, 2)
    assert [(rule["rule"], rule["alerts"]) for rule in found["rules"]] == [
        ("speeding", 4), ("deviation", 3), ("long_stop", 1),
    ]  # fmt: skip
    assert [(of_it["severity"], of_it["on_time"]) for of_it in found["severities"]] == [
        ("critical", of(1, 1)), ("serious", of(1, 2)), ("warning", of(0, 1)),
    ]  # fmt: skip
    assert [step["by_rule"] for step in found["series"]] == [
        {"speeding": 2, "deviation": 2}, {"deviation": 1, "long_stop": 1, "speeding": 2},
    ]  # fmt: skip
    assert [step["by_severity"] for step in found["series"]] == [
        {"serious": 2, "critical": 2}, {"warning": 3, "serious": 1},
    ]  # fmt: skip
    assert [(group["name"], group["alerts"]) for group in found["schools"]] == [
        ("光明小学", 2),
        ("实验小学", 6),
    ]
    assert found["deadlines_s"] == {"critical": 180, "serious": 600, "warning": 3_600}


async def test_alerts_of_the_span_before_count_up_to_the_same_time(office: Office) -> None:
    office.now_ms = START_MS + HOUR_MS
    for hour in (0, 2):
        at_ms = START_MS - DAY_MS + hour * HOUR_MS
        await office.raise_alert("B1", at_ms, at_ms)
    assert (await office.ask())["before"]["total"]["alerts"] == 1
    assert (await office.ask("?from=2026-08-31"))["total"]["alerts"] == 2


async def test_an_alert_is_put_on_file_at_the_time_of_the_wall(office: Office) -> None:
    began_ms = round(dt.datetime.now(dt.UTC).timestamp() * 1_000)
    await office.committer.commit(
        Batch(Fixes.empty(), np.empty(0, np.int16), START_MS, changes=[change("opened"), change("updated")])
    )
    (filed,) = await office.ports.handling.between(START_MS, START_MS + 1)
    assert filed.filed_ms is not None
    assert began_ms - 1 <= filed.filed_ms <= began_ms + MINUTE_MS


async def test_what_a_bus_did_that_is_no_longer_on_record_is_in_the_whole_alone(office: Office) -> None:
    await seed(office)
    await office.raise_alert("B3", START_MS, START_MS)
    fleet = small_fleet()
    left = msgspec.structs.replace(
        fleet,
        buses=tuple(bus for bus in fleet.buses if bus.bus_id != "B3"),
        assignments=tuple(a for a in fleet.assignments if a.bus_id != "B3"),
    )
    await office.record(left)
    found = await office.ask("?from=2026-08-31&to=2026-09-01")
    assert (found["total"]["km"], found["total"]["alerts"]) == (70.0, 1)
    assert found["total"]["online"] == of(3, 4)
    assert sum(group["km"] for group in found["operators"]) == 58.0
    assert sum(group["alerts"] for group in found["schools"]) == 0


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("?from=2026-09-02&to=2026-09-01", "query.to"),
        ("?from=2026-01-01&to=2026-09-01", "92 days"),
        ("?from=1066-10-14", "between the years"),
        ("?from=yesterday", "query.from"),
    ],
)
async def test_a_span_that_cannot_be_shown_says_why(office: Office, query: str, told: str) -> None:
    answer = await office.client.get(f"/api/v1/overview{query}")
    assert answer.status_code == 422
    assert told in answer.json()["detail"]


async def test_a_quarter_of_a_year_is_shown(office: Office) -> None:
    found = await office.ask("?from=2026-06-02&to=2026-09-01")
    assert len(found["series"]) == len(found["days"]) == 92


@pytest.mark.parametrize(
    ("filed_ms", "acted_ms", "now_ms", "standing"),
    [
        (None, 0, 0, "unknown"),
        (0, 600_000, 0, "on_time"),
        (0, 600_001, 0, "late"),
        (0, None, 600_000, "waiting"),
        (0, None, 600_001, "overdue"),
    ],
)
def test_how_an_alert_stands_against_its_deadline(
    filed_ms: int | None, acted_ms: int | None, now_ms: int, standing: Standing
) -> None:
    stands = Handled("B1", "speeding", "serious", "open", -DAY_MS, filed_ms, acted_ms)
    assert standing_of(stands, Deadlines(), now_ms) == standing


def test_an_exempt_alert_is_neither_on_time_nor_late() -> None:
    stands = Handled("B1", "speeding", "serious", "closed", 0, 0, DAY_MS, exempt=True)
    assert standing_of(stands, Deadlines(), DAY_MS) == "exempt"


def test_an_hour_is_cut_by_its_minutes() -> None:
    """Of an hour with fixes in minutes 0 to 9 and 30 to 39 half lies before half past."""
    minutes = (1 << 10) - 1 | ((1 << 10) - 1) << 30
    columns = {name: np.array([100, 100, 100]) for name in ("fixes", "valid", "jumps", "frozen")}
    columns |= {name: np.array([100.0] * 3) for name in ("top_speed_kmh", "moved_m", "unseen_m")}
    begins_ms = np.array([0, HOUR_MS, 2 * HOUR_MS])
    hours = BusHours.of(
        ["B1"], bus=np.zeros(3), begins_ms=begins_ms, minutes=np.array([minutes] * 3), **columns
    )
    left = cut(hours, HOUR_MS + 30 * MINUTE_MS)
    assert left.fixes.tolist() == [100, 50]
    assert left.moved_m.tolist() == [100.0, 50.0]
    assert left.minutes.tolist() == [minutes, (1 << 10) - 1]
    assert len(cut(hours, 0)) == 0
