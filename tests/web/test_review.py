"""The review of tracks in a real browser: what did this bus do on that day?"""

import csv
import io
import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit
from zoneinfo import ZoneInfo

import gpxpy
import pytest
from playwright.sync_api import Locator, Page, Route, expect

from simulators.recordings.files import read_traces
from tests.browsers import REPOSITORY
from tests.web.test_page import OpenRoom, api

pytestmark = [pytest.mark.timeout(240)]

ZONE = ZoneInfo("Asia/Shanghai")
DAY = (datetime.now(ZONE) - timedelta(days=7)).date()
"""This day last week, which the made-up city has driven to its end."""
BUS = "B0040"
OUT_OF_SERVICE = "B0001"
FIND = "查找车牌、车号、学校或驾驶员"
RUN_FIXES = 5_221
"""A fix a second from 06:40 to 08:10, without the three minutes of silence."""

OpenReview = Callable[..., Page]


def address(bus: str = BUS, start: str = "06:30", end: str = "08:20", **more: str) -> str:
    asked = {"bus": bus, "from": f"{DAY}T{start}:00", "to": f"{DAY}T{end}:00", **more}
    return "#/review?" + "&".join(f"{name}={quote(value)}" for name, value in asked.items())


@pytest.fixture
def open_review(open_room: OpenRoom, page_url: str) -> OpenReview:
    def open_it(hash_: str = "#/review", **how: object) -> Page:
        return open_room(f"{page_url}/{hash_}", **how)

    return open_it


def pane(page: Page, which: str = "first") -> Locator:
    return page.get_by_test_id(f"track-{which}")


def clock(page: Page) -> Locator:
    return page.get_by_test_id("clock")


def readout(page: Page, which: str = "first") -> Locator:
    return pane(page, which).get_by_test_id("readout")


def ready(page: Page, which: str = "first") -> Locator:
    expect(pane(page, which)).to_have_attribute("data-phase", "ready")
    return pane(page, which)


def query(page: Page) -> dict[str, str]:
    asked = urlsplit(page.url).fragment.partition("?")[2]
    return {name: values[0] for name, values in parse_qs(asked).items()}


def seconds(text: str) -> int:
    hours, minutes, rest = text.split(":")
    return int(hours) * 3_600 + int(minutes) * 60 + int(rest)


def test_a_bus_is_found_and_its_morning_of_another_day_is_shown(open_review: OpenReview) -> None:
    page = open_review()
    page.get_by_role("combobox", name=FIND).fill(BUS)
    expect(page.get_by_role("option").first).to_contain_text(BUS)
    page.keyboard.press("Enter")
    ready(page)
    page.get_by_label("日期").fill(str(DAY))
    page.get_by_role("button", name="上学班次").click()
    expect(ready(page)).to_have_attribute("data-fixes", str(RUN_FIXES))
    expect(page.get_by_role("button", name="上学班次")).to_have_attribute("aria-pressed", "true")
    plate = api(page, f"/buses/{BUS}")["plate"]
    expect(pane(page).get_by_role("heading")).to_have_text(plate)
    expect(pane(page)).to_contain_text("可疑定位：跳点 17")
    alert = page.locator("[data-violation]")
    expect(alert).to_contain_text("超速")
    expect(alert).to_contain_text("07:00:05–07:02:05")
    assert query(page)["from"] == f"{DAY}T06:30:00"


def test_a_school_and_a_driver_lead_to_their_buses_of_the_day(open_review: OpenReview) -> None:
    page = open_review()
    bus = api(page, f"/buses/{BUS}")
    for wanted in (bus["school"], bus["assignments"][0]["driver"]["driver_id"]):
        page.get_by_role("combobox", name=FIND).press_sequentially(wanted)
        page.get_by_role("option", name=re.compile(wanted)).first.click()
        duty = page.get_by_role("button", name=re.compile(bus["plate"]))
        expect(duty).to_contain_text("06:40")
        duty.click()
        expect(pane(page).get_by_role("heading")).to_have_text(bus["plate"])


def test_the_keyboard_plays_and_seeks(open_review: OpenReview) -> None:
    page = open_review(address(at=f"{DAY}T07:01:00"))
    ready(page)
    expect(clock(page)).to_have_text("07:01:00")
    expect(readout(page)).to_contain_text("超过限速")
    for key, told in (
        ("ArrowRight", "07:01:05"), ("ArrowLeft", "07:01:00"), ("Shift+ArrowRight", "07:02:00"),
        ("Home", "06:40:00"), ("End", "08:10:00"),
    ):  # fmt: skip
        page.keyboard.press(key)
        expect(clock(page)).to_have_text(told)
    page.keyboard.press("Home")
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="暂停")).to_be_visible()
    page.wait_for_function(
        "() => document.querySelector('[data-testid=clock]').textContent > '06:40:20'", timeout=15_000
    )
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="播放")).to_be_visible()
    stood = clock(page).inner_text()
    page.wait_for_timeout(500)
    expect(clock(page)).to_have_text(stood)


