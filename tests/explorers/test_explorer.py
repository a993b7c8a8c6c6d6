"""One call, two lives, never both; a small explorer with nothing to compute."""

from matplotlib.figure import Figure

from lrdecay_core.explorers import Explorer
from lrdecay_core.explorers.controls import Control
from tools import scan

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
