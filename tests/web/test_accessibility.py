"""No view of the page has a serious finding of axe-core, in either theme and language."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.web.test_page import OpenRoom, open_alert, panel

pytestmark = [pytest.mark.timeout(240)]

AXE = Path(__file__).parents[2] / "web/node_modules/axe-core/axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
GRAVE = ("serious", "critical")

Arrange = Callable[[Page], None]


def as_opened(page: Page) -> None:
    expect(page.get_by_test_id("map")).not_to_have_attribute("data-buses", "0")


def with_an_alert_and_its_bus(page: Page) -> None:
    open_alert(page).locator("button.row").click()
    expect(panel(page)).to_be_visible()


def with_a_waiver_to_sign(page: Page) -> None:
    closure = page.locator("[data-incident]").first
    closure.get_by_role("button").first.click()
    expect(closure.locator("select").first).to_be_visible()


def with_the_question_for_a_name(page: Page) -> None:
    page.get_by_role("button", name="李雷").click()
    expect(page.get_by_role("dialog")).to_be_visible()


LIVE: list[Arrange] = [
    as_opened,
    with_an_alert_and_its_bus,
    with_a_waiver_to_sign,
    with_the_question_for_a_name,
]


def grave_findings(page: Page) -> list[dict[str, Any]]:
    """What axe-core calls serious or critical: the rule, and what it is about."""
    page.evaluate(AXE.read_text())
    found: list[dict[str, Any]] = page.evaluate(
        """async rules => (await axe.run(document, { runOnly: rules })).violations
            .map(({ id, impact, nodes }) => ({
                id, impact, nodes: nodes.map(node => [node.html.slice(0, 200), node.failureSummary]),
            }))""",
        RULES,
    )
    return [finding for finding in found if finding["impact"] in GRAVE]


def choose(page: Page, theme: str, language: str) -> None:
    page.evaluate(
        """([theme, language]) => {
            localStorage.setItem("buswatch.theme", theme);
            localStorage.setItem("buswatch.language", language);
        }""",
        [theme, language],
    )
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", theme)


@pytest.mark.parametrize("arrange", LIVE)
@pytest.mark.parametrize(("theme", "language"), [("dark", "zh"), ("light", "en")])
def test_the_live_view_has_no_grave_finding(
    open_room: OpenRoom, theme: str, language: str, arrange: Arrange
) -> None:
    page = open_room()
    choose(page, theme, language)
    arrange(page)
    assert grave_findings(page) == []
