"""The mean squared stochastic gradient: what shrinks the scale."""

from __future__ import annotations

from typing import Any

import numpy as np

from lrdecay_core import checks

__all__ = ["batch_mean_square", "mean_squared_gradient"]


def mean_squared_gradient(
    X: Any, residual: Any, *, label_noise: float, batch_size: int, replacement: bool = False
) -> np.ndarray:
    r"""Return E[g_j^2] over batches and label noise, (..., d), for g = X_B^T (r_B - xi) / B.

    E[g_j^2] = sigma^2 chi_j / B + (mini-batch part), chi_j = |X_j|^2 / n: label noise keeps it above sigma^2 chi_j / B
    however small the residuals. One step changes log a_j by -eta^2 g_j^2 + O(eta^4). Source: ours; Theorem C.

    Args:
        X: (n, d) design.
        residual: (..., n) r = X beta - y.
        label_noise: standard deviation sigma, 0 or above.
        batch_size: B.
        replacement: whether batches are drawn with replacement.

    >>> mean_squared_gradient([[1.0, 2.0]], [0.0], label_noise=3.0, batch_size=1).tolist()
    [9.0, 36.0]
    """
    X = checks.finite_array("X", X, shape=(None, None))
    r = checks.array("residual", residual)
    if r.shape[-1:] != X.shape[:1]:
        raise ValueError(f"`residual` must have shape (..., {len(X)}), got {r.shape}")
    sigma = checks.non_negative("label_noise", label_noise)
    checks.boolean("replacement", replacement)
    own, shared = _shares(len(X), batch_size, replacement)
    return np.asarray(sigma**2 / batch_size * (X**2).mean(axis=0) + own * r**2 @ X**2 + shared * (r @ X) ** 2)


def batch_mean_square(X: np.ndarray, covariance: np.ndarray, *, batch_size: int, replacement: bool) -> np.ndarray:
    """Return E[(X_B^T r_B / B)_j^2] over batches and over residuals of mean 0 and covariance (..., n, n): (..., d)."""
    own, shared = _shares(len(X), batch_size, replacement)
    diagonal = np.diagonal(covariance, axis1=-2, axis2=-1)
    return np.asarray(own * diagonal @ X**2 + shared * np.einsum("ij,...ij->...j", X, covariance @ X))


def _shares(n: int, batch_size: int, replacement: bool) -> tuple[float, float]:
    """Return the weights of sum_i z_i^2 and of (sum_i z_i)^2 in the mean of (sum over the batch of z / B)^2.

    The mean is (1/B) E z_i^2 + (1 - 1/B) E z_i z_i' for two draws; without replacement these are two samples.
    """
    B = checks.integer("batch_size", batch_size, minimum=1, maximum=None if replacement else n)
    if replacement or B == 1:
        return 1 / (B * n), (1 - 1 / B) / n**2
    return (n - B) / (B * n * (n - 1)), (B - 1) / (B * n * (n - 1))
