"""Explorers fit the page: every width, both themes, without scripts, on paper, folded; and they answer fast."""

import statistics
from importlib.resources import files

import pytest

from tests.browser.driving import FAINT, NAMES, NEXT_FRAMES, figure, sliders, state

pytestmark = pytest.mark.xdist_group("browser")
ANCHORS = "all => all.map(e => e.getAttribute('text-anchor'))"


def test_a_resize_redraws_and_nothing_runs_out_of_a_phone(visit, site):
    page = visit(f"{site}/light.html", viewport={"width": 820, "height": 900})
    found = figure(page, "late_decay")
    wide = found.locator(".lrx-panel svg[role=img]").first.get_attribute("width")
    page.set_viewport_size({"width": 360, "height": 740})
    state(found)
    narrow = found.locator(".lrx-panel svg[role=img]").first.get_attribute("width")
    assert wide != narrow
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    boxes = page.locator(".lrx-panel svg[role=img]").evaluate_all(
        "all => all.map(e => e.getBoundingClientRect().right)"
    )
    assert max(boxes) <= 360


def test_texts_stay_inside_their_charts(visit, site):
    page = visit(f"{site}/light.html", viewport={"width": 390, "height": 800})
    figure(page, "copy")
    outside = page.evaluate(
        """() => [...document.querySelectorAll('.lrx-panel svg[role=img]')].flatMap(svg => {
          const box = svg.getBoundingClientRect();
          return [...svg.querySelectorAll('text')].filter(t => {
            const b = t.getBoundingClientRect();
            return b.left < box.left - 1 || b.right > box.right + 1 || b.bottom > box.bottom + 1;
          }).map(t => t.textContent);
        })"""
    )
    assert outside == []


def test_a_folded_explorer_is_drawn_when_it_opens(visit, site):
    page = visit(f"{site}/folded.html")
    page.locator("summary").click()
    page.locator(".lrx-panel svg[role=img]").first.wait_for()


def test_without_scripts_and_on_paper_there_is_a_picture(visit, folder):
    page = visit(f"{folder.as_uri()}/light.html", java_script_enabled=False)
    image = page.locator("figure.lrx img").first
    assert image.is_visible()
    assert "Four panels" in image.get_attribute("alt")
    assert image.evaluate("e => e.naturalWidth") > 500
    printed = visit(f"{folder.as_uri()}/light.html")
    found = figure(printed, "late_decay")
    printed.emulate_media(media="print")
    assert found.locator(".lrx-panel svg[role=img]").first.is_visible()
    assert not sliders(found)[0].is_visible()


def test_a_slider_move_redraws_within_50_milliseconds(visit, folder):
    page = visit(f"{folder.as_uri()}/light.html")
    found = figure(page, "late_decay")
    slider, root, took = sliders(found)[0], found.locator("[data-drawn]"), []
    for _ in range(25):
        slider.press("ArrowRight")
        page.evaluate(NEXT_FRAMES)
        took.append(float(root.get_attribute("data-milliseconds")))
    assert statistics.median(took) <= 50


@pytest.mark.parametrize("name", NAMES)
def test_every_panel_shows_marks_and_both_axes(visit, folder, name):
    panels = figure(visit(f"{folder.as_uri()}/light.html"), name).locator(".lrx-panel")
    for k in range(panels.count()):
        drawing = panels.nth(k).inner_html()
        assert "NaN" not in drawing
        assert panels.nth(k).locator("circle, polygon, path.lrx-line:not([d=''])").count() > 0
        if name not in ("space_curve", "two_landscapes"):  # the others are charts
            assert {"middle", "end"} <= set(panels.nth(k).locator("text").evaluate_all(ANCHORS))


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 820])
def test_texts_and_lines_stand_out_from_the_page(visit, folder, album, theme, width):
    page = visit(f"{folder.as_uri()}/{theme}.html", viewport={"width": width, "height": 900})
    figure(page, "copy")
    page.screenshot(path=str(album / f"explorers-{theme}-{width}.png"), full_page=True)
    assert page.evaluate(FAINT) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_no_violation(visit, folder, theme):
    package = pytest.importorskip("axe_playwright_python", reason="axe is absent: pip install axe-playwright-python")
    page = visit(f"{folder.as_uri()}/{theme}.html")
    figure(page, "copy")
    figure(page, "late_decay").get_by_label("seed, typed").fill("many")
    page.keyboard.press("Enter")  # a message is on show, too
    page.evaluate((files(package) / "axe.min.js").read_text(encoding="utf8"))
    found = page.evaluate("axe.run().then(r => r.violations.map(v => [v.id, v.nodes.map(n => n.html)]))")
    assert found == []
