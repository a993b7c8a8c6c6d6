"""Two loops compiled by numba for the CPU; their plain twins are ``dense.advance`` and ``batches.exchange``.

Sums may be reordered and fused, nothing else: infinities and NaN keep their meaning, so a diverging run is seen.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["COMPILED", "advance", "exchange"]

COMPILED = True
try:
    from numba import njit
except ImportError:
    COMPILED = False
    warnings.warn("numba is absent: SGD takes the tensor engine, several times slower, equal to rounding", stacklevel=2)

    def njit(**options: Any) -> Callable[..., Any]:
        """Leave a function as it is; no one calls it."""
        return lambda function: function


REORDER = {"reassoc", "contract", "nsz"}


@njit(cache=True, fastmath=REORDER)
def advance(
    p: np.ndarray,
    m: np.ndarray,
    moved: np.ndarray,
    X: np.ndarray,
    y: np.ndarray,
    stream: np.ndarray,
    indices: np.ndarray,
    noise: np.ndarray,
    share: np.ndarray,
    loud: np.ndarray,
) -> None:
    """Make K SGD steps in place, run by run: a run's weights, 16 d bytes, stay in the first-level cache.

    Args:
        p: (R, d), like ``m``; ``moved`` is (R, n). See ``dense.State``.
        m: (R, d).
        moved: (R, n).
        X: (n, d).
        y: (n,).
        stream: (R,) which of the S streams of random numbers a run has.
        indices: (S, K, B) samples of each batch.
        noise: (S, K, B) unit label noise.
        share: (K, R) eta / B.
        loud: (K, R) eta / B times the deviation of the label noise.
    """
    d, B = p.shape[1], indices.shape[2]
    beta, step = np.empty(d), np.empty(d)
    for r in range(len(p)):
        pr, mr = p[r], m[r]
        for k in range(len(share)):
            batch, xi = indices[stream[r], k], noise[stream[r], k]
            for j in range(d):
                beta[j] = pr[j] * pr[j] - mr[j] * mr[j]
                step[j] = 0.0
            for b in range(0, B - 1, 2):  # two samples at a time: half the passes over beta and step
                one, two = batch[b], batch[b + 1]
                x, z, first, second = X[one], X[two], -y[one], -y[two]
                for j in range(d):
                    first += x[j] * beta[j]
                    second += z[j] * beta[j]
                first = share[k, r] * first - loud[k, r] * xi[b]
                second = share[k, r] * second - loud[k, r] * xi[b + 1]
                moved[r, one] += first
                moved[r, two] += second
                for j in range(d):
                    step[j] += first * x[j] + second * z[j]
            if B % 2:
                x, first = X[batch[B - 1]], -y[batch[B - 1]]
                for j in range(d):
                    first += x[j] * beta[j]
                first = share[k, r] * first - loud[k, r] * xi[B - 1]
                moved[r, batch[B - 1]] += first
                for j in range(d):
                    step[j] += first * x[j]
            for j in range(d):
                pr[j] -= pr[j] * step[j]
                mr[j] += mr[j] * step[j]


@njit(cache=True)
def exchange(partners: np.ndarray, num_samples: int) -> np.ndarray:
    """Return the first B entries of each row's shuffle: entry j of 0..n-1 changes places with ``partners[j]``.

    Args:
        partners: (B, K), entry j in [j, n).
        num_samples: n.

    Returns:
        (K, B).
    """
    B, K = partners.shape
    order, chosen = np.arange(num_samples), np.empty((K, B), dtype=np.int64)
    for k in range(K):
        for j in range(B):
            other = partners[j, k]
            order[j], order[other] = order[other], order[j]
            chosen[k, j] = order[j]
        for j in range(B - 1, -1, -1):  # and back
            other = partners[j, k]
            order[j], order[other] = order[other], order[j]
    return chosen
