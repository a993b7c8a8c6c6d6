"""Colab, Binder and the book: what of their environments can be emulated here."""

import ast
import json
import os
import re
import subprocess
import sys
import tomllib
import venv
from importlib.metadata import PackageNotFoundError, distribution, packages_distributions, version
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools import chapters, check_layout, execution, lock, repository


def pinned():
    lines = (chapters.ROOT / "constraints.txt").read_text(encoding="utf8").splitlines()
    return dict(line.split("==") for line in lines if "==" in line)


def test_what_runs_here_is_what_the_pins_say():
    """Binder installs these pins, the book and this test ran with them: what passed here is what Binder runs."""
    for name, wanted in pinned().items():
        try:
            assert version(name).split("+")[0] == wanted, name
        except PackageNotFoundError:
            pytest.fail(f"{name} is pinned in constraints.txt and is not installed")


def test_the_pins_satisfy_the_package():
    """Colab installs by the loose bounds, the book by pins: the pins lie inside the bounds."""
    project = tomllib.loads((chapters.ROOT / "pyproject.toml").read_text(encoding="utf8"))["project"]
    for requirement in map(Requirement, project["dependencies"]):
        assert requirement.specifier.contains(version(requirement.name).split("+")[0]), requirement


def test_the_badge_opens_the_introduction_on_binder():
    """As a page, which ``tests/browser/test_jupyterlab.py`` sees with the settings that Binder gets."""
    here = repository.configured()
    address = f"https://mybinder.org/v2/gh{here['url'].removeprefix('https://github.com')}/{here['branch']}"
    assert f"({address}?urlpath=lab/tree/intro.md)" in (chapters.ROOT / "README.md").read_text(encoding="utf8")
    given = (chapters.ROOT / "binder" / "postBuild").read_text(encoding="utf8")
    assert "install -D binder/default_setting_overrides.json" in given
    assert "/etc/jupyter/labconfig/default_setting_overrides.json" in given


def test_the_devcontainer_prepares_the_environment_of_the_makefile():
    settings = json.loads((chapters.ROOT / ".devcontainer" / "devcontainer.json").read_text(encoding="utf8"))
    assert "make .venv/.ready" in settings["postCreateCommand"]
    assert re.search(r"(?m)^READY := \$\(VENV\)/\.ready$", (chapters.ROOT / "Makefile").read_text(encoding="utf8"))
    assert "3.11" in settings["image"]


# What comes along with a dependency by its own promise, so that naming it would say the same twice.
COMES_WITH = {"contourpy": "matplotlib"}


def test_the_library_imports_nothing_that_the_package_does_not_ask_for():
    """On Colab nothing else is there but by luck."""
    project = tomllib.loads((chapters.ROOT / "pyproject.toml").read_text(encoding="utf8"))["project"]
    extras = (line for lines in project["optional-dependencies"].values() for line in lines)
    asked = {canonicalize_name(Requirement(line).name) for line in (*project["dependencies"], *extras)}
    owners = packages_distributions()
    for path in sorted((chapters.ROOT / "lrdecay_core").rglob("*.py")):
        for name in imported(path) - sys.stdlib_module_names - {"lrdecay_core"}:
            owner = {canonicalize_name(found) for found in owners.get(COMES_WITH.get(name, name), [name])}
            assert owner & asked, f"{path.name} imports {name}, which pyproject.toml does not ask for"


def imported(path):
    """Return the top names that a module imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


def closure(*names):
    """Return these distributions and all that they ask for here, extras apart."""
    found, left = set(), [canonicalize_name(name) for name in names]
    while left:
        if (name := left.pop()) not in found:
            found.add(name)
            needs = (Requirement(line) for line in distribution(name).requires or ())
            left += [canonicalize_name(r.name) for r in needs if not r.marker or r.marker.evaluate({"extra": ""})]
    return found


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_binder_resolves_to_the_pins():
    """Binder starts from nothing but its requirements. That PyTorch's own index has them too, no test here can see."""
    text = (chapters.ROOT / "binder" / "requirements.txt").read_text(encoding="utf8")
    resolved = lock.resolve(text.replace(check_layout.CPU_TORCH, "").replace("../", f"{chapters.ROOT}/"))
    assert {name.lower().replace("_", "-"): v for name, v, _ in resolved}.items() <= {
        name.lower().replace("_", "-"): v for name, v in pinned().items()
    }.items()


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_the_lock_installs(tmp_path):
    """Every hash of the lock is that of a file which pip can have."""
    venv.create(tmp_path / "venv", with_pip=True)
    options = ("--no-deps", "--require-hashes", "--dry-run", "-q", "-r", chapters.ROOT / "requirements.lock")
    done = subprocess.run([tmp_path / "venv/bin/python", "-m", "pip", "install", *options], check=False)
    assert done.returncode == 0


