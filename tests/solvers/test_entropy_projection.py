import cvxpy
import mpmath
import numpy as np
import pytest

from lrdecay_core import solvers


def problem(seed, n=6, d=15, sparsity=2):
    draw = np.random.default_rng(seed)
    X = draw.standard_normal((n, d))
    X *= np.sqrt(n) / np.linalg.norm(X, axis=0)
    b = np.zeros(d)
    b[:sparsity] = draw.choice([-1.0, 1.0], sparsity) * draw.uniform(0.5, 2, sparsity)
    return X, X @ b, b, draw


@pytest.mark.filterwarnings("ignore:Solution may be inaccurate")  # 1e-14 is asked for to get what there is
@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("log_scale", [0.0, -1.0, -3.0])
def test_agrees_with_a_conic_solver(seed, log_scale):
    X, y, _, draw = problem(seed)
    logs = log_scale + 0.5 * draw.standard_normal(15)
    centre = 0.5 * draw.standard_normal(15)
    P, Q = cvxpy.Variable(15), cvxpy.Variable(15)
    p2, m2 = np.exp(logs + centre) / 2, np.exp(logs - centre) / 2
    loss = cvxpy.sum(cvxpy.kl_div(P, p2)) + cvxpy.sum(cvxpy.kl_div(Q, m2))
    tight = dict.fromkeys(("tol_gap_abs", "tol_gap_rel", "tol_feas"), 1e-14)
    cvxpy.Problem(cvxpy.Minimize(loss), [y == X @ (P - Q)]).solve(solver=cvxpy.CLARABEL, **tight)
    found = solvers.entropy_projection(X, y, logs, centre)
    # a gap near rounding leaves an interior-point solution at around its square root; 1e-11 is typical
    np.testing.assert_allclose(found.solution, P.value - Q.value, atol=1e-7)


@pytest.mark.parametrize("sparsity", [1, 3, 6])
@pytest.mark.parametrize("spread", [0.0, 2.0])
def test_converges_at_every_scale(sparsity, spread):
    X, y, _, draw = problem(sparsity, sparsity=sparsity)
    decades = np.arange(0, 151, 5)
    logs = -decades[:, None] * np.log(10) + spread * draw.standard_normal((len(decades), 15))
    centre = spread * draw.standard_normal((len(decades), 15))
    found = solvers.entropy_projection(X, y, logs, centre)
    # the exponents reach 350, whose rounding 350 * 2e-16 is the relative error of b; a few such terms add up
    assert found.residual.max() <= 1e-12
    theta = centre + found.multiplier @ X
    np.testing.assert_allclose(found.solution, np.sinh(theta) * np.exp(logs), rtol=1e-10, atol=1e-14)


def test_small_scale_is_basis_pursuit_and_large_scale_least_squares():
    X, y, _, _ = problem(4, sparsity=2)
    found = solvers.entropy_projection(X, y, np.array([[-345.0], [15.0]]) * np.ones(15), np.zeros(15)).solution
    # a^(1 - kappa*) with a = 1e-150 is below rounding; at a = e^15 the cubic term of sinh is (b / a)^2 = 1e-13
    np.testing.assert_allclose(found[0], solvers.basis_pursuit(X, y).solution, atol=1e-11)
    np.testing.assert_allclose(found[1], np.linalg.pinv(X) @ y, atol=1e-8)


def test_against_four_hundred_digits_at_the_smallest_scale():
    X = np.array([[2.0, 1.0, -0.5, 0.75], [-1.0, 1.5, 1.0, 0.25]])
    y = X @ [1.0, 0, 0, 0]  # exact in binary, so the labels carry no rounding of their own
    logs, centre = -150 * np.log(10) * np.ones(4), np.array([0.5, -0.25, 0.125, 1.0])
    found = solvers.entropy_projection(X, y, logs, centre)
    with mpmath.workdps(400):
        mu, rows = mpmath.matrix([0, 0]), mpmath.matrix(X.tolist())
        for _ in range(600):  # Newton on the strictly convex dual, no exponent moving by more than 2 at once
            theta = [centre[j] + (rows.T * mu)[j] for j in range(4)]
            b = [mpmath.exp(mpmath.mpf(logs[j])) * mpmath.sinh(theta[j]) for j in range(4)]
            D = [mpmath.exp(mpmath.mpf(logs[j])) * mpmath.cosh(theta[j]) for j in range(4)]
            r = rows * mpmath.matrix(b) - mpmath.matrix(y.tolist())
            H = rows * mpmath.diag(D) * rows.T
            det = H[0, 0] * H[1, 1] - H[0, 1] * H[1, 0]
            step = -mpmath.matrix([H[1, 1] * r[0] - H[0, 1] * r[1], H[0, 0] * r[1] - H[1, 0] * r[0]]) / det
            mu += step * min(1, 2 / max(abs(x) for x in rows.T * step))
        assert max(abs(x) for x in r) < mpmath.mpf(10) ** -60
        exact = np.array([float(x) for x in b])
    np.testing.assert_allclose(found.solution, exact, atol=2e-13)  # exponent 346, rounding as above


