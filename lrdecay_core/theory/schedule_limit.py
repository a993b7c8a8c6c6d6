"""Any schedule: the slow flow runs on the sum of the squared rates, and a budget ends with its label noise kept on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from lrdecay_core import checks, solvers
from lrdecay_core.schedules import Schedule
from lrdecay_core.solvers import entropy_projection
from lrdecay_core.theory.slow_flow import graded_depths, phase_one_flow, settled_log_scale, slow_log_scale

__all__ = ["budget_test_loss", "remembered_rate", "schedule_limit", "schedule_log_scale"]


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


def remembered_rate(rates: Any, relaxation: Any) -> np.ndarray:
    r"""Return theta (..., n) after the last of the rates (K, ...): the rate that each mode of the residuals remembers.

        theta <- theta + gamma eta_k (eta_k - theta),   gamma = 4 lambda / n, from theta = 0.

    Under label noise the mode with eigenvalue lambda of X D X^T has variance theta (sigma^2 / B) lambda. A constant
    rate gives theta = eta, the plateau; after a decay to eta', it forgets the large rate within 1 / (gamma eta') steps.
    Source: ours; heuristic, of leading order in eta with D held fixed (the balance of Theorem E's plateau).

    Args:
        rates: (K, ...) learning rate of each update.
        relaxation: (..., n) gamma, 0 or above.

    >>> remembered_rate(np.full(1000, 0.1), np.array([0.5])).round(6).tolist()
    [0.1]
    """
    eta, gamma = checks.finite_array("rates", rates), checks.finite_array("relaxation", relaxation)
    if (gamma < 0).any():
        raise ValueError(f"`relaxation` must be 0 or above, got {gamma.min()}")
    theta = np.zeros(np.broadcast_shapes(gamma.shape, (*eta.shape[1:], 1)))
    for now in eta[..., None]:
        theta += gamma * now * (now - theta)
    return theta


def budget_test_loss(
    X: Any,
    y: Any,
    beta_true: Any,
    *,
    schedule: Schedule,
    num_steps: int,
    init_scale: float,
    label_noise: float,
    batch_size: int,
) -> np.ndarray:
    r"""Return the expected test loss |beta - beta_true|^2 / 2 after ``num_steps`` updates, (C,) for C candidates.

    Two parts. The slow one is where the scale has gone: the slow flow at sum_k eta_k^2, corrected to first order at the
    rate sum eta^3 / sum eta^2. The fast one is what the residuals still shake,

        (sigma^2 / 2B) sum_i theta_i |D X^T q_i|^2 / lambda_i,

    over the eigenpairs (lambda_i, q_i) of X D X^T at the end, with theta from ``remembered_rate``. Waiting lowers the
    first part; a tail long enough to forget the large rate lowers the second. Their sum has a best decay step.
    Source: ours; heuristic. Tails too short to forget the large rate end above it, by up to half at eta = 0.04 and
    less at smaller rates: D fluctuates then, and is held fixed here.

    Args:
        X: (n, d) design of full row rank n < d.
        y: (n,) labels.
        beta_true: (d,) coefficients of the population.
        schedule: step -> (C,) rates, one per candidate; see ``schedules``.
        num_steps: the budget, at least 1.
        init_scale: s > 0, the start p = m = s.
        label_noise: standard deviation sigma, kept on to the end.
        batch_size: B, drawn without replacement.

    Raises:
        ValueError: an argument is out of range, or the schedule does not give one rate per candidate.
    """
    X, y = checks.design(X, checks.finite_array("y", y, shape=(None,)))
    n, d = X.shape
    truth = checks.finite_array("beta_true", beta_true, shape=(d,))
    checks.function("schedule", schedule)
    rates = schedule(np.arange(checks.integer("num_steps", num_steps, minimum=1)))
    if rates.ndim != 2:
        raise ValueError(f"`schedule` must give one rate per candidate, (K, C), got shape {rates.shape}; pass a column")
    squares = (rates**2).sum(axis=0)
    log_scale = _log_scales(
        X, y, squares, (rates**3).sum(axis=0) / squares,
        init_scale=init_scale, label_noise=label_noise, batch_size=batch_size,
    )  # fmt: skip
    beta = entropy_projection(X, y, log_scale, np.zeros_like(log_scale)).solution
    D = np.hypot(beta, np.exp(log_scale))
    _, roots, directions = np.linalg.svd(X * np.sqrt(D)[:, None, :], full_matrices=False)
    reach = (directions**2 * D[:, None, :]).sum(axis=2)  # |D X^T q_i|^2 / lambda_i, without a division
    shaken = (remembered_rate(rates, 4 * roots**2 / n) * reach).sum(axis=1)
    return np.asarray(((beta - truth) ** 2).sum(axis=1) / 2 + label_noise**2 / (2 * batch_size) * shaken)


def _log_scales(X: np.ndarray, y: np.ndarray, squares: np.ndarray, rates: np.ndarray, **given: Any) -> np.ndarray:
    """Return log a (C, d) of the slow flow at each candidate's own time and rate, from three flows at most.

    At a given time log a is so nearly linear in the rate that a parabola through three rates is good to 1e-3.
    """
    times, where = np.unique(squares, return_inverse=True)
    low, high = rates.min(), rates.max()
    nodes = [low, (low + high) / 2, high] if high > 1.001 * low else [high]
    found = 0.0
    for node in nodes:
        others = [other for other in nodes if other != node]
        weight = np.prod([(rates - other) / (node - other) for other in others], axis=0) * np.ones_like(rates)
        flow = slow_log_scale(X, y, slow_times=times, learning_rate=float(node), **given)[where]
        found = found + weight[:, None] * flow
    return np.asarray(found)
