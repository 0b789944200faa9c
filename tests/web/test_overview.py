"""The overview for officials in a real browser, on the made-up figures of web/dev."""

import csv
import io
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

pytestmark = [
    pytest.mark.timeout(240),
    pytest.mark.skipif("BUSWATCH_PAGE_URL" in os.environ, reason="a real server's figures are its own"),
]

MONTH = "from=2026-03-02&to=2026-03-27"
"""Four weeks of school days, but for the Saturdays and Sundays, and the sports day on the seventh."""
AXE = Path(__file__).parents[2] / "web/node_modules/axe-core/axe.min.js"

OpenRoom = Callable[..., Page]


def open_overview(open_room: OpenRoom, query: str = MONTH, **more: Any) -> Page:
    page = open_room(**more)
    page.goto(f"/#/overview?{query}" if query else "/#/overview")
    if not more:
        expect(figure(page, "online").or_(page.locator(".notice")).first).to_be_visible()
    return page


def figures_of(page: Page, query: str = MONTH) -> Any:
    answer = page.request.get(f"/api/v1/overview?{query}")
    assert answer.ok
    return answer.json()


def figure(page: Page, name: str) -> Locator:
    return page.locator(f"[data-figure={name}]")


def table(page: Page, name: str) -> Locator:
    return page.get_by_role("group", name=name).get_by_role("table")


def names_in(page: Page, name: str) -> list[str]:
    return table(page, name).locator("tbody th").all_inner_texts()


def test_the_head_shows_each_figure_with_its_parts_and_its_change(open_room: OpenRoom) -> None:
    page = open_overview(open_room)
    found = figures_of(page)
    total = found["total"]
    expect(page.locator("[data-figure]")).to_have_count(8)
    expect(figure(page, "online")).to_contain_text(f"{total['online']['rate'] * 100:.2f}%")
    expect(figure(page, "online")).to_contain_text(
        f"{total['online']['part']:,} / {total['online']['whole']:,} 车日"
    )
    change = total["online"]["rate"] - found["before"]["total"]["online"]["rate"]
    expect(figure(page, "online")).to_contain_text(f"▲ {change * 100:.2f} 个百分点 向好")
    expect(figure(page, "alerts")).to_contain_text(f"{total['alerts']:,}")
    expect(figure(page, "km").locator("polyline")).to_have_count(4)  # a line a week, none over a weekend
    expect(page.get_by_text("对比 2026-02-04 至 2026-03-01")).to_be_visible()


def test_each_figure_is_defined_on_the_page(open_room: OpenRoom) -> None:
    page = open_overview(open_room)
    terms = page.locator(".definitions dt").all_inner_texts()
    assert terms == page.locator("[data-figure] dt").all_inner_texts()
    for name in ("online", "complete", "on_time"):
        title = figure(page, name).get_attribute("title") or ""
        expect(page.locator(".definitions dd", has_text=title[:20])).to_have_count(1)


def test_the_address_holds_the_period_and_back_returns(open_room: OpenRoom) -> None:
    page = open_overview(open_room, "")
    periods = page.get_by_role("group", name="统计时段")
    expect(periods.get_by_role("button", name="今天")).to_have_attribute("aria-pressed", "true")
    periods.get_by_role("button", name="上周").click()
    expect(page).to_have_url(re.compile(r"#/overview\?from=\d{4}-\d\d-\d\d&to=\d{4}-\d\d-\d\d$"))
    expect(page.get_by_role("heading", level=2)).to_contain_text("至")
    page.reload()
    expect(periods.get_by_role("button", name="上周")).to_have_attribute("aria-pressed", "true")
    page.go_back()
    expect(periods.get_by_role("button", name="今天")).to_have_attribute("aria-pressed", "true")


def test_days_of_ones_own_are_checked_before_they_are_asked_for(open_room: OpenRoom) -> None:
    page = open_overview(open_room)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/overview?" in request.url else None)
    page.get_by_label("截止日").fill("2026-03-01")
    expect(page.get_by_role("alert")).to_have_text("截止日早于起始日")
    page.get_by_label("截止日").fill("2026-03-05")
    expect(page).to_have_url(re.compile("from=2026-03-02&to=2026-03-05$"))
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(page.locator("main")).to_have_attribute("aria-busy", "false")
    assert len(asked) == 1


