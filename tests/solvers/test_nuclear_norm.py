import sys

import cvxpy
import numpy as np
import pytest

from lrdecay_core import solvers
from lrdecay_core.model import MatrixProblem


@pytest.mark.parametrize(("size", "rank", "n", "seed"), [(6, 1, 25, 0), (6, 2, 20, 1), (5, 5, 12, 2), (10, 2, 70, 3)])
def test_agrees_with_an_interior_point_solver_and_certifies_itself(size, rank, n, seed):
    problem = MatrixProblem.low_rank(size=size, rank=rank, num_samples=n, seed=seed)
    W = cvxpy.Variable((size, size))
    fits = [cvxpy.sum(cvxpy.multiply(a, W)) == label for a, label in zip(problem.A, problem.y, strict=True)]
    reference = cvxpy.Problem(cvxpy.Minimize(cvxpy.normNuc(W)), fits)
    reference.solve(solver="CLARABEL", tol_gap_rel=1e-6, tol_gap_abs=1e-6, tol_feas=1e-6)
    found = solvers.nuclear_norm(problem.A, problem.y)
    assert found.value == pytest.approx(reference.value, rel=1e-5)  # the reference stops at 1e-6
    assert found.residual < 1e-12
    assert -1e-12 < found.gap <= 1e-8 * found.value
    dual = np.tensordot(found.certificate, problem.A, axes=1)
    assert np.linalg.norm(dual, 2) <= 1 + 1e-12
    assert found.value == pytest.approx(np.linalg.svd(found.solution, compute_uv=False).sum(), rel=1e-12)


def test_scale_of_the_labels_does_not_matter():
    problem = MatrixProblem.low_rank(size=5, rank=1, num_samples=18, seed=4)
    small, large = (solvers.nuclear_norm(problem.A, scale * problem.y) for scale in (1e-3, 1e3))
    np.testing.assert_allclose(1e6 * small.solution, large.solution, atol=1e-3)  # gap 1e-8 of 1e3, square root in W


def test_labels_near_the_largest_and_smallest_numbers_change_no_digit():
    problem = MatrixProblem.low_rank(size=5, rank=1, num_samples=18, seed=4)
    found = solvers.nuclear_norm(problem.A, problem.y)
    for power in (-1000, 1000):
        scaled = solvers.nuclear_norm(problem.A, np.ldexp(problem.y, power))
        np.testing.assert_array_equal(scaled.solution, np.ldexp(found.solution, power))
        assert scaled.value == np.ldexp(found.value, power)
    assert solvers.nuclear_norm(problem.A, 0 * problem.y).value == 0
    with pytest.raises(ValueError, match="`y` must be small enough"):
        solvers.nuclear_norm(np.eye(3)[None] * 1e-9, [1e300])


def test_bad_input_is_named():
    A = np.random.default_rng(0).standard_normal((4, 3, 3))
    with pytest.raises(ValueError, match="`A` must have shape"):
        solvers.nuclear_norm(A[0], [1.0])
    with pytest.raises(ValueError, match="`y` must have shape"):
        solvers.nuclear_norm(A, np.ones(3))
    with pytest.raises(ValueError, match="full row rank"):
        solvers.nuclear_norm(np.stack([A[0], A[0]]), np.ones(2))


def test_unreached_tolerance_is_an_error(monkeypatch):
    monkeypatch.setattr(sys.modules["lrdecay_core.solvers.nuclear_norm"], "SWEEPS", 20)  # a function has its name
    problem = MatrixProblem.low_rank(size=5, rank=5, num_samples=12, seed=2)
    with pytest.raises(RuntimeError, match="`tolerance` of 1e-12 was not met in 20 sweeps"):
        solvers.nuclear_norm(problem.A, problem.y, tolerance=1e-12)
    with pytest.raises(ValueError, match="`tolerance` must be a finite number above 0"):
        solvers.nuclear_norm(problem.A, problem.y, tolerance=0.0)
