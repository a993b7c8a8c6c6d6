import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from lrdecay_core import explorers, landscape
from lrdecay_core.experiments.landscapes.planes import Picture

LOSSES = {
    "train": lambda v: v[1] ** 2 + 0.1 * v[0] + 0.3,
    "test": lambda v: (v[0] - 2) ** 2 + (v[1] - 1) ** 2 + 0.05,
}


def made_up():
    """Ends at 0, 1.5 and 2 on the first axis, the middle one off the plane, and a test minimum above the last."""
    ends = torch.tensor([[0.0, 0, 0], [1.5, 0, 0.5], [2.0, 0, 0]])
    plane = landscape.plane_through(ends[0], ends[2], torch.tensor([2.0, 1.0, 0.0]))
    trunk = torch.tensor([[-0.5, 0.3, 3.0], [0.2, 0.4, 2.0], [1.4, 0.3, 1.0], [2.2, 0.2, 0.25]])
    return Picture(
        surface=landscape.surface(plane, LOSSES, num=(15, 12), margin=0.6),
        trunk=landscape.project(plane, trunk),
        trunk_epochs=(0, 1, 10, 40),
        ends=landscape.project(plane, ends),
        decay_times=(1, 10, 40),
        end_losses={name: np.array([float(loss(v)) for v in ends]) for name, loss in LOSSES.items()},
        levels=np.geomspace(0.02, 8, 9),
    )


@pytest.fixture(scope="module")
def picture():
    return made_up()


@pytest.fixture(scope="module")
def explorer(picture):
    return explorers.two_landscapes(picture)


def test_distances_are_those_in_weight_space_off_the_plane_too(explorer):
    expected = [np.sqrt(5), np.sqrt(0.5**2 + 1 + 0.5**2), 1.0]
    np.testing.assert_allclose(explorer.state().apart, expected, rtol=1e-6)  # weights are float32


def test_the_start_view_stands_on_the_late_end(explorer, picture):
    state = explorer.state()
    assert (state.arm, state.moment) == (2, 3)
    place = explorer.draw(state).axes[0].lines[-2].get_xdata()[0]
    width = np.ptp(picture.surface.alpha)
    assert abs(place - 2.0) <= 0.0005 * width  # the slider shows tenths of a percent
    # 15 x 12 nodes: a cell's interpolation error of these losses is a few percent
    assert state.under["train"] == pytest.approx(0.5, rel=0.1)


def test_two_explorers_of_one_page_are_told_apart_in_words(explorer, picture):
    assert explorer.alt.endswith("a decay at epoch 40: training loss 0.5, testing loss 1.05.")
    other = replace(picture, decay_times=(1, 10, 30))
    assert explorers.two_landscapes(other, unit="step").alt.endswith(
        "a decay at step 30: training loss 0.5, testing loss 1.05."
    )


def test_a_cursor_reads_the_loss_at_its_place(explorer, picture):
    alpha, beta = picture.surface.alpha, picture.surface.beta
    for i, j in ((0, 0), (3, 8), (14, 11), (14, 0)):
        state = explorer.state(across=100 * i / 14, up=100 * j / 11)
        v = picture.surface.plane.point(alpha[i], beta[j])
        for name, loss in LOSSES.items():
            assert state.under[name] == pytest.approx(float(loss(v)), rel=2e-4)  # embedded to four decimals


@pytest.mark.parametrize(
    "values", [{}, {"decay": 1}, {"decay": 10, "moment": 0, "across": 0, "up": 100}, {"across": 33.3, "up": 99.99}]
)
def test_the_page_says_the_same(node, explorer, values):
    start = {c.key: c.value for c in explorer.controls}
    found = node(
        "const { computer, read } = await lib('two_landscapes');return read(computer(given.data)(given.values));",
        data=explorer.data,
        values={**start, **values},
    )
    assert found == explorer.read(explorer.state(**values))


def test_a_loss_that_is_not_finite_is_a_dash_on_page_and_figure(node, picture):
    values = {name: picture.surface[name].copy() for name in LOSSES}
    values["test"][:2] = np.inf
    explorer = explorers.two_landscapes(replace(picture, surface=replace(picture.surface, values=values)))
    json.dumps(explorer.data, allow_nan=False)
    state = explorer.state(across=1.0, up=50.0)
    assert np.isnan(state.under["test"])
    assert explorer.read(state).endswith("testing –.")
    found = node(
        "const { computer, read } = await lib('two_landscapes');return read(computer(given.data)(given.values));",
        data=explorer.data,
        values={c.key: c.value for c in explorer.controls} | {"across": 1.0, "up": 50.0},
    )
    assert found == explorer.read(state)
    explorer.draw(state)


def test_without_a_trunk_there_is_no_slider_for_it(node, picture):
    trunk = landscape.Trajectory(coords=np.zeros((0, 2)), distance=np.zeros(0))
    explorer = explorers.two_landscapes(replace(picture, trunk=trunk, trunk_epochs=()), unit="step")
    assert [c.key for c in explorer.controls] == ["decay", "across", "up"]
    words = explorer.read(explorer.state())
    assert words.startswith("Decay at step 40")
    assert "trunk" not in words
    found = node(
        "const { computer, read } = await lib('two_landscapes');return read(computer(given.data)(given.values));",
        data=explorer.data,
        values={c.key: c.value for c in explorer.controls},
    )
    assert found == words


def test_the_figure_marks_the_chosen_decay_the_moment_and_the_cursor_on_both_maps(explorer, picture):
    figure = explorer.draw(explorer.state(decay=10, moment=1))
    assert len(figure.axes) == 2
    for ax in figure.axes:
        drawn = np.concatenate([line.get_xydata() for line in ax.lines])
        for point in (picture.ends.coords[1], picture.trunk.coords[1]):
            assert np.isclose(drawn, point).all(axis=1).sum() >= 2  # once as one of all, once picked out
    assert [ax.get_title().split(",")[0] for ax in figure.axes] == ["Training loss", "Testing loss"]


def test_live_sliders_offer_the_epochs_on_record_and_answer(explorer):
    live = replace(explorer).widget
    assert [value for _, value in live.sliders["decay"].options] == [1, 10, 40]
    before = live.picture.value
    live.sliders["decay"].value = 1
    assert live.state.arm == 0
    assert live.picture.value != before
    assert explorer.read(explorer.state(decay=1)) in live.reading.value
    live.sliders["across"].value = 10.0
    assert live.state.under == explorer.state(decay=1, across=10.0).under
    live.box.children[0].children[-1].click()
    assert live.state.arm == 2


def test_an_error_in_a_live_move_reaches_the_reader(explorer):
    def broken(values):
        if values["decay"] == 1:
            raise RuntimeError("the plane is gone")
        return explorer.compute(values)

    live = replace(explorer, compute=broken).widget
    live.sliders["decay"].value = 1
    assert "RuntimeError: the plane is gone" in live.message.value
    assert live.picture.value == ""


def test_a_strange_unit_is_refused(picture):
    with pytest.raises(ValueError, match="`unit`"):
        explorers.two_landscapes(picture, unit="hour")
