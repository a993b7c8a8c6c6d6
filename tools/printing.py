"""Print a built site as one PDF: what the browser prints of each page in reading order, bound together.

Formulas, theorems, figures and the start positions of explorers are as a reader of the site sees them. Links between
chapters lead to pages of the PDF, whose pages are numbered through.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pypdf import PdfReader, PdfWriter
from pypdf.generic import ArrayObject, FloatObject, NameObject, NullObject
from tqdm.auto import tqdm

FOOTER = '<div style="font-size:8px; width:100%; margin:0 14mm; text-align:{side}"><span class="{what}"></span></div>'
SHEET = {
    "format": "A4",
    "print_background": True,
    "scale": 0.75,
    "display_header_footer": True,
    "header_template": "<span></span>",
    "footer_template": FOOTER.format(side="center", what="title"),
    "margin": {"top": "16mm", "bottom": "18mm", "left": "14mm", "right": "14mm"},
}
# On paper nothing can be opened or pressed: solutions and proofs stand open, folded code and the frame are left out.
PAPER = """details.above-input, .sd-summary-icon, .copybtn, .toggle-button, .prev-next-footer,
.bd-header-article, .bd-sidebar-primary, .bd-sidebar-secondary, .bd-footer, #jb-print-toc { display: none !important }
.cell_output img, figure, .proof, table { break-inside: avoid } h1, h2, h3 { break-after: avoid }
.bd-article pre { white-space: pre-wrap; overflow-wrap: anywhere } .pst-scrollable-table-container { overflow: visible }
.bd-main .bd-content .bd-article-container { max-width: none; width: 100% }"""


def book(chromium: Any, site: Path, names: list[str], to: Path) -> None:
    """Print pages of a site and bind them, in the order of their names, into one PDF."""
    with tempfile.TemporaryDirectory() as scratch:
        printed = pages(chromium, site, names, Path(scratch))
        bind(site, names, printed, numbers(chromium, printed, Path(scratch) / "numbers.pdf"), to)


def pages(chromium: Any, site: Path, names: list[str], folder: Path) -> list[Path]:
    """Print pages of a site into a folder, in light colours."""
    printed = []
    page = chromium.new_page(viewport={"width": 1000, "height": 1400})
    for number, name in enumerate(tqdm(names, desc="pages printed", unit="page")):
        page.goto((site / name).as_uri())
        page.evaluate("async () => { if (window.MathJax) await MathJax.startup.promise }")
        page.add_style_tag(content=PAPER)
        page.evaluate("document.querySelectorAll('details:not(.above-input)').forEach(e => { e.open = true })")
        printed.append(folder / f"{number:02d}.pdf")
        page.pdf(path=printed[-1], **SHEET)
    page.close()
    return printed


def numbers(chromium: Any, printed: list[Path], to: Path) -> Path:
    """Print as many empty pages as there are, each with its number: the browser counts the pages of one print only."""
    count, page = sum(len(PdfReader(path).pages) for path in printed), chromium.new_page()
    page.set_content("<div style='break-after: page'>&nbsp;</div>" * (count - 1) + "&nbsp;")
    page.pdf(path=to, **SHEET | {"footer_template": FOOTER.format(side="right", what="pageNumber")})
    page.close()
    return to


def bind(site: Path, names: list[str], printed: list[Path], numbered: Path, to: Path) -> None:
    """Bind printed pages into one PDF with an outline; links between them lead to the page where the other begins."""
    writer, begins = PdfWriter(), {}
    for name, path in zip(names, printed, strict=True):
        reader = PdfReader(path)
        title = str(reader.metadata.title or name).split(" — ")[0]
        begins[(site / name).resolve().as_uri()] = len(writer.pages)
        writer.append(reader, outline_item=title, import_outline=False)
    for page, number in zip(writer.pages, PdfReader(numbered).pages, strict=True):
        page.merge_page(number)
        page.compress_content_streams()  # which merging unpacked
        for link in page.get("/Annots", ()):
            _lead_inside(link.get_object(), begins, writer)
    # Neither the time nor the browser's version is part of the book.
    writer.metadata = {"/Title": "Why waiting helps", "/Producer": "late-decay-book"}
    writer.write(to)


def _lead_inside(link: Any, begins: dict[str, int], writer: PdfWriter) -> None:
    """Lead a link to a page of the book there; one to any other file leads nowhere, for it would name this machine."""
    target = urlsplit(str(link.get("/A", {}).get("/URI", "")))
    if target.scheme != "file":
        return
    del link["/A"]
    number = begins.get(target._replace(fragment="", query="").geturl())
    if number is not None:
        page = writer.pages[number]
        top = (NameObject("/XYZ"), NullObject(), FloatObject(page.mediabox.top), NullObject())
        link[NameObject("/Dest")] = ArrayObject((page.indirect_reference, *top))
