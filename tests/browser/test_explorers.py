"""Explorers answer keyboard, mouse and typed values as the library does, over http and from the disk."""

import pytest

from lrdecay_core.explorers.page import plain
from tests.browser.driving import NAMES, STATE, figure, sliders, state


@pytest.mark.parametrize("name", NAMES)
def test_every_slider_answers_to_the_keyboard(visit, site, name):
    found = figure(visit(f"{site}/light.html"), name)
    for slider in sliders(found):
        before, value = state(found), slider.input_value()
        slider.focus()
        at_end = int(value) >= int(slider.get_attribute("max"))
        for _ in range(3):
            slider.press("ArrowLeft" if at_end else "ArrowRight")
        after = state(found)
        assert slider.input_value() != value
        assert after["drawing"] != before["drawing"]
        # The reading of the curve in space does not say where one looks from.
        assert after["words"] != before["words"] or slider.get_attribute("data-key") in ("turn", "tilt")
        slider.press("Home")
        assert slider.input_value() == "0"
        assert slider.get_attribute("aria-valuetext")


@pytest.mark.parametrize("name", NAMES)
def test_every_slider_answers_to_the_mouse(visit, site, name):
    found = figure(visit(f"{site}/light.html"), name)
    for slider in sliders(found):
        found.get_by_role("button", name="Start values").click()
        before, box = state(found), slider.bounding_box()
        share = 0.17 if slider.input_value() == slider.get_attribute("max") else 0.83
        slider.click(position={"x": share * box["width"], "y": box["height"] / 2})
        after = state(found)
        assert after["drawing"] != before["drawing"]
        assert after["words"] != before["words"] or slider.get_attribute("data-key") in ("turn", "tilt")
    found.get_by_role("button", name="Start values").click()
    assert state(found)["words"] == figure(visit(f"{site}/light.html"), name).evaluate(STATE)["words"]


@pytest.mark.parametrize("name", NAMES)
def test_the_page_reads_what_the_library_reads(visit, site, disk, explorers, name):
    for root in (site, disk):
        found = figure(visit(f"{root}/light.html"), name)
        assert state(found)["words"] == explorers[name].read(explorers[name].state())


def test_typed_values_are_taken_inside_the_range_and_refused_outside(visit, site, explorers):
    found = figure(visit(f"{site}/light.html"), "late_decay")
    field, before = found.get_by_label("learning rate η, typed"), state(found)
    for wrong in ("seven", "", "9", "-1"):
        field.fill(wrong)
        field.press("Enter")
        after = state(found)
        assert f"needs a number from 0.01 to 0.5, got “{wrong}”" in after["problem"]
        assert (after["words"], after["drawing"]) == (before["words"], before["drawing"])
        assert field.get_attribute("aria-invalid") == "true"
    field.fill("0.0431")
    field.press("Enter")
    after = state(found)
    assert (after["problem"], field.get_attribute("aria-invalid")) == ("", None)
    assert after["words"] == explorers["late_decay"].read(explorers["late_decay"].state(rate=0.0431))


def test_a_diverging_run_is_told_and_blanks_nothing(visit, site, explorers):
    found = figure(visit(f"{site}/light.html"), "late_decay")
    found.get_by_label("learning rate η", exact=True).press("End")
    now = state(found)
    rate = explorers["late_decay"].controls[1].positions[-1]
    assert now["words"] == explorers["late_decay"].read(explorers["late_decay"].state(rate=rate))
    assert "diverged at step" in now["words"]
    assert now["drawing"].count(">diverged at step") == 4


def test_two_copies_on_one_page_are_two_figures(visit, site):
    page = visit(f"{site}/light.html")
    first, copy = figure(page, "late_decay"), figure(page, "copy")
    before = state(copy)
    drawn = [found.locator("[data-drawn]").get_attribute("data-drawn") for found in (first, copy)]
    assert drawn == ["1", "1"]  # either script finds both figures, and only the first mounts them
    assert state(first)["words"] == before["words"]
    first.get_by_label("seed", exact=True).press("ArrowRight")
    assert state(first)["words"] != before["words"]
    assert state(copy) == before
    copy.get_by_label("seed", exact=True).press("ArrowRight")
    assert state(copy)["words"] == state(first)["words"]


def test_a_panel_can_be_dragged(visit, site):
    page = visit(f"{site}/light.html")
    found = figure(page, "late_decay")
    box = found.locator(".lrx-panel").nth(1).bounding_box()
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.8 * box["width"], box["y"] + 120, steps=4)
    page.mouse.up()
    value = int(found.get_by_label("decay step T, typed").input_value())
    left, right = 50, 16  # margins of a chart, in pixels
    expected = 5000 * (0.8 * box["width"] - left) / (box["width"] - left - right)
    assert abs(value - expected) <= 50  # one slider position
    assert f"Decay at step {value:,}" in state(found)["words"]
    turned = figure(page, "space_curve")
    turned.scroll_into_view_if_needed()
    box, before = turned.locator(".lrx-panel").first.bounding_box(), state(turned)
    page.mouse.move(box["x"] + 100, box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + 160, box["y"] + 120, steps=5)
    page.mouse.up()
    assert turned.get_by_label("turn (degrees), typed").input_value() != "30"
    assert turned.get_by_label("tilt (degrees), typed").input_value() != "20"
    assert state(turned)["drawing"] != before["drawing"]


def test_a_mouse_over_one_map_moves_the_cross_hair_on_both(visit, site, explorers):
    page = visit(f"{site}/light.html")
    found = figure(page, "two_landscapes")
    found.scroll_into_view_if_needed()
    box = found.locator(".lrx-panel").first.locator("svg svg").first.bounding_box()
    page.mouse.move(box["x"] + 0.25 * box["width"], box["y"] + 0.4 * box["height"])
    now = state(found)
    across, up = (float(found.get_by_label(f"cross-hair {name}, %, typed").input_value()) for name in "xy")
    assert (across, up) == (25, 60)
    explorer = explorers["two_landscapes"]
    assert now["words"] == explorer.read(explorer.state(across=25, up=60))
    hairs = found.locator(".lrx-hair").evaluate_all("all => all.map(e => e.getAttribute('d'))")
    assert len(hairs) == 2
    assert len(set(hairs)) == 1
    titles = found.locator(".lrx-title").all_text_contents()
    for name, title in zip(("train", "test"), titles, strict=True):
        assert title.endswith(f"ing loss: {plain(explorer.state(across=25, up=60).under[name])} at the cross-hair")
    page.mouse.move(box["x"] - 5, box["y"] + 20)  # beside the map: the cross-hair stays
    assert state(found)["words"] == now["words"]


def test_a_decay_is_chosen_among_those_on_record(visit, site, explorers):
    found = figure(visit(f"{site}/light.html"), "two_landscapes")
    field, before = found.get_by_label("decay epoch T, typed"), state(found)
    field.fill("11")
    field.press("Enter")
    assert "needs one of 1; 10; 40, got “11”" in state(found)["problem"]
    assert state(found)["words"] == before["words"]
    found.get_by_label("decay epoch T", exact=True).press("ArrowLeft")
    explorer = explorers["two_landscapes"]
    assert state(found)["words"] == explorer.read(explorer.state(decay=10))
    assert field.input_value() == "10"
