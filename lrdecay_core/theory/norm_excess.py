"""How close the late-decay limit is to the least norm, without any uniqueness."""

from __future__ import annotations

from typing import Any

import numpy as np

from lrdecay_core import checks, solvers

__all__ = ["norm_excess_bound"]


def norm_excess_bound(X: Any, y: Any, log_scale: Any, centre: Any) -> np.ndarray:
    r"""Return an upper bound (...) on |b|_1 - R for the late-decay limit b, R the least l1 norm with Xb = y.

    (R (log d + 2 theta) + d a) / (log(2R / (a d)) - theta), with a = max_j a_j and
    theta = max_j |log a_j - log a| + |centre_j|; infinite where the denominator is not above 0. It falls only like
    1 / log(1 / a), the price of assuming nothing about X. Source: ours; Theorem D3 of the book.

    Args:
        X: (n, d) design of full row rank n < d.
        y: (n,) labels, not all 0.
        log_scale: (..., d) log a_j.
        centre: (..., d).

    Raises:
        ValueError: bad shapes or entries, or y = 0.

    >>> bool(norm_excess_bound([[1.0, 0.5]], [1.0], np.full(2, -50.0), np.zeros(2)) < 0.02)
    True
    """
    X, y = checks.design(X, y)
    if not y.any():
        raise ValueError("`y` must not be 0 everywhere: the least norm is then 0")
    logs, phi = checks.finite_array("log_scale", log_scale), checks.finite_array("centre", centre)
    R, d = solvers.basis_pursuit(X, y).value, X.shape[1]
    log_a = logs.max(axis=-1)
    theta = (np.abs(logs - log_a[..., None]) + np.abs(phi)).max(axis=-1)
    room = np.log(2 * R / d) - log_a - theta
    bound = (R * (np.log(d) + 2 * theta) + d * np.exp(log_a)) / np.where(room > 0, room, 1.0)
    return np.where(room > 0, bound, np.inf)
