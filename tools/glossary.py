"""The glossary: each term is used in the book, and each definition says on which page it is at home."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import nbformat

BLOCK = re.compile(r"^```\{glossary\}\n(.*?)^```$", re.MULTILINE | re.DOTALL)
HOME = re.compile(r"\[\]\(([\w./-]+)\)$")


def entries(text: str) -> Iterator[tuple[list[str], str]]:
    """Yield the terms and the definition of each entry of a page's glossaries."""
    for block in BLOCK.findall(text):
        for entry in re.split(r"\n\s*\n", block.strip()):
            lines = entry.splitlines()
            yield [line for line in lines if line[:1].strip()], " ".join(x.strip() for x in lines if not x[:1].strip())


def _words(path: Path) -> str:
    if path.suffix == ".md":
        return path.read_text(encoding="utf8")
    cells = nbformat.read(str(path), as_version=4).cells
    captions = [c.metadata.get("mystnb", {}).get("figure", {}).get("caption", "") for c in cells]
    return "\n".join([*captions, *(c.source for c in cells if c.cell_type == "markdown")])


def problems(root: Path) -> Iterator[str]:
    """A term that no page uses, a term that stands twice, a definition without a page of its own."""
    glossary = root / "chapters" / "glossary.md"
    pages = [p for p in sorted((root / "chapters").glob("*")) if p.suffix in (".md", ".ipynb") and p != glossary]
    used = "\n".join(_words(path) for path in (root / "intro.md", *pages)).lower()
    seen: set[str] = set()
    for terms, definition in entries(glossary.read_text(encoding="utf8")):
        for term in terms:
            if not re.search(rf"\b{re.escape(term.lower())}s?\b", used):
                yield f"chapters/glossary.md: {term} is used on no page"
            if term in seen:
                yield f"chapters/glossary.md: {term} stands twice"
            seen.add(term)
        home = HOME.search(definition)
        if home is None or not (glossary.parent / home.group(1)).is_file():
            yield f"chapters/glossary.md: {terms[0]} does not end with a page that defines it, [](page)"
