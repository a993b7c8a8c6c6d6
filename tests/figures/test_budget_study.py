"""The figure draws what it is given: the numbers on the axes are the numbers of the result."""

import matplotlib as mpl
import numpy as np
import pytest

mpl.use("agg")
import matplotlib.pyplot as plt

from lrdecay_core.experiments.model.budget_planner import SHARES
from lrdecay_core.figures import budget_study as draw
from tests.claims.test_budget_study import made_up


@pytest.fixture(autouse=True)
def close():
    yield
    plt.close("all")


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
