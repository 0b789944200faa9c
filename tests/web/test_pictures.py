"""The pictures of docs/control-room.md, taken on a whole demo.

A run of the tests takes them and throws them away; `BUSWATCH_TEST_PICTURES=docs/pictures make
test ARGS=tests/web/test_pictures.py` keeps them, and `BUSWATCH_PAGE_URL` names a server that runs already.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browsers import REPOSITORY
from tests.web.test_accessibility import choose
from tests.web.test_page import FLIGHT_MS, OpenRoom, api, open_alert, panel

pytestmark = [pytest.mark.timeout(240)]

LANGUAGES = ("zh", "en")
PAGE = REPOSITORY / "docs/control-room.md"


@pytest.fixture(scope="session")
def served(request: pytest.FixtureRequest) -> str:
    """A server that was named, else a demo of our own."""
    return os.environ.get("BUSWATCH_PAGE_URL") or str(request.getfixturevalue("demo_url"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(os.environ.get("BUSWATCH_TEST_PICTURES", tmp_path))


def live(page: Page, alert_id: str) -> None:
    page.locator(f'[data-alert="{alert_id}"] button.row').click()
    expect(panel(page)).to_be_visible()


def review(page: Page, alert_id: str) -> None:
    page.evaluate("bus => { location.hash = `#/review?bus=${bus}`; }", alert_id.split(".", maxsplit=1)[0])
    pane = page.get_by_test_id("track-first")
    expect(pane).to_have_attribute("data-phase", "ready")
    page.get_by_role("button", name=re.compile("最近一小时|Last hour")).click()
    expect(pane).to_have_attribute("data-phase", "ready")
    expect(pane).not_to_have_attribute("data-fixes", "0")
    page.locator(f"[data-violation='{alert_id}']").click()


def evidence(page: Page, alert_id: str) -> None:
    page.evaluate("name => { location.hash = `#/evidence/${name}`; }", alert_id)
    expect(page.get_by_test_id("evidence-sheet")).to_contain_text(alert_id)


def overview(page: Page, _: str) -> None:
    page.evaluate("location.hash = '#/overview'")
    expect(page.locator("[data-figure=online]")).to_be_visible(timeout=90_000)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("show", "theme"), [(live, "dark"), (review, "dark"), (evidence, "light"), (overview, "light")]
)
def test_a_picture_of_every_view(
    open_room: OpenRoom,
    served: str,
    folder: Path,
    show: Callable[[Page, str], None],
    theme: str,
    language: str,
) -> None:
    page = open_room(served, locale={"zh": "zh-CN", "en": "en-GB"}[language])
    choose(page, theme, language)
    alert_id = str(open_alert(page).get_attribute("data-alert"))
    show(page, alert_id)
    page.wait_for_timeout(2 * FLIGHT_MS)
    path = folder / f"{show.__name__}-{language}.jpg"
    shown: Page | Locator = page
    if show is evidence:
        page.set_viewport_size({"width": 1366, "height": 1300})
        shown = page.get_by_test_id("evidence-sheet")
    shown.screenshot(path=path, type="jpeg", quality=80)
    assert path.stat().st_size > 20_000, "an empty picture"
    assert api(page, "/fleet")["zone"] == "Asia/Shanghai"


def test_the_page_of_the_control_room_shows_each_of_them() -> None:
    shown = set(re.findall(r"pictures/([\w-]+\.jpg)", PAGE.read_text(encoding="utf-8")))
    taken = {
        f"{view}-{language}.jpg"
        for view in ("live", "review", "evidence", "overview")
        for language in LANGUAGES
    }
    assert shown == taken
    assert all((PAGE.parent / "pictures" / name).is_file() for name in shown)
