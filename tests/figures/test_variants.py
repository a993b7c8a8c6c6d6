"""The figure draws what it is given: the numbers on the axes are the numbers of the result."""

from dataclasses import replace

import matplotlib as mpl
import numpy as np
import pytest

mpl.use("agg")
import matplotlib.pyplot as plt

from lrdecay_core.experiments.model.variants import VARIANTS, Weighted
from lrdecay_core.figures import variants as draw
from tests.claims.test_variants import made_up


@pytest.fixture(autouse=True)
def close():
    yield
    plt.close("all")


def test_lines_are_medians_over_problems():
    runs = made_up(change=0.4)
    scale = np.linspace(1, 3, len(VARIANTS))[:, None, None]
    runs = replace(runs, predicted=runs.predicted * scale, limit_loss=np.arange(24.0).reshape(6, 4))
    ax = draw.plot_variant(runs, "dense truth")
    lines = {line.get_label(): line for line in ax.lines}
    np.testing.assert_allclose(lines["predicted"].get_ydata(), np.median(runs.predicted[3], axis=0))
    np.testing.assert_allclose(lines["measured"].get_ydata(), np.median(runs.mean[3], axis=0))
    np.testing.assert_allclose(lines["least weighted norm"].get_ydata(), 13.5)
    np.testing.assert_array_equal(lines["measured"].get_xdata(), runs.study.depths)
    labels = [ax.xaxis.get_major_formatter()(x, 0) for x in ax.get_xticks()]
    assert labels == ["0", "20"]  # depth 8 is 20,000 steps
    assert (ax.get_yscale(), ax.get_ylim()[0]) == ("linear", 0)


def test_a_limit_of_nothing_is_not_drawn():
    runs = replace(made_up(), limit_loss=np.zeros((len(VARIANTS), 4)))
    assert len(draw.plot_variant(runs, "sparse truth").lines) == 2


def test_two_decades_need_a_log_scale():
    assert draw.plot_variant(made_up(change=1e-3), "sparse truth").get_yscale() == "log"


def test_weighted_shows_prediction_and_measurement():
    v = np.array([0.5, 2.0])
    found = Weighted(column_weights=v, taken=1.1 * v, to_weighted=v, to_plain=v)
    lines = {line.get_label(): line for line in draw.plot_weighted(found).lines}
    np.testing.assert_array_equal(lines["predicted"].get_xdata(), lines["predicted"].get_ydata())
    np.testing.assert_allclose(lines["measured"].get_ydata(), 1.1 * v)
