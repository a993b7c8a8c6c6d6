import numpy as np
import pytest
import torch

from lrdecay_core import solvers
from lrdecay_core.model import MatrixProblem, matrix

PROBLEM = MatrixProblem.low_rank(size=5, rank=2, num_samples=14, seed=3)


def factors(seed=0, shape=(2, 5, 5)):
    return np.random.default_rng(seed).standard_normal((2, *shape)) / 2


def fitting(seed=0):
    """Factors with zero training loss: settle from a large random start."""
    U, V = factors(seed)
    return matrix.settle(PROBLEM, U + np.eye(5), V, rate=0.1, time=4000)


def loss(flat, problem=PROBLEM):
    U, V = flat.reshape(2, 5, 5)
    r = torch.einsum("nij,ij->n", torch.from_numpy(problem.A.copy()), U @ V.T) - torch.from_numpy(problem.y.copy())
    return (r**2).mean() / 2


def test_losses_are_the_formulas():
    W = np.random.default_rng(1).standard_normal((3, 5, 5))
    for k in range(3):
        r = np.array([np.trace(a.T @ W[k]) for a in PROBLEM.A]) - PROBLEM.y
        assert PROBLEM.train_loss(W)[k] == pytest.approx((r**2).sum() / 28, rel=1e-12)
        assert PROBLEM.test_loss(W)[k] == pytest.approx(np.linalg.norm(W[k] - PROBLEM.truth) ** 2 / 2, rel=1e-12)


def test_measurements_are_balanced_and_seeds_differ():
    for axes in ("nij,nkj->ik", "nij,nik->jk"):
        np.testing.assert_allclose(np.einsum(axes, PROBLEM.A, PROBLEM.A) / 14, np.eye(5), atol=1e-9)  # stops at 1e-10
    assert PROBLEM.balanced
    assert not MatrixProblem(2 * PROBLEM.A, PROBLEM.y, PROBLEM.truth).balanced
    assert not np.allclose(PROBLEM.A, MatrixProblem.low_rank(size=5, rank=2, num_samples=14, seed=4).A)


@pytest.mark.parametrize(("rank", "norm_squared", "value"), [(2, None, 1.0), (5, 2.0, np.sqrt(0.4))])
def test_truth_has_equal_singular_values(rank, norm_squared, value):
    problem = MatrixProblem.low_rank(size=5, rank=rank, num_samples=14, seed=0, norm_squared=norm_squared)
    values = np.linalg.svd(problem.truth, compute_uv=False)
    np.testing.assert_allclose(values, [value] * rank + [0.0] * (5 - rank), atol=1e-12)
    assert problem.train_loss(problem.truth) < 1e-28


def test_hessian_trace_at_minima_is_that_of_autograd():
    U, V = fitting()
    assert PROBLEM.train_loss(U @ np.swapaxes(V, 1, 2)).max() < 1e-16
    stretched = MatrixProblem(
        PROBLEM.A * np.arange(1.0, 6)[:, None],
        np.tensordot(PROBLEM.A * np.arange(1.0, 6)[:, None], U[0] @ V[0].T),
        U[0],
    )
    for problem, k in ((PROBLEM, 0), (PROBLEM, 1), (stretched, 0)):
        flat = torch.from_numpy(np.stack([U[k], V[k]]).ravel())
        H = torch.autograd.functional.hessian(lambda x, problem=problem: loss(x, problem), flat)
        trace = matrix.hessian_trace(problem, U[k], V[k])
        assert trace == pytest.approx(float(H.trace()), rel=1e-9)  # residuals of 1e-8 add a trace-free part only
        assert (trace == pytest.approx(matrix.norm_squared(U[k], V[k]), rel=1e-8)) == problem.balanced


def test_norm_is_at_least_twice_the_nuclear_norm_with_equality_if_balanced():
    U, V = factors(5)
    nuclear = np.linalg.svd(U @ np.swapaxes(V, 1, 2), compute_uv=False).sum(axis=-1)
    assert (matrix.norm_squared(U, V) > 2 * nuclear + 0.1).all()
    left, values, right = np.linalg.svd(U[0])
    even = left * np.sqrt(values), right.T * np.sqrt(values)
    np.testing.assert_allclose(matrix.imbalance(*even), 0, atol=1e-14)
    assert matrix.norm_squared(*even) == pytest.approx(2 * values.sum(), rel=1e-12)


def test_settling_steps_both_factors_from_the_old_ones():
    U, V = factors(7)
    r = PROBLEM.residual(U @ np.swapaxes(V, 1, 2))
    G = np.einsum("rn,nij->rij", r, PROBLEM.A) / 14
    after = matrix.settle(PROBLEM, U, V, rate=0.1, time=0.1)
    np.testing.assert_allclose(after[0], U - 0.1 * np.einsum("rij,rjk->rik", G, V), atol=1e-14)
    np.testing.assert_allclose(after[1], V - 0.1 * np.einsum("rji,rjk->rik", G, U), atol=1e-14)


def test_settling_keeps_the_imbalance_to_first_order_and_ends_above_least_norm():
    least = solvers.nuclear_norm(PROBLEM.A, PROBLEM.y).value
    U, V = factors(7)
    start = matrix.imbalance(U + np.eye(5), V)
    drift = []
    for rate in (0.1, 0.05):
        ends = matrix.settle(PROBLEM, U + np.eye(5), V, rate=rate, time=1000)
        assert PROBLEM.train_loss(ends[0] @ np.swapaxes(ends[1], 1, 2)).max() < 1e-8
        assert (matrix.norm_squared(*ends) > 2 * least).all()
        drift.append(np.abs(matrix.imbalance(*ends) - start).max())
    assert drift[0] < 0.1 * np.abs(start).max()
    assert drift[1] == pytest.approx(drift[0] / 2, rel=0.2)  # proportional to the rate, up to its square


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"A": np.ones((3, 2, 4))}, "`A` must hold square matrices, got 2 by 4"),
        ({"A": np.ones((3, 5, 5))}, "full row rank"),
        ({"y": np.ones(3)}, "`y` must have shape"),
        ({"truth": np.ones((4, 4))}, "`truth` must have shape"),
    ],
)
def test_bad_input_is_named(changes, message):
    with pytest.raises(ValueError, match=message):
        MatrixProblem(
            **{"A": PROBLEM.A, "y": PROBLEM.y[: len(changes.get("A", PROBLEM.A))], "truth": PROBLEM.truth} | changes
        )


def test_more_samples_than_entries_are_refused():
    with pytest.raises(ValueError, match="`num_samples` must be a whole number"):
        MatrixProblem.low_rank(size=3, rank=1, num_samples=9, seed=0)
    with pytest.raises(ValueError, match="`rank` must be a whole number"):
        MatrixProblem.low_rank(size=3, rank=4, num_samples=5, seed=0)


def test_arrays_are_read_only():
    with pytest.raises(ValueError, match="read-only"):
        PROBLEM.A[0] = 0
