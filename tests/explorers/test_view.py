import math

import numpy as np
import pytest
from matplotlib.figure import Figure

from lrdecay_core.explorers.view import Control, View, accepted

RATE = Control(key="rate", label="η", min=0.01, max=0.5, step=0.02, value=0.04, log=True)
STEP = Control(key="step", label="T", min=0, max=5000, step=50, value=2500, whole=True)
EPOCH = Control.among("epoch", "epoch", (3, 10, 100), 10)
PARSE = """
const { parse } = await lib("frame");
return given.texts.map((text) => parse({ ...given.control, now: 0.04 }, text));
"""


def test_positions_are_the_pages(node):
    noise = Control(key="noise", label="σ", min=0.0, max=4.0, step=0.1, value=2.0)
    for control in (RATE, STEP, noise, EPOCH):
        found = node(
            "const f = await lib('frame'); const c = given.control;"
            "const all = Array.from({ length: f.lastPosition(c) + 1 }, (_, k) => f.valueAt(c, k));"
            "return { all, back: all.map((v) => f.positionFor(c, v)) };",
            control=vars(control),
        )
        assert found["all"] == list(control.positions)
        assert found["back"] == list(range(len(control.positions)))


def test_positions_reach_from_end_to_end():
    assert (STEP.positions[0], STEP.positions[-1]) == (0, 5000)
    assert RATE.positions[0] == 0.01
    assert 0.5 / 10**0.02 < RATE.positions[-1] <= 0.5
    assert all(b > a for a, b in zip(RATE.positions, RATE.positions[1:], strict=False))


def test_a_page_takes_typed_values_inside_the_range_and_no_others(node):
    texts = ["0.0431", " 0.1 ", "", "abc", "1", "0.001", "NaN", "1e-2", "Infinity", "0x1"]
    found = node(
        PARSE,
        texts=texts,
        control=vars(RATE),
    )
    assert [f.get("value") for f in found] == [0.0431, 0.1, None, None, None, None, None, 0.01, None, None]
    assert "needs a number from 0.01 to 0.5, got “abc”. The figure still shows 0.04." in found[3]["problem"]
    whole = node(
        PARSE,
        texts=["10", "1,250", "10.5", "-1", "5001"],
        control=vars(STEP),
    )
    assert [f.get("value") for f in whole] == [10, 1250, None, None, None]


@pytest.mark.parametrize("value", [0.6, 0.0, math.nan, math.inf, "0.1", None, True])
def test_a_value_outside_is_refused(value):
    with pytest.raises(ValueError, match="`rate` must be a number from 0.01 to 0.5, got"):
        accepted((RATE, STEP), {"rate": value})


def test_values_not_given_are_at_their_start():
    assert accepted((RATE, STEP), {"step": np.int64(3)}) == {"rate": 0.04, "step": 3}
    with pytest.raises(ValueError, match="`step` must be a whole number"):
        accepted((STEP,), {"step": 2.5})
    with pytest.raises(ValueError, match=r"`values` must name controls, \['rate', 'step'\], got \['eta'\]"):
        accepted((RATE, STEP), {"eta": 0.1})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"max": 0.01}, "`min` must lie below `max`"),
        ({"min": -1.0}, "above 0 on a log scale"),
        ({"step": 0}, "`step` must be"),
        ({"value": 3.0}, "`rate` must be a number from 0.01 to 0.5, got 3.0"),
    ],
)
def test_a_control_that_cannot_be_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        Control(**{**vars(RATE), **change})


def test_a_control_among_choices_takes_them_alone_on_page_and_in_python(node):
    assert [EPOCH.check(v) for v in (3, 10.0, 100)] == [3, 10, 100]
    with pytest.raises(ValueError, match="`epoch` must be one of 3, 10, 100, got 11"):
        EPOCH.check(11)
    found = node(PARSE, texts=["3", "11", "10.5", "x"], control=vars(EPOCH))
    assert [f.get("value") for f in found] == [3, None, None, None]
    assert "needs one of 3; 10; 100, got “11”" in found[1]["problem"]


@pytest.mark.parametrize("choices", [(), (3,), (3, 3), (10, 3)])
def test_choices_must_increase(choices):
    with pytest.raises(ValueError, match="`choices` must be two or more increasing"):
        Control.among("epoch", "epoch", choices, 3)


def test_a_named_control_is_typed_by_name_and_counted_by_position(node):
    family = Control.named("family", "family", ("step", "Half cosine"), 1)
    assert (family.positions, family.check(0)) == ((0, 1), 0)
    found = node(
        "const f = await lib('frame'), c = { ...given.control, now: 1 };"
        "return { typed: given.texts.map((text) => f.parse(c, text)), shown: [0, 1].map((v) => f.shownAs(c, v)) };",
        texts=["step", " half COSINE ", "1", "line", ""],
        control=vars(family),
    )
    assert [f.get("value") for f in found["typed"]] == [0, 1, None, None, None]
    message = "needs one of step; Half cosine, got “line”. The figure still shows Half cosine."
    assert message in found["typed"][3]["problem"]
    assert found["shown"] == ["step", "Half cosine"]


@pytest.mark.parametrize("names", [(), ("one",), ("same", "Same"), ("a", "")])
def test_names_must_differ(names):
    with pytest.raises(ValueError, match="`names` must be two or more different words"):
        Control.named("family", "family", names, 0)


def test_a_start_outside_the_choices_is_refused():
    with pytest.raises(ValueError, match="must be one of 3, 10, got 5"):
        Control.among("epoch", "epoch", (3, 10), 5)


def small():
    return View(
        name="collapse", title="T", caption="C", alt="A", data={},
        controls=(Control(key="p", label="p", min=0.0, max=1.0, step=0.1, value=0.5),),
        compute=lambda values: values["p"], draw=lambda state: Figure(), read=lambda state: f"p is {state}",
    )  # fmt: skip


def test_other_start_values():
    explorer = small().at(p=0.25)
    assert explorer.state() == 0.25
    assert explorer.read(explorer.state(p=1)) == "p is 1.0"
    with pytest.raises(ValueError, match="`p` must be a number from 0 to 1, got 2"):
        explorer.at(p=2)
    with pytest.raises(ValueError, match="`values` must name controls"):
        explorer.state(q=1)


def test_start_values_of_the_original_stay():
    first = small()
    first.at(p=0.25)
    assert first.state() == 0.5
