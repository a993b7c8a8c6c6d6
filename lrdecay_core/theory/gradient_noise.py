"""The noise of the gradient: its mean square, which shrinks the scale, and the fluctuations that decay removes."""

from __future__ import annotations

from typing import Any

import numpy as np

from lrdecay_core import checks

__all__ = ["batch_mean_square", "centre_variance", "fluctuation_test_loss", "mean_squared_gradient", "plateau_level"]


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


def _temperature(learning_rate: float, label_noise: float, batch_size: int) -> float:
    """Return eta sigma^2 / B."""
    eta, sigma = checks.positive("learning_rate", learning_rate), checks.non_negative("label_noise", label_noise)
    return eta * sigma**2 / checks.integer("batch_size", batch_size, minimum=1)


def plateau_level(norm_squared: Any, *, learning_rate: float, label_noise: float, batch_size: int) -> np.ndarray:
    """Return the training loss of the plateau, (eta sigma^2 / 4B) |theta|^2, for ``norm_squared`` of any shape.

    Under normalised columns |theta|^2 = |u|^2 + |v|^2 is the Hessian trace in (u, v); put the trace otherwise.
    Source: ours; heuristic, of leading order in eta (covariance (eta sigma^2 / B) X D X^T of the residuals).

    >>> float(plateau_level(8.0, learning_rate=0.01, label_noise=2.0, batch_size=4).round(12))
    0.02
    """
    return np.asarray(
        _temperature(learning_rate, label_noise, batch_size) / 4 * checks.array("norm_squared", norm_squared)
    )


def fluctuation_test_loss(
    X: Any, magnitude: Any, *, learning_rate: float, label_noise: float, batch_size: int
) -> np.ndarray:
    """Return the test loss that decay removes, (eta sigma^2 / 2B) tr[D X^T (X D X^T)^-1 X D], (...).

    Args:
        X: (n, d) design of full row rank.
        magnitude: (..., d) D = p^2 + m^2 = sqrt(beta^2 + a^2), above 0.
        learning_rate: eta before decay.
        label_noise: sigma.
        batch_size: B.

    Source: ours; heuristic, of leading order in eta.
    """
    X = checks.finite_array("X", X, shape=(None, None))
    D = checks.finite_rows("magnitude", magnitude, X.shape[1])
    XD = X * D[..., None, :]
    trace = np.trace(np.linalg.solve(XD @ X.T, XD @ np.swapaxes(XD, -1, -2)), axis1=-2, axis2=-1)
    return np.asarray(_temperature(learning_rate, label_noise, batch_size) / 2 * trace)


def centre_variance(X: Any, magnitude: Any, *, learning_rate: float, label_noise: float, batch_size: int) -> np.ndarray:
    """Return Var phi_j = (eta sigma^2 / B) X_j^T (X D X^T)^-1 X_j, (..., d): the slow flow needs it well below 1.

    It grows as the scale shrinks, so every rate has a last time up to which the curve before decay is quasi-static;
    the late-decay limit stays exact. Arguments as in ``fluctuation_test_loss``. Source: ours; heuristic.
    """
    X = checks.finite_array("X", X, shape=(None, None))
    D = checks.finite_rows("magnitude", magnitude, X.shape[1])
    inverse = np.linalg.solve((X * D[..., None, :]) @ X.T, np.broadcast_to(X, (*D.shape[:-1], *X.shape)))
    return np.asarray(_temperature(learning_rate, label_noise, batch_size) * (X * inverse).sum(axis=-2))
