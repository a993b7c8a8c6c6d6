"""Archive a built book: the site as a zip, the book as a PDF, and their SHA-256: ``make archive``, ``make pdf``."""

from __future__ import annotations

import argparse
import hashlib
import zipfile
from pathlib import Path

from tools import browser, chapters, printing

PDF, ZIP = "late-decay-book.pdf", "late-decay-book-site.zip"
EPOCH = (2024, 1, 1, 0, 0, 0)  # for every member of the zip, so that equal sites make equal zips


def pack(site: Path, to: Path) -> None:
    """Zip a site; equal sites make equal zips."""
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(p for p in site.rglob("*") if p.is_file()):
            member = zipfile.ZipInfo(f"late-decay-book/{path.relative_to(site).as_posix()}", EPOCH)
            member.external_attr = 0o644 << 16
            archive.writestr(member, path.read_bytes(), zipfile.ZIP_DEFLATED)


def sums(files: list[Path]) -> str:
    """Return what ``sha256sum --check`` reads in the files' folder."""
    return "".join(f"{hashlib.sha256(p.read_bytes()).hexdigest()}  {p.name}\n" for p in files)


def make(program: str, site: Path, output: Path, pdf_alone: bool = False) -> list[Path]:
    """Make the PDF and the zip in place of earlier ones; return their paths."""
    pdf, packed = output / PDF, output / ZIP
    for old in (pdf, packed):
        old.unlink(missing_ok=True)
    names = [str(Path(page).with_suffix(".html")) for page in chapters.pages()]
    with browser.launched(program, browser.BLOCKED) as chromium:
        printing.book(chromium, site, names, pdf)
    if pdf_alone:
        return [pdf]
    pack(site, packed)
    return [pdf, packed]


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
    if not (site / "_static" / "vendored").is_dir():
        raise SystemExit(f"{site} has no vendored scripts to draw formulas: build it where npm reaches a registry")
    if (program := browser.program()) is None:
        raise SystemExit("The PDF is printed by Chromium, which is absent: .ci/browser installs it")
    output.mkdir(parents=True, exist_ok=True)
    made = make(program, site, output, options.pdf)
    (output / "SHA256SUMS").write_text(sums(made), encoding="utf8")
    print((output / "SHA256SUMS").read_text(encoding="utf8"), end="")


if __name__ == "__main__":
    main()
