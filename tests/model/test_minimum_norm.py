import numpy as np
import pytest
from scipy.optimize import minimize

from lrdecay_core import model
from lrdecay_core.model import Problem


@pytest.mark.parametrize("seed", range(4))
def test_is_the_shortest_interpolator_and_proves_it(seed):
    problem = Problem.sparse(num_samples=6, num_features=14, sparsity=2, seed=seed, label_errors=0.3)
    found = model.minimum_norm(problem)
    np.testing.assert_allclose(problem.X @ found.beta, problem.y, atol=1e-12)  # one vertex of a linear programme
    assert found.norm_squared == pytest.approx(float(found.weights.norm_squared), rel=1e-14)
    assert abs(found.gap) <= 1e-12 * found.norm_squared
    assert found.residual <= 1e-12
    np.testing.assert_array_equal(found.weights.p * found.weights.m, 0)
    assert np.abs(problem.X.T @ found.certificate).max() <= 1 + 1e-14


def test_descent_on_the_norm_finds_nothing_shorter():
    problem = Problem.sparse(num_samples=5, num_features=9, sparsity=2, seed=1)
    found = model.minimum_norm(problem)
    draw = np.random.default_rng(0)

    def excess(theta):
        return problem.X @ (theta[:9] * theta[9:]) - problem.y

    shortest = np.inf
    for _ in range(8):
        end = minimize(
            lambda theta: theta @ theta,
            draw.standard_normal(18),
            jac=lambda theta: 2 * theta,
            constraints={
                "type": "eq",
                "fun": excess,
                "jac": lambda theta: np.hstack([problem.X * theta[9:], problem.X * theta[:9]]),
            },
            method="SLSQP",
            options={"maxiter": 500, "ftol": 1e-14},
        )
        if np.abs(excess(end.x)).max() < 1e-9:
            shortest = min(shortest, end.fun)
    assert shortest == pytest.approx(found.norm_squared, rel=1e-6)  # SLSQP stops with constraints met to about 1e-9


def test_positive_problem_has_its_own_minimum():
    problem = Problem.three_dimensional()
    found = model.minimum_norm(problem)
    np.testing.assert_allclose(found.beta, [1, np.sqrt(2), 0], atol=1e-14)
    assert found.norm_squared == pytest.approx(2 * (1 + np.sqrt(2)))


def test_positive_problem_without_solution():
    with pytest.raises(ValueError, match="no non-negative b solves"):
        model.minimum_norm(Problem([[1.0, 1.0]], [-1.0], positive=True))
