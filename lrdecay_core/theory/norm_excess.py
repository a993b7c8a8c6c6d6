"""How close the late-decay limit is to the least norm, without any uniqueness, for columns of one or of any length."""

from __future__ import annotations

from typing import Any

import numpy as np

from lrdecay_core import checks, solvers

__all__ = ["norm_excess_bound", "weighted_norm_excess_bound"]


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
    d = X.shape[1]
    logs, phi = checks.finite_rows("log_scale", log_scale, d), checks.finite_rows("centre", centre, d)
    R = solvers.basis_pursuit(X, y).value
    log_a = logs.max(axis=-1)
    theta = (np.abs(logs - log_a[..., None]) + np.abs(phi)).max(axis=-1)
    room = np.log(2 * R / d) - log_a - theta
    bound = (R * (np.log(d) + 2 * theta) + d * np.exp(log_a)) / np.where(room > 0, room, 1.0)
    return np.where(room > 0, bound, np.inf)


def weighted_norm_excess_bound(X: Any, y: Any, *, init_scale: float, depths: Any) -> np.ndarray:
    r"""Return an upper bound (...) on sum_j chi_j |b_j| less its least value: slow flow under columns of any length.

    With chi_j = |X_j|^2 / n the scales shrink to a_j = a_0 e^(-chi_j l), l = (sigma^2 / B) tau, a_0 = 2 init_scale^2.
    For the landing b = argmin { psi_a(b) : Xb = y } and a solution beta of min { sum_j chi_j |b_j| : Xb = y },

        sum_j chi_j |b_j|  <=  sum_j chi_j z_j + (1 / l) { sum_j z_j (log(2 z_j / a_0) - 1) + (3/2) d a_0 }, z = |beta|.

    So the landing goes to weighted basis pursuit. In rescaled columns X_j / chi_j that is plain basis pursuit: a column
    twice as long acts like one half as long. Source: ours; proposition of the book's chapter on the minimum norm.

    Args:
        X: (n, d) design of full row rank n < d, no column 0.
        y: (n,) labels.
        init_scale: s > 0, the start p = m = s.
        depths: (...) l, above 0.

    Raises:
        ValueError: bad shapes or entries.

    >>> float(weighted_norm_excess_bound([[2.0, 1.0]], [1.0], init_scale=0.5, depths=100.0).round(3))
    0.019
    """
    X, y = checks.design(X, y)
    depth, a = checks.finite_array("depths", depths), 2 * checks.positive("init_scale", init_scale) ** 2
    if (depth <= 0).any():
        raise ValueError(f"`depths` must be above 0, got {depth.min()}")
    size = np.abs(solvers.basis_pursuit(X, y, weights=(X**2).mean(axis=0)).solution)
    entropy = (size * (np.log(2 * np.where(size > 0, size, a) / a) - 1)).sum()
    return np.asarray((entropy + 1.5 * X.shape[1] * a) / depth)
