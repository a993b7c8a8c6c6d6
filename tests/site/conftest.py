"""The built site in a browser that reaches nothing else. ``LRDECAY_SITE`` names the folder; ``make site`` sets it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.chromium import ROOT, serving

FOLDER = (ROOT / os.environ.get("LRDECAY_SITE", "_build/quick/_build/html")).resolve()
# Pages that redirect or that the theme's scripts read; what is left is what a reader can open.
NO_PAGES = ("_static/", "index.html")
FILES = {path.relative_to(FOLDER).as_posix(): path.stat().st_size for path in FOLDER.rglob("*.html")}
# The largest first, which take longest, so that two workers end together.
PAGES = sorted((name for name in FILES if not name.startswith(NO_PAGES)), key=lambda name: -FILES[name])


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that takes ``name`` runs once for each page; without a site it fails rather than pass on nothing."""
    if "name" in metafunc.fixturenames:
        metafunc.parametrize("name", PAGES or ["no-site-was-built"])


@pytest.fixture(scope="session")
def served() -> Iterator[str]:
    """Return the address of the site on a server of its own."""
    with serving(FOLDER) as address:
        yield address


@pytest.fixture(scope="session")
def disk() -> str:
    """Return the address of the site on the disk."""
    return FOLDER.as_uri()


@pytest.fixture(params=["http", "file"])
def root(request: pytest.FixtureRequest, served: str, disk: str) -> str:
    """Return the address of the site, from a server and from the disk."""
    return served if request.param == "http" else disk


@pytest.fixture(scope="session")
def desktop(browser: Any) -> Any:
    """Return one window for all pages, so that what they share is loaded once."""
    return browser.new_context(viewport={"width": 1200, "height": 900})


@pytest.fixture(scope="session")
def phone(browser: Any) -> Any:
    """Return a window as narrow as a phone, which is touched."""
    return browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)


def excused(root: str, name: str, error: Any) -> bool:
    """From the disk, a browser lets no script read another page: search finds its pages, without excerpts of them."""
    unread = root.startswith("file:") and name.startswith(("search.html", "intro.html"))
    return unread and bool(re.search("fetch|net::ERR_FAILED", str(error)))


@pytest.fixture
def visit(desktop: Any) -> Iterator[Any]:
    """Return visit(root, name, theme=, window=): an open page, formulas set. In the end nothing went wrong on it.

    Wrong are a request outside the site, an answer from the site that says no, an uncaught error, and one it tells.
    """
    pages, wrong = [], []

    def told(name: str, message: Any) -> None:
        if message.type == "error":
            wrong.append(f"{name} says: {message.text}")

    def visit(root: str, name: str, theme: str = "light", window: Any = None) -> Any:
        page = (window or desktop).new_page()
        pages.append(page)
        own = (root, "data:", "blob:")
        page.on("request", lambda r: None if r.url.startswith(own) else wrong.append(f"{name} asked for {r.url}"))
        page.on("response", lambda r: wrong.append(f"{name}: {r.status} {r.url}") if r.status >= 400 else None)
        page.on("pageerror", lambda e: None if excused(root, name, e) else wrong.append(f"{name}: {e}"))
        page.on("console", lambda m: None if excused(root, name, m) else told(name, m))
        page.add_init_script(f"localStorage.setItem('mode', '{theme}')")
        page.goto(f"{root}/{name}")
        page.evaluate("async () => { if (window.MathJax) await MathJax.startup.promise }")
        return page

    yield visit
    for page in pages:
        page.close()
    assert wrong == []
