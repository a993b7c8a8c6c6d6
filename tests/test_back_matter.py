"""The pages at the back say what is so: rules for glossary, tolerances and citation, and what compares two ledgers."""

import json
import re
import shutil
import subprocess
import sys
import tomllib

import pytest

from tools import chapters, citation, compare, glossary, ledger, tolerances

ENTRY = "```{{glossary}}\ntrunk\nstem\n  The run at the large rate. {home}\n```\n"


@pytest.fixture
def small(tmp_path):
    """A book of one page, an introduction and a glossary."""
    (tmp_path / "chapters").mkdir()
    (tmp_path / "chapters" / "one.md").write_text("# One\n\nTwo Trunks and a stem.\n", encoding="utf8")
    (tmp_path / "intro.md").write_text("# Intro\n", encoding="utf8")

    def write(text):
        (tmp_path / "chapters" / "glossary.md").write_text(text, encoding="utf8")
        return list(glossary.problems(tmp_path))

    return write


def test_a_sound_glossary(small):
    assert small(ENTRY.format(home="[](one.md)")) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (ENTRY.format(home="[](one.md)").replace("trunk", "branch"), "branch is used on no page"),
        (ENTRY.format(home="[](one.md)").replace("trunk", "two tr"), "two tr is used on no page"),  # whole words
        (ENTRY.format(home="[](one.md)").replace("trunk", "runk"), "runk is used on no page"),
        (ENTRY.format(home="[](one.md)").replace("trunk", "stem"), "stem stands twice"),
        (ENTRY.format(home=""), "trunk does not end with a page"),
        (ENTRY.format(home="[](gone.md)"), "trunk does not end with a page"),
    ],
)
def test_a_glossary_that_lost_touch(small, text, message):
    assert message in "\n".join(small(text))


ROWS = "- a, in one go: `tests/test_a.py::test_same`\n- b, weights, `1e-12`: `tests/test_a.py::test_near`\n"
TESTS = (
    "def test_same():\n    assert f() == 1\n\n\n@mark(1e-12)\ndef test_near(tolerance):\n    close(f(), tolerance)\n"
)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("", "", ""),
        ("1e-12", "1e-9", "test_near does not hold 1e-12"),
        ("test_near", "test_nearer", "there is no test tests/test_a.py::test_near"),
        ("==", "<", "test_same compares nothing exactly"),
    ],
)
def test_the_page_promises_what_tests_assert(tmp_path, old, new, message):
    for folder in ("chapters", "tests"):
        (tmp_path / folder).mkdir()
    (tmp_path / tolerances.PAGE).write_text(ROWS, encoding="utf8")
    (tmp_path / "tests" / "test_a.py").write_text(TESTS.replace(old, new) if old else TESTS, encoding="utf8")
    found = list(tolerances.problems(tmp_path))
    assert (len(found) == 1 and message in found[0]) if message else found == []


CITED = ("CITATION.cff", "_config.yml", "pyproject.toml", "README.md", "references.bib")


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("CITATION.cff", "version: 0.1.0", "version: 0.2.0", "version"),
        ("CITATION.cff", "given-names: Yinuo", "given-names: Y.", "authors of the paper"),
        ("CITATION.cff", "year: 2024", "year: 2023", "year of the paper"),
        ("pyproject.toml", 'license = "MIT"', 'license = "BSD"', "license"),
        ("_config.yml", "title: Why waiting helps", "title: Why it helps", "another title"),
        ("README.md", "Ma, Chao", "Ma, C.", "does not cite the paper"),
        ("README.md", "version = {0.1.0}", "version = {0.2.0}", "does not cite the book"),
    ],
)
def test_citations_that_disagree_are_noticed(tmp_path, name, old, new, message):
    for file in CITED:
        shutil.copy(chapters.ROOT / file, tmp_path / file)
    assert list(citation.problems(tmp_path)) == []
    text = (tmp_path / name).read_text(encoding="utf8")
    assert old in text
    (tmp_path / name).write_text(text.replace(old, new), encoding="utf8")
    assert message in "\n".join(citation.problems(tmp_path))


