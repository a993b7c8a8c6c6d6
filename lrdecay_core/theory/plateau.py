"""Fluctuations around the slow flow at a large rate, which decay removes."""

from __future__ import annotations

from typing import Any

import numpy as np

from lrdecay_core import checks

__all__ = ["centre_variance", "fluctuation_test_loss", "plateau_level"]


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
