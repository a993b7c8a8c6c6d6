"""Exercises have solutions, solutions are hidden, and their code runs."""

import nbformat
import pytest

from tools import chapters, execution, exercises

ASKED = "```{{exercise}}\n:label: {0}\nWhy?\n```\n\n"
ANSWERED = "````{{solution}} {0}\n:class: dropdown\n\nSo:\n```python\n{1}\n```\n````\n"


def notebook(*codes, label="ex-{}"):
    text = "".join(ASKED.format(label.format(k)) + ANSWERED.format(label.format(k), c) for k, c in enumerate(codes))
    cells = [nbformat.v4.new_code_cell("value = 41"), nbformat.v4.new_markdown_cell("# Title\n\n" + text)]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})


@pytest.fixture
def save(tmp_path, monkeypatch):
    monkeypatch.setenv("LRDECAY_PROFILE", "quick")
    monkeypatch.setattr(chapters, "cache_dir", lambda: tmp_path / "cache")
    (tmp_path / "chapters").mkdir()

    def save(book):
        path = tmp_path / "chapters" / "one.ipynb"
        nbformat.write(book, path)
        return path

    return save


def test_the_code_of_a_solution_is_found_whatever_its_fence():
    book = notebook("a = 1", "b = 2\nc = 3")
    assert exercises.codes(book) == {"ex-0": "a = 1\n", "ex-1": "b = 2\nc = 3\n"}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("```{exercise}\n:label: ex-2", "```{exercise}\n:nolabel: ex-2", "has 2 exercises"),
        ("{solution} ex-2", "{solution} ex-1", "not one to one"),
        (":class: dropdown", ":class: plain", "is not hidden"),
    ],
)
def test_a_chapter_without_its_exercises_is_noticed(save, tmp_path, old, new, message):
    book = notebook("1", "2", "3")
    save(book)
    assert list(exercises.problems(tmp_path)) == []
    assert old in book.cells[1].source
    book.cells[1].source = book.cells[1].source.replace(old, new)
    save(book)
    assert message in "\n".join(exercises.problems(tmp_path))


@pytest.mark.parametrize(
    ("codes", "error"),
    [
        (("assert value == 42", "1", "1"), "AssertionError"),
        (("import sys; print('careful', file=sys.stderr)", "1", "1"), "writes to stderr"),
        (("other = value", "print(other)", "1"), "NameError"),  # a reader may open the second solution alone
    ],
)
def test_a_solution_that_fails_fails_its_chapter(save, codes, error):
    with pytest.raises(execution.ChapterFailed, match=error):
        execution.execute(save(notebook(*codes)))


def test_solutions_leave_no_trace_in_the_page_and_a_changed_one_runs_again(save):
    path = save(notebook("value = 1; print(value)", "assert value == 41", "1"))
    done, _ = execution.execute(path)
    assert [cell.cell_type for cell in done.cells] == ["code", "markdown"]
    assert chapters.executed(path) is not None
    save(notebook("value = 1; print(value)", "assert value == 40", "1"))
    with pytest.raises(execution.ChapterFailed, match="AssertionError"):
        execution.execute(path)


def test_only_the_quick_profile_runs_solutions(monkeypatch):
    monkeypatch.setenv("LRDECAY_PROFILE", "book")
    assert exercises.cells(notebook("1")) == []
    monkeypatch.setenv("LRDECAY_PROFILE", "quick")
    assert len(exercises.cells(notebook("1"))) == 1
