from dataclasses import replace

import numpy as np
import pytest

from lrdecay_core import theory
from lrdecay_core.experiments.model import decay_planner
from lrdecay_core.experiments.model.decay_planner import Plan
from lrdecay_core.experiments.model.setting import Arm, sparse_problem

MADE_UP = Plan(
    arm=Arm(learning_rate=0.04),
    target=0.1,
    leading=200.0,
    first_order=190.0,
    steps=np.array([100, 200, 300]),
    predicted=np.array([0.4, 0.1, 0.02]),
    measured=np.array([[0.8, 0.2], [0.2, 0.2], [0.05, 0.05]]),
)


def test_the_plan_holds_on_a_run():
    found = decay_planner.plan(sparse_problem(50), Arm(learning_rate=0.04), target=0.2)
    assert found.correction <= decay_planner.TRUSTED
    assert found.crossing == pytest.approx(found.first_order, rel=0.1)  # first order, and four runs
    np.testing.assert_allclose(found.measured_mean, found.predicted, rtol=0.25)  # dots scatter; the curve falls tenfold
    assert found.steps[-1] == round(1.5 * found.first_order)


def test_crossing_is_between_the_readings_around_it():
    assert MADE_UP.crossing == pytest.approx(250)  # 0.2 to 0.05 in log: 0.1 is half way
    assert np.isnan(replace(MADE_UP, target=0.01).crossing)
    assert MADE_UP.correction == pytest.approx(0.05)


def test_description_says_whether_it_can_be_trusted():
    text = decay_planner.describe(MADE_UP)
    assert "| theory, first order | **190** |" in text
    assert "| measured, 2 runs | **250** |" in text
    assert "this setting is inside" in text
    assert "this setting is **outside**" in decay_planner.describe(replace(MADE_UP, first_order=150.0))
    assert "not reached in the run" in decay_planner.describe(replace(MADE_UP, target=0.01))


def test_slope_goes_to_its_limit():
    problem = sparse_problem(0)
    text = decay_planner.describe_slope(problem, Arm(learning_rate=0.02))
    slope, _, limit = (float(part) for part in np.array(text.split("**"))[[1, 3, 3]])
    kappa = theory.kappa_star(problem.X, problem.beta_true).kappa
    assert limit == pytest.approx(1 / (2 * (1 - kappa)), abs=1e-3)
    assert slope == pytest.approx(limit, rel=0.02)  # corrections fall like powers of a


def test_refusals():
    problem = sparse_problem(0)
    with pytest.raises(ValueError, match="`target` must lie below"):
        decay_planner.plan(problem, Arm(learning_rate=0.04), target=50.0)
    with pytest.raises(ValueError, match="`arm` must reach the target within"):
        decay_planner.plan(problem, Arm(learning_rate=0.001), target=0.1)
