"""Results that look right and are not: each is planted in a miniature book and must turn it red.

The miniature has this repository's tools, settings and Makefile, a library of what these call and one function, and
chapters of few cells.
"""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest

from tools import chapters, check_notebooks, ledger, page_rules

TAKEN = (
    "tools",
    "_static",
    "_templates",
    "_config.yml",
    "conftest.py",
    "Makefile",
    "pyproject.toml",
    "references.bib",
    "CITATION.cff",
)
LIBRARY = {
    "__init__.py": "",
    "answer.py": '"""Answers."""\n\n\ndef value():\n    """Return the answer."""\n    return 41\n',
    "provenance.py": "NAMES = ('commit', 'python', 'device', 'machine', 'cores')\n\n\n"
    "def collect():\n    return dict.fromkeys(NAMES, 'x') | {'profile': 'quick', 'versions': {}}\n",
    "claims/__init__.py": "",
    "claims/registry.py": "REGISTRY = {}\nSTATEMENTS = {'S1': 'It helps.'}\n",
    "experiments/__init__.py": "",
    "experiments/model/__init__.py": "",
    "experiments/model/exits.py": "def question():\n    return None\n",
    "figures/__init__.py": "def use_style():\n    pass\n",
    "figures/space_curve.py": "from matplotlib.figure import Figure\n\n\n"
    "def draw_question(found):\n    return Figure()\n",
}
PAGES = {
    "_toc.yml": "format: jb-book\nroot: intro\nchapters:\n- file: chapters/one\n- file: chapters/claims\n",
    "intro.md": "# Intro\n\n```{include} _generated/verdicts.md\n```\n",
    "chapters/claims.md": "# Ledger\n\n```{include} ../_generated/claims-table.md\n```\n",
    "requirements.txt": "-c constraints.txt\n",
    "constraints.txt": "",
}
ANSWER = "from lrdecay_core import answer\n\nprint('the answer is', answer.value())"


SLIDER = "import ipywidgets\n\nipywidgets.IntSlider(value=7, description='weight')"


class MiniatureBook:
    """A folder that this repository's own commands build and test."""

    def __init__(self, root):
        self.root = root
        for name in TAKEN:
            source = chapters.ROOT / name
            (shutil.copytree if source.is_dir() else shutil.copy)(source, root / name)
        for name, text in (*PAGES.items(), *((f"lrdecay_core/{n}", t) for n, t in LIBRARY.items())):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text, encoding="utf8")
        self.notebook("one", ANSWER)
        kept = chapters.ROOT / "_build" / ".vendored"  # the scripts of pages are fetched once for all books
        kept.mkdir(parents=True, exist_ok=True)
        (root / "_build").mkdir()
        (root / "_build" / ".vendored").symlink_to(kept)

    def notebook(self, name, *sources):
        code = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
        cells = [{"cell_type": "markdown", "id": "title", "metadata": {}, "source": f"# {name}"}]
        cells += [{**code, "id": f"cell-{i}", "source": source} for i, source in enumerate(sources)]
        kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
        whole = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
        (self.root / "chapters" / f"{name}.ipynb").write_text(json.dumps(whole), encoding="utf8")

    def edit(self, name, old, new):
        path = self.root / name
        text = path.read_text(encoding="utf8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf8")

    def run(self, *arguments):
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("LRDECAY_", "PYTEST_", "PYTHONPATH"))}
        path = os.pathsep.join([os.path.dirname(sys.executable), kept["PATH"]])
        here = {"cwd": self.root, "env": kept | {"PATH": path, "COLUMNS": "300"}}
        return subprocess.run(arguments, **here, capture_output=True, text=True, check=False)

    def build(self, *more):
        return self.run(sys.executable, "-m", "tools.book", "--profile", "quick", *more)

    def nbmake(self, *names):
        options = ("-q", "-p", "no:cacheprovider", "--nbmake", "--nbmake-timeout=60", "--show-capture=no")
        return self.run(sys.executable, "-m", "pytest", *options, *(f"chapters/{name}.ipynb" for name in names))

    def page(self, name):
        return (self.root / "_build" / "html" / f"{name}.html").read_text(encoding="utf8")


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return MiniatureBook(tmp_path_factory.mktemp("plain"))


