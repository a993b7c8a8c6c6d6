"""What readers see first: their system's theme, pictures that open, and tables that fit a phone."""

from __future__ import annotations

import pytest

THEME = "document.documentElement.dataset.theme"
CARD = """() => [...document.querySelectorAll(".cards table, table.claim")].flatMap(table =>
  [...table.querySelectorAll("tbody td[data-label]")].map(cell => ({
    label: getComputedStyle(cell, "::before").content.replace(/^"|"$/g, ""), named: cell.dataset.label,
    head: table.querySelectorAll("thead th, thead td")[cell.cellIndex].textContent.trim(),
    out: cell.getBoundingClientRect().right - innerWidth })))"""


@pytest.mark.parametrize("system", ["light", "dark"])
def test_without_a_choice_a_page_follows_the_system_at_once_and_later(browser, served, system):
    page = browser.new_page(color_scheme=system)
    page.add_init_script(f"addEventListener('DOMContentLoaded', () => window.early = {THEME})")
    page.goto(f"{served}/intro.html")
    assert page.evaluate("window.early") == page.evaluate(THEME) == system
    other = {"light": "dark", "dark": "light"}[system]
    page.emulate_media(color_scheme=other)
    page.wait_for_function(f"{THEME} === '{other}'")
    page.close()


@pytest.mark.parametrize("chosen", ["light", "dark"])
def test_a_choice_outlives_the_page(browser, served, chosen):
    context = browser.new_context(color_scheme={"light": "dark", "dark": "light"}[chosen])
    page = context.new_page()
    page.goto(f"{served}/intro.html")
    for _ in range(3):
        if page.evaluate("document.documentElement.dataset.mode") != chosen:
            page.locator(".theme-switch-button:visible").first.click()
    page.goto(f"{served}/chapters/claims.html")
    assert page.evaluate(THEME) == chosen
    context.close()


def test_without_scripts_pages_are_light(browser, served):
    context = browser.new_context(java_script_enabled=False, color_scheme="dark")
    page = context.new_page()
    page.goto(f"{served}/intro.html")
    assert page.locator("html").get_attribute("data-theme") == "light"
    context.close()


@pytest.mark.parametrize("tables", ["intro.html", "chapters/claims.html", "chapters/late-decay.html"], ids=str)
def test_on_a_phone_a_cell_stands_beside_the_head_of_its_column(browser, served, tables):
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.goto(f"{served}/{tables}")
    cells = page.evaluate(CARD)
    assert len(cells) >= 10
    assert {cell["label"] == cell["named"] == cell["head"] for cell in cells} == {True}
    assert max(cell["out"] for cell in cells) <= 0
    page.close()


def test_a_picture_opens_in_full(browser, served):
    page = browser.new_page()
    page.goto(f"{served}/chapters/late-decay.html")
    pictures = page.locator("figure.align-default > a > img")
    assert pictures.count() >= 4
    address = pictures.first.evaluate("e => e.src")
    pictures.first.click()
    page.wait_for_url(address)
    page.close()
