"""The explorers on the pages of the built site, as its readers meet them, with the network blocked."""

from importlib.resources import files

import pytest
from bs4 import BeautifulSoup

from tests.browser.driving import FAINT, sliders, state
from tests.site.conftest import FOLDER, ROOT

CHAPTERS = {
    "late-decay": ["Drag the decay"],
    "loss-landscapes": ["Two landscapes, one place"],
    "nonlinear-model": ["The curve of minima, in space"],
    "three-phases": ["Three phases by hand"],
    "where-decay-lands": ["Guess where it ends"],
    "minimum-norm": ["Wait, and lose"],
    "when-to-decay": ["Choose the clock", "Plan a decay", "Plan a budget"],
    "mirror": ["Two landscapes, one place"] * 2,
    "boundaries": ["Turn the noise off"],
    "second-model": ["Which singular values stay?"],
}
WITHOUT = {"scaling-up", "your-own-run"}  # a sweep has no dial, and a rule that is judged has none either
SILENT = ("turn", "tilt")  # the reading of the curve in space does not say where one looks from
LARGEST = 1_500_000  # bytes of the explorers on one page


def figures(page):
    page.locator("figure.lrx").first.wait_for()
    found = page.locator("figure.lrx").all()
    for one in found:
        one.locator("[data-drawn]").wait_for()
    return found


def test_every_chapter_has_its_explorers():
    assert {path.stem for path in (ROOT / "chapters").glob("*.ipynb")} - WITHOUT == set(CHAPTERS)


def answer(one):
    """Every slider moves drawing and reading, by keyboard and by mouse, and every start is the same."""
    start = state(one)
    for slider in sliders(one):
        at_end = slider.input_value() == slider.get_attribute("max")
        silent = slider.get_attribute("data-key") in SILENT
        for _ in range(3):
            slider.press("ArrowLeft" if at_end else "ArrowRight")
        after = state(one)
        assert after["drawing"] != start["drawing"]
        assert silent or after["words"] != start["words"]
        one.get_by_role("button", name="Start values").click()
        assert state(one) == start
        box = slider.bounding_box()
        slider.click(position={"x": (0.17 if at_end else 0.83) * box["width"], "y": box["height"] / 2})
        clicked = state(one)
        assert clicked["drawing"] != start["drawing"]
        assert silent or clicked["words"] != start["words"]
        one.get_by_role("button", name="Start values").click()
        assert state(one) == start


def fits(page, album, name):
    """Nothing runs out of its figure or of the window, and no text or line is faint; keep a picture to look at."""
    for k, one in enumerate(page.locator("figure.lrx").all()):
        assert one.evaluate("e => e.scrollWidth <= e.clientWidth")
        assert one.evaluate(
            "e => [...e.querySelectorAll('*')].every(c => c.getBoundingClientRect().right <= innerWidth)"
        )
        one.screenshot(path=str(album / f"site-{k}-{name}.png"))
    assert page.evaluate(FAINT) == []


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_explorers_answer_and_fit_on_a_desktop_in_the_light_from_a_server(visit, served, album, chapter):
    """axe-core audits them there with the rest of the page, in ``test_pages``."""
    page = visit(served, f"chapters/{chapter}.html")
    found = figures(page)
    assert [one.get_attribute("aria-label") for one in found] == CHAPTERS[chapter]
    fits(page, album, f"{chapter}-light-1200")
    for one in found:
        answer(one)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_explorers_answer_and_fit_on_a_phone_in_the_dark_from_the_disk(visit, disk, phone, album, chapter):
    page = visit(disk, f"chapters/{chapter}.html", theme="dark", window=phone)
    found = figures(page)
    assert page.locator("html").get_attribute("data-theme") == "dark"
    fits(page, album, f"{chapter}-dark-390")
    page.evaluate((files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf8"))
    audit = page.evaluate("axe.run('figure.lrx', { preload: false })")  # else it asks for the page's style sheets
    assert [(v["id"], [node["html"][:200] for node in v["nodes"]]) for v in audit["violations"]] == []
    assert audit["passes"]
    for one in found:
        answer(one)


@pytest.fixture(scope="module")
def silent(browser):
    """A window in which no script runs."""
    return browser.new_context(java_script_enabled=False)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_without_scripts_every_explorer_is_a_picture(visit, disk, silent, chapter):
    page = visit(disk, f"chapters/{chapter}.html", window=silent)
    images = page.locator("figure.lrx img").all()
    assert len(images) == len(CHAPTERS[chapter])
    for image in images:
        assert image.get_attribute("alt")
        assert image.evaluate("e => e.complete && e.naturalWidth") > 500


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_explorers_of_a_page_are_small_and_load_nothing(chapter):
    page = BeautifulSoup((FOLDER / "chapters" / f"{chapter}.html").read_text(encoding="utf8"), "html.parser")
    found = page.select("figure.lrx")
    assert len(found) == len(CHAPTERS[chapter])
    assert sum(len(str(one)) for one in found) <= LARGEST
    for one in found:
        assert not one.select("link, iframe, script[src]")
