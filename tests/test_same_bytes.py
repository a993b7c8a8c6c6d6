"""Two cold builds of a chapter make the same site to the byte, apart from the times that they record."""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest
from jupyter_cache import get_cache

from tools import chapters, ledger

CHAPTER = chapters.ROOT / "chapters" / "nonlinear-model.ipynb"
LEFT = shutil.ignore_patterns(".venv", ".git", "_build", "_generated", "*cache*", "tests", "results")


def build(root):
    """Build a copy of the book in which one chapter has not been executed yet; return its site."""
    shutil.copytree(chapters.ROOT, root, ignore=LEFT)
    kept = root / "_build" / ".jupyter_cache" / chapters.stamp()
    shutil.copytree(chapters.cache_dir(), kept)
    (kept / ledger.QUESTION).unlink(missing_ok=True)
    cache = get_cache(kept)
    cache.remove_cache(cache.match_cache_notebook(chapters.read(CHAPTER)).pk)
    (root / "_build" / ".vendored").symlink_to(chapters.ROOT / "_build" / ".vendored")
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("LRDECAY_", "PYTEST_", "PYTHONPATH"))}
    command = [sys.executable, "-m", "tools.book", "--profile", "quick"]
    done = subprocess.run(command, cwd=root, env=clean, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count(": executing") == 1, done.stdout
    return root / "_build" / "html"


def without_times(path):
    """Return the bytes of a file of the site, without wall times and peak memory and their places in the search."""
    data = path.read_bytes()
    if path.suffix == ".html":
        return re.sub(rb"(<td[^>]*><p>)[\d.]+((?: |\xc2\xa0)(?:s|MiB))(?=</p>)", rb"\1?\2", data)
    if path.name == "claims.json":
        return re.sub(rb'("seconds": )[\d.e-]+', rb"\1?", data)
    if path.name == "searchindex.js":
        index = json.loads(data.removeprefix(b"Search.setIndex(").removesuffix(b")"))
        return index | {"terms": {word: pages for word, pages in index["terms"].items() if not word.isdigit()}}
    return data


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_two_cold_builds_make_the_same_site(tmp_path, monkeypatch):
    for name, value in {"PROFILE": "quick", "STATIC": "1"}.items():
        monkeypatch.setenv(f"LRDECAY_{name}", value)
    for path in chapters.notebooks():
        assert chapters.executed(path), f"{path.name}: run make chapters first; this test executes one chapter only"
    first, second = build(tmp_path / "first"), build(tmp_path / "second")
    names = sorted(path.relative_to(first) for path in first.rglob("*") if path.is_file())
    assert names == sorted(path.relative_to(second) for path in second.rglob("*") if path.is_file())
    assert [str(n) for n in names if without_times(first / n) != without_times(second / n)] == []


@pytest.mark.parametrize(
    ("name", "first", "second", "same"),
    [
        ("a.html", "<td><p>38.3 s</p></td>", "<td><p>9.5 s</p></td>", True),
        ("a.html", '<td data-label="x"><p>542 MiB</p></td>', '<td data-label="x"><p>54 MiB</p></td>', True),
        ("a.html", "<td><p>38\xa0s</p></td>", "<td><p>9\xa0s</p></td>", True),
        ("a.html", "<td><p>38.3</p></td>", "<td><p>38.4</p></td>", False),
        ("a.html", "<p>38.3 s</p>", "<p>38.4 s</p>", False),
        ("claims.json", '{"estimate": 1.5, "seconds": 3.25}', '{"estimate": 1.5, "seconds": 9e-05}', True),
        ("claims.json", '{"estimate": 1.5, "seconds": 3.25}', '{"estimate": 1.6, "seconds": 3.25}', False),
        ("searchindex.js", 'Search.setIndex({"terms": {"38": [4]}})', 'Search.setIndex({"terms": {"39": 4}})', True),
        ("searchindex.js", 'Search.setIndex({"terms": {"a": [4]}})', 'Search.setIndex({"terms": {"b": [4]}})', False),
    ],
)
def test_only_recorded_times_are_forgiven(tmp_path, name, first, second, same):
    found = []
    for text in (first, second):
        (tmp_path / name).write_text(text, encoding="utf8")
        found.append(without_times(tmp_path / name))
    assert (found[0] == found[1]) == same
