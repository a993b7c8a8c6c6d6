"""A page with every explorer on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.chromium import serving

PAGE = """<!doctype html><html lang="en" data-theme="{theme}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>Explorers</title>
<link rel="icon" href="data:,">
<style>html[data-theme=dark] body {{ background: #14181e; color: #ced6dd }} main {{ max-width: 820px; margin: auto }}
html[data-theme=light] body {{ background: #fff; color: #222 }}
/* what the book's theme does to outputs in the dark */
html[data-theme=dark] .bd-content div.cell_output .text_html:not(:has(table.dataframe)) {{
  background-color: #ced6dd; color: #222832; padding: .5rem }}</style></head>
<body><main class="bd-content"><h1>Explorers</h1>
<div class="cell_output"><div class="output text_html">{body}</div></div></main></body></html>"""


@pytest.fixture(scope="session")
def explorers() -> dict[str, Any]:
    """Return every explorer, on small settings but for the playground, whose size the speed is promised for."""
    from lrdecay_core import explorers
    from lrdecay_core.experiments.model import space_curve
    from lrdecay_core.experiments.model.setting import sparse_problem
    from lrdecay_core.model import Problem
    from tests.explorers import test_collapse, test_spectra, test_two_landscapes

    setup = space_curve.Setup(learning_rate=0.02, num_steps=3000, decay_steps=(0, 3000), num_recorded=300)
    return {
        "late_decay": explorers.late_decay(sparse_problem(0)),
        "collapse": explorers.collapse(test_collapse.made_up(2.0)),
        "planner": explorers.planner(Problem.sparse(num_samples=8, num_features=14, sparsity=2, seed=3)),
        "budget": explorers.budget(Problem.sparse(num_samples=8, num_features=14, sparsity=2, seed=3)),
        "space_curve": explorers.space_curve(space_curve.walk(setup)),
        "spectra": explorers.spectra(test_spectra.made_up()),
        "two_landscapes": explorers.two_landscapes(test_two_landscapes.made_up()),
    }


@pytest.fixture(scope="session")
def folder(explorers: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the pages: every explorer once and the playground twice, light and dark, and one folded."""
    found = tmp_path_factory.mktemp("site")
    body = "\n".join(e.html for e in (*explorers.values(), explorers["late_decay"]))
    for theme in ("light", "dark"):
        (found / f"{theme}.html").write_text(PAGE.format(theme=theme, body=body), encoding="utf8")
    folded = f"<details><summary>Open</summary>{explorers['collapse'].html}</details>"
    (found / "folded.html").write_text(PAGE.format(theme="light", body=folded), encoding="utf8")
    return found


@pytest.fixture(scope="session")
def site(folder: Path) -> Iterator[str]:
    """Return the address of the pages on a server."""
    with serving(folder) as address:
        yield address


@pytest.fixture(scope="session")
def disk(folder: Path) -> str:
    """Return the address of the pages on the disk."""
    return folder.as_uri()


@pytest.fixture
def visit(browser: Any) -> Iterator[Any]:
    """Return visit(address, **context): an open page. In the end it has asked for nothing and said nothing."""
    contexts, strange = [], []

    def visit(address: str, **context: Any) -> Any:
        contexts.append(browser.new_context(**context))
        page = contexts[-1].new_page()

        def judge(route: Any) -> None:
            if route.request.url == address or route.request.url.startswith("data:"):
                route.continue_()
            else:
                strange.append(f"asked for {route.request.url}")
                route.abort()

        page.route("**/*", judge)
        page.on("console", lambda message: strange.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: strange.append(f"error: {error}"))
        page.goto(address)
        return page

    yield visit
    for context in contexts:
        context.close()
    assert strange == []
