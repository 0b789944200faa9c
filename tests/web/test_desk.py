"""The alert desk in a real browser: what people do, what the clock does, and a list that keeps still."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.web.test_page import AWAY, FIRST_ALERT_MS, api, open_alert

pytestmark = [pytest.mark.timeout(240)]

OpenRoom = Callable[..., Page]
COUNT_NOTES = """() => {
    window.notes = [];
    const start = OscillatorNode.prototype.start;
    OscillatorNode.prototype.start = function (at) {
        window.notes.push(at);
        return start.call(this, at);
    };
}"""


def handle(page: Page, name: str, verb: str, by: str = "韩梅梅", **more: Any) -> None:
    """Act as somebody else, at another desk."""
    for _ in range(5):  # the engine may have changed it since it was read
        body = {"by": by, "note": None, "version": api(page, f"/alerts/{name}")["version"]} | more
        answer = page.request.post(f"/api/v1/alerts/{name}/{verb}", data=body)
        if answer.status != 409:
            break
    assert answer.ok, answer.text()


def name_of(row: Locator) -> str:
    name = row.get_attribute("data-alert")
    assert name is not None
    return name


def row_named(page: Page, name: str) -> Locator:
    return page.locator(f'[data-alert="{name}"]')


def steps(page: Page, name: str) -> list[tuple[str, str, str | None]]:
    """What people did about an alert: kind, who, and who held it then."""
    changes = api(page, f"/alerts/{name}")["changes"]
    return [(step["kind"], step["by"], step["assignee"]) for step in changes if step["by"]]


def opened(page: Page) -> Locator:
    row = open_alert(page)
    row.locator("button.row").click()
    return row


def test_an_alert_goes_from_hand_to_hand_in_sight_of_another_operator(open_room: OpenRoom) -> None:
    page, other = open_room(operator="李雷"), open_room(operator="韩梅梅")
    row = opened(page)
    name = name_of(row)
    elsewhere = row_named(other, name)
    row.get_by_role("button", name="我接手").click()
    expect(row.get_by_test_id("assignee")).to_have_text("李雷")
    expect(elsewhere).to_contain_text("李雷 接手了此告警")
    row.get_by_role("button", name="转交…").click()
    row.get_by_label("指派给").fill("王芳")
    row.get_by_role("button", name="指派", exact=True).click()
    expect(row.get_by_test_id("assignee")).to_have_text("王芳")
    expect(elsewhere).to_contain_text("李雷 指派给 王芳")
    row.get_by_role("button", name="取消指派").click()
    expect(row.get_by_test_id("assignee")).to_have_text("未指派")
    expect(row.get_by_label("处置记录")).to_contain_text(
        re.compile(r"李雷 [\d:]+ 指派给 王芳.*李雷 [\d:]+ 取消指派")
    )
    assert steps(page, name) == [
        ("assigned", "李雷", "李雷"),
        ("assigned", "李雷", "王芳"),
        ("assigned", "李雷", None),
    ]


def test_a_note_is_kept_and_leaves_the_alert_open(open_room: OpenRoom) -> None:
    page = open_room()
    row = opened(page)
    expect(row.get_by_role("button", name="仅备注")).to_be_disabled()
    row.get_by_placeholder("备注（可不填）").fill("学校已确认")
    row.get_by_role("button", name="仅备注").click()
    expect(row.get_by_label("处置记录")).to_contain_text("学校已确认")
    expect(row.get_by_placeholder("备注（可不填）")).to_have_value("")
    assert api(page, f"/alerts/{name_of(row)}")["status"] == "open"


def test_a_false_alarm_needs_a_reason_and_another_reason_needs_a_note(open_room: OpenRoom) -> None:
    page = open_room()
    row = opened(page)
    row.get_by_role("button", name="误报…").click()
    mark = row.get_by_role("button", name="标为误报")
    expect(row.get_by_label("误报原因")).to_be_focused()
    expect(mark).to_be_disabled()
    row.get_by_label("误报原因").select_option("其他（须备注）")
    expect(mark).to_be_disabled()
    expect(row).to_contain_text("请在备注中说明")
    row.get_by_placeholder("备注（可不填）").fill("测试车辆")
    mark.click()
    expect(row.locator("[data-status=false_alarm]")).to_be_visible()
    expect(row.get_by_label("处置记录")).to_contain_text(re.compile("标为误报.*其他.*测试车辆"))
    on_file = api(page, f"/alerts/{name_of(row)}")
    assert (on_file["status"], on_file["false_reason"]) == ("false_alarm", "other")


def test_what_nobody_took_is_raised_stands_first_and_says_by_when_it_goes_further(
    open_room: OpenRoom,
) -> None:
    page = open_room()
    raised = page.locator("[data-alert]:has([data-level])").first
    expect(raised).to_be_visible(timeout=FIRST_ALERT_MS)
    expect(raised.locator("[data-level]")).to_have_text(re.compile("升至值班长|督办：主管部门"))
    assert name_of(page.locator("[data-alert]").first) in {
        name_of(row) for row in page.locator("[data-alert]:has([data-level])").all()
    }
    waiting = page.locator("[data-alert]:has([data-due]):not(:has([data-level]))").first
    expect(waiting.locator("[data-due]")).to_have_text(re.compile(r"剩 (\d+ 分|0:\d\d)"))
    handle(page, name_of(waiting), "acknowledge")
    taken = row_named(page, name_of(raised))
    taken.locator("button.row").click()
    expect(taken.get_by_label("处置记录")).to_contain_text("无人确认，升至值班长")


def test_rows_keep_their_places_under_the_pointer_and_say_what_changed(open_room: OpenRoom) -> None:
    page = open_room()
    open_alert(page)
    rows = page.locator("[data-alert]")
    expect(rows.nth(3)).to_be_visible(timeout=FIRST_ALERT_MS)
    rows.nth(2).locator("button.row").hover()
    names = [name_of(rows.nth(at)) for at in range(4)]
    places = [row_named(page, name).bounding_box() for name in names]
    handle(page, names[0], "close")
    handle(page, names[1], "acknowledge", note="已联系")
    expect(row_named(page, names[0])).to_contain_text("韩梅梅 办结了此告警")
    expect(row_named(page, names[1])).to_contain_text("韩梅梅 确认了此告警：已联系")
    held = page.get_by_role("button", name="顺序已锁定")
    expect(held).to_be_visible(timeout=20_000)
    assert [row_named(page, name).bounding_box() for name in names] == places
    expect(row_named(page, names[0]).locator("[data-status=closed]")).to_be_visible()
    page.mouse.move(*AWAY)
    expect(held).to_be_hidden()
    expect(row_named(page, names[0])).to_be_hidden()


def test_filters_say_how_much_they_hide_and_one_click_shows_it_again(open_room: OpenRoom) -> None:
    page = open_room(operator="李雷")
    row = open_alert(page)
    districts = {bus["bus_id"]: bus["district"] for bus in api(page, "/buses")["items"]}
    district = districts[api(page, f"/alerts/{name_of(row)}")["bus_id"]]
    expect(page.get_by_test_id("filtered-out")).to_be_hidden()
    page.get_by_role("button", name="更多筛选").click()
    page.get_by_label("区县").select_option(district)
    shown = [name_of(each) for each in page.locator("[data-alert]").all()]
    assert {districts[api(page, f"/alerts/{name}")["bus_id"]] for name in shown} == {district}
    expect(page.get_by_test_id("filtered-out")).to_have_text(
        re.compile(r"未显示 [1-9]\d* 条.*其中 [1-9]\d* 条紧急待处置", re.DOTALL)
    )
    handle(page, shown[0], "assign", to="李雷")
    page.get_by_label("只看我负责的").check()
    expect(page.locator("[data-alert]")).to_have_count(1)
    page.get_by_role("button", name="清除筛选").click()
    expect(page.get_by_test_id("filtered-out")).to_be_hidden()
    expect(page.locator("[data-alert]").nth(1)).to_be_visible()


def test_the_desk_is_worked_with_the_keyboard_alone(open_room: OpenRoom) -> None:
    page = open_room()
    open_alert(page)
    page.locator("[data-alert]:not(:has([data-status])) button.row").first.focus()
    page.keyboard.press("k")
    names = [name_of(row) for row in page.locator("[data-alert]").all()[:3]]
    row_named(page, names[0]).locator("button.row").focus()
    page.keyboard.press("j")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("k")
    second = row_named(page, names[1])
    expect(second.locator("button.row")).to_be_focused()
    page.keyboard.press("Enter")
    expect(second.get_by_placeholder("备注（可不填）")).to_be_visible()
    page.keyboard.press("a")
    expect(second.locator("[data-status=acknowledged]")).to_be_visible()
    page.keyboard.press("c")
    expect(second.get_by_role("button", name="办结", exact=True)).to_be_focused()
    assert api(page, f"/alerts/{names[1]}")["status"] == "acknowledged", "not yet"
    page.keyboard.press("Enter")
    expect(second.locator("[data-status=closed]")).to_be_visible()
    expect(second.locator("button.row")).to_be_focused()
    page.keyboard.press("j")
    page.keyboard.press("f")
    third = row_named(page, names[2])
    expect(third.get_by_label("误报原因")).to_be_focused()
    page.keyboard.press("Escape")
    expect(third.get_by_label("误报原因")).to_be_hidden()
    expect(third.locator("button.row")).to_be_focused()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="快捷键与提醒")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.keyboard.press("Escape")
    expect(third.locator("button.row")).not_to_be_focused()
    expect(second).to_be_hidden()


def test_letters_typed_in_a_note_are_no_commands(open_room: OpenRoom) -> None:
    page = open_room()
    row = opened(page)
    row.get_by_placeholder("备注（可不填）").press_sequentially("acfj?")
    expect(row.get_by_placeholder("备注（可不填）")).to_have_value("acfj?")
    assert api(page, f"/alerts/{name_of(row)}")["status"] == "open"


def test_the_sound_switch_says_what_it_is_set_to_and_the_browser_keeps_it(open_room: OpenRoom) -> None:
    page = open_room()
    switch = page.locator("header [data-bell]")
    expect(switch).to_have_text("点此启用声音")
    switch.click()
    expect(switch).to_have_text("声音开")
    expect(switch).to_have_attribute("aria-pressed", "true")
    switch.click()
    expect(switch).to_have_text("已静音")
    page.reload()
    expect(switch).to_have_text("已静音")
    page.mouse.click(*AWAY)
    expect(switch).to_have_text("已静音")


def test_notices_are_asked_for_by_a_button_alone(open_room: OpenRoom) -> None:
    page = open_room()
    page.evaluate("() => { Notification.requestPermission = async () => (window.asked = true, 'granted'); }")
    open_alert(page)
    assert page.evaluate("window.asked") is None
    page.get_by_role("button", name="快捷键与提醒").click()
    page.get_by_role("button", name="开启桌面通知").click()
    expect(page.locator("[data-notices=granted]")).to_be_visible()
    assert page.evaluate("window.asked") is True


def test_a_new_critical_alert_is_heard_and_said_once(open_room: OpenRoom) -> None:
    page = open_room()
    page.evaluate(COUNT_NOTES)
    announced = page.get_by_test_id("announced")
    expect(announced).to_have_text("")
    page.mouse.click(*AWAY)
    expect(page.locator("header [data-bell=on]")).to_be_visible()
    beside = page.context.new_page()
    beside.goto(page.url)
    beside.evaluate(COUNT_NOTES)
    expect(beside.get_by_test_id("announced")).to_be_attached()
    beside.mouse.click(*AWAY)
    expect(beside.locator("header [data-bell=on]")).to_be_visible()
    expect(announced).to_have_text(re.compile("新紧急告警：鄂|告警已升级：鄂"), timeout=FIRST_ALERT_MS)
    expect(announced).to_have_attribute("aria-live", "polite")
    page.wait_for_function("window.notes.length >= 2")
    page.wait_for_timeout(12_000)
    begun = page.evaluate("window.notes.filter((at, n, all) => n === 0 || at - all[n - 1] > 1)")
    assert beside.evaluate("window.notes") == [], "one page of a browser rings for all"
    assert all(after - before > 4.5 for before, after in pairwise(begun))
