"""Estimators against what they must be in cases one can solve, and the plan against the claim."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import Lasso

from lrdecay_core import model
from lrdecay_core.experiments.model import recovery
from lrdecay_core.experiments.model.recovery import ESTIMATORS
from lrdecay_core.experiments.model.setting import Setting

TINY = replace(
    recovery.plan("quick"),
    setting=Setting(num_samples=6, num_features=10, sparsity=1),
    decay_steps=(50, 1500),
    sizes=((10, 2),),
    size_samples=((3, 9),),
    num_designs=10,
    samples=(4, 7),
    problem_seeds=(0, 1),
    label_errors=(0.0, 0.5),
    error_seeds=(0, 1, 2),
)


@pytest.fixture(scope="module")
def found():
    return recovery.run(TINY, workers=1)


def test_plan():
    book = recovery.plan("book")
    assert len(book.error_seeds) >= 20
    assert {0.1, 0.3} <= set(book.label_errors)
    assert {0.1, 0.3} <= set(recovery.plan("quick").label_errors)
    assert book.decay_steps[0] == 100  # "early": phase I is over


def test_shapes_and_order(found):
    assert found.sparse.shape == found.dense.shape == (2, 2, len(ESTIMATORS))
    assert found.noisy.shape == (2, 3, len(ESTIMATORS))
    assert found.noisy_path.shape == (2, 3, 2)
    np.testing.assert_array_equal(found.noisy_path[..., 0], found.noisy[..., ESTIMATORS.index("early")])
    np.testing.assert_array_equal(found.noisy_path[..., -1], found.noisy[..., ESTIMATORS.index("late")])


def test_exact_labels_let_the_oracle_and_basis_pursuit_recover(found):
    assert found.noisy[0, :, ESTIMATORS.index("oracle")].max() < 1e-20
    assert found.noisy[1, :, ESTIMATORS.index("oracle")].min() > 1e-6
    assert found.success[0][1] > found.success[0][0]


def test_both_truths_have_the_same_norm_and_the_dense_one_favours_l2(found):
    l2, bp = ESTIMATORS.index("minimum l2"), ESTIMATORS.index("minimum norm")
    assert np.median(found.dense[..., l2]) < np.median(found.dense[..., bp])


def test_tuned_lasso_is_no_worse_than_scikit_learn_on_a_grid():
    problem = model.Problem.sparse(num_samples=20, num_features=40, sparsity=3, seed=5, label_errors=0.5)
    tuned = recovery.lasso_on_fresh_data(problem, level=0.5, num_fresh=1000, seed=5)
    losses = [
        problem.test_loss(Lasso(alpha=a, fit_intercept=False, max_iter=100_000).fit(problem.X, problem.y).coef_)
        for a in np.geomspace(0.03, 1, 20)
    ]
    assert problem.test_loss(tuned) < 1.1 * min(losses)  # tuned on a sample of 1000, not on the population


def test_two_truths_one_run():
    found = recovery.other_truth(range(0, 4001, 1000))
    assert (np.diff(found.test_loss) < 0).all()
    assert (np.diff(found.other_loss) > 0).all()
    # losses are 2 t^2 and 2 (1 - t)^2 of the same position t
    np.testing.assert_allclose(np.sqrt(found.test_loss / 2) + np.sqrt(found.other_loss / 2), 1.0, rtol=1e-9)