def test_the_bus_waits_where_it_was_heard_last_and_playing_passes_over_the_silence(
    open_review: OpenReview,
) -> None:
    page = open_review(address(at=f"{DAY}T07:21:00"))
    ready(page)
    expect(readout(page)).to_contain_text("无定位 1 分")
    expect(pane(page).locator(".track-bus.silent")).to_be_visible()
    page.keyboard.press("Space")
    page.wait_for_function("() => document.querySelector('[data-testid=clock]').textContent >= '07:23:00'")
    page.keyboard.press("Space")
    expect(readout(page)).to_contain_text("km/h")
    assert seconds(clock(page).inner_text()) < seconds("07:27:00")


def test_the_arrow_moves_on_between_two_fixes(open_review: OpenReview) -> None:
    page = open_review(address(at=f"{DAY}T07:00:30", rate="1"))
    ready(page)
    expect(pane(page).locator(".track-bus")).to_be_visible()
    page.wait_for_timeout(1_500)  # the map has come to rest
    page.get_by_role("button", name="播放").click()
    page.wait_for_function(
        """() => {
            const bus = document.querySelector('.track-bus').style.transform;
            const second = document.querySelector('[data-testid=clock]').textContent;
            window.seen ??= {};
            (window.seen[second] ??= new Set()).add(bus);
            return window.seen[second].size > 1;
        }""",
        polling="raf",
    )


def test_a_click_on_the_chart_seeks_and_its_wheel_zooms(open_review: OpenReview) -> None:
    page = open_review(address())
    ready(page)
    plot = page.locator(".u-over")
    box = plot.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 20)
    assert abs(seconds(clock(page).inner_text()) - seconds("07:25:00")) < 30
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 4, box["y"] + 20)
    page.mouse.up()
    assert abs(seconds(clock(page).inner_text()) - seconds("07:02:30")) < 30
    zoom_out = page.get_by_role("button", name="缩小时间轴")
    expect(zoom_out).to_be_disabled()
    page.mouse.wheel(0, -300)
    expect(zoom_out).to_be_enabled()


def test_a_violation_sets_the_clock_to_its_beginning(open_review: OpenReview) -> None:
    page = open_review(address())
    ready(page)
    page.locator("[data-violation]").click()
    expect(clock(page)).to_have_text("07:00:05")
    expect(page.locator("[data-violation]")).to_have_attribute("aria-current", "time")


def test_a_whole_day_is_drawn_thinned_and_read_in_full_where_one_looks(open_review: OpenReview) -> None:
    page = open_review(address(start="00:00", end="23:59"))
    expect(ready(page)).to_contain_text("放大或播放处为全部")
    thinned = int(pane(page).get_attribute("data-fixes") or 0)
    assert thinned <= 6_000
    with page.expect_request(lambda request: "/track?" in request.url) as asked:
        for _ in range(4):
            page.keyboard.press("+")
    assert "most=20000" in asked.value.url
    expect(pane(page)).not_to_have_attribute("data-fixes", str(thinned))
    assert int(pane(page).get_attribute("data-fixes") or 0) > thinned


def test_two_tracks_run_by_one_clock(open_review: OpenReview) -> None:
    page = open_review(address(at=f"{DAY}T07:10:00"))
    ready(page)
    page.get_by_role("button", name="对比另一条轨迹").click()
    ready(page, "second")
    other = page.get_by_role("form", name="对比轨迹")
    other.get_by_label("日期").fill(str(DAY - timedelta(days=1)))
    expect(pane(page, "second")).to_contain_text(str(DAY - timedelta(days=1)))
    ready(page, "second")
    expect(readout(page, "second")).to_contain_text("07:10:00")
    page.get_by_label("时间偏移（秒）").fill("90")
    page.keyboard.press("Enter")
    expect(readout(page, "second")).to_contain_text("07:11:30")
    page.locator("main").click(position={"x": 5, "y": 5})
    page.keyboard.press("ArrowRight")
    expect(readout(page)).to_contain_text("07:10:05")
    expect(readout(page, "second")).to_contain_text("07:11:35")
    page.get_by_role("button", name="按起点对齐").click()
    expect(readout(page, "second")).to_contain_text("07:10:05")


