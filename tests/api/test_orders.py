"""Waivers, advisories and incidents over HTTP."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from api import schemas
from fleet.clock import format_time
from fleet.parameters import IncidentParameters
from storage.incidents import IncidentBook
from tests.api.conftest import NOW_MS, Room, frame
from tests.storage.records import change
from tests.storage.test_orders import AREA, deviation

LATER = format_time(NOW_MS + 3_600_000)
BEFORE = format_time(NOW_MS - 3_600_000)
WAIVER = {"by": "交警大队", "reason": "roadworks", "from": BEFORE, "to": LATER, "route_ids": ["R1"]}
ADVISORY = {"by": "气象台", "name": "道路结冰", "area": AREA, "to": LATER}


async def test_a_waiver_is_given_listed_and_revoked(room: Room, client: httpx.AsyncClient) -> None:
    await room.commit(changes=[change(of=deviation())])
    answer = await client.post("/api/v1/waivers", json=WAIVER)
    assert answer.status_code == 201
    given = schemas.Waiver.model_validate_json(answer.content)
    assert given.alert_ids == [deviation().alert_id]
    alert = (await client.get(f"/api/v1/alerts/{deviation().alert_id}")).json()
    assert (alert["severity"], alert["evidence"]["waiver_id"]) == ("warning", given.waiver_id)
    assert [(step["kind"], step["by"]) for step in alert["changes"]][-1] == ("waived", "交警大队")
    schemas.AlertFile.model_validate(alert)
    assert [told["kind"] for told in room.announced] == ["waived"]
    revoked = await client.post(f"/api/v1/waivers/{given.waiver_id}/revoke", json={"by": "李雷"})
    assert revoked.json()["revoked_by"] == "李雷"
    again = await client.post(f"/api/v1/waivers/{given.waiver_id}/revoke", json={"by": "李雷"})
    assert again.status_code == 409
    listed = schemas.Waivers.model_validate_json((await client.get("/api/v1/waivers")).content)
    assert [one.waiver_id for one in listed.items] == [given.waiver_id]


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"route_ids": [], "area": []}, "needs route_ids, an area, or both"),
        ({"route_ids": ["R9"]}, "route 'R9' is not on record"),
        ({"to": BEFORE}, "must be after `from`"),
        ({"from": "2026-01-01T00:00:00Z"}, "at most 31 days"),
        ({"to": "2026-09-01T08:00:00"}, "body.to"),
        ({"reason": "late"}, "body.reason"),
        ({"by": " "}, "body.by"),
        ({"area": [[114.3, 30.6], [114.3, 30.6]]}, "three distinct corners"),
        ({"area": [[114.3, 91.0]] * 3}, "body.area"),
        ({"routes": ["R1"]}, "body.routes"),
    ],
)
async def test_a_waiver_that_cannot_be_is_refused_with_its_reason(
    client: httpx.AsyncClient, changed: dict[str, Any], says: str
) -> None:
    answer = await client.post("/api/v1/waivers", json=WAIVER | changed)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert says in answer.json()["detail"]
    assert (await client.get("/api/v1/waivers")).json() == {"items": []}


async def test_an_advisory_is_issued_listed_and_ended(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/v1/advisories", json=ADVISORY)
    assert answer.status_code == 201
    issued = schemas.Advisory.model_validate_json(answer.content)
    assert (issued.limit_kmh, issued.issued_by) == (20.0, "气象台")
    ended = await client.post(f"/api/v1/advisories/{issued.advisory_id}/end", json={"by": "李雷"})
    assert ended.json()["ended_by"] == "李雷"
    listed = schemas.Advisories.model_validate_json((await client.get("/api/v1/advisories")).content)
    assert [one.advisory_id for one in listed.items] == [issued.advisory_id]
    assert (await client.post("/api/v1/advisories/V9/end", json={"by": "李雷"})).status_code == 404
    flat = await client.post("/api/v1/advisories", json=ADVISORY | {"area": [[114.3, 30.6]] * 3})
    assert "three distinct corners" in flat.json()["detail"]


async def test_an_incident_is_told_on_the_live_stream_when_it_changes(room: Room) -> None:
    await room.hub.keep_up_with_incidents()
    events = room.hub.events(None)
    await anext(events)  # how long to wait before coming back
    await anext(events)  # where all buses are
    alerts = [deviation(f"B{n}", NOW_MS - n * 60_000) for n in (1, 2, 3)]
    await room.commit(changes=[change(of=one) for one in alerts])
    await IncidentBook(room.database).gather(IncidentParameters(buses=3), NOW_MS)
    for _ in range(2):
        await room.hub.keep_up_with_incidents()
    told = await anext(events)
    assert b"event: incident\n" in told
    incident = schemas.Incident.model_validate_json(told.split(b"data: ")[1])
    assert sorted(incident.bus_ids) == ["B1", "B2", "B3"]
    room.hub.push_frame(frame())
    assert b"event: frame\n" in await anext(events), "once"
    await events.aclose()


async def test_one_waiver_answers_an_incident(room: Room, client: httpx.AsyncClient) -> None:
    alerts = [deviation(f"B{n}", NOW_MS - n * 60_000) for n in (1, 2, 3)]
    await room.commit(changes=[change(of=one) for one in alerts])
    await IncidentBook(room.database).gather(IncidentParameters(buses=3), NOW_MS)
    found = schemas.Incidents.model_validate_json(
        (await client.get("/api/v1/incidents?ongoing=true")).content
    )
    (incident,) = found.items
    assert sorted(incident.bus_ids) == ["B1", "B2", "B3"]
    order = {"by": "王局长", "reason": "major_accident", "to": LATER, "note": "桥封闭"}
    answer = await client.post(f"/api/v1/incidents/{incident.incident_id}/waiver", json=order)
    assert answer.status_code == 201
    waiver = schemas.Waiver.model_validate_json(answer.content)
    assert sorted(waiver.alert_ids) == sorted(incident.alert_ids)
    assert waiver.incident_id == incident.incident_id
    assert waiver.route_ids == ["R1"]
    for alert_id in incident.alert_ids:
        assert (await client.get(f"/api/v1/alerts/{alert_id}")).json()["severity"] == "warning"
    assert (await client.post("/api/v1/incidents/I9/waiver", json=order)).status_code == 404
