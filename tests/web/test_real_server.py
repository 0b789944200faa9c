"""The control-room page on the real thing: a whole demo, from its simulated buses to the browser."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pypdf
import pytest
from playwright.sync_api import Locator, Page, expect

from simulators.recordings.files import read_traces
from tests.buswatch.test_cli import buswatch
from tests.web.conftest import DEMO_BUSES, Link, link_to
from tests.web.test_page import FIRST_ALERT_MS, OpenRoom, api, open_alert, panel

pytestmark = [pytest.mark.timeout(240)]


@pytest.fixture
def room(open_room: OpenRoom, demo_url: str) -> Page:
    return open_room(demo_url)


@pytest.fixture
def demo_link(demo_url: str) -> Iterator[Link]:
    with link_to(demo_url) as way:
        yield way


def named(page: Page, alert_id: str) -> Locator:
    return page.locator(f'[data-alert="{alert_id}"]')


def test_the_buses_of_the_city_appear_and_move(room: Page) -> None:
    assert len(api(room, "/buses")["items"]) == DEMO_BUSES
    expect(room.locator(".link.live")).to_be_visible()
    room.wait_for_function(
        "least => Number(document.querySelector('[data-testid=map]').dataset.buses) > least",
        arg=DEMO_BUSES // 2,
        timeout=60_000,
    )
    expect(room.get_by_test_id("fix-rate").locator("b")).to_have_text(re.compile(r"[1-9]\d*"))


def test_an_alert_arrives_a_click_shows_its_bus_and_an_operator_acknowledges_it(room: Page) -> None:
    row = open_alert(room)
    alert = api(room, f"/alerts/{row.get_attribute('data-alert')}")
    bus = api(room, f"/buses/{alert['bus_id']}")
    expect(row).to_contain_text(bus["plate"])
    row.locator("button.row").click()
    expect(panel(room).get_by_role("heading")).to_have_text(bus["plate"])
    names = [assignment["route_name"] for assignment in bus["assignments"]]
    expect(panel(room).get_by_test_id("route")).to_contain_text(re.compile("|".join(map(re.escape, names))))
    expect(panel(room).get_by_test_id("speed")).to_have_text(re.compile(r"\d+ km/h"))
    expect(panel(room).get_by_test_id("limit")).to_have_text(re.compile(r"(\d+|—) km/h"))
    row.get_by_placeholder("备注（可不填）").fill("已电话联系驾驶员")
    row.get_by_role("button", name="确认").click()
    expect(row.locator("[data-status=acknowledged]")).to_have_text("已确认")
    expect(row).to_contain_text("李雷")
    on_file = api(room, f"/alerts/{alert['alert_id']}")
    assert on_file["status"] == "acknowledged"
    assert [(step["by"], step["note"]) for step in on_file["changes"] if step["by"]] == [
        ("李雷", "已电话联系驾驶员")
    ]


def test_a_track_is_reviewed_and_taken_away_and_both_are_on_record(room: Page, tmp_path: Path) -> None:
    row = open_alert(room)
    alert = api(room, f"/alerts/{row.get_attribute('data-alert')}")
    room.evaluate(f"location.hash = '#/review?bus={alert['bus_id']}'")
    pane = room.get_by_test_id("track-first")
    expect(pane).to_have_attribute("data-phase", "ready")
    room.get_by_role("button", name="最近一小时").click()
    expect(pane).to_have_attribute("data-phase", "ready")
    expect(pane).not_to_have_attribute("data-fixes", "0")
    room.locator(f"[data-violation='{alert['alert_id']}']").click()
    expect(room.get_by_test_id("clock")).to_have_text(alert["started_at"][11:19])
    with room.expect_download() as download:
        room.get_by_role("link", name=re.compile("的 CSV$")).click()
    path = tmp_path / download.value.suggested_filename
    download.value.save_as(path)
    traces = read_traces(path, ZoneInfo("Asia/Shanghai"))
    assert traces.bus_ids == (alert["bus_id"],)
    assert len(traces.fixes) >= int(pane.get_attribute("data-fixes") or 0)
    looks = api(room, f"/track-accesses?bus={alert['bus_id']}")["items"]
    assert {(look["by"], look["what"]) for look in looks} == {("李雷", "view"), ("李雷", "export")}


def test_an_alert_has_a_deadline_and_a_district_and_is_taken_over(room: Page) -> None:
    waiting = room.locator("[data-alert]:has([data-due])").first
    alert = api(room, f"/alerts/{waiting.get_attribute('data-alert')}")
    row = room.locator(f'[data-alert="{alert["alert_id"]}"]')
    assert api(room, f"/buses/{alert['bus_id']}")["district"].endswith("区")
    assert alert["due_at"] is not None
    expect(row.locator("[data-due]")).to_have_text(re.compile(r"剩 (\d+ 分|0:\d\d)"))
    row.locator("button.row").click()
    row.get_by_role("button", name="我接手").click()
    expect(row.get_by_test_id("assignee")).to_have_text("李雷")
    taken = api(room, f"/alerts/{alert['alert_id']}")
    assert (taken["assignee"], taken["status"], taken["level"]) == ("李雷", "open", 0)


def test_a_new_deviation_appears_one_takes_it_the_other_sees_that_and_it_is_closed(
    open_room: OpenRoom, demo_url: str
) -> None:
    page, other = open_room(demo_url, operator="李雷"), open_room(demo_url, operator="韩梅梅")
    deviations = page.locator("[data-alert*='.deviation.']")
    expect(page.locator("[data-alert]").first).to_be_visible(timeout=FIRST_ALERT_MS)
    known = set(deviations.evaluate_all("rows => rows.map(row => row.dataset.alert)"))
    page.wait_for_function(
        "known => [...document.querySelectorAll('[data-alert*=\".deviation.\"]')]"
        ".some(row => !known.includes(row.dataset.alert))",
        arg=sorted(known),
        timeout=FIRST_ALERT_MS,
    )
    (new, *_) = set(deviations.evaluate_all("rows => rows.map(row => row.dataset.alert)")) - known
    named(page, new).locator("button.row").click()
    named(page, new).get_by_role("button", name="确认", exact=True).click()
    expect(named(other, new).locator("[data-status=acknowledged]")).to_be_visible()
    expect(named(other, new)).to_contain_text("李雷")
    named(page, new).get_by_role("button", name="办结", exact=True).click()
    expect(named(other, new)).to_be_hidden()
    assert api(page, f"/alerts/{new}")["status"] == "closed"


def test_the_evidence_of_an_alert_prints_on_one_page_and_is_called_true(room: Page, tmp_path: Path) -> None:
    row = open_alert(room)
    name = row.get_attribute("data-alert")
    row.locator("button.row").click()
    row.get_by_role("link", name="证据单").click()
    expect(room.get_by_test_id("evidence-sheet")).to_be_visible()
    pdf = pypdf.PdfReader(io.BytesIO(room.pdf(format="A4")))
    assert len(pdf.pages) == 1
    path = tmp_path / "evidence.json"
    path.write_bytes(room.request.get(f"/api/v1/alerts/{name}/evidence").body())
    assert buswatch("verify", str(path)).returncode == 0
    path.write_text(path.read_text().replace('"lon":1', '"lon":2', 1))
    assert buswatch("verify", str(path)).returncode == 1


def test_a_cut_server_is_told_at_once_and_what_happened_meanwhile_is_there_after_it_is_back(
    open_room: OpenRoom, demo_link: Link
) -> None:
    page = open_room(demo_link.address, may_complain=True)
    expect(page.locator(".link.live")).to_be_visible()
    demo_link.cut()
    expect(page.get_by_role("alert")).to_contain_text(re.compile("连接中断.*前的数据"), timeout=5_000)
    demo_link.mend()
    expect(page.locator(".link.live")).to_be_visible(timeout=30_000)
    expect(page.get_by_role("alert")).to_be_hidden()
    page.wait_for_function(
        """async () => {
            const { items } = await (await fetch("/api/v1/alerts?status=open&limit=500")).json();
            const rows = [...document.querySelectorAll("[data-alert]:not(:has([data-status]))")];
            const shown = rows.map(row => row.dataset.alert);
            return shown.length === new Set(shown).size && items.every(one => shown.includes(one.alert_id));
        }"""
    )


def test_an_alert_is_found_taken_and_closed_with_the_keyboard_alone(room: Page) -> None:
    open_alert(room)
    for _ in range(60):
        room.keyboard.press("Tab")
        if room.evaluate("document.activeElement.matches('[data-alert] button.row')"):
            break
    while room.evaluate(
        "document.activeElement.closest('[data-alert]').querySelector('[data-status]') !== null"
    ):
        room.keyboard.press("j")
    name = room.evaluate("document.activeElement.closest('[data-alert]').dataset.alert")
    row = named(room, name)
    room.keyboard.press("Enter")
    expect(panel(room)).to_be_visible()
    room.keyboard.press("a")
    expect(row.locator("[data-status=acknowledged]")).to_be_visible()
    room.keyboard.press("c")
    room.keyboard.press("Enter")
    expect(row.locator("[data-status=closed]")).to_be_visible()
    deeds = [(step["kind"], step["by"]) for step in api(room, f"/alerts/{name}")["changes"] if step["by"]]
    assert deeds[-2:] == [("acknowledged", "李雷"), ("closed", "李雷")]
