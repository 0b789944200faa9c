"""People act on alerts through the API: upon what they saw, from our own page, told to everybody."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from api import schemas
from fleet.errors import Unavailable
from tests.api.conftest import Room
from tests.storage.records import alert

ALERT = f"/api/v1/alerts/{alert().alert_id}"
SEEN: dict[str, Any] = {"by": "王秀英", "note": "司机已减速", "version": 1}


@pytest.mark.parametrize(
    ("verb", "status", "more"),
    [
        ("acknowledge", "acknowledged", {}),
        ("close", "closed", {}),
        ("false-alarm", "false_alarm", {"reason": "detour_not_on_record"}),
    ],
)
async def test_an_act_is_answered_with_the_alert_and_announced(
    client: httpx.AsyncClient, room: Room, verb: str, status: str, more: dict[str, str]
) -> None:
    answer = await client.post(f"{ALERT}/{verb}", json=SEEN | more)
    assert answer.status_code == 200, answer.text
    schemas.Alert.model_validate_json(answer.content)
    assert (answer.json()["status"], answer.json()["version"]) == (status, 2)
    (told,) = room.announced
    assert (told["kind"], told["by"], told["note"]) == (status, "王秀英", "司机已减速")
    assert told["alert"] == answer.json()


async def test_an_alert_is_given_noted_and_marked_false_in_sight_of_all(
    client: httpx.AsyncClient, room: Room
) -> None:
    by = {"by": "王秀英"}
    acts: list[tuple[str, dict[str, Any]]] = [
        ("assign", by | {"to": "李雷", "version": 1}),
        ("note", by | {"note": "已联系学校", "version": 2}),
        ("assign", by | {"to": None, "version": 3}),
        ("false-alarm", by | {"reason": "position_drift", "version": 4}),
        ("note", by | {"note": "定位漂移 300 米", "version": 5}),
    ]
    for verb, body in acts:
        answer = await client.post(f"{ALERT}/{verb}", json=body)
        assert answer.status_code == 200, answer.text
        schemas.Alert.model_validate_json(answer.content)
    assert [(told["kind"], told["alert"]["assignee"]) for told in room.announced] == [
        ("assigned", "李雷"),
        ("noted", "李雷"),
        ("assigned", None),
        ("false_alarm", None),
        ("noted", None),
    ]
    file = schemas.AlertFile.model_validate_json((await client.get(ALERT)).content)
    assert (file.status, file.false_reason) == ("false_alarm", "position_drift")
    assert [(step.kind, step.assignee, step.false_reason) for step in file.changes[1:]] == [
        ("assigned", "李雷", None),
        ("noted", "李雷", None),
        ("assigned", None, None),
        ("false_alarm", None, "position_drift"),
        ("noted", None, "position_drift"),
    ]
    late = await client.post(f"{ALERT}/assign", json=by | {"to": "李雷", "version": 6})
    assert late.status_code == 409
    assert "cannot become assigned" in late.json()["detail"]


@pytest.mark.parametrize(
    ("verb", "more", "says"),
    [
        ("false-alarm", {}, "body.reason"),
        ("false-alarm", {"reason": "boredom"}, "body.reason"),
        ("false-alarm", {"reason": "other", "note": None}, "body.note"),
        ("note", {"note": " "}, "body.note"),
        ("note", {"note": None}, "body.note"),
        ("assign", {}, "body.to"),
        ("assign", {"to": " "}, "body.to"),
        ("assign", {"to": "李" * 101}, "body.to"),
    ],
)
async def test_an_act_that_lacks_what_it_needs_is_refused_with_its_reason(
    client: httpx.AsyncClient, room: Room, verb: str, more: dict[str, Any], says: str
) -> None:
    answer = await client.post(f"{ALERT}/{verb}", json=SEEN | more)
    assert answer.status_code == 422
    assert says in answer.json()["detail"]
    assert room.announced == []


async def test_an_act_upon_an_older_version_is_a_conflict(client: httpx.AsyncClient) -> None:
    await client.post(f"{ALERT}/acknowledge", json=SEEN)
    answer = await client.post(f"{ALERT}/close", json=SEEN)
    assert answer.status_code == 409
    assert "at version 2 by now, not 1" in answer.json()["detail"]


async def test_an_act_stands_though_the_broker_cannot_be_told(
    client: httpx.AsyncClient, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(wire: dict[str, Any]) -> None:
        raise Unavailable(f"no broker for change {wire['seq']}")

    monkeypatch.setattr(room, "announce", away)
    assert (await client.post(f"{ALERT}/close", json=SEEN)).status_code == 200
    assert (await client.get(ALERT)).json()["status"] == "closed"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://buswatch"}, 200),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ({"Content-Type": "application/json; charset=utf-8"}, 200),
    ],
)
async def test_acts_come_from_our_own_page_only(
    client: httpx.AsyncClient, headers: dict[str, str], status: int
) -> None:
    answer = await client.post(
        f"{ALERT}/close",
        content='{"by": "x", "note": null, "version": 1}',
        headers={"Content-Type": "application/json"} | headers,
    )
    assert answer.status_code == status, answer.text


@pytest.mark.parametrize(
    "body",
    [
        "{}",
        "[]",
        "{",
        '{"by": "", "version": 1}',
        '{"by": "   ", "version": 1}',
        '{"by": "x", "version": 0}',
        '{"by": "x", "version": 99999999999}',
        '{"by": "x\\u0000", "version": 1}',
        '{"by": "\\ud800", "version": 1}',
        '{"by": "x", "version": 1, "note": "a\\u0000"}',
    ],
)
async def test_an_act_that_cannot_be_read_is_refused(client: httpx.AsyncClient, body: str) -> None:
    headers = {"Content-Type": "application/json"}
    answer = await client.post(f"{ALERT}/close", content=body, headers=headers)
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert (await client.get(ALERT)).json()["status"] == "open"


async def test_a_note_may_be_left_out_and_have_lines(client: httpx.AsyncClient) -> None:
    assert (await client.post(f"{ALERT}/acknowledge", json={"by": "甲", "version": 1})).status_code == 200
    again = {"by": "甲", "version": 2, "note": "第一行\n第二行"}
    assert (await client.post(f"{ALERT}/close", json=again)).status_code == 200
    steps = (await client.get(ALERT)).json()["changes"]
    assert [step["note"] for step in steps] == [None, None, "第一行\n第二行"]
