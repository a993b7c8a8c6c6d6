import itertools

import numpy as np
import pytest

from lrdecay_core import model, schedules, theory
from lrdecay_core.model import Problem
from lrdecay_core.theory.gradient_noise import batch_mean_square


@pytest.mark.parametrize("replacement", [False, True])
@pytest.mark.parametrize("batch", [1, 2, 3, 4])
def test_by_enumerating_batches_and_signs(batch, replacement):
    draw = np.random.default_rng(0)
    X, r, sigma = draw.standard_normal((4, 6)), draw.standard_normal(4), 0.7
    chosen = itertools.product(range(4), repeat=batch) if replacement else itertools.combinations(range(4), batch)
    squares = [
        (X[list(B)].T @ (r[list(B)] - sigma * np.array(signs)) / batch) ** 2
        for B in chosen
        for signs in itertools.product([-1, 1], repeat=batch)
    ]
    found = theory.mean_squared_gradient(X, r, label_noise=sigma, batch_size=batch, replacement=replacement)
    np.testing.assert_allclose(found, np.mean(squares, axis=0), rtol=1e-12)  # a mean of up to 4096 terms


@pytest.mark.parametrize("replacement", [False, True])
def test_covariance_form_is_the_mean_over_residuals(replacement):
    draw = np.random.default_rng(1)
    X, roots = draw.standard_normal((4, 6)), draw.standard_normal((5, 4, 4))
    found = batch_mean_square(
        X, roots @ np.swapaxes(roots, 1, 2), batch_size=3, replacement=replacement
    )  # covariance R R^T is the sum over the columns of R
    columns = np.swapaxes(roots, 1, 2)
    each = theory.mean_squared_gradient(X, columns, label_noise=0.0, batch_size=3, replacement=replacement)
    np.testing.assert_allclose(found, each.sum(axis=1), rtol=1e-12)


def test_full_batch_has_the_full_gradient_only():
    draw = np.random.default_rng(2)
    X, r = draw.standard_normal((4, 6)), draw.standard_normal(4)
    found = theory.mean_squared_gradient(X, r, label_noise=0.0, batch_size=4)
    np.testing.assert_allclose(found, (r @ X / 4) ** 2, rtol=1e-12)


def test_refuses():
    with pytest.raises(ValueError, match="`batch_size` must be"):
        theory.mean_squared_gradient(np.ones((2, 3)), np.ones(2), label_noise=0.0, batch_size=3)
    with pytest.raises(ValueError, match="`label_noise` must be"):
        theory.mean_squared_gradient(np.ones((2, 3)), np.ones(2), label_noise=-1.0, batch_size=1)


@pytest.fixture(scope="module")
def plateau():
    """Long runs at a small rate, whose scale hardly moves meanwhile (slow time below 0.15)."""
    problem = Problem.sparse(num_samples=8, num_features=18, sparsity=2, seed=0)
    setting = {"learning_rate": 0.003, "label_noise": 0.5, "batch_size": 4}
    path = model.sgd(
        problem,
        schedule=schedules.constant(0.003),
        num_steps=60_000,
        batch_size=4,
        label_noise=0.5,
        init_scale=0.5,
        seeds=range(16),
        record=range(10_000, 60_001, 100),
    )
    return problem, setting, path


def test_level_of_the_training_loss(plateau):
    _, setting, path = plateau
    predicted = theory.plateau_level(path.norm_squared, **setting).mean()
    # the next order is eta times the largest curvature, about 3 percent; time averaging leaves 1 percent
    assert path.train_loss.mean() == pytest.approx(predicted, rel=0.06)


def test_test_loss_that_decay_removes(plateau):
    problem, setting, path = plateau
    limits = theory.late_decay_limit(problem.X, problem.y, path.log_scale[::50], path.centre[::50])
    D = np.hypot(limits, np.exp(path.log_scale[::50]))
    predicted = theory.fluctuation_test_loss(problem.X, D, **setting).mean()
    spread = ((path.beta[::50] - limits) ** 2).sum(axis=-1).mean() / 2
    assert spread == pytest.approx(predicted, rel=0.15)  # 176 nearly independent states of 8 directions: 5 percent


def test_variance_of_phi(plateau):
    problem, setting, path = plateau
    limits = theory.late_decay_limit(problem.X, problem.y, path.log_scale[::25], path.centre[::25])
    logs = path.log_scale[::25]
    predicted = theory.centre_variance(problem.X, np.hypot(limits, np.exp(logs)), **setting)
    moved = path.weights.phi[::25] - np.arcsinh(limits * np.exp(-logs))
    assert (moved**2).mean() == pytest.approx(predicted.mean(), rel=0.15)  # as above


def test_formulas_against_explicit_inverses():
    draw = np.random.default_rng(0)
    X, D = draw.standard_normal((3, 7)), draw.uniform(0.5, 2, (2, 7))
    setting = {"learning_rate": 0.1, "label_noise": 2.0, "batch_size": 4}  # eta sigma^2 / B = 0.1
    for k in range(2):
        inverse = np.linalg.inv(X @ np.diag(D[k]) @ X.T)
        XD = X * D[k]
        assert theory.fluctuation_test_loss(X, D, **setting)[k] == pytest.approx(
            0.05 * np.trace(XD.T @ inverse @ XD), rel=1e-12
        )
        np.testing.assert_allclose(
            theory.centre_variance(X, D, **setting)[k], 0.1 * np.diag(X.T @ inverse @ X), rtol=1e-12
        )


def test_fluctuations_refuse():
    with pytest.raises(ValueError, match="`learning_rate` must be"):
        theory.plateau_level(1.0, learning_rate=0.0, label_noise=1.0, batch_size=1)
