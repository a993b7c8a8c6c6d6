"""The second model: f(A; U, V) = <U V^T, A>, the product of two matrices instead of two vectors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lrdecay_core import checks, rng

__all__ = ["MatrixProblem", "hessian_trace", "imbalance", "norm_squared", "settle"]

BALANCED = 1e-10  # largest deviation of a mean square from the identity at which sinkhorn scaling stops
SWEEPS = 2000


@dataclass(frozen=True, eq=False)
class MatrixProblem:
    """Labels y_i = <A_i, W> with fewer samples than entries of W, so the training loss has a manifold of minima.

    The vector model <u * v, x> is its restriction to diagonal matrices.

    >>> problem = MatrixProblem.low_rank(size=4, rank=1, num_samples=9, seed=0)
    >>> problem.A.shape, problem.balanced, float(problem.train_loss(problem.truth))
    ((9, 4, 4), True, 0.0)

    Raises:
        ValueError: an entry is not finite, shapes do not fit, or samples are as many as entries, or dependent.
    """

    A: np.ndarray
    """(n, m, m) measurements."""
    y: np.ndarray
    """(n,) training labels."""
    truth: np.ndarray
    """(m, m) matrix of the population."""

    def __post_init__(self) -> None:
        """Validate, and make the arrays read-only copies."""
        A = checks.finite_array("A", self.A, shape=(None, None, None))
        n, m, columns = A.shape
        if m != columns:
            raise ValueError(f"`A` must hold square matrices, got {m} by {columns}")
        checks.design(A.reshape(n, -1), y := checks.finite_array("y", self.y, shape=(n,)))
        truth = checks.finite_array("truth", self.truth, shape=(m, m))
        for name, value in (("A", A), ("y", y), ("truth", truth)):
            copy = np.array(value)
            copy.setflags(write=False)
            object.__setattr__(self, name, copy)

    @property
    def num_samples(self) -> int:
        """Number of samples, n."""
        return int(self.A.shape[0])

    @property
    def size(self) -> int:
        """Rows and columns of the matrix, m."""
        return int(self.A.shape[1])

    @property
    def balanced(self) -> bool:
        """True if the means of A A^T and A^T A are the identity: the matrix form of normalised columns."""
        return _deviation(self.A) <= 10 * BALANCED

    def residual(self, W: Any) -> np.ndarray:
        """Return <A_i, W> - y_i, (..., n), for matrices (..., m, m)."""
        W = np.asarray(W)
        flat = W.reshape(*W.shape[:-2], -1)
        return np.asarray(flat @ self.A.reshape(self.num_samples, -1).T - self.y)

    def train_loss(self, W: Any) -> np.ndarray:
        """Return the mean of squared residuals over 2, for matrices (..., m, m), without label noise."""
        return np.asarray((self.residual(W) ** 2).mean(axis=-1) / 2)

    def test_loss(self, W: Any) -> np.ndarray:
        """Return |W - truth|_F^2 / 2 for (..., m, m): the population loss for isotropic A, less its noise floor."""
        return np.asarray(((np.asarray(W) - self.truth) ** 2).sum(axis=(-2, -1)) / 2)

    @classmethod
    def low_rank(
        cls, *, size: int, rank: int, num_samples: int, seed: int, norm_squared: float | None = None
    ) -> MatrixProblem:
        """Return balanced Gaussian measurements of a random matrix with ``rank`` equal singular values, the others 0.

        Args:
            size: m.
            rank: r, at most m; r = m is a truth on which low nuclear norm is no help.
            num_samples: n < m^2.
            seed: replicate.
            norm_squared: |truth|_F^2; by default the rank, so that singular values are 1.
        """
        m = checks.integer("size", size, minimum=2)
        r = checks.integer("rank", rank, minimum=1, maximum=m)
        n = checks.integer("num_samples", num_samples, minimum=1, maximum=m * m - 1)
        A = _balance(rng.stream(seed, "measurements").standard_normal((n, m, m)))
        draw = rng.stream(seed, "low-rank truth")
        left, right = (np.linalg.qr(draw.standard_normal((m, m)))[0][:, :r] for _ in range(2))
        scale = 1.0 if norm_squared is None else np.sqrt(checks.positive("norm_squared", norm_squared) / r)
        truth = scale * left @ right.T
        return cls(A, np.tensordot(A, truth), truth)


def norm_squared(U: np.ndarray, V: np.ndarray) -> np.ndarray:
    """Return |U|_F^2 + |V|_F^2 for (..., m, m); at least twice the nuclear norm of U V^T, with equality if balanced.

    >>> float(norm_squared(np.eye(2), 2 * np.eye(2)))
    10.0
    """
    return np.asarray((U**2).sum(axis=(-2, -1)) + (V**2).sum(axis=(-2, -1)))


def imbalance(U: np.ndarray, V: np.ndarray) -> np.ndarray:
    """Return U^T U - V^T V, (..., m, m): fixed by gradient flow, shrunk by noise; 4 p m in the vector model."""
    return np.asarray(np.swapaxes(U, -1, -2) @ U - np.swapaxes(V, -1, -2) @ V)


def hessian_trace(problem: MatrixProblem, U: np.ndarray, V: np.ndarray) -> np.ndarray:
    """Return the trace of the training loss's Hessian at minima U, V (..., m, m); ``norm_squared`` if balanced.

    The residual of sample i has gradients A_i V and A_i^T U, so the trace is the mean of |A_i V|^2 + |A_i^T U|^2.
    """
    right = np.einsum("nij,nik->jk", problem.A, problem.A) / problem.num_samples
    left = np.einsum("nij,nkj->ik", problem.A, problem.A) / problem.num_samples
    return np.asarray(((right @ V) * V).sum(axis=(-2, -1)) + ((left @ U) * U).sum(axis=(-2, -1)))


def settle(
    problem: MatrixProblem, U: np.ndarray, V: np.ndarray, *, rate: float = 0.25, time: float = 400.0
) -> tuple[np.ndarray, np.ndarray]:
    """Return the factors after full-batch gradient descent without label noise: decay, followed to its end.

    Args:
        problem: what they are fitted to.
        U: (R, m, m).
        V: (R, m, m).
        rate: small enough that halving it changes little; the trace of the Hessian bounds what is stable.
        time: rate times number of steps.
    """
    n, m = problem.num_samples, problem.size
    flat = problem.A.reshape(n, -1) / n
    for _ in range(round(checks.positive("time", time) / checks.positive("rate", rate))):
        G = (problem.residual(U @ np.swapaxes(V, -1, -2)) @ flat).reshape(-1, m, m)
        U, V = U - rate * G @ V, V - rate * np.swapaxes(G, -1, -2) @ U
    return U, V


def _balance(A: np.ndarray) -> np.ndarray:
    """Scale rows and columns in turn until both mean squares are the identity (operator scaling, Gurvits 2004)."""
    for _ in range(SWEEPS):
        A = _inverse_root(np.einsum("nij,nkj->ik", A, A) / len(A)) @ A
        A = A @ _inverse_root(np.einsum("nij,nik->jk", A, A) / len(A))
        if _deviation(A) <= BALANCED:
            return A
    raise RuntimeError(f"measurements of shape {A.shape} did not come into balance; take more samples")


def _inverse_root(square: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh(square)
    return np.asarray(vectors / np.sqrt(values) @ vectors.T)


def _deviation(A: np.ndarray) -> float:
    means = (np.einsum(axes, A, A) / len(A) for axes in ("nij,nkj->ik", "nij,nik->jk"))
    return max(float(np.abs(mean - np.eye(A.shape[1])).max()) for mean in means)
