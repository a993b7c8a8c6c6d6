"""The lists quote captions and titles rightly; ``tools.check_site`` checks that everything stands in them."""

from types import SimpleNamespace

import pytest
from docutils import nodes
from PIL import Image

from tools import listings


def caption(*parts):
    return nodes.caption("", "", *(nodes.Text(p) if isinstance(p, str) else p for p in parts))


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        (["The gap grows. It does."], "The gap grows."),
        (["Rate 0.5 of $x$ vs. time, e.g. late. Then more."], "Rate 0.5 of $x$ vs. time, e.g. late."),
        (["One run, ", nodes.emphasis("", "two"), " zooms. Left: x."], "One run, two zooms."),
        (["No end"], "No end"),
    ],
)
def test_the_first_sentence_of_a_caption(parts, words):
    assert "".join(node.astext() for node in listings.first_sentence(caption(*parts))) == words


def test_formulas_of_a_caption_stay_formulas():
    found = listings.first_sentence(caption("Loss against ", nodes.math("", r"\eta k"), ". More."))
    assert [type(node) for node in found] == [nodes.Text, nodes.math, nodes.Text]


@pytest.mark.parametrize(
    ("title", "words"), [("(D: a (proved here))", "D: a (proved here)"), ("plain (x)", "plain (x)")]
)
def test_titles_lose_the_brackets_around_them(title, words):
    found = listings._unwrapped(nodes.inline("", "", nodes.Text(title)))
    assert "".join(node.astext() for node in found) == words


def test_titles_of_explorers_are_found_in_either_order_of_attributes():
    text = '<figure class="lrx a" role="group" aria-label="Drag"><figure aria-label="Turn" class="lrx b">'
    assert ["".join(found) for found in listings.EXPLORER.findall(text)] == ["Drag", "Turn"]


def test_a_small_copy_says_what_the_figure_says(tmp_path):
    Image.new("RGB", (900, 300)).save(tmp_path / "a.png")
    app = SimpleNamespace(srcdir=tmp_path, outdir=tmp_path / "out")
    small = listings._thumbnail(app, "chapters/figures", nodes.image(uri="a.png", alt="Two lines part."))
    assert small["alt"] == "Two lines part."
    with Image.open(tmp_path / "out" / small["uri"].removeprefix("../")) as copy:
        assert copy.width == listings.WIDTH
