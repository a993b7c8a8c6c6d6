"""Markup that audits of accessibility reject is mended as Sphinx writes it; each repair is seen beside its defect."""

import io

import pytest
from bs4 import BeautifulSoup
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace

from tools import markup

SOURCE = """
Title
=====

See [A]_ and [B]_.

.. prf:theorem:: One
   :label: one

   It holds.

.. prf:theorem:: Two
   :label: two

   It holds again.

.. list-table::
   :header-rows: 1

   * -
     - value
   * - a
     - 1

.. list-table:: No words above
   :header-rows: 1

   * -
     -
   * - b
     - 2

.. py:function:: long_one(first_argument: int, second_argument: str = "<dd>") -> None

   Does nothing; ``<dd>`` stays.

.. py:function:: short()

.. [A] The first.
.. [B] The second.
"""


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The page without the repairs, and with them."""
    found = []
    for mended in (False, True):
        folder = tmp_path_factory.mktemp("mended" if mended else "plain")
        (folder / "index.rst").write_text(SOURCE, encoding="utf8")
        settings = {"extensions": ["sphinx_proof"], "python_maximum_signature_line_length": 40, "html_theme": "basic"}
        streams = {"status": None, "warning": io.StringIO()}
        with docutils_namespace():
            app = Sphinx(folder, None, folder / "out", folder / "trees", "html", settings, **streams)
            if mended:
                markup.register(app)
            app.build()
        assert streams["warning"].getvalue() == ""
        found.append(BeautifulSoup((folder / "out" / "index.html").read_text(encoding="utf8"), "html.parser"))
    return found


def repeated(page):
    ids = [tag["id"] for tag in page.find_all(id=True)]
    return {name for name in ids if ids.count(name) > 1}


def test_an_id_names_one_element_and_labels_stay(pages):
    assert [repeated(page) for page in pages] == [{"proof-content"}, set()]
    assert all(page.find(id=name) for page in pages for name in ("one", "two"))


def test_an_empty_corner_is_no_heading_and_a_head_without_words_is_no_head(pages):
    heads = [[(cell.name, cell.get_text(strip=True)) for cell in page.select("thead tr > *")] for page in pages]
    assert heads[0] == [("th", ""), ("th", "value"), ("th", ""), ("th", "")]
    assert heads[1] == [("td", ""), ("th", "value")]
    for page in pages:
        assert [cell.get_text(strip=True) for cell in page.select("tbody td")] == ["a", "1", "b", "2"]


def test_citations_are_no_items_of_a_list_they_are_not_in(pages):
    found = [page.select(".citation, .citation-list") for page in pages]
    roles = [{tag["role"] for tag in tags if tag.has_attr("role")} for tags in found]
    assert roles == [{"list", "doc-biblioentry"}, set()]
    (group,) = pages[1].select(".citation-list")
    assert [entry["id"] for entry in group.select(":scope > .citation")] == ["a", "b"]


def test_the_lines_of_a_signature_are_lines(pages):
    plain, mended = (page.find(id="long_one") for page in pages)
    assert len(plain.select("dl > dd")) == 2
    assert not mended.select("dl, dd")
    assert len(mended.select(".sig-lines > .sig-line")) == 2
    assert mended.get_text(strip=True) == plain.get_text(strip=True)
    assert "'<dd>'" in mended.get_text()
    assert "<dd>" in mended.find_next_sibling("dd").get_text()
    assert pages[1].find(id="short") == pages[0].find(id="short")