def test_scaling_law():
    X, y, _, draw = problem(2)
    logs, centre = draw.standard_normal(15), draw.standard_normal(15)
    one = solvers.entropy_projection(X, y, logs, centre).solution
    two = solvers.entropy_projection(X, 7 * y, logs + np.log(7), centre).solution
    np.testing.assert_allclose(two, 7 * one, atol=1e-12)  # both are exact to rounding of numbers below 20


def test_moving_the_centre_along_the_rows_changes_nothing():
    X, y, _, draw = problem(5)
    logs, centre = draw.standard_normal(15), draw.standard_normal(15)
    shifted = centre + draw.standard_normal(6) @ X
    one, two = (solvers.entropy_projection(X, y, logs, c).solution for c in (centre, shifted))
    np.testing.assert_allclose(one, two, atol=1e-12)  # exponents up to 20 round to 4e-15


def test_alone_equals_batched_and_leading_axes_broadcast():
    X, y, _, draw = problem(1)
    logs, centre = -5 * draw.random((3, 4, 15)), draw.standard_normal((4, 15))
    labels = y + 0.1 * draw.standard_normal((3, 1, 6))
    both = solvers.entropy_projection(X, labels, logs, centre)
    assert both.solution.shape == (3, 4, 15)
    assert both.multiplier.shape == (3, 4, 6)
    assert both.residual.shape == (3, 4)
    one = solvers.entropy_projection(X, labels[2, 0], logs[2, 1], centre[1])
    np.testing.assert_allclose(one.solution, both.solution[2, 1], atol=1e-13)  # rows differ by summation order alone


def test_frozen_coordinates_stay_zero_and_their_centre_is_not_read():
    X, y, _, draw = problem(3)
    logs, centre = draw.standard_normal(15), draw.standard_normal(15)
    logs[5], centre[5] = -np.inf, np.nan
    found = solvers.entropy_projection(X, y, logs, centre).solution
    assert found[5] == 0
    kept = np.delete(np.arange(15), 5)
    np.testing.assert_allclose(
        found[kept], solvers.entropy_projection(X[:, kept], y, logs[kept], centre[kept]).solution, atol=1e-12
    )


def test_one_sided_coordinates():
    X, y, _, draw = problem(8)
    p, m = draw.uniform(0.2, 1, 15), draw.uniform(0.2, 1, 15)
    p[3], m[4] = 0, 0
    with np.errstate(divide="ignore"):
        found = solvers.kl_projection(X, y, 2 * np.log(p), 2 * np.log(m))
    assert found.solution[3] <= 0 <= found.solution[4]
    theta = found.multiplier @ X
    np.testing.assert_allclose(found.solution, p**2 * np.exp(theta) - m**2 * np.exp(-theta), atol=1e-12)
    assert found.residual <= 1e-13


def test_bad_input():
    X, y, _, _ = problem(0)
    zero = np.zeros(15)
    with pytest.raises(ValueError, match="`X` must have full row rank 6, got rank 5"):
        solvers.entropy_projection(np.vstack([X[:5], X[:1]]), y, zero, zero)
    with pytest.raises(ValueError, match="`X` must have fewer rows"):
        solvers.entropy_projection(X[:, :6], y, zero[:6], zero[:6])
    with pytest.raises(ValueError, match="`y` must hold one label per row"):
        solvers.entropy_projection(X, y[:3], zero, zero)
    with pytest.raises(ValueError, match="`centre` must be finite wherever `log_scale` is"):
        solvers.entropy_projection(X, y, zero, np.full(15, np.inf))
    with pytest.raises(ValueError, match="must end in 15 entries"):
        solvers.entropy_projection(X, y, zero[:4], zero[:4])
    with pytest.raises(ValueError, match="NaN marks a run without a limit"):
        solvers.entropy_projection(X, y, np.full(15, np.nan), zero)
    none = np.full(15, -np.inf)
    with pytest.raises(ValueError, match="`y` must be reachable with the given weights"):
        solvers.entropy_projection(X, y, np.where(np.arange(15) > 11, 0.0, -np.inf), zero)
    with pytest.raises(ValueError, match="`y` must be reachable"):
        solvers.kl_projection(np.abs(X), -np.ones(6), zero, none)


def test_a_start_close_by_leads_to_the_same_solution():
    X, y, _, draw = problem(2)
    logs = np.linspace(0, -40, 5)[:, None] + 0.3 * draw.standard_normal((5, 15))
    found = solvers.entropy_projection(X, y, logs, np.zeros((5, 15)))
    near = found.multiplier + 0.1 * draw.standard_normal((5, 6))
    again = solvers.entropy_projection(X, y, logs, np.zeros((5, 15)), start=near)
    # both stop where rounding of exponents of some 40 hides the residual
    np.testing.assert_allclose(again.solution, found.solution, rtol=0, atol=1e-12)
    done = solvers.entropy_projection(X, y, logs, np.zeros((5, 15)), start=found.multiplier)
    np.testing.assert_allclose(done.multiplier, found.multiplier, rtol=1e-12)
    with pytest.raises(ValueError, match=r"`start` must have shape \(5, 6\)"):
        solvers.entropy_projection(X, y, logs, np.zeros((5, 15)), start=near[0])
