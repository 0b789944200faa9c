"""The evidence sheet of every rule: one page of A4, and a file that `buswatch verify` calls true."""

from __future__ import annotations

import io
import json
import re
import unicodedata
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pypdf
import pytest
from playwright.sync_api import Page, expect

from alerts.episodes import RULES
from tests.buswatch.test_cli import buswatch
from tests.web.filed import Filed, filed_room
from tests.web.test_page import OpenRoom, api

pytestmark = [pytest.mark.timeout(300)]

A4_POINTS = (595, 842)


@pytest.fixture(scope="module")
def filed() -> Iterator[Filed]:
    with filed_room() as room:
        yield room


@pytest.fixture
def room(open_room: OpenRoom, filed: Filed) -> Page:
    return open_room(filed.address)


def open_sheet(page: Page, filed: Filed, name: str) -> Page:
    page.goto(f"{filed.address}/#/evidence/{filed.alerts[name].alert_id}")
    expect(page.get_by_test_id("evidence-sheet")).to_contain_text(filed.alerts[name].alert_id)
    return page


def printed(page: Page) -> pypdf.PdfReader:
    return pypdf.PdfReader(io.BytesIO(page.pdf(format="A4")))


def letters(pdf: pypdf.PdfReader) -> str:
    """All text of a document without its spaces.

    Some fonts draw a character with the glyph of a radical that looks the same, and it is read as that one.
    """
    text = re.sub(r"\s", "", "".join(page.extract_text() for page in pdf.pages))
    return unicodedata.normalize("NFKC", text).replace("\N{CJK RADICAL C-SIMPLIFIED CART}", "车")


def crowded(page: Page) -> list[str]:
    """The blocks of the sheet that hold more than they show."""
    found: list[str] = page.get_by_test_id("evidence-sheet").evaluate(
        "sheet => [...sheet.children].filter(block => block.scrollHeight > block.clientHeight + 1)"
        ".map(block => block.className)"
    )
    return found


@pytest.mark.parametrize(
    ("name", "language"),
    [(name, "zh") for name in (*RULES, "longest")]
    + [(name, "en") for name in ("speeding", "unapproved_operation", "silent", "longest")],
)
def test_the_evidence_of_every_rule_is_printed_on_one_page(
    room: Page, filed: Filed, name: str, language: str
) -> None:
    room.evaluate("language => localStorage.setItem('buswatch.language', language)", language)
    room.reload()
    open_sheet(room, filed, name)
    pdf = printed(room)
    assert len(pdf.pages) == 1
    assert (round(pdf.pages[0].mediabox.width), round(pdf.pages[0].mediabox.height)) == pytest.approx(
        A4_POINTS, abs=1
    )
    found = api(room, f"/alerts/{filed.alerts[name].alert_id}/evidence")
    text = letters(pdf)
    assert found["digest"] in text
    assert found["bus"]["plate"] in text
    assert ("校车告警证据单" if language == "zh" else "Evidenceofaschool-busalert") in text
    assert crowded(room) == []


def test_nothing_but_the_sheet_is_printed_and_it_is_white_in_the_dark(room: Page, filed: Filed) -> None:
    open_sheet(room, filed, "speeding")
    assert room.locator("html").get_attribute("data-theme") == "dark"
    text = letters(printed(room))
    assert "返回实时" not in text
    assert "校车监控中心" not in text
    room.emulate_media(media="print")
    expect(room.locator("header").first).to_be_hidden()
    expect(room.get_by_role("button", name="打印")).to_be_hidden()
    ground = "node => getComputedStyle(node).backgroundColor"
    assert room.get_by_test_id("evidence-sheet").evaluate(ground) == "rgb(255, 255, 255)"
    assert room.locator("body").evaluate(ground) == "rgb(255, 255, 255)"


