"""What the workflows run is there, in the order that matters, with no more rights than it needs.

GitHub's own machines are out of reach: the files are read here, and what they call is run by hand and by other tests.
"""

import ast
import os
import re
import shlex
from importlib.metadata import packages_distributions, requires
from importlib.util import find_spec

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.test_makefile import make
from tools import chapters

FOLDER = chapters.ROOT / ".github" / "workflows"
WORKFLOWS = {path.stem: yaml.safe_load(path.read_text(encoding="utf8")) for path in sorted(FOLDER.glob("*.yml"))}


def steps(name):
    """Return what the steps of a workflow do, in order: a command, or an action with the path that it takes."""
    found = [step for job in WORKFLOWS[name]["jobs"].values() for step in job["steps"]]
    return [s.get("run") or f"{s['uses'].split('@')[0]} {s.get('with', {}).get('path', '')}".strip() for s in found]


@pytest.mark.parametrize("name", WORKFLOWS)
def test_what_a_workflow_runs_is_there(name):
    for command in (step for step in steps(name) if not step.startswith("actions/")):
        program, *arguments = shlex.split(command)
        if program == "make":
            assert make("-n", *arguments).returncode == 0, command
        elif "/" in program:
            assert os.access(chapters.ROOT / program, os.X_OK), command
        else:
            assert program in ("python", "gh", "echo"), command
        assert all(find_spec(module) for module in re.findall(r"-m ([\w.]+)", command)), command
        ours = [word for word in arguments if word.startswith(("tests/", "chapters/"))]
        assert all((chapters.ROOT / path).exists() for path in ours), command


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("book", [".ci/run", "actions/upload-artifact _build/html"]),
        ("preview", ["make book PROFILE=quick", "actions/upload-artifact _build/html"]),
        (
            "pages",
            [".ci/browser", "make archive", "make visit", "actions/upload-pages-artifact _build/html", "deploy-pages"],
        ),
        ("release", ["tools.citation", "make archive", "make visit", 'gh release create "$GITHUB_REF_NAME"']),
        ("weekly", [".ci/browser", "make check-all", "tests/model", "chapters/nonlinear-model.ipynb", "make links"]),
    ],
)
def test_a_workflow_does_its_steps_in_order(name, wanted):
    found = iter(steps(name))
    for what in wanted:
        assert any(what in step for step in found), f"{name}.yml: {what} is missing, or comes too early"


def test_who_reads_may_not_write():
    """All workflows read; publishing pages and a release are the jobs with more."""
    more = {"pages": {"deploy": {"pages": "write", "id-token": "write"}}, "release": {"release": {"contents": "write"}}}
    for name, workflow in WORKFLOWS.items():
        assert workflow["permissions"] == {"contents": "read"}
        jobs = {job: found["permissions"] for job, found in workflow["jobs"].items() if "permissions" in found}
        assert jobs == more.get(name, {})


def test_a_preview_is_built_whenever_a_source_of_pages_changes():
    paths = WORKFLOWS["preview"][True]["pull_request"]["paths"]  # YAML takes the word "on" for true
    sources = [f"{page}.md" for page in chapters.pages() if "/" not in page]
    sources += ["_config.yml", "_toc.yml", "references.bib", "CITATION.cff", "CHANGELOG.md", *chapters.PINS]
    assert set(sources) <= set(paths)
    folders = {path.removesuffix("/**") for path in paths if path.endswith("/**")}
    assert folders == {"chapters", "lrdecay_core", "tools", "_static", "_templates"}
    assert all((chapters.ROOT / folder).is_dir() for folder in folders)


def brought(requirements):
    """Return the distributions that pip would bring here for these requirements."""
    found, left = set(), [Requirement(r) for r in requirements]
    while left:
        name = canonicalize_name(left.pop().name)
        if name not in found:
            found.add(name)
            more = map(Requirement, requires(name) or [])
            left += [r for r in more if r.marker is None or r.marker.evaluate({"extra": ""})]
    return found


def imported(path):
    """Return the modules that a file of ours imports when it is imported itself, and those of our files among them."""
    names = set()
    for node in ast.parse(path.read_text(encoding="utf8")).body:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    ours = [chapters.ROOT / f"{place.replace('.', '/')}.py" for n in names for place in (n, n.rpartition(".")[0])]
    for other in (p for p in ours if p.is_file() and p != path and "lrdecay_core" not in p.parts):
        names |= imported(other)
    return names


def test_the_weekly_run_on_newest_versions_installs_what_it_imports():
    """Its environment is not that of the Makefile: a test that imports more there turns it red every week."""
    install, numbers, chapter = (step for step in steps("weekly") if step.startswith("python -m"))
    words = shlex.split(install.removeprefix("python -m pip install --upgrade "))
    there = brought(["lrdecay-core" if word == "." else word for word in words])
    folders = [word for word in shlex.split(numbers) if word.startswith("tests/")]
    files = [path for folder in folders for path in (chapters.ROOT / folder).glob("*.py")]
    files += [chapters.ROOT / name for name in ("conftest.py", "tests/conftest.py")]
    files += [chapters.ROOT / "tools" / f"{name}.py" for name in ("chapters", "execution")]  # of pytest --nbmake
    assert "--nbmake" in chapter
    homes = packages_distributions()
    for name in sorted({name.split(".")[0] for path in files for name in imported(path)} - {"lrdecay_core"}):
        assert name not in homes or there & {canonicalize_name(home) for home in homes[name]}, name
