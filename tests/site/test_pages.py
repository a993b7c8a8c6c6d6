"""Every page of the built site, opened twice with the network blocked: from a server, and on a phone from the disk.

axe-core audits the first: in the light by all its rules, in the dark by the one that sees colours.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.site.audit import darken, faint, other_faults

LOOK = """() => ({
  formulas: document.querySelectorAll(".math.notranslate").length,
  drawn: document.querySelectorAll(".math.notranslate > mjx-container").length,
  failed: [...document.querySelectorAll("mjx-merror, [data-mjx-error]")].map(e => e.textContent),
  glyphs: [...document.querySelectorAll("mjx-container")].filter(e => e.offsetParent && !e.offsetWidth).length,
  missing: performance.getEntriesByType("resource").filter(e => e.responseStatus >= 400).map(e => e.name),
  blank: [...document.images].filter(i => !(i.complete && i.naturalWidth)).map(i => i.src),
  explorers: document.querySelectorAll("figure.lrx").length,
  mounted: document.querySelectorAll("figure.lrx [data-drawn]").length,
  theme: document.documentElement.dataset.theme })"""
WIDE = """() => [...document.querySelectorAll("div.math")].filter(e => e.scrollWidth > e.clientWidth + 1)
  .map(e => e.textContent.slice(0, 80))"""
SCROLLING = """() => [...document.querySelectorAll("main *")].filter(e => {
  const style = getComputedStyle(e);
  return e.scrollWidth > e.clientWidth + 1 && ["auto", "scroll"].includes(style.overflowX)
    && e.tabIndex < 0 && !e.querySelector("a, button, input, select, summary, [tabindex='0']") && e.offsetParent;
}).map(e => e.outerHTML.slice(0, 120))"""


def look(page: Any) -> None:
    """Formulas and figures are there, each drawn, and nothing was missing."""
    page.wait_for_function("document.readyState === 'complete'")
    seen = page.evaluate(LOOK)
    assert seen["formulas"] == seen["drawn"]
    assert seen["explorers"] == seen["mounted"]
    assert (seen["failed"], seen["glyphs"], seen["blank"], seen["missing"]) == ([], 0, [], [])
    assert seen["theme"] == "light"


def test_a_page_from_a_server_is_whole_and_the_audit_finds_nothing_in_light_and_dark(visit, served, name):
    page = visit(served, name)
    look(page)
    assert page.evaluate(WIDE) == []  # on a desktop no formula hides its end
    assert (other_faults(page), faint(page)) == ([], [])
    darken(page)
    assert faint(page) == []


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_no_text_at_all_is_faint(visit, served, name):
    page = visit(served, name)
    assert faint(page, every=True) == []
    darken(page)
    assert faint(page, every=True) == []


def test_a_page_from_the_disk_is_whole_and_what_is_wide_scrolls_in_its_own_box_on_a_phone(visit, disk, phone, name):
    page = visit(disk, name, window=phone)
    look(page)
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide == 0
    assert page.evaluate(SCROLLING) == []
