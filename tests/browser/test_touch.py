"""Explorers under a finger: the browser decides by ``touch-action`` what is a drag and what scrolls the page."""

import pytest

from tests.browser.driving import figure, sliders, state

pytestmark = pytest.mark.xdist_group("browser")
PHONE = {"has_touch": True, "is_mobile": True, "viewport": {"width": 390, "height": 800}}


def swipe(page, start, end, pieces=8):
    """Put one finger down at ``start``, move it to ``end``, and lift it."""
    finger = page.context.new_cdp_session(page)
    for k in range(pieces + 1):
        x, y = (a + (b - a) * k / pieces for a, b in zip(start, end, strict=True))
        kind = "touchMove" if k else "touchStart"
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def test_a_finger_moves_a_slider(visit, site):
    found = figure(visit(f"{site}/light.html", **PHONE), "collapse")
    slider, before = sliders(found)[0], state(found)
    box = slider.bounding_box()
    slider.tap(position={"x": 0.3 * box["width"], "y": box["height"] / 2})
    assert state(found)["words"] != before["words"]


def on_map(found):
    """Return a function from shares of the first map to a place on the screen."""
    found.locator(".lrx-panel").first.scroll_into_view_if_needed()
    box = found.locator(".lrx-panel").first.locator("svg svg").first.bounding_box()
    return lambda across, down: (box["x"] + across * box["width"], box["y"] + down * box["height"])


def test_a_finger_on_a_map_drags_the_cross_hair_and_not_the_page(visit, site, explorers):
    page = visit(f"{site}/light.html", **PHONE)
    found = figure(page, "two_landscapes")
    place = on_map(found)
    before = page.evaluate("scrollY")
    swipe(page, place(0.75, 0.9), place(0.75, 0.3))  # up, as one scrolls
    said = state(found)["words"]
    assert page.evaluate("scrollY") == before
    across, up = (float(found.get_by_label(f"cross-hair {name}, %, typed").input_value()) for name in "xy")
    assert abs(across - 75) <= 1  # a slider position is a percent
    assert abs(up - 70) <= 1
    explorer = explorers["two_landscapes"]
    assert said == explorer.read(explorer.state(across=across, up=up))


def test_a_finger_across_a_chart_drags_and_along_it_scrolls(visit, site):
    page = visit(f"{site}/light.html", **PHONE)
    found = figure(page, "late_decay")
    panel = found.locator(".lrx-panel").first
    panel.scroll_into_view_if_needed()
    box, field = panel.bounding_box(), found.get_by_label("decay step T, typed")
    middle = box["y"] + box["height"] / 2
    swipe(page, (box["x"] + 0.5 * box["width"], middle), (box["x"] + 0.9 * box["width"], middle))
    state(found)
    assert int(field.input_value()) > 4000
    before = page.evaluate("scrollY")
    swipe(page, (box["x"] + 0.5 * box["width"], middle), (box["x"] + 0.5 * box["width"], middle - 250))
    page.wait_for_function(f"scrollY > {before} + 100")


def test_a_finger_turns_the_curve_in_space(visit, site):
    page = visit(f"{site}/light.html", **PHONE)
    found = figure(page, "space_curve")
    found.locator(".lrx-panel").first.scroll_into_view_if_needed()
    box, before = found.locator(".lrx-panel").first.bounding_box(), page.evaluate("scrollY")
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    swipe(page, middle, (middle[0] + 60, middle[1] + 40))
    state(found)
    assert found.get_by_label("turn (degrees), typed").input_value() != "30"
    assert found.get_by_label("tilt (degrees), typed").input_value() != "20"
    assert page.evaluate("scrollY") == before
