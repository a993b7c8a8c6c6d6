"""Without label noise there is almost nothing to wait for."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import kl_div

from lrdecay_core import checks

__all__ = ["divergence", "largest_rate", "waiting_bound"]


def divergence(p: Any, m: Any, interpolator: Any) -> np.ndarray:
    """Return U = sum_j KL(b_j^+ | p_j^2) + KL(b_j^- | m_j^2) for an interpolator b.

    KL(P | q) = P log(P / q) - P + q. It is 0 or above, infinite if a weight that b needs is 0, and
    |p|^2 + |m|^2 <= 2 U + 2 |b|_1. Source: ours; Theorem C of the book.
    """
    p, m, b = checks.broadcast(p=p, m=m, interpolator=interpolator)
    return np.asarray((kl_div(np.maximum(b, 0), p**2) + kl_div(np.maximum(-b, 0), m**2)).sum(axis=-1))


def largest_rate(X: Any, interpolator: Any, *, init_scale: float) -> float:
    """Return the largest rate that Theorem G covers from p = m = init_scale: eta x_inf^2 (2 U_0 + 4 |b|_1) = 1/2.

    Args:
        X: (n, d) design; x_inf = max |x_ij|.
        interpolator: (d,) b with Xb = y; the one of least l1 norm gives the largest rate.
        init_scale: s > 0.

    Source: ours; Theorem G of the book.

    >>> largest_rate([[1.0, 0.5]], [1.0, 0.0], init_scale=1.0)
    0.05
    """
    X = checks.finite_array("X", X, shape=(None, None))
    b = checks.finite_array("interpolator", interpolator, shape=(X.shape[1],))
    start = np.full(len(b), checks.positive("init_scale", init_scale))
    reach = 2 * float(divergence(start, start, b)) + 4 * float(np.abs(b).sum())
    return 0.5 / (float(np.abs(X).max() ** 2) * reach)


def waiting_bound(X: Any, interpolator: Any, *, init_scale: float, learning_rate: float) -> float:
    r"""Return the most that SGD without label noise ever takes off log a_j, (5/4) eta x_inf^2 U_0, whatever T.

    From p = m = init_scale, for any batches in any order. Label noise takes off eta^2 T sigma^2 / B, without end.
    Source: ours; Theorem G of the book.

    Args:
        X: (n, d) design; x_inf = max |x_ij|.
        interpolator: (d,) b with Xb = y; the one of least l1 norm gives the widest range of rates.
        init_scale: s > 0.
        learning_rate: eta up to :func:`largest_rate`; larger rates can oscillate, and the bound fails.

    Raises:
        ValueError: the rate is beyond that range.

    >>> round(waiting_bound([[1.0, 0.5]], [1.0, 0.0], init_scale=1.0, learning_rate=0.05), 12)
    0.1875
    """
    X = checks.finite_array("X", X, shape=(None, None))
    b = checks.finite_array("interpolator", interpolator, shape=(X.shape[1],))
    eta = checks.positive("learning_rate", learning_rate)
    start = np.full(len(b), checks.positive("init_scale", init_scale))
    U, largest = float(divergence(start, start, b)), float(np.abs(X).max() ** 2)
    limit = largest_rate(X, b, init_scale=init_scale)
    if eta > limit:
        raise ValueError(f"`learning_rate` must be at most {limit:.3g} for this start and design, got {eta}")
    return 1.25 * eta * largest * U
