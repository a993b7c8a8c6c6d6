"""The SGD step compiled by numba for the CPU, random numbers included; its twins: ``engine.advance``, ``batches``.

Sums may be reordered and fused, nothing else: infinities and NaN keep their meaning, so a diverging run is seen.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from lrdecay_core.model import batches

__all__ = ["COMPILED", "advance"]

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
U = np.uint64
GAMMA, FIRST, SECOND = U(batches.GAMMA), U(batches.FIRST), U(batches.SECOND)


@njit(cache=True, forceinline=True)
def word(key: Any, number: int) -> Any:
    """Return number ``number`` of the stream, see ``batches.words``."""
    z = key + (U(number) + U(1)) * GAMMA
    z = (z ^ (z >> U(30))) * FIRST
    z = (z ^ (z >> U(27))) * SECOND
    return z ^ (z >> U(31))


@njit(cache=True, forceinline=True)
def choose(key: Any, begin: int, num_samples: int, replacement: bool, chosen: np.ndarray) -> None:
    """Fill ``chosen`` with one batch, see ``batches.sample_indices``."""
    B = len(chosen)
    for b in range(B):
        last = num_samples - 1 if replacement else num_samples - B + b
        found = np.int64(((word(key, begin + b) >> U(32)) * U(last + 1)) >> U(32))
        if not replacement:
            for earlier in chosen[:b]:
                if earlier == found:
                    found = np.int64(last)
                    break
        chosen[b] = found


@njit(cache=True, forceinline=True)
def perturb(key: Any, begin: int, gaussian: bool, noise: np.ndarray) -> None:
    """Fill ``noise`` with the label noise of one batch, see ``batches.label_noise``."""
    for b in range(len(noise)):
        if gaussian:
            radius, angle = (word(key, 2 * (begin + b)) >> U(11)), (word(key, 2 * (begin + b) + 1) >> U(11))
            noise[b] = math.sqrt(-2 * math.log((radius + 1.0) * 2.0**-53)) * math.cos(angle * (2 * math.pi * 2.0**-53))
        else:
            noise[b] = -1.0 if word(key, begin + b) >> U(63) else 1.0


@njit(cache=True, fastmath=REORDER)
def advance(
    p: np.ndarray,
    m: np.ndarray,
    moved: np.ndarray,
    X: np.ndarray,
    y: np.ndarray,
    keys: np.ndarray,
    begin: int,
    share: np.ndarray,
    loud: np.ndarray,
    batch_size: int,
    replacement: bool,
    gaussian: bool,
) -> None:
    """Make K SGD steps in place, run by run: a run's weights, 16 d bytes, stay in the first-level cache.

    Args:
        p: (R, d), like ``m``; ``moved`` is (R, n). See ``engine.State``.
        m: (R, d).
        moved: (R, n).
        X: (n, d).
        y: (n,).
        keys: (2, R) unsigned, see ``batches.keys``.
        begin: number of the first step.
        share: (K, R) eta / B.
        loud: (K, R) eta / B times the deviation of the label noise.
        batch_size: B.
        replacement: whether batches are drawn with replacement.
        gaussian: whether the label noise is Gaussian.
    """
    (n, d), B = X.shape, batch_size
    step, batch, xi, effect = np.empty(d), np.empty(B, np.int64), np.zeros(B), np.empty(B)
    for r in range(len(p)):
        pr, mr = p[r], m[r]
        for k in range(len(share)):
            number = (begin + k) * B
            choose(keys[0, r], number, n, replacement, batch)
            if loud[k, r] > 0:
                perturb(keys[1, r], number, gaussian, xi)
            step[:] = 0.0
            for b in range(0, B - 3, 4):  # four samples at a time: a quarter of the passes over the weights
                i0, i1, i2, i3 = batch[b], batch[b + 1], batch[b + 2], batch[b + 3]
                x0, x1, x2, x3 = X[i0], X[i1], X[i2], X[i3]
                f0, f1, f2, f3 = -y[i0], -y[i1], -y[i2], -y[i3]
                for j in range(d):
                    beta = pr[j] * pr[j] - mr[j] * mr[j]
                    f0 += x0[j] * beta
                    f1 += x1[j] * beta
                    f2 += x2[j] * beta
                    f3 += x3[j] * beta
                f0 = share[k, r] * f0 - loud[k, r] * xi[b]
                f1 = share[k, r] * f1 - loud[k, r] * xi[b + 1]
                f2 = share[k, r] * f2 - loud[k, r] * xi[b + 2]
                f3 = share[k, r] * f3 - loud[k, r] * xi[b + 3]
                effect[b], effect[b + 1], effect[b + 2], effect[b + 3] = f0, f1, f2, f3
                for j in range(d):
                    step[j] += (f0 * x0[j] + f1 * x1[j]) + (f2 * x2[j] + f3 * x3[j])
            for b in range(B - B % 4, B):
                x, f = X[batch[b]], -y[batch[b]]
                for j in range(d):
                    f += x[j] * (pr[j] * pr[j] - mr[j] * mr[j])
                f = share[k, r] * f - loud[k, r] * xi[b]
                effect[b] = f
                for j in range(d):
                    step[j] += f * x[j]
            for b in range(B):
                moved[r, batch[b]] += effect[b]
            for j in range(d):
                pr[j] -= pr[j] * step[j]
                mr[j] += mr[j] * step[j]
