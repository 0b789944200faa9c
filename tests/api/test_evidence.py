"""The evidence of an alert: what a judge needs is in it, and its digest can be had again."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import msgspec
import numpy as np
import pytest

from alerts.episodes import Alert
from api.evidence import OUTSIDE
from api.schemas import evidence as schemas
from fleet.digest import digest_of
from fleet.fixes import Fixes
from fleet.parameters import Parameters
from fleet.quality import Quality
from fleet.registry import Advisory, LimitStretch, Registry, Zone
from storage.advisories import AdvisoryBook
from storage.commit import Batch
from storage.registry import import_registry
from tests.api.conftest import NOW_MS, Room, serving
from tests.buswatch.test_cli import buswatch
from tests.scenes import START_MS, approval, drive, registry, track
from tests.storage.records import alert, change
from tests.storage.test_orders import deviation

VALUES = Parameters()


def of_approval(stands: Alert, **evidence: Any) -> Alert:
    """The alert on approval R1.1, by the parameters in force."""
    known = {
        "approval_id": "R1.1", "assignment_id": "A1", "driver_id": "D1", "chainage_m": 1_400.0,
        "parameters_version": VALUES.version, **evidence,
    }  # fmt: skip
    return msgspec.structs.replace(stands, evidence=msgspec.structs.replace(stands.evidence, **known))


def limited(*stretches: LimitStretch) -> Registry:
    return registry(approval(limits=stretches), buses=3)


async def evidence(client: httpx.AsyncClient, of: Alert) -> dict[str, Any]:
    """The evidence on file, held against its model."""
    answer = await client.get(f"/api/v1/alerts/{of.alert_id}/evidence")
    assert answer.status_code == 200, answer.text
    schemas.EvidenceSheet.model_validate_json(answer.content)
    found: dict[str, Any] = answer.json()
    return found


async def test_it_names_bus_driver_approval_sign_and_who_did_what(
    client: httpx.AsyncClient, room: Room
) -> None:
    stands = of_approval(alert("B2"))
    await room.commit(changes=[change(of=stands), change("ended", stands, after_s=40)])
    version = 2
    handled = {"by": "王秀英", "note": "司机已减速", "version": version}
    await client.post(f"/api/v1/alerts/{stands.alert_id}/acknowledge", json=handled)
    found = await evidence(client, stands)
    assert (found["bus"]["plate"], found["bus"]["sign_number"]) == ("鄂A·X0001", "S1")
    assert found["driver"] == {"driver_id": "D1", "name": "王师傅", "qualified_until": "2026-12-31"}
    assert (found["approval"]["number"], found["approval"]["version"]) == ("校准字1号", 1)
    assert (found["approval"]["valid_from"], found["approval"]["corridor_m"]) == ("2026-01-01", 50.0)
    assert len(found["approval"]["line"]) == 101
    assert (found["assignment"]["starts"], found["assignment"]["bus_id"]) == ("07:00:00", "B1")
    assert [(step["kind"], step["by"], step["note"], step["status"]) for step in found["history"]] == [
        ("opened", None, None, "open"),
        ("ended", None, None, "open"),
        ("acknowledged", "王秀英", "司机已减速", "acknowledged"),
    ]
    assert found["alert"]["status"] == "acknowledged"
    assert found["software"].startswith("buswatch ")
    assert found["record"] == {"city": "测试市", "version": "scene", "as_judged": True}


async def test_it_names_the_law_the_limit_and_the_stretch_that_states_it(
    client: httpx.AsyncClient, room: Room
) -> None:
    posted = LimitStretch(1_000.0, 2_000.0, 50.0, "posted")
    await import_registry(room.database, limited(LimitStretch(0.0, 900.0, 50.0, "posted"), posted))
    stands = of_approval(alert("B2"))
    await room.commit(changes=[change(of=stands)])
    found = await evidence(client, stands)
    assert found["law"] == {"title": "校车安全管理条例", "clauses": [{"article": 35, "paragraph": 2}]}
    assert found["limit"] == {
        "limit_kmh": 50.0, "reason": "posted", "stretch": msgspec.to_builtins(posted), "zone": None,
        "advisory": None,
    }  # fmt: skip


async def test_it_names_the_zone_and_the_advisory_that_set_the_limit(
    client: httpx.AsyncClient, room: Room
) -> None:
    around = ((114.2, 30.5), (114.4, 30.5), (114.4, 30.7), (114.2, 30.7))
    record = msgspec.structs.replace(registry(buses=3), zones=(Zone("Z1", "校门口", around, 30.0),))
    await import_registry(room.database, record)
    book = AdvisoryBook(room.database)
    fog = Advisory("V1", "大雾", around, START_MS - 1_000, NOW_MS, 20.0)
    await book.issue(fog, by="气象台", at_ms=START_MS - 2_000)
    over = Advisory("V2", "大雾", around, START_MS - 9_000, START_MS - 1_000, 20.0)
    await book.issue(over, by="气象台", at_ms=START_MS - 9_000)
    in_zone = of_approval(alert("B2"), limit_kmh=30.0, limit_reason="school_zone")
    in_fog = of_approval(alert("B3"), limit_kmh=20.0, limit_reason="weather")
    await room.commit(changes=[change(of=in_zone), change(of=in_fog)])
    assert (await evidence(client, in_zone))["limit"]["zone"]["name"] == "校门口"
    limit = (await evidence(client, in_fog))["limit"]
    assert (limit["zone"], limit["advisory"]["advisory_id"]) == (None, "V1")
    assert limit["advisory"]["issued_by"] == "气象台"


async def test_it_has_every_fix_with_its_marks_in_words_and_its_distance(
    client: httpx.AsyncClient, room: Room
) -> None:
    stands = of_approval(
        msgspec.structs.replace(deviation("B1", START_MS + 60_000), ended_ms=START_MS + 90_000)
    )
    fixes = track(drive(0, 2_000, 36), np.linspace(0, 199, 200))
    nowhere = Fixes.of(bus=[0], time_ms=[START_MS + 100_500], lon=[0.0], lat=[0.0])
    quality = np.r_[np.zeros(len(fixes), np.int16), np.int16(Quality.NO_FIX)]
    quality[70] = Quality.LATE | Quality.JUMP
    everything = Fixes.concat([fixes, nowhere])
    await room.committer.commit(Batch(everything, quality, NOW_MS, [], [change(of=stands)]))
    found = await evidence(client, stands)
    times = [fix["time"] for fix in found["fixes"]]
    assert (times[0][11:19], times[-1][11:19], len(times)) == ("07:00:30", "07:02:00", 92)
    assert found["fixes"][40]["marks"] == ["late", "jump"]
    assert found["fixes"][40]["off_line_m"] == pytest.approx(70, abs=0.1)
    assert (found["fixes"][71]["marks"], found["fixes"][71]["off_line_m"]) == (["no_fix"], None)


async def test_it_has_the_parameters_in_force_and_says_whether_the_alert_was_judged_by_them(
    client: httpx.AsyncClient, room: Room
) -> None:
    record = msgspec.structs.replace(registry(buses=3), parameters={"speeding.tolerance_kmh": 3.0})
    await import_registry(room.database, record)
    stands = of_approval(alert("B2"))
    await room.commit(changes=[change(of=stands)])
    parameters = (await evidence(client, stands))["parameters"]
    assert (parameters["group"], parameters["as_judged"]) == ("speeding", False)
    assert parameters["values"]["speeding"]["tolerance_kmh"] == 3.0
    again = Parameters().with_settings({"speeding.tolerance_kmh": 3.0})
    assert parameters["version"] == again.version
    await import_registry(room.database, registry(buses=3))
    assert (await evidence(client, stands))["parameters"]["as_judged"] is True


async def test_it_names_the_waiver(client: httpx.AsyncClient, room: Room) -> None:
    stands = deviation("B1", NOW_MS - 60_000)
    await room.commit(changes=[change(of=stands)])
    order = {
        "by": "交警大队", "reason": "roadworks", "route_ids": ["R1"], "note": "桥封闭",
        "from": "2026-09-01T07:00:00+08:00", "to": "2026-09-01T09:00:00+08:00",
    }  # fmt: skip
    assert (await client.post("/api/v1/waivers", json=order)).status_code == 201
    found = await evidence(client, stands)
    assert (found["waiver"]["approved_by"], found["waiver"]["note"]) == ("交警大队", "桥封闭")
    assert found["alert"]["evidence"]["waiver_id"] == found["waiver"]["waiver_id"]


async def test_what_is_on_record_no_more_is_null(client: httpx.AsyncClient, room: Room) -> None:
    stands = of_approval(alert("B2"), approval_id="R9.1", driver_id="D9", assignment_id="A9", waiver_id="W9")
    await room.commit(changes=[change(of=stands)])
    record = registry(buses=1)
    await import_registry(room.database, msgspec.structs.replace(record, version="later"))
    found = await evidence(client, stands)
    names = ("bus", "driver", "approval", "assignment", "waiver")
    assert {name: found[name] for name in names} == dict.fromkeys(names)
    assert (found["record"]["as_judged"], found["fixes"]) == (False, [])


async def test_the_digest_is_that_of_what_was_sent_and_stays_until_something_changes(
    client: httpx.AsyncClient, room: Room
) -> None:
    stands = of_approval(alert("B1"))
    await room.commit(track(drive(0, 900, 72)), [change(of=stands), change("ended", stands, after_s=20)])
    first = await evidence(client, stands)
    covered = {name: value for name, value in first.items() if name not in OUTSIDE}
    assert first["digest"] == digest_of(covered)
    assert first["made_at"] == "2026-09-01T07:10:00.000+08:00"
    assert (await evidence(client, stands))["digest"] == first["digest"]
    await client.post(f"/api/v1/alerts/{stands.alert_id}/close", json={"by": "李雷", "version": 2})
    assert (await evidence(client, stands))["digest"] != first["digest"]


async def test_an_alert_that_goes_on_has_evidence_up_to_now(client: httpx.AsyncClient, room: Room) -> None:
    stands = of_approval(alert("B1"))
    await room.commit(track(drive(0, 9_000, 54)), [change(of=stands)])
    found = await evidence(client, stands)
    assert found["alert"]["ended_at"] is None
    assert found["fixes"][-1]["time"] == "2026-09-01T07:09:59.000+08:00"


async def test_an_unknown_alert_has_none(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/alerts/B9.speeding.1/evidence")
    assert answer.status_code == 404
    assert "there is no alert" in answer.json()["detail"]


async def test_verify_asks_an_api_what_is_on_file(
    client: httpx.AsyncClient, room: Room, tmp_path: Path
) -> None:
    stands = of_approval(alert("B1"))
    await room.commit(track(drive(0, 900, 72)), [change(of=stands), change("ended", stands, after_s=20)])
    path = tmp_path / "evidence.json"
    path.write_bytes((await client.get(f"/api/v1/alerts/{stands.alert_id}/evidence")).content)
    async with serving(room) as address:
        done = await asyncio.to_thread(buswatch, "verify", str(path), "--against", f"{address}/")
        assert done.returncode == 0, done.stdout + done.stderr
        assert "as on file now" in done.stdout
        path.write_text(path.read_text().replace("王师傅", "王师博"))
        done = await asyncio.to_thread(buswatch, "verify", str(path), "--against", address)
        assert done.returncode == 1
        assert 'driver.name: the file has "王师博", on file is "王师傅"' in done.stdout
        path.write_text(path.read_text().replace(stands.alert_id, "B9.speeding.1"))
        done = await asyncio.to_thread(buswatch, "verify", str(path), "--against", address)
        assert "not as on file: there is no alert 'B9.speeding.1'" in done.stdout
