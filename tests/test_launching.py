"""Colab, Binder and the book: what of their environments can be emulated here."""

import json
import os
import re
import subprocess
import sys
import sysconfig
import tomllib
import venv
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tools import chapters, check_notebooks, execution, lock


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


def test_the_devcontainer_prepares_the_environment_of_the_makefile():
    settings = json.loads((chapters.ROOT / ".devcontainer" / "devcontainer.json").read_text(encoding="utf8"))
    assert "make .venv/.ready" in settings["postCreateCommand"]
    assert re.search(r"(?m)^READY := \$\(VENV\)/\.ready$", (chapters.ROOT / "Makefile").read_text(encoding="utf8"))
    assert "3.11" in settings["image"]


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_binder_resolves_to_the_pins():
    """Binder starts from nothing but its requirements."""
    text = (chapters.ROOT / "binder" / "requirements.txt").read_text(encoding="utf8")
    resolved = lock.resolve(text.replace("../", f"{chapters.ROOT}/"))
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


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_notebook_alone_in_a_folder_installs_the_library_and_keeps_colabs_torch(tmp_path):
    """As on Colab: torch and the rest are there, our package is not, and the first cell brings it."""
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv" / "bin" / "python"
    here = subprocess.run(
        [python, "-c", "import site; print(site.getsitepackages()[0])"], capture_output=True, text=True
    )
    # Packages of this environment stand in for Colab's; of a folder in a .pth file no further .pth is read, so that
    # the editable installation of our package is not among them.
    (Path(here.stdout.strip()) / "colab.pth").write_text(sysconfig.get_paths()["purelib"], encoding="utf8")
    names = ("torch", "numpy")
    (tmp_path / "constraints.txt").write_text("".join(f"{n}=={version(n)}\n" for n in names), encoding="utf8")
    commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=chapters.ROOT, capture_output=True, text=True, check=True)
    cell = check_notebooks.BOOTSTRAP.format(url=f"file://{chapters.ROOT}", branch=commit.stdout.strip())
    install = 'import subprocess; subprocess.run([sys.executable, "-m", "pip", "install", "-q", '
    code = re.sub(r'%pip install -q ("git\+.*")', rf"{install}\1], check=True)", cell)
    code += "\nimportlib.invalidate_caches()\nimport lrdecay_core, torch, numpy\n"
    code += "from lrdecay_core import training, explorers\n"
    code += "print(lrdecay_core.__file__, torch.__version__, numpy.__version__)"
    folder = tmp_path / "empty"
    folder.mkdir()
    keep = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    environment = keep | {"PIP_CONSTRAINT": str(tmp_path / "constraints.txt")}
    done = subprocess.run(
        [python, "-c", code], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    file, *versions = done.stdout.split()
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
