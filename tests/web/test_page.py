"""The control-room page in a real browser, on whatever serves ``page_url``."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

pytestmark = [pytest.mark.timeout(240)]

FIRST_ALERT_MS = 150_000
"""A city that just started needs a while until a bus misbehaves for long enough."""
FLIGHT_MS = 2_500
AWAY = (500, 400)
"""On the map: the list keeps its order while the pointer is over it."""

OpenRoom = Callable[..., Page]


def api(page: Page, path: str) -> Any:
    answer = page.request.get(f"/api/v1{path}")
    assert answer.ok, answer.text()
    return answer.json()


def open_alert(page: Page) -> Locator:
    """The row of an alert that nobody has taken and that stays the same row while the list moves."""
    row = page.locator("[data-alert]:not(:has([data-status]))").first
    expect(row).to_be_visible(timeout=FIRST_ALERT_MS)
    return page.locator(f'[data-alert="{row.get_attribute("data-alert")}"]')


def panel(page: Page) -> Locator:
    return page.get_by_test_id("bus-panel")


def find_bus(page: Page, bus_id: str) -> None:
    page.get_by_role("combobox", name="查找车牌、车号或学校").fill(bus_id)
    expect(page.get_by_role("option").first).to_contain_text(bus_id)
    page.keyboard.press("Enter")


def test_every_bus_is_counted_once_and_drawn(open_room: OpenRoom) -> None:
    page = open_room()
    registered = len(api(page, "/buses")["items"])
    expect(page.locator(".census [data-state]")).to_have_count(7)
    page.wait_for_function(
        "total => [...document.querySelectorAll('.census b')]"
        ".reduce((sum, count) => sum + Number(count.textContent), 0) === total",
        arg=registered,
    )
    page.wait_for_timeout(FLIGHT_MS)
    pane = page.get_by_test_id("map")
    assert int(pane.get_attribute("data-buses") or 0) > 0.5 * registered

    def picture_with_fleet(visibility: str) -> bytes:
        pane.locator("canvas.fleet").evaluate("(canvas, how) => canvas.style.visibility = how", visibility)
        return page.screenshot(clip={"x": 310, "y": 150, "width": 500, "height": 500})

    roads_alone = picture_with_fleet("hidden")
    assert picture_with_fleet("hidden") == roads_alone
    assert picture_with_fleet("visible") != roads_alone


def test_buses_move_between_two_frames(open_room: OpenRoom) -> None:
    page = open_room()
    expect(page.get_by_test_id("fix-rate").locator("b")).to_have_text(re.compile(r"[1-9]\d*"))


def test_an_alert_tells_which_bus_how_bad_and_since_when(open_room: OpenRoom) -> None:
    page = open_room()
    row = open_alert(page)
    alert = api(page, f"/alerts/{row.get_attribute('data-alert')}")
    bus = api(page, f"/buses/{alert['bus_id']}")
    expect(row).to_contain_text(bus["plate"])
    expect(row).to_contain_text({"speeding": "超速", "deviation": "偏离路线"}[alert["rule"]])
    expect(row).to_contain_text(re.compile(r"\d+ km/h · 限 \d+|偏离 \d+ m · 允许 \d+ m"))
    expect(row).to_contain_text(alert["started_at"][11:19])


def test_a_click_on_an_alert_shows_bus_route_speed_and_limit(open_room: OpenRoom) -> None:
    page = open_room()
    row = open_alert(page)
    alert = api(page, f"/alerts/{row.get_attribute('data-alert')}")
    bus = api(page, f"/buses/{alert['bus_id']}")
    row.locator("button.row").click()
    expect(panel(page).get_by_role("heading")).to_have_text(bus["plate"])
    names = [assignment["route_name"] for assignment in bus["assignments"]]
    expect(panel(page).get_by_test_id("route")).to_contain_text(re.compile("|".join(map(re.escape, names))))
    expect(panel(page).get_by_test_id("speed")).to_have_text(re.compile(r"\d+ km/h"))
    expect(panel(page).get_by_test_id("limit")).to_have_text(re.compile(r"(\d+|—) km/h"))


def test_a_click_on_the_map_opens_the_bus_drawn_there(open_room: OpenRoom) -> None:
    page = open_room()
    expect(page.get_by_test_id("map")).not_to_have_attribute("data-buses", "0")
    page.wait_for_timeout(FLIGHT_MS)
    frame = api(page, "/positions")
    bus, state = frame["columns"].index("bus"), frame["columns"].index("state")
    standing = next(row[bus] for row in frame["rows"] if row[state] == "out_of_service")
    find_bus(page, standing)
    expect(panel(page)).to_be_visible()
    page.wait_for_timeout(FLIGHT_MS)
    box = page.get_by_test_id("map").bounding_box()
    aside = panel(page).bounding_box()
    assert box is not None
    assert aside is not None
    panel(page).get_by_role("button", name="关闭").click()
    expect(panel(page)).to_be_hidden()
    page.mouse.click(box["x"] + box["width"] / 2 + aside["width"] / 2, box["y"] + box["height"] / 2)
    expect(panel(page).get_by_role("heading")).to_have_text(re.compile(r".+"))


def test_acknowledging_asks_for_a_name_once_and_is_seen_by_another_operator(open_room: OpenRoom) -> None:
    page, other = open_room(operator=""), open_room()
    row = open_alert(page)
    name = row.get_attribute("data-alert")
    row.locator("button.row").click()
    row.get_by_placeholder("备注（可不填）").fill("已电话联系驾驶员")
    row.get_by_role("button", name="确认").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("textbox").fill("韩梅梅")
    dialog.get_by_role("button", name="保存").click()
    expect(row.locator("[data-status=acknowledged]")).to_have_text("已确认")
    expect(row).to_contain_text("韩梅梅")
    expect(row).to_contain_text("已电话联系驾驶员")
    expect(other.locator(f'[data-alert="{name}"] [data-status=acknowledged]')).to_be_attached()
    row.get_by_role("button", name="办结").click()
    expect(row.locator("[data-status=closed]")).to_be_visible()
    page.mouse.move(*AWAY)
    expect(row).to_be_hidden()
    closed = api(page, f"/alerts/{name}")
    assert closed["status"] == "closed"
    assert [(step["by"], step["kind"]) for step in closed["changes"] if step["by"]][-2:] == [
        ("韩梅梅", "acknowledged"),
        ("韩梅梅", "closed"),
    ]


def test_two_operators_cannot_overwrite_each_other(open_room: OpenRoom) -> None:
    page = open_room(may_complain=True)  # the browser logs the refusal as a failed resource
    row = open_alert(page)
    name = row.get_attribute("data-alert")

    def be_faster(route: Route) -> None:
        """Acknowledge as somebody else while this page's request is under way."""
        for _ in range(5):
            body = {"by": "王芳", "note": None, "version": api(page, f"/alerts/{name}")["version"]}
            if page.request.post(f"/api/v1/alerts/{name}/acknowledge", data=body).ok:
                break
        route.continue_()

    row.locator("button.row").click()
    page.route("**/false-alarm", be_faster)
    row.get_by_role("button", name="误报…").click()
    row.get_by_label("误报原因").select_option("设备故障")
    row.get_by_role("button", name="标为误报").click()
    expect(row.get_by_role("status")).to_contain_text("王芳")
    expect(row.locator("[data-status=acknowledged]")).to_be_visible()
    assert api(page, f"/alerts/{name}")["status"] == "acknowledged"


