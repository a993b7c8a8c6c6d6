"""Exercises of a chapter: at least three, each with a hidden solution, whose code runs after the chapter's own cells.

A reader opens one solution and runs it: so each runs by itself, in a copy of what the chapter left behind.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat

FEWEST = 3
EXERCISE = re.compile(r"^`{3,}\{exercise\}.*\n:label: (\S+)", re.MULTILINE)
SOLUTION = re.compile(r"^(`{3,})\{solution\} *(\S+)\n(.*?)^\1 *$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def _text(notebook: Any) -> str:
    return "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


def codes(notebook: Any) -> dict[str, str]:
    """Return the code of each solution that has some, by the label of its exercise."""
    found = {label: "\n".join(CODE.findall(body)) for _, label, body in SOLUTION.findall(_text(notebook))}
    return {label: code for label, code in found.items() if code}


def cells(notebook: Any) -> list[Any]:
    """Return cells to run after the chapter's own: one for each solution, which leaves nothing behind.

    Only the quick profile runs them: its chapters are the tests, those of the others are the pages.
    """
    if os.environ.get("LRDECAY_PROFILE", "quick") != "quick":
        return []
    run = "exec(compile({code!r}, {name!r}, 'exec'), dict(globals()))"
    return [
        nbformat.v4.new_code_cell(run.format(code=code, name=f"<solution of {label}>"))
        for label, code in codes(notebook).items()
    ]


def stamp(notebook: Any) -> str:
    """Return what of the solutions an execution depends on; jupyter-cache sees code cells only."""
    return hashlib.sha256("\0".join(cell.source for cell in cells(notebook)).encode()).hexdigest()[:12]


def problems(root: Path) -> Iterator[str]:
    """Every chapter has its exercises, each exercise one solution, and solutions are hidden until asked for."""
    for path in sorted((root / "chapters").glob("*.ipynb")):
        text = _text(nbformat.read(str(path), as_version=4))
        asked, answers = EXERCISE.findall(text), SOLUTION.findall(text)
        if len(asked) < FEWEST:
            yield f"{path.relative_to(root)}: has {len(asked)} exercises with a label, at least {FEWEST} are needed"
        if sorted(asked) != sorted(label for _, label, _ in answers):
            yield f"{path.relative_to(root)}: its exercises and solutions are not one to one"
        for _, label, body in answers:
            if ":class: dropdown" not in body.splitlines():
                yield f"{path.relative_to(root)}: the solution of {label} is not hidden (:class: dropdown)"
