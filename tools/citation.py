"""How to cite the book and the paper in BibTeX, made from ``CITATION.cff`` and ``references.bib``: all agree.

``python -m tools.citation v1.2.3`` fails unless that is the tag of the version which they name.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

import yaml
from pybtex.database import parse_file

from tools import chapters

PAPER = "ren2024late"


def _entry(kind: str, key: str, fields: Mapping[str, str]) -> str:
    width = max(map(len, fields))
    lines = [f"  {name:{width}} = {{{value}}}" for name, value in fields.items()]
    return f"@{kind}{{{key},\n" + ",\n".join(lines) + "\n}\n"


def book(root: Path) -> str:
    """Return the entry of this book."""
    cff = yaml.safe_load((root / "CITATION.cff").read_text(encoding="utf8"))
    year = yaml.safe_load((root / "_config.yml").read_text(encoding="utf8"))["copyright"]
    fields = {
        "title": cff["title"],
        "author": " and ".join(f"{{{author['name']}}}" for author in cff["authors"]),
        "year": year,
        "version": cff["version"],
        "url": cff["repository-code"],
    }
    return _entry("software", "late-decay-book", fields)


def paper(root: Path) -> str:
    """Return the entry of the paper, without our note on what we had of it."""
    found = parse_file(str(root / "references.bib")).entries[PAPER]
    authors = " and ".join(f"{p.last_names[0]}, {' '.join(p.first_names)}" for p in found.persons["author"])
    fields = {name: found.fields[name] for name in ("title", "booktitle", "year")}
    return _entry(found.type, PAPER, {"title": fields.pop("title"), "author": authors, **fields})


def problems(root: Path) -> Iterator[str]:
    """README, CITATION.cff, pyproject.toml, _config.yml and references.bib say the same."""
    cff = yaml.safe_load((root / "CITATION.cff").read_text(encoding="utf8"))
    config = yaml.safe_load((root / "_config.yml").read_text(encoding="utf8"))
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf8"))["project"]
    readme = (root / "README.md").read_text(encoding="utf8")
    entry, (cited,) = parse_file(str(root / "references.bib")).entries[PAPER], cff["references"]
    named = [f"{author['family-names']}, {author['given-names']}" for author in cited["authors"]]
    pairs = {
        "version": (cff["version"], project["version"]),
        "license": (cff["license"], project["license"]),
        "repository-code": (cff["repository-code"], config["repository"]["url"]),
        "authors": ([author["name"] for author in cff["authors"]], [config["author"]]),
        "title of the paper": (cited["title"], entry.fields["title"]),
        "year of the paper": (str(cited["year"]), entry.fields["year"]),
        "venue of the paper": (cited["collection-title"], entry.fields["booktitle"]),
        "authors of the paper": (named, [str(person) for person in entry.persons["author"]]),
    }
    yield from (f"CITATION.cff: {what} is {a}, elsewhere {b}" for what, (a, b) in pairs.items() if a != b)
    if not cff["title"].startswith(f"{config['title']}:") or f"# {config['title']}\n" not in readme:
        yield f"CITATION.cff or README.md: has another title than _config.yml, {config['title']}"
    for what, text in (("the book", book(root)), ("the paper", paper(root))):
        if f"```bibtex\n{text}```" not in readme:
            yield f"README.md: does not cite {what} as\n{text}"


def untagged(root: Path, tag: str) -> Iterator[str]:
    """A release's tag is v and the version, in CITATION.cff and in pyproject.toml."""
    cff = yaml.safe_load((root / "CITATION.cff").read_text(encoding="utf8"))
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf8"))["project"]
    for name, version in {"CITATION.cff": cff["version"], "pyproject.toml": project["version"]}.items():
        if tag != f"v{version}":
            yield f"{name}: has version {version}, the tag is {tag}"


if __name__ == "__main__":
    messages = list(untagged(chapters.ROOT, sys.argv[1]))
    raise SystemExit("\n".join(messages) or None)
