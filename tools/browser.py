"""The Chromium that prints the book and opens its pages in tests."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome")
# No sandbox, since containers run as root; and nothing that asks a host in the background.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
BLOCKED = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"


def program() -> str | None:
    """Return the path of a Chromium, ``$LRDECAY_CHROMIUM`` before any other, or None if there is none."""
    return os.environ.get("LRDECAY_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def launched(path: str, *flags: str) -> Iterator[Any]:
    """Start a Chromium, with flags beside those that all its users share; a process can have one at a time."""
    from playwright.sync_api import sync_playwright  # numerical tests run where it is not installed

    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=path, args=[*FLAGS, *flags])
        yield chromium
        chromium.close()
