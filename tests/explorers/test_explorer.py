import base64
import re
import time
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure

from lrdecay_core import explorers
from lrdecay_core.explorers import Explorer, page
from lrdecay_core.explorers.view import Control
from tools import scan


@pytest.fixture(scope="module")
def playground(problem):
    return explorers.late_decay(problem, num_steps=2000, batch_size=2, early=100)


def shown_png(live):
    return base64.b64decode(re.search(r"base64,([^\"]+)", live.picture.value)[1])


def test_the_sliders_are_the_pages(playground):
    sliders = playground.widget.sliders
    for control in playground.controls:
        slider = sliders[control.key]
        low, high = (10**slider.min, 10**slider.max) if control.log else (slider.min, slider.max)
        assert (low, high, slider.value) == pytest.approx((control.min, control.max, control.value))
        assert slider.description == control.label


@pytest.mark.parametrize(
    ("key", "value"), [("decay_step", 300), ("rate", 0.07), ("decayed", 0.01), ("noise", 0.0), ("seed", 3)]
)
def test_a_moved_slider_changes_figure_and_reading_to_what_the_library_computes(playground, key, value):
    live = replace(playground).widget
    before, picture, words = live.state, shown_png(live), live.reading.value
    live.sliders[key].value = value
    expected = playground.state(**{key: value})
    assert not np.array_equal(live.state.path.test_loss[-1], before.path.test_loss[-1])
    np.testing.assert_array_equal(live.state.path.test_loss, expected.path.test_loss)
    assert shown_png(live) != picture
    assert live.reading.value != words
    assert shown_png(live) == page.png(playground.draw(expected))
    assert playground.read(expected).split(",")[0] in live.reading.value
    assert 'aria-live="polite"' in live.reading.value


def test_a_named_control_shows_its_names():
    control = Control.named("p", "family", ("step", "linear"), 1)
    live = replace(small(lambda values: values["p"]), controls=(control,)).widget
    slider = live.sliders["p"]
    assert ([word for word, _ in slider.options], slider.label, live.state) == (["step", "linear"], "linear", 1)
    slider.value = 0
    assert live.state == 0


def test_an_exception_reaches_the_reader_and_a_good_setting_takes_it_away():
    def compute(values):
        if values["p"] > 0.8:
            raise RuntimeError("no <such> thing")
        return values["p"]

    live = small(compute).widget
    live.sliders["p"].value = 0.9
    assert "This setting could not be computed." in live.message.value
    assert "RuntimeError: no &lt;such&gt; thing" in live.message.value
    assert (live.state, live.picture.value, live.reading.value) == (None, "", "")
    live.sliders["p"].value = 0.2
    assert live.message.value == ""
    assert live.state == 0.2
    assert "img" in live.picture.value


def test_a_diverging_run_is_a_result(playground):
    live = replace(playground).widget
    live.sliders["rate"].value = 0.5
    assert "This run diverged at step" in live.reading.value
    assert live.message.value == ""


def test_a_long_computation_says_so_before_and_after(monkeypatch):
    said = []

    def compute(values):
        said.append(live.message.value if live else "")
        return values["p"]

    live = None
    live = small(compute).widget
    clock = iter([0.0, 2.5])
    monkeypatch.setattr("lrdecay_core.explorers.explorer.time.perf_counter", lambda: next(clock))
    live.sliders["p"].value = 0.1
    assert said[-1] == "Computing …"
    assert live.message.value == "Computed in 2.5 s."


def test_start_values_come_back_in_one_computation():
    computed = []
    explorer = small(lambda values: computed.append(values["p"]) or values["p"])
    live = explorer.widget
    live.sliders["p"].value = 0.9
    live.box.children[0].children[-1].click()
    assert computed == [0.5, 0.9, 0.5]
    assert live.sliders["p"].value == 0.5


def test_a_move_is_answered_within_half_a_second(playground):
    live, took = replace(playground).widget, []
    for step in range(100, 1000, 100):
        start = time.process_time()
        live.sliders["decay_step"].value = step
        took.append(time.process_time() - start)
    assert np.median(took) < 0.5  # processor time: the machine may be busy with something else


WIDGET = "application/vnd.jupyter.widget-view+json"


def small(compute=lambda values: values["p"], **changes):
    settings = {
        "name": "collapse",
        "title": "A <title>",
        "caption": "A & caption",
        "alt": "A line",
        "controls": (Control(key="p", label="p", min=0.0, max=1.0, step=0.1, value=0.5),),
        "data": {"x": [1, None, "</script>"]},
        "compute": compute,
        "draw": lambda state: Figure(),
        "read": lambda state: f"p is {state}",
    }
    return Explorer(**(settings | changes))


def test_while_pages_are_built_it_is_html_and_no_widget(monkeypatch):
    monkeypatch.setenv("LRDECAY_STATIC", "1")
    explorer = small()
    bundle = explorer._repr_mimebundle_()
    assert sorted(bundle) == ["image/png", "text/html", "text/plain"]
    assert "widget" not in explorer.__dict__
    assert not list(scan._undrawn(bundle))


def test_with_a_kernel_it_is_a_widget_and_no_html(monkeypatch):
    monkeypatch.delenv("LRDECAY_STATIC", raising=False)
    bundle = small()._repr_mimebundle_()
    assert sorted(bundle) == [WIDGET, "text/plain"]
    assert bundle["text/plain"] == "A <title>. A line"


def test_the_same_widget_is_shown_again(monkeypatch):
    monkeypatch.delenv("LRDECAY_STATIC", raising=False)
    explorer = small()
    assert explorer._repr_mimebundle_()[WIDGET] == explorer._repr_mimebundle_()[WIDGET]


def test_other_words_for_the_same_figure():
    explorer = small().at(p=0.25).about(title="T", caption="C", alt="A")
    assert (explorer.title, explorer.caption, explorer.alt) == ("T", "C", "A")
    assert explorer.state() == 0.25
    assert "<figcaption>C</figcaption>" in explorer.html
