"""Give the repository's address, or move the book to another: ``make set-repository URL=https://github.com/you/book``.

``_config.yml`` holds the address. Notebooks' first cells, badges and the citation repeat it, since they are read where
no build can fill it in; this tool changes them together, and ``tools.check_layout`` notices when they differ. A build
on GitHub Actions takes the address of the repository it runs in, so that a fork's pages launch the fork.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import yaml

from tools import chapters

ADDRESS = re.compile(r"https://github\.com/[\w.-]+/[\w.-]+")


def configured(root: Path = chapters.ROOT) -> dict[str, str]:
    """Return ``url`` and ``branch`` as they stand in ``_config.yml``."""
    found = yaml.safe_load((root / "_config.yml").read_text(encoding="utf8"))["repository"]
    return {"url": found["url"], "branch": found["branch"]}


def current(root: Path = chapters.ROOT) -> dict[str, str]:
    """Return ``url`` and ``branch`` that pages link to: on GitHub Actions those of the repository that builds.

    A pull request's branch lives in another repository and soon nowhere, so its pages keep the configured branch.
    """
    found = configured(root)
    server, name = os.environ.get("GITHUB_SERVER_URL"), os.environ.get("GITHUB_REPOSITORY")
    if os.environ.get("GITHUB_ACTIONS") == "true" and server and name:
        found["url"] = f"{server}/{name}"
        if os.environ.get("GITHUB_REF_TYPE") == "branch" and os.environ.get("GITHUB_EVENT_NAME") != "pull_request":
            found["branch"] = os.environ.get("GITHUB_REF_NAME") or found["branch"]
    return found


def note(root: Path = chapters.ROOT) -> str | None:
    """Return what a fork should know when it builds: its pages launch the fork, its first cells install from here."""
    theirs, ours = configured(root)["url"], current(root)["url"]
    if theirs == ours:
        return None
    return f"This is {ours}; first cells install from {theirs}. Run once: make set-repository URL={ours}"


def files(root: Path) -> list[Path]:
    """Return the files that repeat the address."""
    names = (
        "_config.yml",
        "README.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "CITATION.cff",
        "pyproject.toml",
        "intro.md",
    )
    pages = [p for p in sorted((root / "chapters").glob("*")) if p.suffix in (".ipynb", ".md")]
    return [p for p in (*(root / name for name in names), *pages) if p.is_file()]


def move(url: str, root: Path = chapters.ROOT) -> list[Path]:
    """Write ``url`` wherever the old address stands; return the files that changed.

    Raises:
        ValueError: if ``url`` is not the address of a GitHub repository; nothing is written then.
    """
    url = url.removesuffix("/").removesuffix(".git")
    if not ADDRESS.fullmatch(url):
        raise ValueError(f"`URL` must be like https://github.com/you/book, got {url!r}")
    old, new = (re.sub("^https://github.com/", "", u) for u in (configured(root)["url"], url))
    # The owner and name alone: they also stand in addresses of Colab and Binder. Not inside a longer name.
    pattern, changed = re.compile(rf"(?<![\w.-]){re.escape(old)}(?![\w-])"), []
    for path in files(root):
        text = path.read_text(encoding="utf8")
        if (moved := pattern.sub(lambda _: new, text)) != text:
            path.write_text(moved, encoding="utf8")
            changed.append(path)
    return changed


if __name__ == "__main__":
    if len(sys.argv) != 2 or not sys.argv[1]:
        raise SystemExit("make set-repository URL=https://github.com/you/book")
    print("\n".join(str(p.relative_to(chapters.ROOT)) for p in move(sys.argv[1])))
