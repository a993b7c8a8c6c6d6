"""The page on run times says how far numbers agree; each line names the test that asserts it, with that tolerance."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

PAGE = "chapters/execution.md"
ROW = re.compile(r"^- .*?(?:, `([\d.e-]+)`)?: `(tests/[\w/]+\.py)::(\w+)`$", re.MULTILINE)


def _source(path: Path, name: str) -> str | None:
    """Return a test as it is written, decorators included, or None if there is no such test."""
    if not path.is_file():
        return None
    text = path.read_text(encoding="utf8")
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef) and node.name == name:
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            return "\n".join(text.splitlines()[first - 1 : node.end_lineno])
    return None


def problems(root: Path) -> Iterator[str]:
    """A line whose test is gone, or whose tolerance the test does not hold."""
    rows = ROW.findall((root / PAGE).read_text(encoding="utf8"))
    if not rows:
        yield f"{PAGE}: does not say what agrees how far"
    for tolerance, file, name in rows:
        source = _source(root / file, name)
        if source is None:
            yield f"{PAGE}: there is no test {file}::{name}"
        elif not tolerance:
            if not re.search(r"equal|==", source):
                yield f"{PAGE}: {name} compares nothing exactly"
        elif tolerance not in source:
            yield f"{PAGE}: {name} does not hold {tolerance}"
