"""Interpolation from Chebyshev nodes: few evaluations for a smooth map."""

from __future__ import annotations

import numpy as np

__all__ = ["matrix", "nodes"]


def nodes(low: float, high: float, num: int) -> np.ndarray:
    """Return (num,) Chebyshev points of the second kind on [low, high], ends included, increasing."""
    return 0.5 * (low + high) - 0.5 * (high - low) * np.cos(np.pi * np.arange(num) / (num - 1))


def matrix(at: np.ndarray, num: int) -> np.ndarray:
    """Return A (n, num) with A f = p(at), p the polynomial of degree num - 1 through f at ``nodes(-1, 1, num)``.

    The second barycentric formula (Berrut and Trefethen, SIAM Review 2004), weights (-1)^j, halved at both ends.

    >>> matrix(np.array([0.3]), 4) @ nodes(-1, 1, 4) ** 3
    array([0.027])
    """
    weights = (-1.0) ** np.arange(num)
    weights[[0, -1]] *= 0.5
    gaps = at[:, None] - nodes(-1, 1, num)
    hit = gaps == 0
    parts = weights / np.where(hit, 1.0, gaps)
    rows = parts / parts.sum(axis=1, keepdims=True)
    return np.where(hit.any(axis=1, keepdims=True), hit.astype(np.float64), rows)