def test_every_chart_has_its_values_in_a_table(open_room: OpenRoom) -> None:
    page = open_overview(open_room)
    found = figures_of(page)
    for name, rows in {
        "上线率与数据合格率": len(found["series"]),
        "告警（按级别）": len(found["series"]),
        "告警（按类型）": len(found["series"]),
        "按时处置（按级别）": 4,
    }.items():
        panel = page.locator("section", has=page.get_by_role("heading", name=name))
        panel.get_by_text("数据表").click()
        expect(table(page, name).locator("tbody tr")).to_have_count(rows)
    first = found["series"][0]
    expect(table(page, "上线率与数据合格率").locator("tbody tr").first).to_contain_text(
        f"{first['online']['rate'] * 100:.2f}%"
    )
    bars = page.get_by_role("img", name=re.compile("告警（按级别）: 紧急"))
    expect(bars).to_be_visible()
    expect(bars.get_by_text("休")).to_have_count(6)


def test_schools_are_sorted_searched_and_listed_to_the_last(open_room: OpenRoom) -> None:
    page = open_overview(open_room)
    schools = {school["name"]: school for school in figures_of(page)["schools"]}
    shown = names_in(page, "学校")
    by_distance = [schools[name]["alerts_per_1000_km"] for name in shown]
    assert len(shown) == 15
    assert by_distance == sorted((s["alerts_per_1000_km"] for s in schools.values()), reverse=True)[:15]
    head = table(page, "学校").get_by_role("columnheader")
    head.get_by_role("button", name="里程 km").click()
    expect(head.filter(has_text="里程 km")).to_have_attribute("aria-sort", "descending")
    head.get_by_role("button", name="里程 km").click()
    expect(head.filter(has_text="里程 km")).to_have_attribute("aria-sort", "ascending")
    least = min(schools.values(), key=lambda school: school["km"])
    assert names_in(page, "学校")[0] == least["name"]
    page.get_by_role("button", name=re.compile("显示全部")).click()
    assert len(names_in(page, "学校")) == len(schools)
    page.get_by_role("searchbox", name="按校名查找").fill("光明")
    assert names_in(page, "学校") == sorted(
        (name for name in schools if "光明" in name), key=lambda name: schools[name]["km"]
    )
    page.get_by_role("searchbox", name="按校名查找").fill("没有这所学校")
    expect(table(page, "学校")).to_contain_text("没有符合的名称")


def test_a_table_is_downloaded_whole_and_as_spreadsheets_read_it(open_room: OpenRoom) -> None:
    page = open_overview(open_room)
    with page.expect_download() as loading:
        page.get_by_role("button", name="下载 CSV：学校").click()
    name = loading.value.suggested_filename
    assert name == "buswatch-学校-2026-03-02_2026-03-27.csv"
    raw = loading.value.path().read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    head, *rows = csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline=""))
    schools = {school["name"]: school for school in figures_of(page)["schools"]}
    assert len(rows) == len(schools)
    for row in rows:
        values = dict(zip(head, row, strict=True))
        school = schools[values["名称"]]
        assert float(values["里程 km"]) == pytest.approx(school["km"])
        assert float(values["上线率"]) == pytest.approx(school["online"]["rate"], abs=1e-6)


def test_a_day_is_shown_by_the_hour(open_room: OpenRoom) -> None:
    page = open_overview(open_room, "from=2026-03-03")
    expect(page.get_by_text("逐小时")).to_have_count(3)
    expect(figure(page, "online")).to_contain_text("辆")
    page.get_by_text("数据表").first.click()
    expect(table(page, "上线率与数据合格率").locator("tbody tr")).to_have_count(24)


def test_a_day_off_says_so_and_shows_no_empty_chart(open_room: OpenRoom) -> None:
    page = open_overview(open_room, "from=2026-03-07")
    expect(page.locator(".notice")).to_have_text("所选日期按校历无课（校运动会），没有应上线的车辆。")
    expect(page.locator("[data-figure]")).to_have_count(0)
    expect(page.get_by_role("heading", name="指标说明")).to_be_visible()


def altered(page: Page, alter: Callable[[Any], None]) -> None:
    """Have the page get the overview changed."""

    def answer(route: Any) -> None:
        found = route.fetch().json()
        alter(found)
        route.fulfill(body=json.dumps(found), content_type="application/json")

    page.route("**/api/v1/overview?*", answer)


