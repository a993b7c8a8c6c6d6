"""The repository keeps its promises about itself, and each rule notices when it does not."""

import json
import re
import shutil
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
import torch
from PIL import Image

from tools import chapters, check_notebooks, ledger, lock
from tools import check_layout as layout

LIGHTHOUSE = "tests/site/lighthouse/package-lock.json"
COPIED = shutil.ignore_patterns(".venv", ".git", "_build", "_generated", "*cache*", "*.egg-info", "results", "model")


@pytest.fixture
def copy(tmp_path):
    """A copy of the repository to break."""
    return Path(shutil.copytree(chapters.ROOT, tmp_path / "copy", ignore=COPIED))


@pytest.mark.parametrize("rule", layout.RULES, ids=lambda rule: f"{rule.__module__}.{rule.__name__}")
def test_the_repository_keeps_the_rule(rule):
    assert list(rule(chapters.ROOT)) == []


@pytest.mark.parametrize(
    ("rule", "name", "old", "new"),
    [
        pytest.param(layout.unguarded_shells, "Makefile", " -euo pipefail -c", " -c", id="make and pipes"),
        pytest.param(layout.unguarded_shells, ".ci/run", "set -euo pipefail", "set -eu", id="CI and pipes"),
        pytest.param(layout.unguarded_shells, ".github/workflows/book.yml", " -euo pipefail {0}", "", id="workflow"),
        pytest.param(layout.tight_dependencies, "pyproject.toml", '"torch>=2.4"', '"torch==2.4"', id="exact pin"),
        pytest.param(layout.loose_requirements, "requirements.txt", "-c constraints.txt", "", id="no constraints"),
        pytest.param(layout.loose_requirements, "constraints.txt", "scipy==", "scipyx==", id="unpinned scipy"),
        pytest.param(layout.loose_requirements, "requirements.txt", "==1.0.4.post1", "x", id="unpinned book"),
        pytest.param(layout.loose_requirements, "requirements.txt", "tqdm", "tqdm\n-i https://a", id="registry"),
        pytest.param(layout.loose_requirements, "requirements.txt", "tqdm", f"tqdm\n{layout.CPU_TORCH}", id="index"),
        pytest.param(layout.loose_requirements, "binder/requirements.txt", "whl/cpu", "whl/x", id="Binder's index"),
        pytest.param(layout.drifting_environments, "binder/requirements.txt", "-r ../", "torch\n-r ../", id="Binder"),
        pytest.param(
            layout.drifting_environments, "binder/requirements.txt", layout.CPU_TORCH, "", id="CUDA on Binder"
        ),
        pytest.param(layout.drifting_environments, ".github/workflows/book.yml", ".ci/run", "pytest", id="CI"),
        pytest.param(layout.stale_lock, "constraints.txt", "scipy==", "scipy==0", id="lock of another version"),
        pytest.param(layout.stale_lock, "requirements.lock", "--hash=sha256:", "", id="no hash"),
        pytest.param(layout.unlocked_npm, LIGHTHOUSE, '"integrity"', '"resolved"', id="npm's lock"),
        pytest.param(layout.unlisted_actions, ".github/workflows/pages.yml", "checkout@11", "checkout@12", id="hash"),
        pytest.param(layout.unlisted_actions, ".github/workflows/pages.yml", "# v4.2.2", "# v4.2.3", id="tag"),
        pytest.param(layout.unlisted_actions, ".github/workflows/pages.yml", " # v4.2.2", "", id="no tag"),
        pytest.param(layout.lost_paths, "CONTRIBUTING.md", "tools/vendor.py", "tools/vendors.py", id="lost path"),
        pytest.param(
            layout.lost_paths,
            "chapters/scaling-up.ipynb",
            "`tests/test_malformed.py`",
            "`tests/t.py`",
            id="page",
        ),
        pytest.param(layout.unguarded_shells, ".github/workflows/weekly.yml", " -euo pipefail {0}", "", id="weekly"),
        pytest.param(layout.unguarded_shells, ".github/workflows/release.yml", " -euo pipefail {0}", "", id="release"),
        pytest.param(layout.other_repositories, "README.md", "blob/main", "x/blob/main", id="same repository"),
        pytest.param(layout.other_repositories, "CITATION.cff", "late-decay-book/", "someone/", id="citation"),
        pytest.param(
            layout.other_repositories, "_config.yml", "github.com/late-decay-book/", "github.com/new/", id="moved"
        ),
    ],
)
def test_a_broken_file_is_noticed(copy, rule, name, old, new, request):
    path = copy / name
    text = path.read_text(encoding="utf8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf8")
    found = list(rule(copy))
    assert bool(found) != ("same repository" in request.node.callspec.id)


