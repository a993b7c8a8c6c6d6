"""The minimum-norm solution of the training loss, which for this model is basis pursuit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lrdecay_core import checks, solvers
from lrdecay_core.model.problem import Problem
from lrdecay_core.model.weights import Weights

__all__ = ["MinimumNorm", "minimum_norm"]


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
