"""The slow flow's two routes agree with each other and with SGD, and the plan says what the claim promises."""

from dataclasses import replace

import numpy as np

from lrdecay_core import theory
from lrdecay_core.experiments.model import slow_curves
from lrdecay_core.experiments.model.setting import Setting

SMALL = Setting(num_samples=4, num_features=9, sparsity=2, batch_size=2, label_noise=1.0)


def test_the_plan_holds_what_the_claim_asks_for():
    slow = slow_curves.plan("book")
    assert (slow.setting.batch_size, slow.setting.label_noise, slow.setting.learning_rate) == (4, 2.0, 0.02)
    assert slow.slow_times[-1] == 5.0
    assert slow.num_replicas >= 32
    assert slow_curves.plan("quick").setting == slow.setting


def test_slow_curves_are_near_both_predictions():
    plan = replace(slow_curves.plan("quick"), slow_times=(0.5, 1.0), problem_seeds=(0,), num_replicas=4)
    found = slow_curves.curves(plan)
    assert found.measured.shape == (1, 2, 4)
    np.testing.assert_allclose(found.slow_times, [0.5, 1.0], rtol=1e-3)
    np.testing.assert_allclose(found.measured.mean(axis=2), found.first_order, rtol=0.1)
    np.testing.assert_allclose(found.solver, found.measured[:, :, 0], rtol=1e-6)
    assert not np.array_equal(found.first_order, found.leading)


def test_the_effective_ode_follows_the_homotopy():
    problem = SMALL.problem(3)
    by_ode = slow_curves.effective_ode(problem, SMALL, [0.5, 2.0])
    closed = theory.slow_flow(
        problem.X, problem.y, init_scale=0.5, slow_times=[0.5, 2.0], label_noise=1.0, batch_size=2
    )
    np.testing.assert_allclose(by_ode, closed, atol=1e-8)  # the solver's tolerance is 1e-10
