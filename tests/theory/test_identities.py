import numpy as np
import pytest

from lrdecay_core import model, schedules, theory
from lrdecay_core.model import Problem, batches


@pytest.mark.parametrize("rate", [0.02, 0.1])
def test_identities_hold_along_five_thousand_noisy_steps(rate):
    problem = Problem.sparse(num_samples=20, num_features=40, sparsity=3, seed=0)
    problem = Problem(problem.X * (1 if rate == 0.02 else 0.5), problem.y)  # half the columns: rate .1 is then stable
    steps, seed, batch = 5000, 3, 4
    path = model.sgd(
        problem,
        schedule=schedules.constant(rate),
        num_steps=steps,
        batch_size=batch,
        label_noise=1.0,
        init_scale=0.5,
        seeds=[seed],
        record=range(steps + 1),
    )
    assert np.isnan(path.diverged_step).all()
    rows, noise = batches.draws(seed, steps, num_samples=20, batch_size=batch)
    beta = path.beta[:-1, 0]
    residual = np.einsum("kbd,kd->kb", problem.X[rows], beta) - problem.y[rows] - noise
    h = rate * np.einsum("kbd,kb->kd", problem.X[rows], residual) / batch

    p, m = path.weights.p[:, 0], path.weights.m[:, 0]
    found = theory.identity_residuals(p[:-1], m[:-1], p[1:], m[1:], h)
    for name in ("scale", "phi", "beta", "magnitude", "norm"):
        # h is recomputed from the samples and differs from the run's by rounding, 1e-15
        assert getattr(found, name).max() <= 1e-12, name

    # the two accumulated coordinates, whose rounding adds up like a random walk of 5000 steps of 1e-16
    scale = np.log(0.5) + np.cumsum(np.log(np.abs(1 - h**2)), axis=0)
    centre = np.cumsum(theory.centre_increment(h), axis=0)
    assert np.abs(path.log_scale[1:, 0] - scale).max() <= 1e-12
    assert np.abs(path.centre[1:, 0] - centre).max() <= 1e-12 * max(1, np.abs(np.cumsum(h, axis=0)).max())


def test_identities_at_a_step_beyond_one():
    draw = np.random.default_rng(0)
    p, m, h = draw.standard_normal((3, 50, 6))
    h = 1.3 * h
    found = theory.identity_residuals(p, m, p * (1 - h), m * (1 + h), h)
    assert max(found.scale.max(), found.phi.max()) <= 1e-12  # logarithms near |h| = 1 amplify rounding a hundredfold
    assert max(found.beta.max(), found.magnitude.max(), found.norm.max()) <= 1e-13


@pytest.mark.parametrize("name", ["scale", "phi", "beta", "magnitude", "norm"])
def test_residuals_see_a_step_that_is_not_sgd(name):
    p, m, h = np.array([0.7, 0.2]), np.array([0.3, 0.5]), np.array([0.1, -0.2])
    found = theory.identity_residuals(p, m, p - h, m + h, h)  # additive instead of multiplicative
    assert getattr(found, name) > 1e-3


def test_centre_increment_is_of_third_order():
    x = np.array([1e-1, 1e-2])
    series = -2 / 3 * x**3 - 2 / 5 * x**5 - 2 / 7 * x**7
    np.testing.assert_allclose(theory.centre_increment(x), series, rtol=1e-6, atol=1e-15)
    assert theory.centre_increment(-0.3) == -theory.centre_increment(0.3)
    assert np.isneginf(theory.centre_increment(1.0))
