import numpy as np
import pytest

from lrdecay_core import schedules
from lrdecay_core.experiments.model import budget_planner
from lrdecay_core.experiments.model.budget_planner import BudgetPlan
from lrdecay_core.experiments.model.setting import Arm, sparse_problem
from lrdecay_core.model import sgd

MADE_UP = BudgetPlan(
    name="step",
    decay_steps=np.array([10, 50, 90]),
    num_steps=100,
    predicted=np.array([0.3, 0.25, 0.2]),
    measured=np.array([[0.5, 0.6, 0.7, 0.6], [0.10, 0.20, 0.12, 0.18], [0.15, 0.18, 0.16, 0.17]]),
)


def test_plan_is_predicted_and_best_is_measured():
    assert MADE_UP.planned == 90
    assert MADE_UP.best == 50
    mean, low, high = MADE_UP.regret
    assert mean == pytest.approx(0.015)
    # differences .05, -.02, .04, -.01: standard deviation .03512, t(3) = 3.1824
    assert (low, high) == pytest.approx((0.015 - 0.05588, 0.015 + 0.05588), abs=2e-5)
    assert MADE_UP.not_worse.tolist() == [False, True, True]


def test_description_holds_the_numbers():
    text = budget_planner.describe(MADE_UP)
    assert "| 90 | 0.2000 | 0.1650 | **plan**, not clearly worse than the best |" in text
    assert "| 10 | 0.3000 | 0.6000 |  |" in text
    assert "decay at step 90, or at any of 90, predicted to end within 10% of it. Measured best: 50;" in text
    assert "not clearly worse at 95%: 50, 90. Regret of the plan: 0.0150" in text


def test_every_candidate_is_the_run_it_says():
    arm = Arm(learning_rate=0.04)
    found = budget_planner.plan_budget(sparse_problem(50), arm, num_steps=200, name="linear", replicas=2)
    assert found.decay_steps.tolist() == [0, 20, 60, 100, 120, 140, 160, 170, 180, 190, 196]
    alone = sgd(
        sparse_problem(50),
        schedule=schedules.warmup_stable_decay(
            learning_rate=0.04, warmup_steps=0, decay_step=140, num_steps=200, final=0.004
        ),
        num_steps=200,
        batch_size=4,
        label_noise=2.0,
        init_scale=0.5,
        seeds=[1],
    )
    np.testing.assert_allclose(found.measured[5, 1], alone.test_loss[-1, 0], rtol=1e-12)  # rounding of products by row


@pytest.mark.parametrize("name", budget_planner.FAMILIES)
def test_the_plan_holds_on_a_run(name):
    found = budget_planner.plan_budget(sparse_problem(52), Arm(learning_rate=0.04), num_steps=4000, name=name)
    least = found.measured.mean(axis=1).min()
    assert found.regret[0] <= 0.25 * least  # the curve is flat near its best, the prediction good to 20 percent
    assert found.measured.mean(axis=1).max() > 3 * least  # so a bad choice would have shown


def test_refuses():
    arm = Arm(learning_rate=0.04)
    with pytest.raises(ValueError, match="`name` must be one of"):
        budget_planner.plan_budget(sparse_problem(0), arm, num_steps=200, name="steps")
    with pytest.raises(ValueError, match="`num_steps` must be"):
        budget_planner.plan_budget(sparse_problem(0), arm, num_steps=99)
    with pytest.raises(ValueError, match="`replicas` must be"):
        budget_planner.plan_budget(sparse_problem(0), arm, num_steps=200, replicas=1)