def test_cutting_the_server_shows_a_banner_and_mending_it_resumes(open_room: OpenRoom, link: Any) -> None:
    page = open_room(link.address, may_complain=True)
    expect(page.locator(".link.live")).to_be_visible()
    link.cut()
    expect(page.get_by_role("alert")).to_contain_text("连接中断", timeout=5_000)
    expect(page.get_by_role("alert")).to_contain_text(re.compile(r"\d+ 秒前的数据"))
    link.mend()
    expect(page.locator(".link.live")).to_be_visible(timeout=30_000)
    expect(page.get_by_role("alert")).to_be_hidden()


def test_alerts_that_happen_while_the_link_is_cut_are_there_once_when_it_is_mended(
    open_room: OpenRoom, link: Any
) -> None:
    page, other = open_room(link.address, may_complain=True), open_room()
    open_alert(page)
    name = open_alert(other).get_attribute("data-alert")
    link.cut()
    expect(page.get_by_role("alert")).to_contain_text("连接中断", timeout=5_000)
    before = len(api(other, "/alerts?limit=500")["items"])
    alert = api(other, f"/alerts/{name}")
    body = {"by": "王芳", "note": None, "version": alert["version"]}
    other.request.post(f"/api/v1/alerts/{name}/acknowledge", data=body)
    for _ in range(120):
        if len(api(other, "/alerts?limit=500")["items"]) > before:
            break
        other.wait_for_timeout(1_000)
    link.mend()
    expect(page.locator(".link.live")).to_be_visible(timeout=30_000)
    for _ in range(10):
        while (more := page.get_by_role("button", name=re.compile("显示更多"))).count():
            more.click()
        told = [
            one["alert_id"]
            for status in ("open", "acknowledged")
            for one in api(other, f"/alerts?status={status}&limit=500")["items"]
        ]
        shown = page.locator("[data-alert]").evaluate_all("rows => rows.map((row) => row.dataset.alert)")
        if sorted(shown) == sorted(told):
            break
        page.wait_for_timeout(700)  # between the two looks another alert may have opened
    assert sorted(shown) == sorted(told), "each once, and none missing"
    expect(page.locator(f'[data-alert="{name}"] [data-status=acknowledged]')).to_be_attached()


