import cvxpy
import numpy as np
import pytest

from lrdecay_core import solvers


def design(seed, n=7, d=18):
    draw = np.random.default_rng(seed)
    return draw.standard_normal((n, d)), draw.standard_normal(n), draw.uniform(0.3, 3, d)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("weighted", [False, True])
def test_agrees_with_an_interior_point_solver(seed, weighted):
    X, y, weights = design(seed)
    w = weights if weighted else np.ones(18)
    b = cvxpy.Variable(18)
    value = cvxpy.Problem(cvxpy.Minimize(w @ cvxpy.abs(b)), [X @ b == y]).solve(solver=cvxpy.CLARABEL)
    found = solvers.basis_pursuit(X, y, weights=weights if weighted else None)
    # the interior-point solver stops at a relative gap of 1e-8; its solution adds the vertex' conditioning
    assert found.value == pytest.approx(value, rel=1e-7)
    np.testing.assert_allclose(found.solution, b.value, atol=1e-6)


@pytest.mark.parametrize("seed", range(10))
def test_certificate_proves_the_value(seed):
    X, y, weights = design(seed, n=6, d=20)
    found = solvers.basis_pursuit(X, y, weights=weights)
    slopes = X.T @ found.certificate / weights
    assert np.abs(slopes).max() <= 1 + 1e-14  # the point was rescaled to satisfy it, one division per column
    # a simplex vertex is one linear solve: rounding times a condition number of a few hundred
    assert abs(found.gap) <= 1e-11 * found.value
    assert found.residual <= 1e-11
    assert found.value == pytest.approx(weights @ np.abs(found.solution))
    on = found.solution != 0
    np.testing.assert_allclose(slopes[on], np.sign(found.solution[on]), atol=1e-10)


def test_no_interpolator_is_shorter():
    X, y, _ = design(3)
    found = solvers.basis_pursuit(X, y)
    kernel = np.linalg.svd(X)[2][7:]
    others = found.solution + np.random.default_rng(0).standard_normal((200, 11)) @ kernel
    assert np.abs(others).sum(axis=1).min() >= found.value - found.gap


def test_positive_keeps_signs_and_costs_more():
    draw = np.random.default_rng(1)
    X = draw.standard_normal((5, 15))
    y = X @ np.abs(draw.standard_normal(15))
    free, positive = solvers.basis_pursuit(X, y), solvers.basis_pursuit(X, y, positive=True)
    assert (positive.solution >= 0).all()
    assert positive.value > free.value
    assert abs(positive.gap) <= 1e-11 * positive.value  # as above
    assert (X.T @ positive.certificate).max() <= 1 + 1e-14


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([[1.0, 0, 0], [1.0, 0, 0]], [1.0, 2.0], {}), "`y` must lie in the range of `X`: no b solves"),
        (([[1.0, 2.0]], [-1.0], {"positive": True}), "no non-negative b solves"),
        (([[1.0, 2.0]], [1.0], {"weights": [1.0, 0.0]}), "`weights` must be above 0, got a smallest entry of 0.0"),
        (([[1.0, 2.0]], [1.0], {"weights": [1.0]}), r"`weights` must have shape \(2\), got \(1,\)"),
        (([[1.0, np.nan]], [1.0], {}), "`X` must be finite everywhere, got 1 NaN"),
        (([1.0, 2.0], [1.0], {}), "`X` must have shape"),
        (([[1.0, 2.0]], [1.0, 2.0], {}), r"`y` must have shape \(1\), got \(2,\)"),
    ],
)
def test_refuses(arguments, message):
    X, y, options = arguments
    with pytest.raises(ValueError, match=message):
        solvers.basis_pursuit(X, y, **options)
