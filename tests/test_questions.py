"""A section that asks a question ends with a verdict, and says what it was held against."""

import ast
import importlib
import inspect
import re

import nbformat
import pytest

from tools import chapters

ASKING = ("boundaries", "second-model", "your-own-run")
HEADING = re.compile(r"^(#{1,3}) (.*)$", re.MULTILINE)
CLAIMS = "lrdecay_core.claims"
MARK = "**Verdict (exploratory).**"


def headings(cell):
    return [(len(marks), text) for marks, text in HEADING.findall(cell.source)] if cell.cell_type == "markdown" else []


def sections(cells):
    """Yield each question with its cells, up to the next heading of its level or above."""
    for k, cell in enumerate(cells):
        for level, text in headings(cell):
            if text.endswith("?"):
                ends = (j for j in range(k + 1, len(cells)) if any(other <= level for other, _ in headings(cells[j])))
                yield text, cells[k : next(ends, len(cells))]


def nodes(cells, kind):
    trees = [ast.parse(re.sub(r"%pip.*", "pass", c.source)) for c in cells if c.cell_type == "code"]
    return [node for tree in trees for node in ast.walk(tree) if isinstance(node, kind)]


def judges(cells, part):
    """Yield the functions of the library's claims that the cells of a part call."""
    names = {a.asname or a.name: f"{i.module}.{a.name}" for i in nodes(cells, ast.ImportFrom) for a in i.names}
    for call in nodes(part, ast.Call):
        match call.func:
            case ast.Attribute(value=ast.Name(id=name), attr=function) if names.get(name, "").startswith(CLAIMS):
                yield getattr(importlib.import_module(names[name]), function)


def problems(cells):
    """Yield the questions that nothing judges, and those whose control nobody names."""
    record = importlib.import_module(CLAIMS).record
    for question, part in sections(cells):
        called = [*judges(cells, part)]
        if record in called:  # it takes a control, and shows it
            continue
        if not any(MARK in inspect.getsource(function) for function in called):
            yield f"{question} has no verdict"
        if not any("control" in cell.source.lower() for cell in part):
            yield f"{question} has no control"


@pytest.fixture(params=ASKING)
def cells(request):
    return nbformat.read(chapters.ROOT / "chapters" / f"{request.param}.ipynb", 4).cells


def test_every_question_has_a_verdict_and_a_control(cells):
    assert [*sections(cells)]
    assert [*problems(cells)] == []


SOUND = (
    "from lrdecay_core import claims\nfrom lrdecay_core.claims import exploratory as other",
    "# Page\n\n## Does it?\n\nThe control is grey.",
    "other.describe_gains(rows)",
    "## Next",
)


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("", "", []),
        ("other.describe_gains(rows)", "other.shape_rows(rows)", ["Does it? has no verdict"]),
        ("other.describe_gains", "boundaries.describe_gains", ["Does it? has no verdict"]),  # not of the claims
        ("## Next", "### Next\n\nother.", []),
        ("The control is grey", "It is grey", ["Does it? has no control"]),
        ("Does it?", "It does", []),
        ("# Page", "# Is it?", []),
        ("other.describe_gains(rows)", "claims.record('B1')", []),
        ("other.describe_gains(rows)", "print(1)", ["Does it? has no verdict"]),
    ],
)
def test_a_question_that_is_left_open_is_noticed(old, new, found):
    setup, text, code, end = (part.replace(old, new) if old else part for part in SOUND)
    make = nbformat.v4
    cells = [make.new_code_cell(setup), make.new_markdown_cell(text), make.new_code_cell(code)]
    assert [*problems([*cells, make.new_markdown_cell(end)])] == found


def test_a_verdict_of_the_next_section_does_not_count():
    make = nbformat.v4
    setup, text, code, end = SOUND
    cells = [make.new_code_cell(setup), make.new_markdown_cell(text), make.new_markdown_cell(end)]
    assert [*problems([*cells, make.new_code_cell(code)])] == ["Does it? has no verdict"]