def test_a_module_without_tests_and_a_missing_file_are_noticed(copy):
    (copy / "lrdecay_core" / "untested.py").touch()
    (copy / "CITATION.cff").unlink()
    assert "lrdecay_core/untested.py: has no tests/test_untested.py" in list(layout.unmirrored_modules(copy))
    assert list(layout.missing_names(copy)) == ["CITATION.cff: missing"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda nb: nb["cells"].pop(0), "first cell is not the bootstrap cell"),
        (lambda nb: nb["cells"][0]["metadata"].clear(), "first cell is not the bootstrap cell"),
        (lambda nb: nb["metadata"].pop("kernelspec"), "kernel is not python3"),
        (lambda nb: nb["cells"][1].update(id=nb["cells"][0]["id"]), "distinct ids"),
        (lambda nb: nb["cells"][1].update(execution_count=3), "holds outputs"),
        (lambda nb: nb["cells"][1]["metadata"].clear(), "without alt text"),
        (lambda nb: nb["cells"][1]["metadata"]["mystnb"].pop("figure"), "without a caption"),
        (lambda nb: nb["cells"][1].update(source="def f():\n" + "    x = 1\n" * 10), "f has 11 lines"),
    ],
)
def test_a_broken_notebook_is_noticed(copy, change, message):
    notebook = _sound_notebook(copy)
    for old in (copy / "chapters").glob("*.ipynb"):
        old.unlink()
    path = copy / "chapters" / "planted.ipynb"
    path.write_text(json.dumps(notebook), encoding="utf8")
    assert list(check_notebooks.problems(copy)) == []
    change(notebook)
    path.write_text(json.dumps(notebook), encoding="utf8")
    assert any(message in line for line in check_notebooks.problems(copy))


def _sound_notebook(root):
    repository = layout.yaml.safe_load((root / "_config.yml").read_text(encoding="utf8"))["repository"]
    bootstrap = check_notebooks.BOOTSTRAP.format(url=repository["url"], branch=repository["branch"]).strip()
    empty = {"cell_type": "code", "outputs": [], "execution_count": None}
    figure = {"mystnb": {"image": {"alt": "A line falls."}, "figure": {"caption": "It falls."}}}
    cells = [
        {**empty, "id": "a", "metadata": {"tags": ["remove-cell"]}, "source": bootstrap},
        {**empty, "id": "b", "metadata": figure, "source": "fig, ax = plt.subplots()\ndef f():\n" + "    x = 1\n" * 9},
    ]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}


def test_the_lock_names_no_address_and_no_build_of_torch():
    def item(name, version, digest):
        archive = {"url": "https://host/a.whl", "archive_info": {"hashes": {"sha256": digest}}}
        return {"metadata": {"name": name, "version": version}, "download_info": archive}

    names = [("numpy", "2.0"), ("torch", "2.13.0+cpu"), ("nvidia-x", "1"), ("b", "1+local"), ("a-b", "3"), ("a", "4")]
    resolved = lock.pins({"install": [item(name, version, "0" * 64) for name, version in names]})
    assert lock.constraints(resolved).splitlines()[1:] == ["a==4", "a-b==3", "b==1", "numpy==2.0"]
    assert lock.lock(resolved).splitlines()[2:4] == [
        f"a==4 --hash=sha256:{'0' * 64}",
        f"a-b==3 --hash=sha256:{'0' * 64}",
    ]
    assert "://" not in lock.lock(resolved) + lock.constraints(resolved)


def examples():
    readme = (chapters.ROOT / "README.md").read_text(encoding="utf8")
    found = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    assert all(len(example.splitlines()) <= 15 for example in found)
    return found


def test_the_first_example_in_the_readme_maps_a_network_of_the_readers_own():
    def net():
        return torch.nn.Sequential(torch.nn.Linear(4, 5), torch.nn.Tanh(), torch.nn.Linear(5, 3))

    inputs, labels = torch.randn(30, 4), torch.arange(30) % 3
    names = {"torch": torch, "net": net(), "early": net(), "late": net(), "third": net()}
    names |= {f"{split}_{what}": value for split in ("train", "test") for what, value in
              {"inputs": inputs, "labels": labels}.items()}  # fmt: skip
    example, _ = examples()
    assert len([line for line in example.splitlines() if line]) == 5
    exec(example, names)
    assert names["surf"]["train"].shape == names["surf"]["test"].shape == (41, 41)


def test_the_second_example_in_the_readme_trains(capsys):
    exec(examples()[1], {})
    rows = capsys.readouterr().out.strip().splitlines()
    assert len(rows) == 3


def test_the_picture_of_the_readme_is_the_one_that_the_library_draws(tmp_path):
    """After a change of it: copy ``_generated/question.png`` to ``_static``."""
    with mpl.rc_context():
        ledger.draw_question(tmp_path / "question.png")
    pictures = (tmp_path / "question.png", chapters.ROOT / "_static" / "question.png")
    drawn, kept = (np.asarray(Image.open(p).convert("RGB").reduce(8), dtype=float) for p in pictures)
    # Of 255, in squares of 8 pixels: the run's thin line moves less where a processor rounds it into the next pixel.
    assert np.abs(drawn - kept).max() <= 15
