"""Figures draw what they are given."""

import numpy as np
import pytest

from lrdecay_core.experiments.model.budget_planner import SHARES
from lrdecay_core.experiments.model.schedule_shape import SHAPES, ShapeRuns, ShapeStudy, shaped
from lrdecay_core.figures import schedules as draw
from tests.claims.test_budget_study import made_up

STUDY = ShapeStudy(problems=(0, 1), replicas=2, peak=0.1, depth=0.5, readings=3)


@pytest.fixture
def runs():
    loss = np.exp(np.random.default_rng(0).normal(size=(2, 5, 2, 3, 2)))
    steps = np.tile([10, 50, STUDY.num_steps], (2, 5, 1)) + np.arange(5)[:, None] * [1, 1, 0]
    return ShapeRuns(study=STUDY, steps=steps, test_loss=loss, predicted=loss * 1.1, seconds=1.0)


@pytest.mark.parametrize("equal", ["squares", "rates"])
def test_shapes_are_their_rates(runs, equal):
    lines = draw.plot_shapes(runs, equal=equal).lines
    assert [line.get_label() for line in lines] == list(SHAPES)
    k = np.arange(STUDY.num_steps)
    np.testing.assert_allclose(lines[3].get_xdata(), k / 1000)
    np.testing.assert_allclose(lines[3].get_ydata(), shaped(STUDY, "cyclic", equal)(k))


@pytest.mark.parametrize("power", [1, 2])
def test_landings_stand_at_the_sum_of_rates_before_the_step(runs, power):
    ax = draw.plot_landings(runs, power=power, problem=1)
    assert len(ax.lines) == 5
    x, y = ax.lines[2].get_data()
    rates = shaped(STUDY, "linear", "squares")(np.arange(STUDY.num_steps)) ** power
    np.testing.assert_allclose(x, [rates[:12].sum(), rates[:52].sum(), rates.sum()])
    np.testing.assert_allclose(y, runs.mean[0, 2, 1])


def test_prediction_is_first_order_and_black(runs):
    ax = draw.plot_landings(runs, power=2, predicted=True)
    assert len(ax.lines) == 10
    np.testing.assert_allclose(ax.lines[5].get_ydata(), runs.predicted[0, 2, 0, :, 1])
    assert ax.lines[5].get_color() == "#222222"


def test_lines_points_and_marks_are_those_of_one_case():
    trial = made_up()
    ax = draw.plot_end(trial, name="cosine", budget=300, problem=1)
    T = 300 * np.array(SHARES)
    lines = {line.get_label(): line for line in ax.lines}
    np.testing.assert_array_equal(lines["predicted"].get_xydata(), np.stack([T, trial.predicted[0, 2, 1, 1]], axis=1))
    mean = trial.measured[2, 1, 1].mean(axis=-1)
    bars = ax.containers[0]
    np.testing.assert_allclose(bars.lines[0].get_ydata(), mean)
    first = bars.lines[2][0].get_segments()[0]
    spread = trial.measured[2, 1, 1, 0].std(ddof=1) / np.sqrt(trial.study.replicas)
    np.testing.assert_allclose(first[:, 1], [mean[0] - spread, mean[0] + spread])
    assert lines["plan"].get_xdata()[0] == T[trial.predicted[0, 2, 1, 1].argmin()]
    np.testing.assert_allclose(lines["oracle"].get_xydata(), [[T[mean.argmin()], mean.min()]])
    np.testing.assert_allclose(lines["always half"].get_xydata(), [[150, mean[SHARES.index(0.5)]]])
    (band,) = ax.patches
    near = T[trial.predicted[0, 2, 1, 1] <= 1.1 * trial.predicted[0, 2, 1, 1].min()]
    np.testing.assert_allclose([band.get_x(), band.get_x() + band.get_width()], [near.min(), near.max()])