def test_what_is_not_counted_yet_is_said(open_room: OpenRoom) -> None:
    page = open_overview(open_room)
    altered(page, lambda found: found["counted"].update({"from": "2026-03-20T00:00:00.000+08:00"}))
    page.get_by_role("button", name="刷新").click()
    expect(page.locator(".notice")).to_contain_text("2026-03-20 00:00 以前的里程和定位指标暂不完整")
    page.unroute("**/api/v1/overview?*")
    altered(page, lambda found: found["counted"].update({"until": None}))
    page.get_by_role("button", name="刷新").click()
    expect(page.locator(".notice")).to_contain_text("尚无统计数据")


def test_a_server_that_is_away_is_told_and_the_old_figures_stay(open_room: OpenRoom) -> None:
    page = open_overview(open_room, may_complain=True)
    expect(figure(page, "online")).to_be_visible()
    page.route("**/api/v1/overview?*", lambda route: route.abort())
    page.get_by_role("button", name="刷新").click()
    notice = page.get_by_role("alert").filter(has_text="未能取得统计数据")
    expect(notice).to_contain_text("服务器没有应答")
    expect(figure(page, "online")).to_be_visible()
    page.unroute("**/api/v1/overview?*")
    notice.get_by_role("button", name="重试").click()
    expect(notice).to_have_count(0)


def test_a_server_that_was_away_from_the_start_is_tried_again(open_room: OpenRoom) -> None:
    page = open_room(may_complain=True)
    page.route(
        "**/api/v1/overview?*",
        lambda route: route.fulfill(
            status=503,
            body='{"detail": "the database does not answer"}',
            content_type="application/problem+json",
        ),
    )
    page.goto(f"/#/overview?{MONTH}")
    expect(page.get_by_role("alert")).to_contain_text("the database does not answer")
    page.unroute("**/api/v1/overview?*")
    expect(figure(page, "online")).to_be_visible()  # by itself


def test_english_is_one_click_away(open_room: OpenRoom) -> None:
    page = open_overview(open_room)
    page.get_by_role("button", name="Switch to English").click()
    expect(page.get_by_role("heading", name="School bus overview")).to_be_visible()
    expect(figure(page, "complete")).to_contain_text("Track complete")
    left = page.locator("main").inner_text()
    names = [group["name"] for kind in ("schools", "operators") for group in figures_of(page)[kind]]
    for name in sorted(names, key=len, reverse=True):
        left = left.replace(name, "")
    assert re.findall(r"[\u4e00-\u9fff]+", left) == []


def test_paper_has_the_figures_alone_black_on_white(open_room: OpenRoom) -> None:
    page = open_overview(open_room)
    page.emulate_media(media="print")
    expect(page.locator(".room > header")).to_be_hidden()
    expect(page.get_by_role("button", name="打印")).to_be_hidden()
    expect(page.get_by_role("heading", name="校车运行统计")).to_be_visible()
    assert page.evaluate("getComputedStyle(document.querySelector('[data-figure]')).backgroundColor") == (
        "rgb(255, 255, 255)"
    )
    assert page.evaluate("document.querySelector('main').scrollHeight > innerHeight")
    assert page.evaluate("getComputedStyle(document.querySelector('main')).overflowY") == "visible"
    sheets = re.findall(rb"/MediaBox\s*\[0 0 ([\d.]+) ([\d.]+)", page.pdf(prefer_css_page_size=True))
    assert sheets
    assert all(float(width) > float(height) for width, height in sheets)


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_nothing_stands_in_the_way_of_those_who_see_or_point_otherwise(
    open_room: OpenRoom, theme: str
) -> None:
    page = open_overview(open_room)
    if theme == "light":
        page.get_by_role("button", name="切换到浅色界面").click()
    page.get_by_text("数据表").first.click()
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run('main')")
    assert [(flaw["id"], [node["html"] for node in flaw["nodes"]]) for flaw in found["violations"]] == []


def test_the_page_fits_a_small_screen(open_room: OpenRoom) -> None:
    page = open_overview(open_room)
    assert page.evaluate("document.querySelector('main').scrollWidth <= innerWidth")
