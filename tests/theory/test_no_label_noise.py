import numpy as np
import pytest

from lrdecay_core import model, schedules, theory
from lrdecay_core.model import Problem

PROBLEM = Problem.sparse(num_samples=8, num_features=20, sparsity=2, seed=0)


@pytest.mark.parametrize("batch", [1, 3, 8])
def test_waiting_gains_less_than_the_bound_however_long(batch):
    interpolator = model.minimum_norm(PROBLEM).beta
    rate = theory.largest_rate(PROBLEM.X, interpolator, init_scale=0.5)
    with pytest.raises(ValueError, match=f"`learning_rate` must be at most {rate:.3g} for this start"):
        theory.waiting_bound(PROBLEM.X, interpolator, init_scale=0.5, learning_rate=rate * (1 + 1e-12))
    bound = theory.waiting_bound(PROBLEM.X, interpolator, init_scale=0.5, learning_rate=rate)
    path = model.sgd(
        PROBLEM,
        schedule=schedules.constant(rate),
        num_steps=20_000,
        batch_size=batch,
        init_scale=0.5,
        seeds=range(4),
        record=range(0, 20_001, 500),
    )
    lost = np.log(0.5) - path.log_scale
    assert 0 < lost.max() <= bound
    U = theory.divergence(path.weights.p, path.weights.m, interpolator)
    assert (
        np.diff(U, axis=0) <= 1e-12
    ).all()  # it falls along every path; 500 steps round at 1e-16 in each of 20 terms
    assert (path.norm_squared / 2 <= 2 * U + 2 * np.abs(interpolator).sum() + 1e-12).all()


def test_label_noise_takes_off_more_than_that():
    interpolator = model.minimum_norm(PROBLEM).beta
    bound = theory.waiting_bound(PROBLEM.X, interpolator, init_scale=0.5, learning_rate=1e-3)
    path = model.sgd(
        PROBLEM,
        schedule=schedules.constant(1e-3),
        num_steps=100_000,
        batch_size=1,
        label_noise=2.0,
        init_scale=0.5,
        seeds=[0],
    )
    lost = np.log(0.5) - path.log_scale
    assert lost.min() > 0.9 * 0.4  # eta^2 T sigma^2 / B = 0.4, fluctuations of a few percent
    assert lost.max() > bound


def test_divergence_by_hand():
    U = theory.divergence([1.0, 2.0, 1.0], [1.0, 1.0, 3.0], [1.0, 0.0, -2.0])
    expected = (0 + 1) + (4 + 1) + (1 + 2 * np.log(2 / 9) - 2 + 9)
    assert pytest.approx(expected, rel=1e-13) == U
    assert np.isinf(theory.divergence([0.0], [1.0], [1.0]))