def colab(folder):
    """A folder with links to what stands in for Colab here: torch and a kernel, with all they ask for, and no more."""
    folder.mkdir()
    for name in closure("torch", "ipykernel"):
        for top in {
            file.parts[0] for file in distribution(name).files or () if file.parts[0] not in ("..", "__pycache__")
        }:
            (folder / top).unlink(missing_ok=True)
            (folder / top).symlink_to(Path(str(distribution(name).locate_file(top))))


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_chapter_alone_in_a_folder_installs_the_library_and_runs_with_colabs_torch(tmp_path, monkeypatch):
    """As on Colab: torch is there, our package is not; the first cell brings it and the rest of what it needs."""
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv" / "bin" / "python"
    here = subprocess.run(
        [python, "-c", "import site; print(site.getsitepackages()[0])"], capture_output=True, text=True
    )
    colab(tmp_path / "colab")
    (Path(here.stdout.strip()) / "colab.pth").write_text(str(tmp_path / "colab"), encoding="utf8")
    names = ("torch", "numpy")
    (tmp_path / "constraints.txt").write_text("".join(f"{n}=={version(n)}\n" for n in names), encoding="utf8")
    kernel = {"argv": [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"], "display_name": "Colab"}
    (tmp_path / "kernels" / "colab").mkdir(parents=True)
    (tmp_path / "kernels" / "colab" / "kernel.json").write_text(json.dumps(kernel), encoding="utf8")
    for name in [name for name in os.environ if name.startswith(("PYTHON", "LRDECAY_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    monkeypatch.setenv("PIP_CONSTRAINT", str(tmp_path / "constraints.txt"))

    notebook = nbformat.read(chapters.ROOT / "chapters" / "nonlinear-model.ipynb", 4)
    commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=chapters.ROOT, capture_output=True, text=True, check=True)
    theirs, ours = "{url}@{branch}".format(**repository.configured()), f"file://{chapters.ROOT}@{commit.stdout.strip()}"
    assert f'%pip install -q "git+{theirs}"' in notebook.cells[0].source
    notebook.cells[0].source = notebook.cells[0].source.replace(theirs, ours)
    says = "import lrdecay_core, torch, numpy\nprint(lrdecay_core.__file__, torch.__version__, numpy.__version__)"
    notebook.cells.append(nbformat.v4.new_code_cell(says))
    (tmp_path / "empty").mkdir()
    client = NotebookClient(
        notebook, kernel_name="colab", timeout=900, resources={"metadata": {"path": tmp_path / "empty"}}
    )
    client.execute()
    file, *versions = notebook.cells[-1].outputs[0].text.split()
    assert file.startswith(str(tmp_path / "venv"))
    assert versions == [version(n) for n in names]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_two_executions_of_a_chapter_are_the_same_to_the_byte(tmp_path, monkeypatch):
    """Times apart, which are not part of a cell's outputs."""
    monkeypatch.setenv("LRDECAY_PROFILE", "quick")
    chapters.set_environment()
    found = []
    for name in ("first", "second"):
        monkeypatch.setattr(chapters, "cache_dir", lambda name=name: tmp_path / name)
        notebook, _ = execution.execute(chapters.ROOT / "chapters" / "nonlinear-model.ipynb")
        found.append(json.dumps([c.get("outputs") for c in notebook.cells], sort_keys=True))
    assert sys.getsizeof(found[0]) > 10_000  # figures included
    assert found[0] == found[1]
