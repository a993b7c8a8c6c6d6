"""Check what the repository promises about itself: ``python -m tools.check_layout``.

Each rule takes a folder and yields one line per broken promise, so that tests can show it a folder that breaks it.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import yaml

from tools import chapters, check_notebooks, citation, exercises, glossary, tolerances

FIXED_NAMES = (
    "_config.yml",
    "_toc.yml",
    "intro.md",
    "references.bib",
    "requirements.txt",
    "constraints.txt",
    "pyproject.toml",
    "Makefile",
    ".ci/browser",
    ".ci/run",
    ".github/workflows/book.yml",
    ".github/workflows/pages.yml",
    ".github/workflows/preview.yml",
    ".github/workflows/release.yml",
    ".github/workflows/weekly.yml",
    ".devcontainer/devcontainer.json",
    "requirements.lock",
    "binder/requirements.txt",
    "binder/postBuild",
    "binder/default_setting_overrides.json",
    "tests/site/lighthouse/package-lock.json",
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "CITATION.cff",
    "LICENSE",
    "chapters/notation.md",
    "chapters/glossary.md",
    "chapters/api.md",
    "lrdecay_core/__init__.py",
)
WORKFLOWS = ".github/workflows"
UNTRACKED = (".git", ".venv", "_build", "_generated")
NAMES_THE_REPOSITORY = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "CITATION.cff", "pyproject.toml", "intro.md")
REPOSITORY = re.compile(
    r"(?:github\.com|colab\.research\.google\.com/github|mybinder\.org/v2/gh)/([\w.-]+/[\w-]+(?:\.[\w-]+)*?)(?:\.git)?(?=[^\w.-]|$)"
)
# PyTorch's own index of builds without CUDA: the one address in the one file, since Binder has no other way to it.
CPU_TORCH = "--extra-index-url https://download.pytorch.org/whl/cpu"
BINDER = ("binder/requirements.txt", [CPU_TORCH, "-r ../requirements.txt"])
ADDRESS = re.compile(r"https?://|--(?:extra-)?index-url|--find-links|^-i\b")


def missing_names(root: Path) -> Iterator[str]:
    """The names that others rely on exist."""
    yield from (f"{name}: missing" for name in FIXED_NAMES if not (root / name).is_file())


def unmirrored_modules(root: Path) -> Iterator[str]:
    """Every module of the library has tests of the same name in the same place."""
    library = root / "lrdecay_core"
    for module in sorted(library.rglob("*.py")):
        test = root / "tests" / module.relative_to(library).with_name(f"test_{module.name}")
        if module.name != "__init__.py" and not test.is_file():
            yield f"{module.relative_to(root)}: has no {test.relative_to(root)}"


def unguarded_shells(root: Path) -> Iterator[str]:
    """A failing command inside a pipe fails the script: Makefile, CI and Binder say so."""
    wanted = {
        "Makefile": r"(?m)^SHELL := bash\n\.SHELLFLAGS := -euo pipefail -c$",
        ".ci/browser": r"(?m)^set -euo pipefail$",
        ".ci/run": r"(?m)^set -euo pipefail$",
        "binder/postBuild": r"(?m)^set -euo pipefail$",
        **{f"{WORKFLOWS}/{p.name}": r"shell: bash -euo pipefail \{0\}" for p in (root / WORKFLOWS).glob("*.yml")},
    }
    for name, pattern in wanted.items():
        if (root / name).is_file() and not re.search(pattern, (root / name).read_text(encoding="utf8")):
            yield f"{name}: a failure inside a pipe would pass; needs {pattern}"


def tight_dependencies(root: Path) -> Iterator[str]:
    """The package keeps its own dependencies loose: an exact pin would replace Colab's torch and numpy."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf8"))["project"]
    extras = project.get("optional-dependencies", {}).values()
    for requirement in [*project["dependencies"], *(r for extra in extras for r in extra)]:
        if re.search(r"==|~=|<", requirement):
            yield f"pyproject.toml: {requirement} pins; the pins are in requirements.txt"


def loose_requirements(root: Path) -> Iterator[str]:
    """The book's environment is pinned to the last package, and names no registry but Binder's one for torch."""
    pinned = {_name(line) for line in _lines(root / "constraints.txt") if "==" in line}
    lines = _lines(root / "requirements.txt")
    if "-c constraints.txt" not in lines:
        yield "requirements.txt: does not apply constraints.txt"
    for line in lines:
        if not line.startswith("-") and "==" not in line and _name(line) not in pinned:
            yield f"requirements.txt: {line} is pinned neither here nor in constraints.txt"
    for name in ("requirements.txt", "constraints.txt", "binder/requirements.txt"):
        lines = (line for line in _lines(root / name) if (name, line) != (BINDER[0], CPU_TORCH))
        yield from (f"{name}: names a registry: {line}" for line in lines if ADDRESS.search(line))


