"""The explorers on the pages of a built site, as its readers meet them: ``make site`` names it in LRDECAY_SITE.

The network is blocked. Only the theme's own scripts may ask for it; no explorer does.
"""

import os
from importlib.resources import files
from pathlib import Path

import pytest

from tests.browser.conftest import ROOT, served
from tests.browser.driving import FAINT, sliders, state

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
WITHOUT = {"scaling-up"}  # a sweep has no dial
SILENT = ("turn", "tilt")  # the reading of the curve in space does not say where one looks from
THEME_SCRIPTS = ("https://cdn.jsdelivr.net/npm/mathjax@", "https://cdnjs.cloudflare.com/ajax/libs/require.js/")
LARGEST = 1_500_000  # bytes of the explorers on one page


@pytest.fixture(scope="module")
def built():
    if "LRDECAY_SITE" not in os.environ:
        pytest.skip("LRDECAY_SITE names no built site; `make site` builds one and runs these tests on it")
    folder = (ROOT / os.environ["LRDECAY_SITE"]).resolve()
    assert (folder / "index.html").is_file(), f"no site in {folder}"
    return folder


@pytest.fixture(scope="module", params=["http", "file"])
def address(request, built):
    if request.param == "file":
        yield built.as_uri()
        return
    with served(built) as found:
        yield found


@pytest.fixture
def read(browser):
    """Return read(address, theme, **context): a chapter without a network, which in the end said nothing strange."""
    contexts, strange = [], []

    def read(url, theme="light", **context):
        root = url.rsplit("/chapters/", 1)[0]
        contexts.append(browser.new_context(**context))
        contexts[-1].add_init_script(
            f"localStorage.setItem('mode', '{theme}'); localStorage.setItem('theme', '{theme}')"
        )
        page = contexts[-1].new_page()

        def judge(route):
            asked = route.request.url
            if asked.startswith((f"{root}/", "data:", "blob:")):
                route.continue_()
                return
            if not asked.startswith(THEME_SCRIPTS):
                strange.append(f"asked for {asked}")
            route.abort()

        def hear(message):
            if message.type == "error" and not message.location["url"].startswith(THEME_SCRIPTS):
                strange.append(f"console: {message.text}")

        page.route("**/*", judge)
        page.on("console", hear)
        page.on("pageerror", lambda error: strange.append(f"error: {error}"))
        page.goto(url, wait_until="domcontentloaded")
        return page

    yield read
    for context in contexts:
        context.close()
    assert strange == []


def figures(page):
    page.locator("figure.lrx").first.wait_for()
    found = page.locator("figure.lrx").all()
    for one in found:
        one.locator("[data-drawn]").wait_for()
    return found


def test_every_chapter_has_its_explorers(built):
    assert {path.stem for path in (ROOT / "chapters").glob("*.ipynb")} - WITHOUT == set(CHAPTERS)


@pytest.mark.parametrize("name", CHAPTERS)
def test_every_slider_moves_drawing_and_reading_by_keyboard_and_by_mouse(read, address, name):
    page = read(f"{address}/chapters/{name}.html", viewport={"width": 1280, "height": 900})
    found = figures(page)
    assert [one.get_attribute("aria-label") for one in found] == CHAPTERS[name]
    for one in found:
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


@pytest.mark.parametrize("name", CHAPTERS)
@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 390)])
def test_explorers_are_legible_accessible_and_fit(read, built, album, name, theme, width):
    package = pytest.importorskip("axe_playwright_python", reason="axe is absent: pip install axe-playwright-python")
    page = read(f"{built.as_uri()}/chapters/{name}.html", theme, viewport={"width": width, "height": 900})
    found = figures(page)
    assert page.locator("html").get_attribute("data-theme") == theme
    for k, one in enumerate(found):
        assert one.evaluate("e => e.scrollWidth <= e.clientWidth")
        assert one.evaluate(
            "e => [...e.querySelectorAll('*')].every(c => c.getBoundingClientRect().right <= innerWidth)"
        )
        one.screenshot(path=str(album / f"site-{name}-{k}-{theme}-{width}.png"))
    assert page.evaluate(FAINT) == []
    page.evaluate((files(package) / "axe.min.js").read_text(encoding="utf8"))
    found = page.evaluate("axe.run('figure.lrx', { preload: false })")  # else it asks for the page's style sheets
    assert [(v["id"], [node["html"][:200] for node in v["nodes"]]) for v in found["violations"]] == []
    assert found["passes"]


@pytest.mark.parametrize("name", CHAPTERS)
def test_without_scripts_every_explorer_is_a_picture(read, built, name):
    page = read(f"{built.as_uri()}/chapters/{name}.html", java_script_enabled=False)
    images = page.locator("figure.lrx img").all()
    assert len(images) == len(CHAPTERS[name])
    for image in images:
        assert image.get_attribute("alt")
        assert image.evaluate("e => e.complete && e.naturalWidth") > 500


@pytest.mark.parametrize("name", CHAPTERS)
def test_explorers_of_a_page_are_small_and_load_nothing(built, name):
    from bs4 import BeautifulSoup

    page = BeautifulSoup(Path(built / "chapters" / f"{name}.html").read_text(encoding="utf8"), "html.parser")
    found = page.select("figure.lrx")
    assert len(found) == len(CHAPTERS[name])
    assert sum(len(str(one)) for one in found) <= LARGEST
    for one in found:
        assert not one.select("link, iframe, script[src]")
