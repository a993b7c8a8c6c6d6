import matplotlib.pyplot as plt
import numpy as np
import pytest

from lrdecay_core.experiments.networks.arms import Arms
from lrdecay_core.figures import drift as draw


@pytest.fixture
def runs():
    rng = np.random.default_rng(0)
    return {
        name: Arms(
            config=None, decay_epochs=(1, 4), epochs=np.arange(6), train_loss=None, train_error=None, seconds=0.0,
            test_error=rng.uniform(0.1, 0.5, size=(2, 3, 6)), travel=rng.uniform(0.1, 0.5, size=(2, 3)),
        )
        for name in ("loud", "rest", "fresh")
    }  # fmt: skip


def test_travel_shows_seeds_and_their_mean_and_the_control_in_grey(runs):
    dots, mean = draw.plot_travel(runs).lines[2:4]
    np.testing.assert_allclose(dots.get_xdata(), runs["rest"].travel[-1])
    np.testing.assert_allclose(mean.get_xdata(), runs["rest"].travel[-1].mean())
    colours = [line.get_color() for line in draw.plot_travel(runs).lines[::2]]
    assert colours == [draw.MEASURED, draw.MEASURED, draw.CONTROL]


def test_drift_is_filled_at_equal_tails_and_hollow_at_the_end(runs):
    ax = draw.plot_drift(runs)
    handles, labels = ax.get_legend_handles_labels()
    assert labels == ["equal tails", "end of the budget"]
    (level, *_), (end, *_) = handles
    first = runs["loud"].test_error
    np.testing.assert_allclose(level.get_xdata(orig=False), (first[0, :, 2] - first[1, :, 5]).mean())
    np.testing.assert_allclose(end.get_xdata(orig=False), (first[0, :, 5] - first[1, :, 5]).mean())
    assert (level.get_markerfacecolor(), end.get_markerfacecolor()) == (draw.MEASURED, "white")


def test_panels_that_share_their_rows_have_the_first_on_top(runs):
    _, (left, right) = plt.subplots(1, 2, sharey=True)
    draw.plot_travel(runs, ax=left)
    draw.plot_drift(runs, ax=right)
    for ax in (left, right):
        bottom, top = ax.get_ylim()
        assert bottom > top
    assert [tick.get_text() for tick in left.get_yticklabels()] == list(runs)
