"""Figures draw what they are given: the numbers on the axes are the numbers of the result."""

import numpy as np
import pytest

from lrdecay_core.claims import Interval, Row
from lrdecay_core.figures import late_decay as draw
from lrdecay_core.training import TrainConfig, branches


@pytest.fixture(scope="module")
def runs():
    config = TrainConfig(
        network="mlp", dataset="digits", loss="squared", learning_rate=0.1, decayed_rate=0.01, batch_size=10,
        epochs=6, num_train=60, width=8,
    )  # fmt: skip
    return branches(config, decay_epochs=[1, 3, 6], seeds=[0, 1])


def test_curves_start_at_the_fork_and_show_the_mean(runs):
    ax = draw.plot_curves(runs, arms=[3, 6])
    labelled = {
        line.get_label(): line for line in ax.lines if not line.get_label().startswith("_")
    }  # "never" is the trunk
    assert set(labelled) == {"decays at 3", "never decays"}
    x, y = labelled["decays at 3"].get_data()
    assert x[0] == 3
    np.testing.assert_allclose(y[-1], runs.test_error[1, :, -1].mean())
    assert labelled["never decays"].get_xdata()[0] == 0


def test_losses_are_dashed_when_training_and_log(runs):
    ax = draw.plot_curves(runs, quantity="train_loss")
    assert ax.get_yscale() == "log"
    assert {line.get_linestyle() for line in ax.lines} == {"--"}


def test_final_shows_every_seed_and_the_mean(runs):
    ax = draw.plot_final(runs)
    drawn = np.concatenate([np.atleast_1d(line.get_ydata()) for line in ax.lines])
    for value in [*runs.test_error[:2, :, -1].ravel(), *runs.test_error[:, :, -1].mean(axis=1)]:
        assert np.isclose(drawn, value).any()


def test_matched_runs_to_the_right_where_loss_is_small(runs):
    ax = draw.plot_matched(runs, levels=[0.3])
    left, right = ax.get_xlim()
    assert left > right
    assert sum("decays at" in line.get_label() for line in ax.lines) == 2  # the arm that never decays has no tail


def test_gains_say_what_could_not_be_compared():
    rows = [
        Row(name="a", interval=Interval(0.1, 0.05, 0.15, 10), finding=""),
        Row(name="b", interval=Interval(np.nan, np.nan, np.nan, 0), finding=""),
    ]
    ax = draw.plot_gains(rows)
    assert [t.get_text() for t in ax.get_yticklabels()] == ["a", "b"]
    assert "not comparable" in ax.texts[0].get_text()