def test_a_release_has_the_tag_of_its_version(tmp_path):
    for name in ("CITATION.cff", "pyproject.toml"):
        shutil.copy(chapters.ROOT / name, tmp_path / name)
    tag = "v" + tomllib.loads((tmp_path / "pyproject.toml").read_text(encoding="utf8"))["project"]["version"]
    assert list(citation.untagged(tmp_path, tag)) == []
    assert len(list(citation.untagged(tmp_path, tag.removeprefix("v")))) == 2
    (tmp_path / "CITATION.cff").write_text("version: 9.9.9\n", encoding="utf8")
    assert list(citation.untagged(tmp_path, tag)) == [f"CITATION.cff: has version 9.9.9, the tag is {tag}"]
    command = (sys.executable, "-m", "tools.citation")
    assert subprocess.run([*command, tag], cwd=chapters.ROOT, check=False).returncode == 0
    assert subprocess.run([*command, "v9.9.9"], cwd=chapters.ROOT, capture_output=True, check=False).returncode == 1


def test_entries_are_what_bibtex_reads():
    from pybtex.database import parse_string

    found = parse_string(citation.book(chapters.ROOT) + citation.paper(chapters.ROOT), "bibtex").entries
    assert found["late-decay-book"].type == "software"
    assert str(found["ren2024late"].persons["author"][0]) == "Ren, Yinuo"
    assert not re.search("abstract", found["ren2024late"].fields.get("note", ""))


def claim(**changed):
    same = {"id": "N1", "profile": "quick", "config_key": "a", "verdict": "partly", "estimate": 1.0}
    return same | {"interval": [0.5, 1.5], "provenance": {"commit": "c"}} | changed


@pytest.mark.parametrize(
    ("mine", "message"),
    [
        ([claim()], None),
        ([claim(estimate=1.4, interval=[1.2, 1.6])], None),  # inside the other's interval
        ([claim(estimate=1.7, interval=[0.9, 2.5])], None),  # the other is inside this one
        ([claim(estimate=1.7, interval=[1.2, 2.2])], "neither lies in the other's interval"),
        ([claim(estimate=None, interval=None)], "estimate 1 [0.5, 1.5], – –"),
        ([claim(estimate=1.2, interval=None)], None),
        ([claim(verdict="reproduced")], "verdict partly, reproduced"),
        ([claim(config_key="b")], "configuration key a, b"),
        ([claim(provenance={"commit": "d"})], "commit c, d"),
        ([], "only in the first"),
        ([claim(), claim(id="N2")], "N2: only in the second"),
    ],
)
def test_two_ledgers_differ_by_more_than_chance(mine, message):
    found = list(compare.differences([claim()], mine))
    assert (len(found) == 1 and message in found[0]) if message else found == []


@pytest.mark.parametrize(("verdict", "code", "words"), [("partly", 0, "agree"), ("reproduced", 1, "N1: verdict")])
def test_the_command_that_compares(tmp_path, verdict, code, words):
    for name, value in (("a", "partly"), ("b", verdict)):
        (tmp_path / name).write_text(json.dumps({"claims": [claim(verdict=value)]}), encoding="utf8")
    command = [sys.executable, "-m", "tools.compare", tmp_path / "a", tmp_path / "b"]
    done = subprocess.run(command, cwd=chapters.ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == code
    assert words in done.stdout


def test_the_introductions_picture_is_drawn_once_for_each_state_of_the_library(tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(ledger, "draw_question", lambda path: drawn.append(path) or path.write_bytes(b"picture"))
    for state in ("one", "one", "two"):
        monkeypatch.setattr(chapters, "cache_dir", lambda state=state: tmp_path / state)
        assert ledger.picture().read_bytes() == b"picture"
    assert [path.parent.name for path in drawn] == ["one", "two"]
    assert sorted(path.name for path in tmp_path.rglob("*.png")) == ["question.png"] * 2
