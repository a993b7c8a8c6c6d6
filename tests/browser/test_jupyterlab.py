"""A real JupyterLab: a reader moves a slider and the library answers; a chapter runs from first cell to last."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

from tools import chapters

pytestmark = pytest.mark.slow
CHAPTER = "nonlinear-model.ipynb"
SETTINGS = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "notebook-extension/tracker": {"windowingMode": "none"},  # the page holds all cells, not those in sight
}
IDLE = "Python 3 (ipykernel) | Idle"
ERROR = "[data-mime-type='application/vnd.jupyter.stderr']"  # so Lab draws exceptions, too
DONE = f"""() => document.querySelector("{ERROR}") || [...document.querySelectorAll(".jp-CodeCell .jp-InputPrompt")]
  .every(prompt => /^\\[\\d+\\]:$/.test(prompt.innerText))"""
SOURCE = """
from lrdecay_core import explorers
from lrdecay_core.model import Problem
problem = Problem.sparse(num_samples=8, num_features=14, sparsity=2, seed=3)
explorers.late_decay(problem, num_steps=2000, batch_size=2, early=100)
"""


@pytest.fixture
def lab(tmp_path):
    """A folder in a server of its own, set up as on Binder: a toy, a chapter, a page; no token or news."""
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    cell = {
        "cell_type": "code",
        "id": "a",
        "metadata": {},
        "outputs": [],
        "execution_count": None,
        "source": SOURCE.strip(),
    }
    notebook = {"cells": [cell], "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "toy.ipynb").write_text(json.dumps(notebook), encoding="utf8")
    shutil.copy(chapters.ROOT / "chapters" / CHAPTER, tmp_path / "work")
    shutil.copy(chapters.ROOT / "intro.md", tmp_path / "work")
    (tmp_path / "config" / "labconfig").mkdir(parents=True)
    shutil.copy(chapters.ROOT / "binder" / "default_setting_overrides.json", tmp_path / "config" / "labconfig")
    for name, values in SETTINGS.items():
        path = tmp_path / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(values), encoding="utf8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = [
        f"--port={port}",
        "--no-browser",
        "--allow-root",
        "--IdentityProvider.token=",
        "--ServerApp.port_retries=0",
    ]
    environment = {k: v for k, v in os.environ.items() if k not in ("LRDECAY_STATIC", "PYTEST_CURRENT_TEST")}
    environment["LRDECAY_PROFILE"] = "quick"
    folders = {f"JUPYTER_{kind}_DIR": str(tmp_path / kind.lower()) for kind in ("CONFIG", "DATA", "RUNTIME")} | {
        "JUPYTERLAB_SETTINGS_DIR": str(tmp_path / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(tmp_path / "spaces"),
    }
    address, log = f"http://127.0.0.1:{port}", tmp_path / "log"
    with log.open("w") as told:
        command = [sys.executable, "-m", "jupyterlab", *options]
        server = subprocess.Popen(
            command, cwd=tmp_path / "work", env=environment | folders, stdout=told, stderr=subprocess.STDOUT
        )
    try:
        _wait(f"{address}/api", server, log)
        yield f"{address}/lab/tree"
    finally:
        server.terminate()
        server.wait(timeout=30)


def _wait(address, server, log):
    for _ in range(120):
        try:
            urllib.request.urlopen(address, timeout=5).close()
            return
        except OSError:
            assert server.poll() is None, log.read_text(encoding="utf8")
            time.sleep(0.5)
    raise AssertionError(log.read_text(encoding="utf8"))


@pytest.fixture
def opened(browser, lab):
    """Return opened(name): a notebook in Lab whose kernel waits. In the end Lab has asked no other host."""
    pages, elsewhere = [], []

    def opened(name):
        pages.append(page := browser.new_page(viewport={"width": 1200, "height": 1000}))
        page.on("request", lambda request: elsewhere.append(request.url) if "127.0.0.1" not in request.url else None)
        page.goto(f"{lab}/{name}")
        page.get_by_text(IDLE).wait_for(timeout=60_000)  # before that, Lab asks for a kernel
        return page

    yield opened
    for page in pages:
        page.close()
    assert [url for url in elsewhere if not url.startswith(("data:", "blob:"))] == []


def test_a_chapter_runs_to_its_end(opened, album):
    page = opened(CHAPTER)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    page.wait_for_function(DONE, timeout=240_000)
    page.get_by_text(IDLE).wait_for(timeout=60_000)
    cells = [cell for cell in chapters.read(chapters.ROOT / "chapters" / CHAPTER).cells if cell.cell_type == "code"]
    assert page.locator(".jp-CodeCell").count() == len(cells)
    assert page.locator(ERROR).all_inner_texts() == []
    assert page.locator(".jp-OutputArea-output img").count() >= 1
    page.screenshot(path=str(album / "chapter-jupyterlab.png"))


def test_a_reader_runs_the_cell_and_moves_a_slider(opened, album):
    page = opened("toy.ipynb")
    page.locator(".jp-Notebook .jp-Cell").first.click(timeout=60_000)
    page.keyboard.press("Shift+Enter")
    reading = page.locator(".jp-OutputArea-output [aria-live=polite]")
    reading.wait_for(timeout=120_000)
    assert "Decay at step 1,000" in reading.inner_text()
    assert page.locator(".jp-OutputArea-output figure.lrx").count() == 0
    page.locator(".jp-OutputArea-output .noUi-handle").first.focus()
    page.keyboard.press("ArrowRight")
    reading.filter(has_text="Decay at step 1,020").wait_for(timeout=30_000)
    assert page.locator(".jp-OutputArea-output .widget-readout").first.inner_text() == "1020"
    assert page.locator(".jp-OutputArea-output img").first.evaluate("e => e.naturalWidth") > 500
    page.screenshot(path=str(album / "explorers-jupyterlab.png"))


def test_the_introduction_opens_as_a_page(browser, lab):
    page = browser.new_page()
    page.goto(f"{lab}/intro.md")
    page.locator(".jp-MarkdownViewer h1").filter(has_text="Why waiting helps").wait_for(timeout=60_000)
    page.close()