def test_without_webgl_the_page_says_so_and_the_alerts_still_work(open_room: OpenRoom) -> None:
    page = open_room(webgl=False)
    expect(page.get_by_role("alert")).to_contain_text("此浏览器无法显示地图")
    row = open_alert(page)
    row.locator("button.row").click()
    expect(panel(page).get_by_test_id("speed")).to_be_visible()


def test_one_switch_changes_every_text(open_room: OpenRoom) -> None:
    page = open_room()
    page.get_by_role("button", name="Switch to English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.get_by_role("heading", name="Buswatch")).to_be_visible()
    words = page.locator("header, aside > header").all_inner_texts()
    assert not re.search(r"[\u4e00-\u9fff]", "".join(words).replace("中文", "").replace("李雷", ""))


def test_a_probable_closure_is_answered_by_one_waiver(open_room: OpenRoom) -> None:
    page, other = open_room(operator="李雷"), open_room(operator="韩梅梅")
    closure = page.locator("[data-incident]").first
    expect(closure).to_contain_text(re.compile(r"疑似封路：\d+ 辆车在.+附近偏离"), timeout=FIRST_ALERT_MS)
    name = closure.get_attribute("data-incident")
    (incident,) = [one for one in api(page, "/incidents?ongoing=true")["items"] if one["incident_id"] == name]
    closure.get_by_role("button", name="签发绕行许可").click()
    closure.get_by_label("事由").select_option("道路施工")
    closure.get_by_label("有效期").select_option("4 小时")
    expect(closure.get_by_label("签发人")).to_have_value("李雷")
    closure.get_by_label("签发人").fill("王局长")
    closure.get_by_role("button", name="签发绕行许可").click()
    expect(closure).to_contain_text("已签发绕行许可")
    expect(other.locator(f'[data-incident="{name}"]')).to_contain_text("已签发绕行许可")
    for alert_id in incident["alert_ids"]:
        alert = api(page, f"/alerts/{alert_id}")
        assert alert["severity"] == "warning"
        assert alert["evidence"]["waiver_id"]
        assert "王局长" in [step["by"] for step in alert["changes"] if step["kind"] == "waived"]