def test_all_three_files_hold_every_fix(open_review: OpenReview, tmp_path: Path) -> None:
    page = open_review(address())
    ready(page)
    files: dict[str, str] = {}
    for form in ("GeoJSON", "GPX", "CSV"):
        with page.expect_download() as download:
            page.get_by_role("link", name=re.compile(f"^导出 .+ 的 {form}$")).click()
        path = tmp_path / download.value.suggested_filename
        download.value.save_as(path)
        assert path.name == f"{BUS}_{DAY:%Y%m%d}T063000_{DAY:%Y%m%d}T082000.{form.lower()}"
        files[form] = path.read_text(encoding="utf-8")
        if form != "GeoJSON":
            assert len(read_traces(path, ZONE).fixes) == RUN_FIXES, "replay reads it"
    assert len(json.loads(files["GeoJSON"])["features"]) == RUN_FIXES
    assert gpxpy.parse(files["GPX"]).get_track_points_no() == RUN_FIXES
    rows = list(csv.DictReader(io.StringIO(files["CSV"].removeprefix("\ufeff"))))
    assert sum(row["quality"] != "0" for row in rows) == 17


def test_a_link_opens_the_same_view(open_review: OpenReview) -> None:
    page = open_review(address(rate="30", bus2="B0041", from2=f"{DAY}T06:30:00", to2=f"{DAY}T08:20:00"))
    ready(page)
    ready(page, "second")
    page.keyboard.press("Home")
    page.keyboard.press("Shift+ArrowRight")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="复制链接").click()
    expect(page.get_by_text("链接已复制")).to_be_visible()
    link = page.evaluate("navigator.clipboard.readText()")
    again = open_review(urlsplit(link)._replace(scheme="", netloc="", path="").geturl())
    ready(again)
    ready(again, "second")
    expect(clock(again)).to_have_text("06:41:00")
    expect(again.get_by_role("button", name="30×")).to_have_attribute("aria-pressed", "true")
    assert query(again)["bus2"] == "B0041"
    for which in ("first", "second"):
        expect(readout(again, which)).to_have_text(readout(page, which).inner_text())


def test_back_goes_to_the_track_before(open_review: OpenReview) -> None:
    page = open_review(address())
    ready(page)
    page.get_by_role("button", name="后一天").click()
    expect(ready(page)).to_contain_text(str(DAY + timedelta(days=1)))
    page.go_back()
    expect(ready(page)).to_contain_text(str(DAY))


def test_nobody_sees_a_track_without_giving_a_name(open_review: OpenReview) -> None:
    asked: list[str] = []
    page = open_review(operator="")
    page.on("request", lambda request: asked.append(request.url) if "/track?" in request.url else None)
    page.evaluate(f"location.hash = '{address()}'")
    expect(page.get_by_role("heading", name="查看轨迹前请登记姓名")).to_be_visible()
    assert asked == []
    page.get_by_role("button", name="登记姓名").click()
    page.get_by_role("dialog").get_by_role("textbox").fill("韩梅梅")
    page.get_by_role("dialog").get_by_role("button", name="保存").click()
    ready(page)
    assert all(parse_qs(urlsplit(url).query)["by"] == ["韩梅梅"] for url in asked)
    assert asked


def test_a_bus_that_never_reported_and_a_time_without_fixes_say_so(open_review: OpenReview) -> None:
    page = open_review(address(bus=OUT_OF_SERVICE))
    expect(pane(page)).to_contain_text("这辆车从未上报过定位")
    page = open_review(address(start="01:00", end="02:00"))
    expect(pane(page)).to_contain_text("该时段没有定位")
    expect(page.get_by_role("button", name="播放")).to_be_disabled()


def test_a_server_that_is_away_is_said_and_asked_again(open_review: OpenReview) -> None:
    page = open_review(may_complain=True)

    def fail(route: Route) -> None:
        route.fulfill(status=503, json={"status": 503, "detail": "the database does not answer"})

    page.route("**/track?*", fail)
    page.evaluate(f"location.hash = '{address()}'")
    expect(page.get_by_role("alert")).to_contain_text("the database does not answer")
    page.unroute("**/track?*")
    page.get_by_role("button", name="重试").click()
    ready(page)


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_nothing_stands_in_the_way_of_a_screen_reader(open_review: OpenReview, theme: str) -> None:
    page = open_review(address(bus2=BUS, from2=f"{DAY}T15:40:00", to2=f"{DAY}T17:30:00"))
    page.evaluate("theme => document.documentElement.dataset.theme = theme", theme)
    for which in ("first", "second"):
        ready(page, which)
        expect(pane(page, which).locator("canvas.maplibregl-canvas")).to_be_visible()
    page.evaluate((REPOSITORY / "web/node_modules/axe-core/axe.min.js").read_text(encoding="utf-8"))
    found = page.evaluate("axe.run('main', {runOnly: ['wcag2a', 'wcag2aa', 'wcag22aa', 'best-practice']})")
    assert [(flaw["id"], [node["html"] for node in flaw["nodes"]]) for flaw in found["violations"]] == []


def test_without_webgl_the_chart_the_alerts_and_the_files_remain(open_review: OpenReview) -> None:
    page = open_review(address(), webgl=False)
    ready(page)
    expect(page.get_by_role("alert")).to_contain_text("此浏览器无法显示地图")
    expect(page.locator(".u-over")).to_be_visible()
    expect(page.locator("[data-violation]")).to_be_visible()
