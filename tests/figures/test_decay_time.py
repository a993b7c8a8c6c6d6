"""Figures draw what they are given: the numbers on the axes are the numbers of the result."""

from dataclasses import replace

import numpy as np
import pytest

from lrdecay_core.experiments.model.decay_planner import Plan
from lrdecay_core.experiments.model.decay_time import Curves, study
from lrdecay_core.experiments.model.equal_budget import Budget, BudgetRuns
from lrdecay_core.experiments.model.setting import Arm
from lrdecay_core.figures import decay_time as draw

STUDY = study("quick")
BUDGET = Budget(problems=(0, 1), replicas=2, decay_steps=(0, 500, 5000, 8000), record_every=1000)


@pytest.fixture
def curves():
    shape = (len(STUDY.problems), len(STUDY.arms), len(STUDY.depths), STUDY.replicas)
    loss = np.exp(np.random.default_rng(0).normal(size=shape))
    return Curves(study=STUDY, test_loss=loss, predicted=np.full((*shape[:2], 2), 100.0), seconds=1.0)


@pytest.fixture
def runs():
    shape = (2, 4, len(BUDGET.steps), 2)
    loss = np.exp(np.random.default_rng(1).normal(size=shape))
    return BudgetRuns(budget=BUDGET, test_loss=loss, train_loss=loss, seconds=1.0)


def labelled(ax):
    return {line.get_label(): line for line in ax.lines if not line.get_label().startswith("_")}


@pytest.mark.parametrize("exponent", [1, 1.5, 2])
def test_rates_are_on_the_clock_they_claim(curves, exponent):
    lines = labelled(draw.plot_rates(curves, exponent=exponent, problem=1))
    assert len(lines) == len(STUDY.rates)
    x, y = lines["$\\eta = 0.03$"].get_data()
    np.testing.assert_allclose(x, 0.03**exponent * STUDY.rates[1].steps(np.array(STUDY.depths)))
    np.testing.assert_allclose(y, np.exp(np.log(curves.test_loss[1, 1]).mean(axis=-1)))


def test_silent_arms_are_beside_one_curve_with_noise(curves):
    lines = labelled(draw.plot_silent(curves))
    assert set(lines) == {"$\\eta = 0.04$, label noise", "$\\eta = 0.04$, none", "$\\eta = 0.02$, none"}
    np.testing.assert_allclose(lines["$\\eta = 0.02$, none"].get_ydata(), curves.mean[0, -1])


def test_spread_shows_every_problem_and_marks_the_best():
    spreads = np.array([[3.0, 1.0, 2.0], [5.0, 1.0, 4.0]])
    ax = draw.plot_spread(np.array([1.0, 2.0, 3.0]), spreads, best=2.0)
    np.testing.assert_array_equal(ax.lines[2].get_ydata(), [4.0, 1.0, 3.0])
    np.testing.assert_array_equal(ax.lines[3].get_xdata(), [2.0, 2.0])


def test_times_are_ratios(curves):
    measured = np.full(curves.predicted.shape[:2], 80.0)
    measured[0, 0] = np.nan
    predicted = curves.predicted * np.array([1.0, 0.5])
    lines = labelled(draw.plot_times(replace(curves, predicted=predicted), measured))
    assert np.nanmax(lines["leading order"].get_ydata()) == pytest.approx(0.8)
    assert np.nanmax(lines["first order"].get_ydata()) == pytest.approx(1.6)


def test_tails_start_at_their_decay(runs):
    lines = labelled(draw.plot_tails(runs, decays=(500, 5000)))
    assert set(lines) == {"never decays", "decays at 500", "decays at 5000"}
    x, y = lines["decays at 5000"].get_data()
    assert x[0] == 5000
    assert y[-1] == pytest.approx(runs.final[0, 2])


def test_budget_shows_problems_means_and_the_run_that_never_decays(runs):
    ax = draw.plot_budget(runs, others={"other": runs})
    lines = labelled(ax)
    mean = np.exp(np.log(runs.final).mean(axis=0))
    np.testing.assert_allclose(lines["label noise kept on"].get_ydata(), mean[:-1])
    assert set(lines) == {"label noise kept on", "other"}
    assert any(np.isclose(line.get_ydata()[0], mean[-1]) for line in ax.lines if len(line.get_xdata()) == 1)


def test_plan_marks_target_and_step():
    found = Plan(
        arm=Arm(learning_rate=0.04), target=0.1, leading=200.0, first_order=190.0, steps=np.array([100, 200]),
        predicted=np.array([0.4, 0.09]), measured=np.array([[0.8, 0.2], [0.1, 0.1]]),
    )  # fmt: skip
    lines = labelled(draw.plot_plan(found))
    np.testing.assert_allclose(lines["measured"].get_ydata(), [0.4, 0.1])
    assert list(lines["plan: 190 steps"].get_xdata()) == [190.0, 190.0]
