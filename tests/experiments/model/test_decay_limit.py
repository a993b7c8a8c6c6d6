"""The measurement is independent of the theory, and the plans say what the claims promise."""

from dataclasses import replace

import numpy as np

from lrdecay_core import model
from lrdecay_core.experiments.model import decay_limit
from lrdecay_core.experiments.model.decay_limit import Limits
from lrdecay_core.experiments.model.setting import Setting

SMALL = Setting(num_samples=4, num_features=9, sparsity=2, batch_size=2, label_noise=1.0)


def test_plans_hold_what_the_claims_ask_for():
    plan = decay_limit.limits("book")
    assert len(plan.settings) * len(plan.decay_steps) * len(plan.problem_seeds) >= 30
    assert set(decay_limit.limits("quick").settings) <= set(plan.settings)


def test_gradient_flow_ends_where_one_equation_says():
    # n = 1, d = 2, p = m times equal columns: beta_1 = beta_2 by symmetry, so the end is (y/2, y/2)
    problem = model.Problem(np.array([[1.0, 1.0]]), np.array([1.0]))
    path = decay_limit.gradient_flow(problem, np.full(2, 0.6), np.full(2, 0.6))
    np.testing.assert_allclose(path[0], 0, atol=1e-15)
    np.testing.assert_allclose(path[-1], 0.5, rtol=1e-11)  # it stops at residual 3e-12


def test_landings_agree_and_the_centre_is_needed():
    found = decay_limit.land(Limits(settings=(SMALL,), decay_steps=(50, 300), problem_seeds=(0, 1)))
    assert found.decay_steps.tolist() == [50, 300, 50, 300]
    assert found.deviation.max() < 1e-9  # the threshold of the claim; 1e-12 is typical
    assert (found.uncentred_deviation > 1e-6).all()
    assert found.residual.max() < 1e-11


def test_deviation_is_relative_to_the_largest_coefficient():
    found = decay_limit.land(Limits(settings=(SMALL,), decay_steps=(50,), problem_seeds=(0,)))
    doubled = replace(found, predicted=tuple(2 * b for b in found.measured))
    np.testing.assert_allclose(doubled.deviation, 1.0)


def test_description(monkeypatch):
    monkeypatch.setenv("LRDECAY_PROFILE", "book")
    assert "| 4 | 9 | 2 | 2 | 1 | 0.04 |" in decay_limit.describe([SMALL])
    assert "`book` profile" in decay_limit.describe([SMALL])
