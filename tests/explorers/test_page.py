import base64
import json
import re
import subprocess

import numpy as np
import pytest
from bs4 import BeautifulSoup

from lrdecay_core.explorers import page
from lrdecay_core.explorers.page import plain
from tests.explorers.conftest import NODE
from tests.explorers.test_explorer import small

EXPLORERS = ("collapse", "late_decay", "planner", "space_curve", "two_landscapes")


def test_the_figure_asks_for_nothing_and_holds_its_image_until_its_script_runs():
    soup = BeautifulSoup(small().html, "html.parser")
    assert not soup.find_all(["link", "iframe"])
    assert [s.get("src") for s in soup.find_all("script")] == [None]
    assert "http" not in re.sub(r"data:image/png;base64,\S+", "", small().html)
    (image,) = soup.find_all("img")
    assert image["alt"] == "A line"
    assert base64.b64decode(image["src"].split(",")[1]).startswith(b"\x89PNG")
    assert soup.figcaption.get_text() == "A & caption"
    assert soup.figure["aria-label"] == "A <title>"
    assert not soup.find_all(id=True)


def test_data_cannot_end_the_script_and_address_follows_the_content():
    script = BeautifulSoup(small().html, "html.parser").script.string
    assert "</script" not in script.lower()
    assert '{"x":[1,null,"\\u003c/script>"]}' in script
    places = [re.search(r'data-lrx="(\w+)"', e.html)[1] for e in (small(), small(), small(data={}))]
    assert places[0] == places[1] != places[2]


@pytest.mark.parametrize("name", EXPLORERS)
def test_a_bundle_is_one_module_that_imports_nothing(name, tmp_path):
    script = page.bundle(name)
    assert not re.search(r"(?m)^\s*(import|export)\b", script)
    assert script.count("export const STYLE") == 0
    assert script.count("const STYLE = ") == 1
    path = tmp_path / "bundle.mjs"
    path.write_text(script, encoding="utf8")
    done = subprocess.run([NODE, "--check", path], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_too_much_data_is_refused():
    with pytest.raises(ValueError, match="`explorer` must fit into 1,500,000 bytes"):
        _ = small(data={"x": "y" * 1_500_000}).html


def test_a_number_that_is_not_json_is_refused():
    with pytest.raises(ValueError, match="not JSON compliant"):
        _ = small(data={"x": float("nan")}).html


def test_rounding_keeps_shape_and_digits_and_makes_missing_numbers_null():
    assert page.rounded(np.array([[1 / 3, np.inf], [12345.6, -0.0]])) == [[0.3333, None], [12350.0, 0.0]]
    assert json.dumps(page.rounded(np.array([np.nan, 1.0]))) == "[null, 1.0]"


def test_numbers_are_written_as_the_page_writes_them(node):
    values = [
        0.0,
        1.0,
        -0.5,
        0.00012345,
        9.999e-5,
        123.456,
        999.4,
        999.6,
        1000,
        1234567,
        9999999,
        1.5e7,
        0.1,
        2 / 3,
        50,
    ]
    values += (10.0 ** np.random.default_rng(0).uniform(-9, 9, 400)).tolist()
    found = node("const { plain } = await lib('chart'); return given.values.map(plain);", values=values)
    assert [plain(v) for v in values] == found


def test_what_is_no_number_is_a_dash(node):
    assert [plain(None), plain(float("nan")), plain(float("inf"))] == ["–"] * 3
    assert node("const { plain } = await lib('chart'); return [null, NaN, Infinity].map(plain);") == ["–"] * 3