@pytest.fixture
def book(tmp_path):
    return MiniatureBook(tmp_path)


def test_one_execution_serves_test_and_page_and_a_changed_function_changes_the_page(book):
    assert book.nbmake("one").returncode == 0
    first = book.build()
    assert first.returncode == 0, first.stdout + first.stderr
    assert "one.ipynb: kept from an earlier run" in first.stdout
    assert "the answer is 41" in book.page("chapters/one")
    book.edit("lrdecay_core/answer.py", "41", "42")
    second = book.build()
    assert "one.ipynb: executing" in second.stdout
    assert "the answer is 42" in book.page("chapters/one")
    book.edit("chapters/one.ipynb", "'the answer is'", "'now'")
    alone = book.run("jupyter-book", "build", "-W", ".")  # it must not build around the verdicts of another state
    assert alone.returncode != 0
    assert "_generated belongs to another library" in alone.stdout + alone.stderr


def test_a_broken_reference_fails_the_first_build_and_the_second(book):
    book.edit("chapters/claims.md", "# Ledger", "# Ledger\n\nSee [](#nowhere).")
    for _ in range(2):
        done = book.build()
        assert done.returncode != 0
        assert "nowhere" in done.stdout + done.stderr
        assert not (book.root / "_build" / "html").exists()


def test_the_link_check_passes_without_a_network_and_fails_for_a_dead_link(book):
    sound = book.build("--builder", "linkcheck")
    assert sound.returncode == 0, sound.stdout + sound.stderr
    assert not (book.root / "_build" / "html" / "index.html").exists()
    book.edit("chapters/claims.md", "# Ledger", "# Ledger\n\nSee [](http://127.0.0.1:9/).")  # where nothing listens
    dead = book.build("--builder", "linkcheck")
    assert dead.returncode != 0
    assert "127.0.0.1:9" in dead.stdout + dead.stderr
    assert not (book.root / "_build" / "html").exists()


def test_a_failing_chapter_stops_the_build_with_its_traceback(book):
    book.notebook("one", ANSWER, "1 / 0")
    done = book.build()
    assert done.returncode != 0
    assert "ZeroDivisionError: division by zero" in done.stderr
    assert "The book was not built: chapters/one.ipynb failed" in done.stderr
    assert not (book.root / "_build" / "html").exists()


@pytest.mark.slow
def test_without_a_registry_the_book_is_built_all_the_same_and_names_the_known_scripts_only(book, monkeypatch):
    (book.root / "_build" / ".vendored").unlink()
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9")  # where nobody answers
    monkeypatch.setenv("npm_config_cache", str(book.root / "_build" / "npm"))
    book.edit("chapters/claims.md", "# Ledger", "# Ledger\n\n$x$")
    book.notebook("one", ANSWER, SLIDER)
    done = book.build()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "npm could not fetch mathjax@3.2.2, code ECONNREFUSED" in done.stderr
    named = re.findall(r'<script[^>]*src="(https?:[^"]*)"', book.page("chapters/claims") + book.page("chapters/one"))
    assert set(named) == set(page_rules.EXTERNAL_SCRIPTS)


WIDGETS = "import ipywidgets\n"
HIDDEN = {
    "output_context": (WIDGETS + "out = ipywidgets.Output()\nwith out:\n    1 / 0\nout", "ZeroDivisionError"),
    "callback": (
        WIDGETS + "button = ipywidgets.Button()\nbutton.on_click(lambda _: 1 / 0)\nbutton.click()",
        "ZeroDivisionError",
    ),
    "interact": (WIDGETS + "ipywidgets.interact(lambda x: 1 / x, x=(0, 0));", "ZeroDivisionError"),
    "stderr": ("import warnings\nwarnings.warn('look out')", "writes to stderr"),
    "undrawn": ("display({'application/vnd.plotly.v1+json': {}}, raw=True)", "no form that a page can draw"),
    "undrawn_but_named": (
        "display({'application/vnd.plotly.v1+json': {}, 'text/plain': 'Figure()'}, raw=True)",
        "no form that a page can draw",
    ),
    "empty": ("display({'text/html': ''}, raw=True)", "no form that a page can draw"),
    "changing": (
        "import pathlib\npath = pathlib.Path('../lrdecay_core/answer.py')\npath.write_text(path.read_text() + '#')",
        "library or pins changed while it ran",
    ),
    "raising": ("1 / 0", "ZeroDivisionError: division by zero"),
}


