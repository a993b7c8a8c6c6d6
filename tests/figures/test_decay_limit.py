"""Figures draw what they are given: the numbers on the axes are the numbers of the result."""

import numpy as np
import pytest

from lrdecay_core.claims import Interval
from lrdecay_core.experiments.model.decay_limit import Landings
from lrdecay_core.experiments.model.exits import Cut, Exits
from lrdecay_core.experiments.model.setting import Setting
from lrdecay_core.experiments.model.slow_curves import Curves
from lrdecay_core.figures import decay_limit as draw
from lrdecay_core.figures.style import CONTROL, MEASURED


@pytest.fixture
def landings():
    measured = (np.array([1.0, -0.5]), np.array([0.25, 0.5, 1.0]))
    return Landings(
        settings=(Setting(), Setting()), decay_steps=np.array([100, 1000]), measured=measured,
        predicted=tuple(m * (1 + 1e-12) for m in measured), uncentred=tuple(m * 1.01 for m in measured),
        residual=np.zeros(2), seconds=1.0,
    )  # fmt: skip


def test_landings_show_every_coefficient(landings):
    ax = draw.plot_landings(landings)
    x, y = ax.lines[1].get_data()
    np.testing.assert_array_equal(x, np.concatenate(landings.measured))
    np.testing.assert_array_equal(y, np.concatenate(landings.predicted))


def test_deviation_shows_theorem_and_control(landings):
    ax = draw.plot_deviation(landings)
    by_colour = {line.get_color(): line.get_ydata() for line in ax.lines[:2]}
    np.testing.assert_array_equal(by_colour[MEASURED], landings.deviation)
    np.testing.assert_array_equal(by_colour[CONTROL], landings.uncentred_deviation)
    assert ax.get_yscale() == "log"
    assert [t.get_text() for t in ax.get_xticklabels()] == ["100", "1000"]


def test_exits_end_at_crosses():
    flows = (np.array([[0.2, 1.0], [0.1, 0.0]]), np.array([[0.3, 1.0], [0.05, 0.0]]))
    found = Exits(
        trunk=np.random.default_rng(0).normal(size=(60, 2)), decay_steps=np.array([10, 50]), flows=flows,
        predicted=np.array([0.1, 0.05]), minimum=0.0,
    )  # fmt: skip
    ax = draw.plot_exits(found)
    crosses = [line.get_xdata()[0] for line in ax.lines if line.get_marker() == "x" and len(line.get_xdata())]
    assert crosses == [0.1, 0.05]
    assert {"decays at step 10", "decays at step 50"} <= {line.get_label() for line in ax.lines}


def test_tails_are_log_log():
    rates = np.array([0.01, 0.02])
    ax = draw.plot_tails(Cut(rates=rates, to_flow=rates, to_own=1e-12 * rates, drift=rates, bound=rates))
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), rates)


def test_curve_shows_geometric_means_and_predictions():
    measured = np.array([[[1.0, 4.0], [0.25, 1.0]]])
    found = Curves(
        slow_times=np.array([1.0, 2.0]), measured=measured, first_order=np.array([[2.0, 0.4]]),
        leading=np.array([[2.2, 0.6]]), solver=measured[:, :, 0], seconds=1.0,
    )  # fmt: skip
    lines = {line.get_label(): line.get_ydata() for line in draw.plot_curve(found).lines}
    np.testing.assert_allclose(lines["measured"], [2.0, 0.5])
    np.testing.assert_array_equal(lines["first order"], [2.0, 0.4])
    np.testing.assert_array_equal(lines["leading order"], [2.2, 0.6])


def test_departure_is_in_percent():
    gaps = [Interval(0.01, 0.0, 0.02, 5), Interval(-0.1, -0.12, -0.08, 5)]
    ax = draw.plot_departure(np.array([1.0, 2.0]), gaps, label="x", control=True)
    np.testing.assert_allclose(ax.containers[0].lines[0].get_ydata(), [1.0, -10.0])
    assert ax.containers[0].lines[0].get_color() == CONTROL
