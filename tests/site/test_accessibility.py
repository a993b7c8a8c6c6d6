"""An audit of every page of the built site by axe-core, light and dark, and at the width of a phone."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

SCROLLING = """() => [...document.querySelectorAll("main *")].filter(e => {
  const style = getComputedStyle(e);
  return e.scrollWidth > e.clientWidth + 1 && ["auto", "scroll"].includes(style.overflowX)
    && e.tabIndex < 0 && !e.querySelector("a, button, input, select, summary, [tabindex='0']") && e.offsetParent;
}).map(e => e.outerHTML.slice(0, 120))"""


@pytest.fixture(scope="session")
def phone(browser: Any) -> Any:
    return browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)


def violations(page, **options):
    found = Axe().run(page, options={"preload": False, **options}).response["violations"]  # it looks in wrong folders
    nodes = [
        (v["id"], n) for v in found for n in v["nodes"] if not (v["id"] == "empty-table-header" and spoken(page, n))
    ]
    return [f"{rule} ({node['impact']}): {node['target']} {node['html'][:160]}" for rule, node in nodes]


def spoken(page, node):
    """Whether a heading that axe takes for empty is a formula: axe does not read the MathML that screen readers do."""
    return bool(page.locator(node["target"][0]).locator("mjx-assistive-mml math").first.text_content(timeout=1000))


def test_the_audit_finds_nothing(visit, served, name):
    page = visit(served, name)
    assert page.evaluate("document.documentElement.dataset.theme") == "light"
    assert violations(page) == []
    page.add_style_tag(content="* { transition: none !important }")  # no colour on its way from one to the other
    page.evaluate("document.documentElement.dataset.theme = 'dark'")  # what the theme's own button does; only colours
    assert violations(page, runOnly=["color-contrast"]) == []


def test_what_is_wide_scrolls_in_its_own_box_on_a_phone_and_by_keyboard(visit, served, phone, name):
    page = visit(served, name, window=phone)
    page.wait_for_function("document.readyState === 'complete'")
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide == 0
    assert page.evaluate(SCROLLING) == []