def test_what_was_found_and_done_is_on_the_sheet(room: Page, filed: Filed) -> None:
    sheet = open_sheet(room, filed, "speeding").get_by_test_id("evidence-sheet")
    expect(sheet).to_contain_text("72.0 km/h，限速 50 km/h，超 44.0 %")
    expect(sheet).to_contain_text("批准限速段 0–5000 m")
    expect(sheet).to_contain_text("第三十五条第二款")
    expect(sheet).to_contain_text("校车批〔2026〕1号 · R1.2 · 第 2 版")
    expect(sheet).to_contain_text("tolerance_kmh 5")
    history = sheet.get_by_role("region", name="处置记录")
    expect(history).to_contain_text("确认 王秀英")
    expect(history).to_contain_text("司机已减速，已谈话提醒。")
    expect(sheet.get_by_role("img", name="鄂A·X0001 的行驶轨迹、批准线路与走廊，上方为北")).to_be_visible()
    expect(sheet.get_by_role("img", name="车速（km/h）随时间变化，灰底为违规时段")).to_be_visible()
    stated = filed.alerts["speeding"].evidence
    assert (stated.speed_kmh, stated.limit_kmh) == (72.0, 50.0)


def test_of_a_long_table_and_a_long_history_it_says_how_much_is_shown(room: Page, filed: Filed) -> None:
    sheet = open_sheet(room, filed, "longest").get_by_test_id("evidence-sheet")
    document = api(room, f"/alerts/{filed.alerts['longest'].alert_id}/evidence")
    rows = sheet.locator("tbody tr")
    expect(sheet).to_contain_text(f"{rows.count()} 条，共 {len(document['fixes'])} 条，全表见证据文件")
    history = document["history"]
    telling = sum(
        step["kind"] != "updated" or step["severity"] != before["severity"]
        for before, step in pairwise(history)
    )
    expect(sheet).to_contain_text(f"列 {min(1 + telling, 9)} / 共 {len(history)} 项")
    assert len(history) > 40
    for sign in ("○", "◆", "□"):
        expect(rows.filter(has_text=sign)).to_have_count(1)


def test_the_file_that_is_downloaded_is_true_and_one_that_is_altered_is_not(
    room: Page, filed: Filed, tmp_path: Path
) -> None:
    sheet = open_sheet(room, filed, "deviation").get_by_test_id("evidence-sheet")
    with room.expect_download() as download:
        room.get_by_role("button", name="下载证据文件").click()
    assert download.value.suggested_filename == f"{filed.alerts['deviation'].alert_id}.evidence.json"
    path = tmp_path / "evidence.json"
    download.value.save_as(path)
    done = buswatch("verify", str(path), "--against", filed.address)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("真 TRUE")
    assert sheet.get_by_test_id("digest").inner_text() in done.stdout
    document = json.loads(path.read_text())
    document["alert"]["evidence"]["off_line_m"] = 49.0
    path.write_text(json.dumps(document))
    done = buswatch("verify", str(path), "--against", filed.address)
    assert done.returncode == 1
    assert done.stdout.startswith("假 ALTERED")
    assert "alert.evidence.off_line_m: the file has 49.0, on file is 2" in done.stdout


def test_an_operator_comes_from_the_alert_to_its_sheet_and_back(room: Page, filed: Filed) -> None:
    alert = filed.alerts["wrong_way"]
    row = room.locator(f'[data-alert="{alert.alert_id}"]')
    row.locator("button.row").click()
    row.get_by_role("link", name="证据单").click()
    expect(room.get_by_test_id("evidence-sheet")).to_contain_text(alert.alert_id)
    room.get_by_role("link", name="返回实时").click()
    expect(room.get_by_test_id("map")).to_be_visible()
    room.go_back()
    expect(room.get_by_test_id("evidence-sheet")).to_contain_text(alert.alert_id)


def test_an_alert_that_is_not_on_file_is_said(open_room: OpenRoom, filed: Filed) -> None:
    page = open_room(filed.address, may_complain=True)
    page.goto(f"{filed.address}/#/evidence/B9.speeding.1")
    expect(page.get_by_role("alert")).to_contain_text("没有告警 B9.speeding.1")
    expect(page.get_by_role("button", name="打印")).to_be_hidden()
