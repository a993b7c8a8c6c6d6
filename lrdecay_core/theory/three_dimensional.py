"""The instance that can be drawn: n = 2, d = 3, f = <w^2, x>; its minima form two closed curves, its laws are explicit.

X = [[sqrt 2, 1, 0], [0, 1, sqrt 2]] and y = (2 sqrt 2, sqrt 2). The non-negative interpolators are
beta(t) = (1 + t, sqrt 2 (1 - t), t), t in [0, 1]; the minimum norm and the truth of the book sit at t = 0.
All coordinates are those of w itself (w = p, m = 0). Source: ours; section on the drawable instance of the book.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy.special import expit, log_expit

from lrdecay_core import checks

__all__ = [
    "KERNEL",
    "arc_length",
    "chart",
    "coefficients",
    "curve",
    "decay_position",
    "hessian_eigenvalues",
    "position_of",
    "slow_position",
    "valley_coordinate",
]

X = np.array([[math.sqrt(2), 1.0, 0.0], [0.0, 1.0, math.sqrt(2)]])
KERNEL = np.array([1.0, -math.sqrt(2), 1.0])
"""Spans ker X. Noise of first order cancels in the combination KERNEL . log w^2 exactly."""


def coefficients(t: Any) -> np.ndarray:
    """Return the interpolator beta(t) (..., 3) for t in [0, 1]; its test loss is 2 t^2."""
    t = np.asarray(t, dtype=np.float64)
    return np.stack([1 + t, math.sqrt(2) * (1 - t), t], axis=-1)


def curve(angle: Any) -> np.ndarray:
    """Return the point w (..., 3) with w_1 > 0 of the curve of minima, t = sin^2(angle): one turn closes it.

    >>> bool(np.abs(curve(0.7) ** 2 @ X.T - [2 * math.sqrt(2), math.sqrt(2)]).max() < 1e-15)
    True
    """
    sine, cosine = np.sin(angle), np.cos(angle)
    return np.stack([np.sqrt(1 + sine**2), 2**0.25 * cosine, sine], axis=-1)


def arc_length(angle: Any) -> np.ndarray:
    """Return the signed length of the curve from angle 0, where a test minimum is; a quarter turn is 1.78296.

    Gauss-Legendre with 64 nodes, exact to rounding for this analytic integrand up to one turn.
    """
    angle = np.asarray(angle, dtype=np.float64)[..., None]
    nodes, weights = np.polynomial.legendre.leggauss(64)
    at = angle / 2 * (nodes + 1)
    sine, cosine = np.sin(at), np.cos(at)
    speed = np.sqrt((sine * cosine) ** 2 / (1 + sine**2) + math.sqrt(2) * sine**2 + cosine**2)
    return np.asarray((angle / 2 * weights * speed).sum(axis=-1))


def hessian_eigenvalues(t: Any) -> np.ndarray:
    """Return the two non-zero eigenvalues (..., 2), in increasing order, of the Hessian in w at beta(t).

    Those of 2 X diag(beta) X^T: trace 4 |w|^2, product 8 [sqrt 2 (1 - t)(1 + 2t) + 2t (1 + t)].
    """
    return np.asarray(np.linalg.eigvalsh(2 * (X * coefficients(t)[..., None, :]) @ X.T))


def chart(angle: Any, offset: Any) -> np.ndarray:
    """Return w(angle) + offset * N (..., 3), N the unit eigenvector of the largest Hessian eigenvalue there.

    A sheet across the valley that contains its floor, for |offset| well below the reach 0.64 of the curve.
    """
    w = curve(angle)
    across = np.linalg.eigh((X * w[..., None, :] ** 2) @ X.T)[1][..., -1]  # entries share one sign (Perron)
    across = across * np.sign(across.sum(axis=-1, keepdims=True))
    normal = w * (across @ X)
    return np.asarray(w + np.asarray(offset)[..., None] * normal / np.linalg.norm(normal, axis=-1, keepdims=True))


def valley_coordinate(t: Any) -> np.ndarray:
    """Return Q(t) = KERNEL . log beta(t) = log(1 + t) + log t - sqrt 2 log(sqrt 2 (1 - t)), increasing on (0, 1)."""
    t = np.asarray(t, dtype=np.float64)
    return np.asarray(np.log1p(t) + np.log(t) - math.sqrt(2) * (math.log(2) / 2 + np.log1p(-t)))


def position_of(coordinate: Any) -> np.ndarray:
    """Return the t in (0, 1) with Q(t) = ``coordinate``, by bisection in log(t / (1 - t)); relative accuracy 1e-13."""
    q = checks.finite_array("coordinate", coordinate)
    low, high = np.full(q.shape, -800.0), np.full(q.shape, 800.0)
    for _ in range(64):  # 1600 / 2^64 is below rounding
        z = (low + high) / 2
        value = np.log1p(expit(z)) + log_expit(z) - math.sqrt(2) * (math.log(2) / 2 + log_expit(-z))
        low, high = np.where(value < q, z, low), np.where(value < q, high, z)
    return np.asarray(expit((low + high) / 2))


def decay_position(weights: Any) -> np.ndarray:
    """Return the t where decay from weights w (..., 3) lands exactly: Q(t) = KERNEL . log w^2.

    Raises:
        ValueError: a weight is 0 or not finite.
    """
    w = checks.finite_array("weights", weights)
    if w.shape[-1:] != (3,) or (w == 0).any():
        raise ValueError(f"`weights` must end in 3 entries, none of them 0, got shape {w.shape}")
    return position_of(np.log(w**2) @ KERNEL)


def slow_position(start: Any, slow_times: Any, *, label_noise: float, batch_size: int) -> np.ndarray:
    """Return t(tau) of the slow flow, Q(t) = Q(start) - (2 - sqrt 2) sigma^2 tau / B, with tau = eta^2 T.

    At the end t, and the square root of the test loss, fall like exp(-(1 - kappa*) sigma^2 tau / B), where
    kappa* = sqrt 2 - 1.
    """
    sigma = checks.non_negative("label_noise", label_noise)
    drift = (2 - math.sqrt(2)) * sigma**2 / checks.integer("batch_size", batch_size, minimum=1)
    return position_of(valley_coordinate(start) - drift * checks.finite_array("slow_times", slow_times))
