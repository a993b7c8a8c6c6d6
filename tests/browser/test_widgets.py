"""A widget outside the explorers is drawn by the vendored manager, from the disk, with the network blocked."""

import pytest

from tests.test_false_greens import ANSWER, SLIDER, MiniatureBook

pytestmark = pytest.mark.xdist_group("browser")


def test_a_slider_stands_on_the_page_and_moves(browser, tmp_path):
    book = MiniatureBook(tmp_path)
    book.notebook("one", ANSWER, SLIDER)
    done = book.build()
    assert done.returncode == 0, done.stdout + done.stderr
    site, strange = tmp_path / "_build" / "html", []
    page = browser.new_page()
    page.on("request", lambda r: None if r.url.startswith((site.as_uri(), "data:")) else strange.append(r.url))
    page.on("pageerror", lambda error: strange.append(str(error)))
    page.route("http*://**", lambda route: route.abort())
    page.goto(f"{site.as_uri()}/chapters/one.html")
    slider = page.locator(".widget-slider")
    slider.wait_for()
    assert "weight" in slider.inner_text()
    slider.get_by_role("slider").press("ArrowRight")
    assert "8" in slider.locator(".widget-readout").inner_text()
    page.close()
    assert strange == []
