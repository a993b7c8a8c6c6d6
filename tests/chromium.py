"""The one Chromium of a test run, which finds no host but this machine, and a server for what it opens.

A process can have one Playwright at a time, so that all tests that need a browser share this one.
"""

from __future__ import annotations

import functools
import http.server
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tools import browser as chromium

ROOT = Path(__file__).resolve().parents[1]


def promised() -> str:
    """Return the Chromium of this machine. Its absence skips a test; where LRDECAY_NEEDS_BROWSER is set, it fails."""
    if (found := chromium.program()) is None:
        absent = pytest.fail if os.environ.get("LRDECAY_NEEDS_BROWSER") else pytest.skip
        absent("Chromium is absent: .ci/browser installs it, or name one in LRDECAY_CHROMIUM")
    return found


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Return a Chromium that finds no host but this one."""
    with chromium.launched(promised(), chromium.BLOCKED) as found:
        yield found


@pytest.fixture(scope="session")
def album() -> Path:
    """Return the folder in which screenshots are kept for a human to look at."""
    folder = ROOT / "_build" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Serve a folder on a port of this machine, and give its address."""
    quiet = type("Quiet", (http.server.SimpleHTTPRequestHandler,), {"log_message": lambda *_: None})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(quiet, directory=str(folder)))
    server.handle_error = lambda *_: None  # a page that closes while it still loads
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