@pytest.fixture(scope="module")
def report(plain):
    """Run all the chapters with hidden failures, and a sound one, in one pytest."""
    for name, (source, _) in HIDDEN.items():
        plain.notebook(name, source)
    return plain.nbmake("one", *HIDDEN)


@pytest.mark.parametrize("name", HIDDEN)
def test_a_chapter_that_hides_a_failure_fails_as_a_test(report, name):
    lines = [line for line in report.stdout.splitlines() if line.startswith(f"FAILED chapters/{name}.ipynb")]
    assert len(lines) == 1, report.stdout + report.stderr
    assert HIDDEN[name][1] in lines[0]


def test_the_sound_chapter_among_them_passes(report):
    assert f"{len(HIDDEN)} failed, 1 passed" in report.stdout


@pytest.mark.parametrize(("header", "passes"), [(True, False), (False, True)])
def test_a_failure_inside_a_pipe_fails_a_make_target(plain, header, passes):
    text = (plain.root / "Makefile").read_text(encoding="utf8")
    assert ".SHELLFLAGS := -euo pipefail -c" in text
    text = text if header else text.replace("-euo pipefail -c", "-c")
    (plain.root / "planted.mk").write_text(text + "\nplanted:\n\t@false | cat\n", encoding="utf8")
    assert (plain.run("make", "-f", "planted.mk", "planted").returncode == 0) == passes


class Registered:
    chapter = "one"


CLAIM = dict.fromkeys(ledger.FIELDS) | {
    "id": "N1",
    "chapter": "one",
    "verdict": "partly",
    "control": dict.fromkeys(ledger.CONTROL_FIELDS),
}


@pytest.mark.parametrize(
    ("claims", "message"),
    [
        ([], "N1: promised by chapter one, not recorded"),
        ([CLAIM, CLAIM], "N1: recorded 2 times"),
        ([CLAIM, CLAIM | {"id": "N9"}], "N9: recorded, but unknown"),
        ([{k: v for k, v in CLAIM.items() if k != "n"}], "N1: lacks n"),
        ([CLAIM | {"control": None}], "N1: lacks control."),
        ([CLAIM | {"verdict": "proved"}], "`verdict` must be one of"),
        ([CLAIM | {"chapter": "two"}], "says chapter 'two'"),
    ],
)
def test_a_ledger_that_is_not_complete_is_refused(claims, message):
    assert ledger.problems([CLAIM], {"N1": Registered}, ["one"]) == []
    assert message in "\n".join(ledger.problems(claims, {"N1": Registered}, ["one"]))


def test_missing_numbers_become_null():
    assert ledger.without_nan({"a": [float("nan"), 1.0, float("inf")]}) == {"a": [None, 1.0, None]}


def test_the_first_cell_does_nothing_where_the_library_is_and_finds_it_in_a_clone(plain):
    code = re.sub(r"%pip.*", "raise SystemExit('would install')", check_notebooks.BOOTSTRAP)
    probe = code + "\nimport lrdecay_core; print(lrdecay_core.__file__)"
    start = f"import sys; sys.meta_path = [f for f in sys.meta_path if 'editable' not in str(f)]\n{probe}"
    folder = plain.root / "chapters"
    done = subprocess.run([sys.executable, "-I", "-c", start], cwd=folder, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == str(plain.root / "lrdecay_core" / "__init__.py"), done.stderr
    away = subprocess.run([sys.executable, "-I", "-c", start], cwd="/", capture_output=True, text=True, check=False)
    assert "would install" in away.stderr
