"""Archive a built book: the site as a zip, the book as a PDF, and their SHA-256: ``make archive``, ``make pdf``.

The PDF is what the browser prints of each page in reading order, bound together: formulas, theorems, figures and the
start positions of explorers as a reader of the site sees them. Links between chapters lead to pages of the PDF.
"""

from __future__ import annotations

import argparse
import hashlib
import tempfile
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pypdf import PdfReader, PdfWriter
from pypdf.generic import ArrayObject, NameObject, NumberObject
from tqdm.auto import tqdm

from tools import browser, chapters

PDF, ZIP = "late-decay-book.pdf", "late-decay-book-site.zip"
EPOCH = (2024, 1, 1, 0, 0, 0)  # for every member of the zip, so that equal sites make equal zips
SHEET = {
    "format": "A4",
    "print_background": True,
    "scale": 0.75,
    "display_header_footer": True,
    "header_template": "<span></span>",
    "footer_template": '<div style="font-size:8px;width:100%;text-align:center"><span class="title"></span></div>',
    "margin": {"top": "16mm", "bottom": "18mm", "left": "14mm", "right": "14mm"},
}
# On paper nothing can be opened or pressed: solutions and proofs stand open, folded code and the frame are left out.
PAPER = """details.above-input, .sd-summary-icon, .copybtn, .toggle-button, .prev-next-footer,
.bd-header-article, .bd-sidebar-primary, .bd-sidebar-secondary, .bd-footer, #jb-print-toc { display: none !important }
.cell_output img, figure, .proof, table { break-inside: avoid } h1, h2, h3 { break-after: avoid }
.bd-article pre { white-space: pre-wrap; overflow-wrap: anywhere } .pst-scrollable-table-container { overflow: visible }
.bd-main .bd-content .bd-article-container { max-width: none; width: 100% }"""


def print_pages(chromium: Any, site: Path, names: list[str], folder: Path) -> list[Path]:
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


def bind(site: Path, names: list[str], printed: list[Path], to: Path) -> None:
    """Bind printed pages into one PDF with an outline; links between them lead to the page where the other begins."""
    writer, begins = PdfWriter(), {}
    for name, path in zip(names, printed, strict=True):
        reader = PdfReader(path)
        title = str(reader.metadata.title or name).split(" — ")[0]
        begins[(site / name).resolve().as_uri()] = len(writer.pages)
        writer.append(reader, outline_item=title, import_outline=False)
    for page in writer.pages:
        for link in page.get("/Annots", ()):
            _lead_inside(link.get_object(), begins, writer)
    # Neither the time nor the browser's version is part of the book.
    writer.metadata = {"/Title": "Why waiting helps", "/Producer": "late-decay-book"}
    writer.write(to)


def _lead_inside(link: Any, begins: dict[str, int], writer: PdfWriter) -> None:
    target = urlsplit(str(link.get("/A", {}).get("/URI", "")))
    number = begins.get(target._replace(fragment="", query="").geturl())
    if number is not None:
        del link["/A"]
        sheet = writer.pages[number].indirect_reference
        link[NameObject("/Dest")] = ArrayObject([sheet, NameObject("/XYZ"), *[NumberObject(0)] * 3])


def pack(site: Path, to: Path) -> None:
    """Zip a site; equal sites make equal zips."""
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(p for p in site.rglob("*") if p.is_file()):
            member = zipfile.ZipInfo(f"late-decay-book/{path.relative_to(site).as_posix()}", EPOCH)
            member.external_attr = 0o644 << 16
            archive.writestr(member, path.read_bytes(), zipfile.ZIP_DEFLATED)


def sums(folder: Path) -> str:
    """Return what ``sha256sum --check`` reads, for the files of a folder."""
    files = sorted(p for p in folder.iterdir() if p.suffix in (".pdf", ".zip"))
    return "".join(f"{hashlib.sha256(p.read_bytes()).hexdigest()}  {p.name}\n" for p in files)


def main() -> None:
    """Make the archive from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--site", type=Path, default=chapters.ROOT / "_build" / "html")
    parser.add_argument("--output", type=Path, default=chapters.ROOT / "_build" / "archive")
    parser.add_argument("--pdf", action="store_true", help="the PDF alone")
    options = parser.parse_args()
    site, output = options.site.resolve(), options.output.resolve()
    if not (site / "index.html").is_file():
        raise SystemExit(f"There is no site in {site}: make book builds it")
    if (program := browser.program()) is None:
        raise SystemExit("The PDF is printed by Chromium, which is absent: .ci/browser installs it")
    output.mkdir(parents=True, exist_ok=True)
    names = [str(Path(page).with_suffix(".html")) for page in chapters.pages()]
    with tempfile.TemporaryDirectory() as folder, browser.launched(program, browser.BLOCKED) as chromium:
        bind(site, names, print_pages(chromium, site, names, Path(folder)), output / PDF)
    if not options.pdf:
        pack(site, output / ZIP)
    (output / "SHA256SUMS").write_text(sums(output), encoding="utf8")
    print((output / "SHA256SUMS").read_text(encoding="utf8"), end="")


if __name__ == "__main__":
    main()
