"""The matrix of least nuclear norm among those that fit the labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lrdecay_core import checks

__all__ = ["NuclearNorm", "nuclear_norm"]

STEP = 0.5  # threshold of the singular values, in units of their scale
SWEEPS = 50_000


@dataclass(frozen=True, kw_only=True, eq=False)
class NuclearNorm:
    """A solution with the numbers that prove it."""

    solution: np.ndarray
    """(m, m) W."""
    value: float
    """Sum of its singular values."""
    gap: float
    """value minus the dual value <certificate, y>: no fitting matrix has a value below ``value - gap``."""
    residual: float
    """max |<A_i, W> - y_i|."""
    certificate: np.ndarray
    """(n,) dual point lambda, scaled so that sum_i lambda_i A_i has spectral norm at most 1, to rounding."""


def nuclear_norm(A: Any, y: Any, *, tolerance: float = 1e-8) -> NuclearNorm:
    r"""Return argmin { |W|_* : <A_i, W> = y_i }, the sum of singular values being |W|_*.

    By the alternating direction method of multipliers: project onto the solutions, threshold singular values, add up
    the difference. It stops when the duality gap is below ``tolerance`` of the value: |W|_* >= <lambda, y> whenever
    sum_i lambda_i A_i has spectral norm at most 1. Source: Recht, Fazel and Parrilo (2010) for the duality.

    Args:
        A: (n, m, m) independent measurements.
        y: (n,) labels.
        tolerance: relative duality gap.

    Raises:
        ValueError: shapes do not fit, measurements are dependent, or the tolerance is not above 0.
        RuntimeError: the gap stays above the tolerance.

    >>> found = nuclear_norm([[[1.0, 0.0], [0.0, 0.0]], [[0.0, 1.0], [0.0, 0.0]]], [3.0, 4.0])
    >>> found.solution.round(6).tolist(), round(found.value, 6)
    ([[3.0, 4.0], [0.0, 0.0]], 5.0)
    """
    A = checks.finite_array("A", A, shape=(None, None, None))
    flat, y = checks.design(A.reshape(len(A), -1), checks.finite_array("y", y, shape=(len(A),)))
    goal = checks.positive("tolerance", tolerance)
    unit = np.ldexp(1.0, int(np.frexp(np.abs(y).max())[1]) - 1)  # a power of two: no digit changes, no norm overflows
    y = y / unit
    back, shape = np.linalg.pinv(flat), A.shape[1:]
    rho = STEP * max(float(np.linalg.norm(back @ y)), 1e-300)
    low, dual = np.zeros(flat.shape[1]), np.zeros(flat.shape[1])
    gap = np.inf
    for sweep in range(SWEEPS):
        fit = low - dual
        fit -= back @ (flat @ fit - y)
        left, values, right = np.linalg.svd((fit + dual).reshape(shape), full_matrices=False)
        low = ((left * np.maximum(values - rho, 0)) @ right).ravel()
        dual += fit - low
        if sweep % 20 == 19 or sweep == SWEEPS - 1:
            certificate = back.T @ dual / rho
            certificate /= max(1.0, float(np.linalg.norm(np.tensordot(certificate, A, axes=1), 2)))
            value = float(np.linalg.svd(fit.reshape(shape), compute_uv=False).sum())
            gap = value - float(certificate @ y)
            if gap <= goal * value:
                break
    else:
        raise RuntimeError(f"`tolerance` of {goal:g} was not met in {SWEEPS} sweeps, but {gap / value:.1e}; raise it")
    if unit > 1 and value >= np.finfo(float).max / unit:
        raise ValueError(
            f"`y` must be small enough for a norm below 1e308, got entries up to {np.abs(y).max() * unit:g}"
        )
    return NuclearNorm(
        solution=unit * fit.reshape(shape),
        value=float(unit * value),
        gap=float(unit * gap),
        residual=float(unit * np.abs(flat @ fit - y).max()),
        certificate=certificate,
    )
