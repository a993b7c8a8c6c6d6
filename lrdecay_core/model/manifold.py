"""The minima manifold {theta : X beta(theta) = y}: projections, Hessian, valley chart, and its point of least norm."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import null_space

from lrdecay_core import checks, solvers
from lrdecay_core.model.problem import Problem
from lrdecay_core.model.weights import Weights

__all__ = [
    "MinimumNorm",
    "ValleyPoint",
    "from_valley",
    "hessian",
    "hessian_trace",
    "jacobian",
    "minimum_norm",
    "normal_part",
    "residual",
    "tangent_part",
    "to_valley",
]


def residual(problem: Problem, weights: Weights) -> np.ndarray:
    """Return X beta - y, (..., n): zero exactly on the manifold of minima."""
    return np.asarray(weights.beta @ problem.X.T - problem.y)


def jacobian(problem: Problem, weights: Weights) -> np.ndarray:
    """Return d(X beta)/d(u, v) = X [diag v, diag u], (..., n, 2d); its kernel is the tangent space.

    Its rank is n wherever n columns with D_j > 0 are independent, so in particular wherever every scale is
    positive, and falls to s at a balanced s-sparse point: the minimum-norm solution is a singular end point.
    Source: ours; Theorem A of the book.
    """
    return np.concatenate([problem.X * weights.v[..., None, :], problem.X * weights.u[..., None, :]], axis=-1)


def normal_part(problem: Problem, weights: Weights, direction: Weights) -> Weights:
    """Return the orthogonal projection of a direction (du, dv) on the normal space J^T R^n at ``weights``.

    Orthogonality means the same in (u, v) and (p, m). Source: ours; Theorem A of the book.
    """
    J = jacobian(problem, weights)
    flat = np.concatenate([direction.u, direction.v], axis=-1)[..., None]
    normal = (np.linalg.pinv(J) @ (J @ flat))[..., 0]
    return Weights.from_uv(*np.split(normal, 2, axis=-1))


def tangent_part(problem: Problem, weights: Weights, direction: Weights) -> Weights:
    """Return the orthogonal projection of a direction on ker J, the tangent space of the manifold."""
    normal = normal_part(problem, weights, direction)
    return Weights(direction.p - normal.p, direction.m - normal.m)


def hessian(problem: Problem, weights: Weights) -> np.ndarray:
    """Return the Hessian of the training loss in (u, v), (..., 2d, 2d), at any weights.

    H = J^T J / n + [[0, diag g], [diag g, 0]] with g = X^T r / n. On the manifold the second term is 0 and the
    non-zero eigenvalues are those of (2/n) X diag(D) X^T. Source: ours; Theorem A of the book.
    """
    J, d = jacobian(problem, weights), problem.num_features
    H = np.swapaxes(J, -1, -2) @ J / problem.num_samples
    gradient = residual(problem, weights) @ problem.X / problem.num_samples
    j = np.arange(d)
    H[..., j, d + j] += gradient
    H[..., d + j, j] += gradient
    return np.asarray(H)


def hessian_trace(problem: Problem, weights: Weights) -> np.ndarray:
    """Return the trace of that Hessian, sum_j chi_j (u_j^2 + v_j^2), (...): |theta|^2 under normalised columns.

    It holds off the manifold too, since the gradient enters off the diagonal only. In w = (p, m) it is twice this.
    """
    return np.asarray(2 * weights.magnitude @ problem.column_weights)


@dataclass(frozen=True, kw_only=True, eq=False)
class ValleyPoint:
    """Coordinates in which the valley is straight: the training loss is |residual|^2 / 2n and nothing else."""

    along: np.ndarray
    """(..., d - n) N^T phi for an orthonormal basis N of ker X; a step moves it by O(eta^3)."""
    log_scale: np.ndarray
    """(..., d) log a; a step moves it by log(1 - eta^2 g^2) = O(eta^2)."""
    residual: np.ndarray
    """(..., n) X beta - y; a step moves it by O(eta)."""


def to_valley(problem: Problem, weights: Weights) -> ValleyPoint:
    """Return the valley chart (N^T phi, log a, r) of weights p, m > 0.

    The three coordinates are the three time scales of SGD: noise of first order acts across the valley alone.
    Gradient flow moves only r. Source: ours; Theorem A2 of the book.

    Raises:
        ValueError: some p or m is not above 0; the chart covers one orthant (flip signs: beta does not change).
    """
    if not ((weights.p > 0).all() and (weights.m > 0).all()):
        raise ValueError(
            "`weights` must have p > 0 and m > 0 in every coordinate; flipping a sign leaves beta as it is"
        )
    return ValleyPoint(
        along=weights.phi @ null_space(problem.X),
        log_scale=weights.log_scale,
        residual=residual(problem, weights),
    )


def from_valley(problem: Problem, point: ValleyPoint) -> Weights:
    """Return the weights p, m > 0 with the given valley coordinates, the inverse of ``to_valley``.

    phi = N along + X^T mu with X a sinh(phi) = y + r: one entropy projection.
    """
    start = point.along @ null_space(problem.X).T
    found = solvers.entropy_projection(problem.X, problem.y + point.residual, point.log_scale, start)
    return Weights.from_scale(point.log_scale, start + found.multiplier @ problem.X)


@dataclass(frozen=True, kw_only=True, eq=False)
class MinimumNorm:
    """Weights of least norm with zero training loss, and the certificate that they are."""

    weights: Weights
    """p = sqrt(beta_+), m = sqrt(beta_-): one of 2^(support) sign choices."""
    norm_squared: float
    """|u|^2 + |v|^2 = 2 |beta|_1."""
    gap: float
    """No weights with zero training loss have a squared norm below ``norm_squared - gap``."""
    residual: float
    """max |X beta - y|."""
    certificate: np.ndarray
    """(n,) lambda: |X_j^T lambda| <= 1 everywhere and X_j^T lambda = sign beta_j on the support."""

    @property
    def beta(self) -> np.ndarray:
        """(d,) the coefficients."""
        return self.weights.beta


def minimum_norm(problem: Problem) -> MinimumNorm:
    """Return the minimum-norm solution of the training loss, min |u|^2 + |v|^2 subject to X(u * v) = y.

    Since p^2 + m^2 >= |p^2 - m^2| with equality iff p m = 0, it is balanced, and its coefficients solve basis
    pursuit; under normalised columns it also minimises the Hessian trace. Source: ours; Theorem B of the book.

    Raises:
        ValueError: ``problem.positive`` and no non-negative coefficients fit the labels.

    >>> bool(abs(minimum_norm(Problem.three_dimensional()).norm_squared - 2 * (1 + np.sqrt(2))) < 1e-12)
    True
    """
    checks.instance("problem", problem, Problem)
    found = solvers.basis_pursuit(problem.X, problem.y, positive=problem.positive)
    b = found.solution
    return MinimumNorm(
        weights=Weights(np.sqrt(np.maximum(b, 0)), np.sqrt(np.maximum(-b, 0))),
        norm_squared=2 * found.value,
        gap=2 * found.gap,
        residual=found.residual,
        certificate=found.certificate,
    )
