import numpy as np
import pytest

from lrdecay_core import solvers, theory
from lrdecay_core.model import Problem


@pytest.mark.parametrize("seed", range(5))
def test_bound_holds_with_and_without_uniqueness(seed):
    problem = Problem.sparse(num_samples=6, num_features=15, sparsity=2, seed=seed, label_errors=0.2)
    X = problem.X.copy()
    X[:, 14] = (X[:, 0] + X[:, 1]) / 2  # a column that ties: many solutions of least norm
    draw = np.random.default_rng(seed)
    logs = np.linspace(0, -300, 50)[:, None] - 0.5 * draw.random((50, 15))
    centre = 0.3 * draw.standard_normal((50, 15))
    b = solvers.entropy_projection(X, problem.y, logs, centre).solution
    excess = np.abs(b).sum(axis=1) - solvers.basis_pursuit(X, problem.y).value
    bound = theory.norm_excess_bound(X, problem.y, logs, centre)
    assert np.isinf(bound[0])  # at a = 1 the theorem says nothing
    assert np.isfinite(bound[-1])
    assert (excess <= bound).all()
    assert (excess >= -1e-11).all()  # rounding of exponents of 300
    assert (np.diff(bound[5:]) < 0.05).all()


def test_ties_are_broken_by_entropy():
    X, y = np.array([[1.0, 0.0, 0.5], [0.0, 1.0, 0.5]]), np.array([1.0, 1.0])
    b = solvers.entropy_projection(X, y, np.full(3, -200.0), np.zeros(3)).solution
    np.testing.assert_allclose(b, 2 / 3, atol=1e-12)  # the maximum-entropy point of a segment of minimisers


def test_refuses_zero_labels():
    with pytest.raises(ValueError, match="`y` must not be 0"):
        theory.norm_excess_bound([[1.0, 1.0]], [0.0], np.zeros(2), np.zeros(2))


def stretched(seed):
    draw = np.random.default_rng(seed)
    plain = Problem.dense(num_samples=6, num_features=15, seed=seed, magnitudes="power", exponent=1.0)
    return plain.X * draw.uniform(0.3, 1.7, 15), plain.y


@pytest.mark.parametrize("seed", range(5))
def test_stretched_columns_lead_to_the_least_weighted_norm_and_not_to_the_plain_one(seed):
    X, y = stretched(seed)
    c, depths = (X**2).mean(axis=0), np.geomspace(0.5, 1000, 40)
    b = solvers.entropy_projection(X, y, np.log(2 * 0.3**2) - c * depths[:, None], np.zeros((40, 15))).solution
    weighted = solvers.basis_pursuit(X, y, weights=c)
    excess = np.abs(b) @ c - weighted.value
    bound = theory.weighted_norm_excess_bound(X, y, init_scale=0.3, depths=depths)
    assert (excess <= bound).all()
    assert (excess >= -1e-10).all()  # rounding of exponents of 1000
    assert bound[-1] < 0.01 * weighted.value  # and the bound says something
    plain = np.abs(b[-1]).sum() - solvers.basis_pursuit(X, y).value
    assert plain > 10 * excess[-1]


@pytest.mark.parametrize("seed", range(5))
def test_weighted_basis_pursuit_is_plain_basis_pursuit_of_rescaled_columns(seed):
    X, y = stretched(seed)
    c = (X**2).mean(axis=0)
    rescaled = solvers.basis_pursuit(X / c, y)
    # two linear programmes, each solved to the simplex method's 1e-9
    np.testing.assert_allclose(rescaled.solution / c, solvers.basis_pursuit(X, y, weights=c).solution, atol=1e-8)


def test_refuses_depths_of_nothing():
    with pytest.raises(ValueError, match="`depths` must be above 0"):
        theory.weighted_norm_excess_bound([[1.0, 1.0]], [1.0], init_scale=0.5, depths=[0.0, 1.0])
