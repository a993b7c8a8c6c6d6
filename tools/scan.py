"""Find what an executed notebook hides: failures that leave the exit status at zero.

A cell can succeed while its output is wrong: an ``Output`` context swallows exceptions, a widget callback prints a
traceback and carries on, a figure may come in a form no page can draw.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

CLAIM = "application/vnd.lrdecay.claim+json"
WIDGET = "application/vnd.jupyter.widget-view+json"
DRAWN = ("text/html", "image/svg+xml", "image/png", "image/jpeg", "text/markdown", "text/latex", WIDGET)


def problems(notebook: Any) -> list[str]:
    """Return one line for each hidden failure; an empty list means that the page shows what was computed."""
    found = []
    for number, cell in enumerate(notebook.cells):
        if cell.cell_type != "code":
            continue
        where = f"cell {number} ({cell.get('id', 'no id')})"
        if cell.source.strip() and cell.execution_count is None and not _may_be_skipped(cell):
            found.append(f"{where}: was not executed")
        expected = "raises-exception" in cell.metadata.get("tags", [])
        found += [f"{where}: {text}" for text in _output_problems(cell.outputs, expected)]
    for model, outputs in _widget_outputs(notebook):
        found += [f"widget {model[:8]}: {text}" for text in _output_problems(outputs, expected=False)]
    return found


def _may_be_skipped(cell: Any) -> bool:
    return "skip-execution" in cell.metadata.get("tags", [])


def _output_problems(outputs: list[Any], expected: bool) -> Iterator[str]:
    for output in outputs:
        kind = output["output_type"]
        if kind == "error" and not expected:
            yield f"shows an exception, {output['ename']}: {output['evalue']}"
        elif kind == "stream" and output["name"] == "stderr":
            yield f"writes to stderr: {output['text'].strip()[:300]}"
        elif kind in ("display_data", "execute_result"):
            yield from _undrawn(output["data"])


def _undrawn(bundle: dict[str, Any]) -> Iterator[str]:
    """A bundle needs a form that a page can draw; plain text will do only if nothing richer was meant."""
    private = [mime for mime in bundle if mime.startswith("application/") and mime != WIDGET]
    if any(mime in bundle and bundle[mime] not in ("", []) for mime in DRAWN):
        return
    if private or "text/plain" not in bundle:
        yield f"has no form that a page can draw, only {sorted(bundle)}"


def _widget_outputs(notebook: Any) -> Iterator[tuple[str, list[Any]]]:
    widgets = notebook.metadata.get("widgets", {}).get("application/vnd.jupyter.widget-state+json", {})
    for model, content in widgets.get("state", {}).items():
        outputs = content.get("state", {}).get("outputs", [])
        if isinstance(outputs, list | tuple):
            yield model, [o for o in outputs if isinstance(o, dict) and "output_type" in o]
