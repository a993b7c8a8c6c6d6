"""Runs towards the minimum norm, on small problems, against what the model room says."""

from dataclasses import replace

import numpy as np
import pytest

from lrdecay_core import model
from lrdecay_core.experiments.model import minimum_norm
from lrdecay_core.experiments.model.setting import Setting

SMALL = Setting(num_samples=6, num_features=10, sparsity=1, batch_size=2, label_noise=2.0)


@pytest.fixture(scope="module")
def found():
    plan = replace(
        minimum_norm.norm_plan("quick"), setting=SMALL, decay_steps=(0, 500, 3000), problem_seeds=(0, 1), num_replicas=2
    )
    return minimum_norm.norms(plan, workers=1)


def test_plans():
    book, quick = minimum_norm.norm_plan("book"), minimum_norm.norm_plan("quick")
    assert len(book.problem_seeds) >= 20
    assert book.setting == quick.setting
    assert book.decay_steps[0] == 0
    assert 1000 in quick.decay_steps  # from there on the arms without noise are held to be frozen
    assert 1000 in book.decay_steps


def test_only_the_main_arm_moves(found):
    main = found.ratio[minimum_norm.MAIN]
    assert main.shape == (2, 3, 2)
    assert (main >= 1 - 1e-9).all()
    assert (np.diff(main.mean(axis=2), axis=1) < 0).all()
    slow = found.ratio[minimum_norm.SLOW_RATE]
    assert (slow[:, -1] / slow[:, 0] > 0.7).all()
    assert (found.taken[minimum_norm.SMALL_QUIET].max(axis=(1, 2)) <= found.bound).all()


def test_all_arms_start_alike(found):
    starts = [found.ratio[arm][:, 0] for arm in minimum_norm.ARMS]
    for start in starts[1:]:
        np.testing.assert_array_equal(start, starts[0])


def test_exponent_is_one_minus_kappa():
    problem = Setting().problem(3)
    kappa, slope = minimum_norm.exponent(problem.X, problem.y, model.minimum_norm(problem).beta)
    assert 0 < kappa < 1
    assert slope == pytest.approx(1 - kappa, abs=0.02)  # O(1) terms fade with depth; the claim's tolerance


def test_prediction_and_measurement_side_by_side():
    predicted, measured = minimum_norm.compare(SMALL, (300, 1500), seed=0)
    assert predicted.shape == measured.shape == (2,)
    np.testing.assert_allclose(measured, predicted, rtol=0.2)  # a rate of 0.04 with batches of 2