def drifting_environments(root: Path) -> Iterator[str]:
    """Book, tests, Binder and CI install one file: requirements.txt."""
    if _lines(root / BINDER[0]) != BINDER[1]:
        yield f"{BINDER[0]}: must hold these lines and no others: {BINDER[1]}"
    for name, command in (
        (".github/workflows/book.yml", r"run: \.ci/run\b"),
        (".ci/run", r"(?m)^make test$"),
        (".ci/run", r"(?m)^if \.ci/browser; then export LRDECAY_NEEDS_BROWSER=1; fi$"),
    ):
        if not re.search(command, (root / name).read_text(encoding="utf8")):
            yield f"{name}: does not run the same commands as a reader, {command}"
    if "pip install -q -r requirements.txt" not in (root / "Makefile").read_text(encoding="utf8"):
        yield "Makefile: does not install requirements.txt"


def stale_lock(root: Path) -> Iterator[str]:
    """The hashed lock holds the versions of constraints.txt, each with a hash, and no address."""
    locked = [line.split() for line in _lines(root / "requirements.lock")]
    if [words[0] for words in locked] != _lines(root / "constraints.txt"):
        yield "requirements.lock: differs from constraints.txt; run make lock KEEP=--keep"
    for words in locked:
        if not (len(words) == 2 and re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", words[1])):
            yield f"requirements.lock: {words[0]} needs one hash and nothing else"


def unlocked_npm(root: Path) -> Iterator[str]:
    """Every package of an npm lock has a hash, and none the address of a registry."""
    for path in sorted((root / "tests").rglob("package-lock.json")):
        for name, entry in json.loads(path.read_text(encoding="utf8"))["packages"].items():
            if name and ("resolved" in entry or "integrity" not in entry):
                yield f"{path.relative_to(root)}: {name} needs a hash and no address; see CONTRIBUTING.md"


def unlisted_actions(root: Path) -> Iterator[str]:
    """Workflows use no action but those that CONTRIBUTING.md lists, by the same commit of the same release."""
    listed = (root / "CONTRIBUTING.md").read_text(encoding="utf8")
    for path in sorted((root / WORKFLOWS).glob("*.yml")):
        for action, tag in re.findall(r"uses: (\S+)(?: # (\S+))?", path.read_text(encoding="utf8")):
            if f"| `{action}` | {tag} |" not in listed:
                yield f"{path.relative_to(root)}: {action} of release {tag or '?'} is not listed in CONTRIBUTING.md"


def lost_paths(root: Path) -> Iterator[str]:
    """Files and folders that the README, CONTRIBUTING.md and the pages name are there."""
    folders = "|".join(re.escape(p.name) for p in root.iterdir() if p.is_dir() and p.name not in UNTRACKED)
    pages = [p for p in sorted((root / "chapters").glob("*")) if p.suffix in (".md", ".ipynb")]
    for page in [root / "README.md", root / "CONTRIBUTING.md", root / "intro.md", *pages]:
        text = page.read_text(encoding="utf8") if page.is_file() else ""
        for path in re.findall(rf"`((?:{folders})/[^`\s<*:]*)(?:::\w+)?`", text):
            if not (root / path).exists():
                yield f"{page.relative_to(root)}: names {path}, which is not there"


def other_repositories(root: Path) -> Iterator[str]:
    """Every mention of a repository is the one in ``_config.yml``."""
    url = yaml.safe_load((root / "_config.yml").read_text(encoding="utf8"))["repository"]["url"]
    ours = url.removeprefix("https://github.com/")
    for path in [*(root / name for name in NAMES_THE_REPOSITORY), *sorted((root / "chapters").glob("*"))]:
        mentions = set(REPOSITORY.findall(path.read_text(encoding="utf8"))) if path.is_file() else set()
        for name in sorted(mentions - {ours}):
            yield f"{path.relative_to(root)}: names {name}, _config.yml says {ours}"


def _lines(path: Path) -> list[str]:
    text = path.read_text(encoding="utf8") if path.is_file() else ""
    return [line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def _name(requirement: str) -> str:
    return re.split(r"[\s\[<>=!~;@]", requirement, maxsplit=1)[0].lower().replace("_", "-")


RULES: tuple[Callable[[Path], Iterator[str]], ...] = (
    missing_names,
    unmirrored_modules,
    unguarded_shells,
    tight_dependencies,
    loose_requirements,
    drifting_environments,
    stale_lock,
    unlocked_npm,
    unlisted_actions,
    lost_paths,
    other_repositories,
    check_notebooks.problems,
    exercises.problems,
    glossary.problems,
    tolerances.problems,
    citation.problems,
)


if __name__ == "__main__":
    messages = [line for rule in RULES for line in rule(chapters.ROOT)]
    print("\n".join(messages) or "The repository keeps its promises.")
    raise SystemExit(bool(messages))
