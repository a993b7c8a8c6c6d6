"""How close the late-decay limit is to the least norm, and how fast it nears a sparse truth as the scale shrinks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import linprog

from lrdecay_core import checks, solvers

__all__ = ["Deviation", "Exponent", "deviation_bound", "kappa_star", "norm_excess_bound", "weighted_norm_excess_bound"]


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


@dataclass(frozen=True, kw_only=True, eq=False)
class Exponent:
    """The strictness of the best dual certificate of a sparse vector."""

    kappa: float
    """kappa* = max over j off the support of |X_j^T lambda|; below 1 exactly if the vector is the unique solution."""
    certificate: np.ndarray
    """(n,) lambda, with X_S^T lambda = sign beta_S."""


def kappa_star(X: Any, beta_true: Any) -> Exponent:
    r"""Return kappa* = min { |X_{S^c}^T lambda|_inf : X_S^T lambda = sign beta_S }, a linear programme.

    With it the late-decay limit is off the truth by Theta(a^(1 - kappa*)), and the test loss by
    Theta(a^(2 (1 - kappa*))): the smaller, the sooner. Source: ours; Theorem D2 of the book.

    Args:
        X: (n, d) design.
        beta_true: (d,) sparse coefficients, not all 0.

    Raises:
        ValueError: no lambda fits the signs, so beta_true is no basis-pursuit solution.

    >>> round(kappa_star([[2**0.5, 1, 0], [0, 1, 2**0.5]], [1, 2**0.5, 0]).kappa, 12) == round(2**0.5 - 1, 12)
    True
    """
    X = checks.finite_array("X", X, shape=(None, None))
    n, d = X.shape
    beta = checks.finite_array("beta_true", beta_true, shape=(d,))
    on = beta != 0
    if not on.any():
        raise ValueError("`beta_true` must have a non-zero entry, got zeros only")
    off = X[:, ~on].T
    one = np.ones((len(off), 1))
    found = linprog(
        np.append(np.zeros(n), 1.0),
        A_eq=np.hstack([X[:, on].T, np.zeros((int(on.sum()), 1))]),
        b_eq=np.sign(beta[on]),
        A_ub=np.vstack([np.hstack([off, -one]), np.hstack([-off, -one])]),
        b_ub=np.zeros(2 * len(off)),
        bounds=[(None, None)] * n + [(0, None)],
        method="highs",
    )
    if found.status != 0:
        raise ValueError("`beta_true` must be a basis-pursuit solution: no dual point has its signs on the support")
    return Exponent(kappa=float(found.x[-1]), certificate=found.x[:-1])


@dataclass(frozen=True, kw_only=True, eq=False)
class Deviation:
    """Upper bounds (...) on the l1 distance of a late-decay limit from the sparse truth."""

    off_support: np.ndarray
    """On the l1 norm off the support."""
    on_support: np.ndarray
    """On the l1 distance on the support."""

    @property
    def test_loss(self) -> np.ndarray:
        """On |b - beta_true|^2 / 2."""
        return np.asarray((self.off_support + self.on_support) ** 2 / 2)


def deviation_bound(X: Any, beta_true: Any, log_scale: Any, centre: Any) -> Deviation:
    r"""Return how far argmin { psi_a(b) - <centre, b> : Xb = X beta_true } can be from beta_true, a certificate.

    |b_{S^c}|_1 <= (d - s) a sinh K and |b_S - beta_S|_1 <= C |b_{S^c}|_1, with K = kappa* M + C Delta + (1 + C) theta,
    z_j = arcsinh(|beta_j| / a) on S, M and Delta the half sum and half difference of its extremes,
    C = |X_S^+ X_{S^c}|_{1->1}, and theta = max_j |log a_j - log a| + |centre_j|. Source: ours; Theorem D2.

    Args:
        X: (n, d) design.
        beta_true: (d,) the unique basis-pursuit solution, its support columns independent.
        log_scale: (..., d) log a_j; log a is taken midway between their extremes.
        centre: (..., d).

    Raises:
        ValueError: beta_true is not the unique basis-pursuit solution (kappa* >= 1).

    >>> bound = deviation_bound([[1.0, 0.5]], [1.0, 0.0], np.full(2, -20.0), np.zeros(2))
    >>> bool(bound.test_loss < 1e-7)
    True
    """
    exponent = kappa_star(X, beta_true)
    if exponent.kappa >= 1:
        raise ValueError(
            f"`beta_true` must be the unique basis-pursuit solution, which needs kappa* < 1, got {exponent.kappa:.3f}"
        )
    X, beta = np.asarray(X, dtype=np.float64), np.asarray(beta_true, dtype=np.float64)
    d = len(beta)
    logs, phi = checks.finite_rows("log_scale", log_scale, d), checks.finite_rows("centre", centre, d)
    on = beta != 0
    log_a = (logs.max(axis=-1) + logs.min(axis=-1)) / 2
    theta = (np.abs(logs - log_a[..., None]) + np.abs(phi)).max(axis=-1)
    ratio = np.log(np.abs(beta[on])) - log_a[..., None]
    z = np.logaddexp(ratio, 0.5 * np.logaddexp(2 * ratio, 0.0))  # arcsinh(e^ratio) without overflow
    M, Delta = (z.max(axis=-1) + z.min(axis=-1)) / 2, (z.max(axis=-1) - z.min(axis=-1)) / 2
    C = float(np.abs(np.linalg.pinv(X[:, on]) @ X[:, ~on]).sum(axis=0).max(initial=0.0))
    K = exponent.kappa * M + C * Delta + (1 + C) * theta
    off = int((~on).sum()) * np.exp(log_a + K) * -np.expm1(-2 * K) / 2
    return Deviation(off_support=off, on_support=C * off)
