"""The PDF: what a reader of the site sees, links that lead inside it, formulas waited for."""

import pytest
from pypdf import PdfReader
from pypdf.generic import NullObject

from tools import printing

NULL = NullObject()  # in a destination: as it is
PAGES = {
    "intro.html": """<h1>First things</h1><p><a href="chapters/one.html#there">Onwards</a></p>
<p><a href="https://example.org/">Away</a> <a href="claims.json">A file beside the pages</a></p>
<details><summary>Solution</summary><p>Forty-two</p></details>
<details class="above-input"><summary>Code</summary><p>hidden_code()</p></details>
<div class="bd-sidebar-primary">Contents</div>""",
    "chapters/one.html": """<h1>Second things</h1><p id="there">Arrived</p><p id="late"></p>
<script>window.MathJax = {startup: {promise: new Promise(done => setTimeout(() => {
  document.getElementById("late").textContent = "Formula drawn"; done() }, 300))}}</script>""",
}


@pytest.fixture
def printed(browser, tmp_path):
    """Two pages as a PDF."""
    for name, body in PAGES.items():
        path = tmp_path / "html" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        title = name.split("/")[-1].removesuffix(".html")
        text = f"<!doctype html><html><head><title>{title} — Book</title></head><body>{body}</body></html>"
        path.write_text(text, encoding="utf8")
    site, names = tmp_path / "html", list(PAGES)
    printing.book(browser, site, names, tmp_path / "book.pdf")
    return PdfReader(tmp_path / "book.pdf")


def test_paper_shows_what_a_reader_can_open_and_waits_for_formulas(printed):
    text = " ".join(page.extract_text() for page in printed.pages)
    for words in ("First things", "Forty-two", "Second things", "Formula drawn"):
        assert words in text
    for words in ("hidden_code", "Contents"):
        assert words not in text


def test_links_between_pages_lead_inside_the_pdf_and_others_out(printed):
    assert [item.title for item in printed.outline] == ["intro", "one"]
    assert [printed.get_destination_page_number(item) for item in printed.outline] == [0, 1]
    links = [link.get_object() for link in printed.pages[0]["/Annots"]]
    inside, outside = ([link for link in links if key in link] for key in ("/Dest", "/A"))
    assert [link["/Dest"][0].get_object() == printed.pages[1].get_object() for link in inside] == [True]
    assert [list(link["/Dest"][1:]) for link in inside] == [["/XYZ", NULL, printed.pages[1].mediabox.top, NULL]]
    assert [link["/A"]["/URI"] for link in outside] == ["https://example.org/"]
    assert len(links) == 3
    assert printed.metadata == {"/Title": "Why waiting helps", "/Producer": "late-decay-book"}


def test_a_file_outside_the_book_leaves_no_path_of_the_builders_machine(printed):
    everything = [printed.get_object(number) for number in range(1, printed.trailer["/Size"])]
    assert "https:" in str(everything)
    assert "file:" not in str(everything)


def test_pages_are_numbered_through_the_book(printed):
    assert [page.extract_text().split()[-1] for page in printed.pages] == ["1", "2"]
