"""Check a built site for what a green build can hide: ``python -m tools.check_site _build/html``.

Sphinx warns about sources. These rules look at the pages a reader gets: are they all there, do links and anchors
resolve, does every figure say in words what it shows, did a traceback slip in, does the ledger say what the tables say?
"""

from __future__ import annotations

import json
import posixpath
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

from bs4 import BeautifulSoup, Tag

from tools import chapters, repository, tables
from tools.page_rules import EVERY_PAGE, Site

LISTS = "chapters/figures.html"


def missing_pages(site: Site, toc_pages: list[str]) -> Iterator[str]:
    """Every page of the table of contents exists and has a body."""
    for page in ["index", *toc_pages]:
        name = str(Path(page).with_suffix("")) + ".html" if page.endswith((".md", ".ipynb")) else f"{page}.html"
        if name not in site.pages:
            yield f"{name}: promised by _toc.yml, not in the site"
        elif page != "index" and site.pages[name].find("h1") is None:
            yield f"{name}: has no heading"


def ledger_and_tables(site: Site) -> Iterator[str]:
    """``claims.json`` is there, is strict JSON, and the ledger page prints each of its verdicts."""
    path = site.folder / "claims.json"
    if not path.is_file():
        yield "claims.json: not in the site"
        return
    ledger = json.loads(path.read_text(encoding="utf8"), parse_constant=_refuse)
    page = site.pages.get("chapters/claims.html", BeautifulSoup("", "html.parser"))
    printed = _printed_verdicts(page)
    told = {claim["id"]: claim["verdict"] for claim in ledger["claims"]}
    if printed != told:
        yield f"chapters/claims.html: prints {printed}, claims.json says {told}"
    intro = site.pages.get("intro.html", BeautifulSoup("", "html.parser"))
    shown = _statement_verdicts(intro)
    judged = {name: tables.overall(c["verdict"] for c in ledger["claims"] if c["source"] == name) for name in shown}
    if shown != judged or not {c["source"] for c in ledger["claims"]} <= {"ours", *shown}:
        yield f"intro.html: its verdict table says {shown}, claims.json adds up to {judged}"


def _claim_ids(site: Site) -> list[str]:
    path = site.folder / "claims.json"
    return [claim["id"] for claim in json.loads(path.read_text(encoding="utf8"))["claims"]] if path.is_file() else []


def _refuse(word: str) -> float:
    raise ValueError(f"claims.json holds {word}, which is not JSON; missing numbers are null")


def _printed_verdicts(page: BeautifulSoup) -> dict[str, str]:
    found = {}
    for section in page.select("section[id^=claim-], section:has(> span[id^=claim-])"):
        heading, verdict = section.find("h2"), section.select_one(".verdict")
        if isinstance(heading, Tag) and verdict is not None:
            found[heading.get_text().split(":")[0].strip()] = verdict.get_text(strip=True)
    return found


def _statement_verdicts(page: BeautifulSoup) -> dict[str, str]:
    rows = [row for row in page.select("main table tr") if row.select_one(".verdict")]
    return {row.find("td").get_text(strip=True): row.select_one(".verdict").get_text(strip=True) for row in rows}


def unlisted(site: Site, ids: Iterable[str]) -> Iterator[str]:
    """The page of figures, theorems and claims links each numbered figure, each theorem and each claim of the site."""
    if LISTS not in site.pages:
        return
    links = {posixpath.normpath(f"chapters/{a['href']}") for a in site.pages[LISTS].select("article a[href]")}
    for page, soup in site.pages.items():
        figures = [number.find_parent("figure") for number in soup.select("figcaption .caption-number")]
        proofs = [number.find_parent(class_="proof") for number in soup.select(".admonition-title .caption-number")]
        for box in [*figures, *filter(None, proofs)]:
            if box is None or f"{page}#{box.get('id')}" not in links:
                yield f"{page}: {box and box.get('id')} is not listed in {LISTS}"
    for name in ids:
        if f"chapters/claims.html#claim-{name.lower()}" not in links:
            yield f"chapters/claims.html: claim {name} is not listed in {LISTS}"


def launch_buttons(site: Site, url: str, branch: str, notebooks: list[str]) -> Iterator[str]:
    """Each notebook page offers Colab and Binder, at the configured repository and the right path."""
    owner = urlsplit(url).path.strip("/")
    for path in notebooks:
        page = str(Path(path).with_suffix(".html").as_posix())
        wanted = {
            f"https://colab.research.google.com/github/{owner}/blob/{branch}/{path}",
            f"https://mybinder.org/v2/gh/{owner}/{branch}?urlpath=lab/tree/{path}",
        }
        links = {str(a["href"]) for a in site.pages[page].find_all("a", href=True)} if page in site.pages else set()
        yield from (f"{page}: has no launch button to {target}" for target in sorted(wanted - links))


def problems(folder: Path) -> list[str]:
    """Return one line for each defect of the site in ``folder``."""
    site, here = Site(folder), repository.current()
    books = [p.relative_to(chapters.ROOT).as_posix() for p in chapters.notebooks()]
    found = [*missing_pages(site, chapters.pages()), *ledger_and_tables(site)]
    found += launch_buttons(site, here["url"], here["branch"], books)
    found += unlisted(site, _claim_ids(site))
    for rule in EVERY_PAGE:
        found += rule(site)
    return found


if __name__ == "__main__":
    messages = problems(Path(sys.argv[1] if len(sys.argv) > 1 else "_build/html"))
    print("\n".join(messages) or "The site is sound.")
    raise SystemExit(bool(messages))
