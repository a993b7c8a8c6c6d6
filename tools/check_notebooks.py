"""Check the chapters' sources: they run anywhere, carry no outputs, and leave the work to the library."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import yaml

LONGEST_FUNCTION = 10
DRAWS = re.compile(r"\bfigures\.(?!use_style)\w+\(|\bplt\.(subplots|figure|show|plot)\b|\bplot_\w+\(")
# The first cell of every chapter: nothing to do where the package is importable; in a clone the clone itself is used;
# anywhere else, as on Colab, the package is installed.
BOOTSTRAP = """\
import importlib.util
import pathlib
import sys

if importlib.util.find_spec("lrdecay_core") is None:
    _up = pathlib.Path.cwd().parents
    _r = next((p for p in _up if (p / "lrdecay_core").is_dir()), None)
    if _r:
        sys.path.insert(0, str(_r))
    else:
        %pip install -q "git+{url}@{branch}"
"""


def problems(root: Path) -> Iterator[str]:
    """Yield one line for each thing a committed chapter must not be."""
    repository = yaml.safe_load((root / "_config.yml").read_text(encoding="utf8"))["repository"]
    bootstrap = BOOTSTRAP.format(url=repository["url"], branch=repository["branch"]).strip()
    for path in sorted((root / "chapters").glob("*.ipynb")):
        notebook = _as_written(path)
        for text in (*_whole(notebook, bootstrap), *(line for cell in notebook.cells for line in _cell(cell))):
            yield f"{path.relative_to(root)}: {text}"


def _as_written(path: Path) -> Any:
    """Return the notebook as it stands: nbformat's own reader would repair the ids that we want to judge."""
    raw = json.loads(path.read_text(encoding="utf8"))
    for cell in raw["cells"]:
        cell["source"] = "".join(cell["source"])
    return nbformat.from_dict(raw)


def _whole(notebook: Any, bootstrap: str) -> Iterator[str]:
    first, ids = notebook.cells[0], [cell.get("id") for cell in notebook.cells]
    if first.source.strip() != bootstrap or "remove-cell" not in first.metadata.get("tags", []):
        yield "its first cell is not the bootstrap cell of tools/check_notebooks.py with the tag remove-cell"
    if notebook.metadata.get("kernelspec", {}).get("name") != "python3":
        yield "its kernel is not python3"
    if None in ids or len(set(ids)) < len(ids) or notebook.nbformat_minor < 5:
        yield "its cells lack fixed, distinct ids"


def _cell(cell: Any) -> Iterator[str]:
    if cell.cell_type != "code":
        return
    if cell.outputs or cell.execution_count is not None:
        yield f"cell {cell.get('id')} holds outputs; run nbstripout"
    for name, length in _functions(cell.source):
        if length > LONGEST_FUNCTION:
            yield f"cell {cell.get('id')}: {name} has {length} lines; over {LONGEST_FUNCTION} belong in the library"
    shown = cell.metadata.get("mystnb", {})
    if DRAWS.search(cell.source) and "remove-output" not in cell.metadata.get("tags", []):
        if not shown.get("image", {}).get("alt"):
            yield f"cell {cell.get('id')}: draws a figure without alt text (mystnb.image.alt)"
        if not shown.get("figure", {}).get("caption"):
            yield f"cell {cell.get('id')}: draws a figure without a caption (mystnb.figure.caption)"


def _functions(source: str) -> Iterator[tuple[str, int]]:
    plain = re.sub(r"(?m)^(\s*)[%!].*$", r"\1pass", source)
    for node in ast.walk(ast.parse(plain)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1
