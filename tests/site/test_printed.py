"""The built site as a PDF: every chapter is in it, and every link leads somewhere."""

import itertools

import pytest
from bs4 import BeautifulSoup
from pypdf import PdfReader

from tests.site.conftest import FOLDER
from tools import chapters, printing


def squeezed(text):
    """Return the text without spaces and the sign of a heading's own link: paper breaks lines where it likes."""
    return "".join(text.split()).removesuffix("#")


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_book_on_paper_holds_every_chapter_and_no_link_leads_nowhere(browser, tmp_path):
    names = [f"{page}.html" for page in chapters.pages()]
    printing.book(browser, FOLDER, names, tmp_path / "book.pdf")
    book = PdfReader(tmp_path / "book.pdf")
    starts = [book.get_destination_page_number(item) for item in book.outline]
    for name, (start, end) in zip(names, itertools.pairwise([*starts, len(book.pages)]), strict=True):
        heading = BeautifulSoup((FOLDER / name).read_text(encoding="utf8"), "html.parser").select_one("article h1")
        assert squeezed(heading.text) in squeezed(book.pages[start].extract_text()), name
        assert end > start
    links = [link.get_object() for page in book.pages for link in page.get("/Annots", ())]
    named = {link["/Dest"] for link in links if isinstance(link.get("/Dest"), str)}
    assert named <= set(book.named_destinations)
    assert [link["/A"]["/URI"] for link in links if link.get("/A", {}).get("/URI", "").startswith("file:")] == []
    ends = [page.extract_text().split()[-1] for page in book.pages]
    assert ends == [str(number + 1) for number in range(len(book.pages))]
