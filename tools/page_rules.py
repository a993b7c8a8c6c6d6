"""Rules for every page of a built site: links, ids, words for images, no failures on show, no strange scripts."""

from __future__ import annotations

import functools
import gzip
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from bs4 import BeautifulSoup, Tag

# Scripts a page may load from elsewhere, and only in a site built where no npm registry was in reach: MathJax on pages
# with mathematics, and the two that draw widgets on pages that hold widget state.
EXTERNAL_SCRIPTS = (
    "https://cdn.jsdelivr.net/npm/mathjax@3/es5/tex-mml-chtml.js",
    "https://cdnjs.cloudflare.com/ajax/libs/require.js/2.3.4/require.min.js",
    "https://cdn.jsdelivr.net/npm/@jupyter-widgets/html-manager@1.0.6/dist/embed-amd.js",
)
# Ids that the theme itself repeats: the search form stands in the dialog and on the search page.
REPEATED_BY_THEME = frozenset({"search-input"})
# An alt text this long and found word for word in a caption is no accident; short ones may be a word of it.
LONG_ALT = 20
FILE_NAME = re.compile(r"[/\\]|\.(png|jpe?g|svg|gif|webp)$", re.IGNORECASE)
TRACEBACK = re.compile(r"Traceback \(most recent call last\)|^-{20,}$", re.MULTILINE)

HEAVIEST_PAGE, HEAVIEST_SITE = 3e6, 40e6
# The widget manager, 4 MB by itself, is not counted against a page that has widgets.
OWN_PARTS = "script[src]:not([src*=html-manager]), img[src], source[src], link[rel=stylesheet], link[rel=preload]"
RAW_TABLE = re.compile(r"\|\s*:?[-–—]+:?\s*\|")


@dataclass
class Site:
    """A built site, read once: its pages, and the ids of each, repetitions included."""

    folder: Path
    pages: dict[str, BeautifulSoup] = field(default_factory=dict)
    anchors: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Read every page; the theme's templates below ``_static`` are no pages."""
        for path in sorted(self.folder.rglob("*.html")):
            name = path.relative_to(self.folder).as_posix()
            if not name.startswith("_static/"):
                self.pages[name] = BeautifulSoup(path.read_text(encoding="utf8"), "html.parser")
                self.anchors[name] = [str(tag["id"]) for tag in self.pages[name].find_all(id=True)]


def broken_links(site: Site) -> Iterator[str]:
    """Links, images, styles and scripts within the site lead somewhere; so do anchors."""
    for page, soup in site.pages.items():
        for tag, target in _targets(soup):
            parts = urlsplit(target)
            if parts.scheme or parts.netloc:
                continue
            path = (site.folder / page).parent / unquote(parts.path) if parts.path else site.folder / page
            path = path / "index.html" if path.is_dir() else path
            if not path.is_file():
                yield f"{page}: <{tag}> leads to {target}, which does not exist"
                continue
            name = path.resolve().relative_to(site.folder.resolve()).as_posix()
            fragment = unquote(parts.fragment)
            if fragment and name in site.pages and fragment not in site.anchors[name]:
                yield f"{page}: <{tag}> leads to {target}, but {name} has no such anchor"


def _targets(soup: BeautifulSoup) -> Iterator[tuple[str, str]]:
    for tag in soup.find_all(["a", "link", "img", "script", "source"]):
        target = tag.get("href") or tag.get("src")
        if target and not str(target).startswith(("data:", "javascript:", "mailto:")):
            yield tag.name, str(target)


def repeated_ids(site: Site) -> Iterator[str]:
    """An id names one element."""
    for page, ids in site.anchors.items():
        for name in sorted({i for i in ids if ids.count(i) > 1} - REPEATED_BY_THEME):
            yield f"{page}: id {name!r} stands {ids.count(name)} times"


def poor_alternatives(site: Site) -> Iterator[str]:
    """Every content image says in words of its own what it shows: no file name, caption, or other image's words."""
    for page, soup in site.pages.items():
        said: set[str] = set()
        for image in soup.select("article img, main img"):
            alt, figure = str(image.get("alt", "")).strip(), image.find_parent("figure")
            caption = figure.find("figcaption") if isinstance(figure, Tag) else None
            where = f"{page}: image {str(image.get('src', ''))[-60:]}"
            if not alt:
                yield f"{where} has no alt text"
            elif FILE_NAME.search(alt):
                yield f"{where} has a file name for alt text: {alt}"
            elif isinstance(caption, Tag) and _repeats(_words(caption.get_text()), _words(alt)):
                yield f"{where} repeats its caption as alt text"
            elif alt in said:
                yield f"{where} has the alt text of another image of the page: {alt}"
            said.add(alt)


