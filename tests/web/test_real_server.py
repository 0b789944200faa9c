"""The control-room page on the real thing: a whole demo, from its simulated buses to the browser."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect

from simulators.recordings.files import read_traces
from tests.web.test_page import OpenRoom, api, open_alert, panel

pytestmark = [pytest.mark.timeout(240)]

BUSES = 150
STARTED_WITHIN_S = 90


@pytest.fixture(scope="session")
def demo_url() -> Iterator[str]:
    """Where a demo of a small city serves its page."""
    folder = Path(tempfile.mkdtemp(prefix="bw-"))
    said = folder / "said"
    with said.open("wb") as output, (folder / "log").open("wb") as log:
        demo = subprocess.Popen(
            [sys.executable, "-m", "buswatch", "demo", "--port", "0", "--buses", str(BUSES)],
            stdin=subprocess.DEVNULL, stdout=output, stderr=log, env=os.environ | {"TMPDIR": str(folder)},
        )  # fmt: skip
    try:
        deadline = time.monotonic() + STARTED_WITHIN_S
        while not (address := re.search(r"http://127\.0\.0\.1:\d+", said.read_text())):
            assert demo.poll() is None, said.read_text()
            assert time.monotonic() < deadline, said.read_text()
            time.sleep(0.1)
        yield address[0]
    finally:
        demo.send_signal(signal.SIGINT)
        status = demo.wait(60)
        told = said.read_text()
        shutil.rmtree(folder, ignore_errors=True)
    assert status == 0, told


@pytest.fixture
def room(open_room: OpenRoom, demo_url: str) -> Page:
    return open_room(demo_url)


def test_the_buses_of_the_city_appear_and_move(room: Page) -> None:
    assert len(api(room, "/buses")["items"]) == BUSES
    expect(room.locator(".link.live")).to_be_visible()
    room.wait_for_function(
        "least => Number(document.querySelector('[data-testid=map]').dataset.buses) > least",
        arg=BUSES // 2,
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
    expect(row.locator("[data-due]")).to_have_text(re.compile(r"剩 \d+:\d\d"))
    row.locator("button.row").click()
    row.get_by_role("button", name="我接手").click()
    expect(row.get_by_test_id("assignee")).to_have_text("李雷")
    taken = api(room, f"/alerts/{alert['alert_id']}")
    assert (taken["assignee"], taken["status"], taken["level"]) == ("李雷", "open", 0)
