"""What an explorer computes and from where it starts, before it is drawn in either form."""

import pytest
from matplotlib.figure import Figure

from lrdecay_core.explorers.controls import Control
from lrdecay_core.explorers.view import View


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
