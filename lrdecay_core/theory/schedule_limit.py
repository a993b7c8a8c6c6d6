"""The slow flow under any schedule: it runs on the sum of the squared rates."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from lrdecay_core import checks, solvers
from lrdecay_core.schedules import Schedule
from lrdecay_core.theory.slow_flow import graded_depths, phase_one_flow, settled_log_scale

__all__ = ["schedule_limit", "schedule_log_scale"]


def schedule_log_scale(
    X: Any,
    y: Any,
    *,
    schedule: Schedule,
    steps: Iterable[int],
    init_scale: float,
    label_noise: float,
    batch_size: int,
    first_order: bool = True,
    replacement: bool = False,
) -> np.ndarray:
    r"""Return log a_j (K, d) after the given steps under any schedule eta_k.

    To leading order only the sum of squares counts, S_T = sum_{k<T} eta_k^2:

        log a_j = log a_0 - (sigma^2 / B) chi_j S_T,   chi_j = |X_j|^2 / n.

    First order adds the noise of the residuals, whose covariance eta_k (sigma^2 / B) X D X^T follows the rate, and
    phase I along the gradient flow at time t_k = sum_{i<k} eta_i:

        - (sigma^2 / B) sum_k eta_k^3 c_j  -  sum_k eta_k int_{t_k}^{t_{k+1}} E_B[g_j^2] dt.

    So shapes of one sum of squares differ by their sums of cubes, and by their first rates. Source: ours; leading order
    by the proof of Theorem E with eta_k in place of eta (largest rate to 0); the first order is heuristic, and
    needs rates that change slowly against the residuals' relaxation. A constant rate gives ``slow_log_scale``.

    Args:
        X: (n, d) design of full row rank n < d.
        y: (n,) labels.
        schedule: step -> one rate.
        steps: (K,) increasing.
        init_scale: s > 0, the start p = m = s.
        label_noise: standard deviation sigma.
        batch_size: B.
        first_order: add the correction; else leading order.
        replacement: whether batches are drawn with replacement (matters at first order alone).

    Raises:
        ValueError: an argument is out of range, or the schedule gives more than one rate a step.
    """
    X, y = checks.design(X, checks.finite_array("y", y, shape=(None,)))
    marks, rates = _rates(schedule, steps)
    sigma = checks.non_negative("label_noise", label_noise)
    checks.boolean("first_order", first_order), checks.boolean("replacement", replacement)
    B = checks.integer("batch_size", batch_size, minimum=1, maximum=None if replacement else len(X))
    start = np.full(X.shape[1], np.log(2 * checks.positive("init_scale", init_scale) ** 2))
    drift, v = sigma**2 / B, (X**2).mean(axis=0)
    squares, cubes = (np.concatenate([[0.0], np.cumsum(rates**power)]) for power in (2, 3))
    if not first_order:
        return np.asarray(start - drift * v * squares[marks][:, None])

    start = start - _phase_one(X, y, start, rates, batch_size=B, replacement=replacement)
    fastest = max(drift * v.max(), 1e-300)
    grid = np.unique(np.append(graded_depths(fastest * squares[-1]) / fastest, squares[marks]))
    clock = np.interp(grid, squares, cubes)
    leading = start - drift * v * grid[:, None]
    log_scale = settled_log_scale(
        X, y, leading, clock, factor=drift, batch_size=B, replacement=replacement, where="for this `schedule`"
    )
    return np.asarray(log_scale[np.searchsorted(grid, squares[marks])])


def schedule_limit(
    X: Any,
    y: Any,
    *,
    schedule: Schedule,
    steps: Iterable[int],
    init_scale: float,
    label_noise: float,
    batch_size: int,
    first_order: bool = True,
    replacement: bool = False,
) -> np.ndarray:
    """Return the coefficients (K, d) that decay after the given steps of a schedule is predicted to lead to.

    The entropy projection at ``schedule_log_scale``, which takes and explains the same arguments.

    >>> from lrdecay_core.schedules import constant
    >>> beta = schedule_limit([[1.0, 0.5]], [1.0], schedule=constant(0.1), steps=[0, 5000], init_scale=1.0,
    ...                       label_noise=1.0, batch_size=1, first_order=False)
    >>> beta.round(3).tolist()
    [[0.803, 0.394], [0.0, 2.0]]
    """
    log_scale = schedule_log_scale(
        X,
        y,
        schedule=schedule,
        steps=steps,
        init_scale=init_scale,
        label_noise=label_noise,
        batch_size=batch_size,
        first_order=first_order,
        replacement=replacement,
    )
    return solvers.entropy_projection(X, y, log_scale, np.zeros_like(log_scale)).solution


def _rates(schedule: Schedule, steps: Iterable[int]) -> tuple[np.ndarray, np.ndarray]:
    """Return the steps, and the rate of every update before the last of them."""
    marks = np.array(checks.increasing("steps", steps, minimum=0, maximum=2**62))
    checks.function("schedule", schedule)
    rates = checks.array("schedule", schedule(np.arange(marks[-1])))
    if rates.ndim != 1 or not (np.isfinite(rates) & (rates >= 0)).all():
        raise ValueError(f"`schedule` must give one finite rate of 0 or above a step, got shape {rates.shape}")
    return marks, rates


def _phase_one(
    X: np.ndarray, y: np.ndarray, log_scale: np.ndarray, rates: np.ndarray, *, batch_size: int, replacement: bool
) -> np.ndarray:
    """Return sum_k eta_k int E_B[g_j^2] dt over the time of step k, (d,), along gradient flow from beta = 0."""
    found = phase_one_flow(X, y, log_scale, batch_size=batch_size, replacement=replacement)
    times = np.minimum(np.concatenate([[0.0], np.cumsum(rates)]), found.t[-1])
    return np.asarray(rates @ np.diff(found.sol(times)[len(X) :], axis=1).T)