def _repeats(caption: str, alt: str) -> bool:
    return caption.endswith(alt) or (len(alt) > LONG_ALT and alt in caption)


def _words(text: str) -> str:
    return " ".join(text.replace("#", " ").split()).lower().rstrip(".")


def shown_errors(site: Site) -> Iterator[str]:
    """No page shows a traceback, stderr, raw markup, or an output that MyST-NB could not draw."""
    for page, soup in site.pages.items():
        for output in soup.select(".cell_output .stderr, .cell_output .traceback"):
            yield f"{page}: shows an error or stderr: {output.get_text().strip()[:120]}"
        for output in soup.select(".cell_output pre"):
            if TRACEBACK.search(output.get_text()) and "raises-exception" not in _cell_tags(output):
                yield f"{page}: shows a traceback: {output.get_text().strip()[:120]}"
        if re.search("unknown[ _]mime", soup.get_text().lower()):
            yield f"{page}: has an output of unknown type"
        for text in soup.select("main p"):
            if RAW_TABLE.search(text.get_text()):
                yield f"{page}: shows the source of a table: {text.get_text().strip()[:120]}"
        for problem in soup.select(".system-message"):
            yield f"{page}: shows a message of the builder: {problem.get_text().strip()[:120]}"


def _cell_tags(tag: Tag) -> list[str]:
    cell = tag.find_parent("div", class_="cell")
    return [c.removeprefix("tag_") for c in cell.get("class", [])] if isinstance(cell, Tag) else []


def unlinked_names(site: Site) -> Iterator[str]:
    """A function that a chapter names leads to its description; in signatures, types of other packages need not."""
    for page, soup in site.pages.items():
        for name in soup.select("article code.xref.py"):
            if name.find_parent("a") is None and name.find_parent("dl", class_="py") is None:
                yield f"{page}: {name.get_text()} leads nowhere; the library's page does not describe it"


def external_requests(site: Site) -> Iterator[str]:
    """Pages load nothing from elsewhere, but for the known scripts where they could not be vendored."""
    known = () if (site.folder / "_static" / "vendored").is_dir() else EXTERNAL_SCRIPTS
    for page, soup in site.pages.items():
        for tag in soup.select("[src], link[rel=stylesheet], link[rel=preload], link[rel~=icon]"):
            source = str(tag.get("src") or tag.get("href"))
            if urlsplit(source).netloc and source not in known:
                yield f"{page}: <{tag.name}> loads from elsewhere: {source}"


def weight(site: Site, page: str) -> int:
    """Return the bytes that travel for a page with its own scripts, styles and images: text is sent compressed."""
    found = {urlsplit(str(t.get("src") or t.get("href"))) for t in site.pages[page].select(OWN_PARTS)}
    names = {f.path for f in found if f.path and not f.scheme}  # data: addresses are part of the page itself
    parts = {((site.folder / page).parent / unquote(name)).resolve() for name in names}
    return sum(_sent(path) for path in {*parts, (site.folder / page).resolve()} if path.is_file())


@functools.cache
def _sent(path: Path) -> int:
    data = path.read_bytes()
    return len(gzip.compress(data)) if path.suffix in (".html", ".css", ".js", ".svg") else len(data)


def too_heavy(site: Site) -> Iterator[str]:
    """A page weighs at most 3 MB on its way, widgets apart; the site at most 40 MB on the disk."""
    for page in site.pages:
        if (bytes_ := weight(site, page)) > HEAVIEST_PAGE:
            yield f"{page}: weighs {bytes_ / 1e6:.1f} MB, at most {HEAVIEST_PAGE / 1e6:g} MB are allowed"
    total = sum(path.stat().st_size for path in site.folder.rglob("*") if path.is_file())
    if total > HEAVIEST_SITE:
        yield f"the site weighs {total / 1e6:.1f} MB, at most {HEAVIEST_SITE / 1e6:g} MB are allowed"


EVERY_PAGE = (
    broken_links,
    repeated_ids,
    poor_alternatives,
    shown_errors,
    unlinked_names,
    external_requests,
    too_heavy,
)
