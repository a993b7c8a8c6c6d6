"""Where a budget ends: the test loss of the last iterate under a schedule, label noise kept on."""

from __future__ import annotations

from typing import Any

import numpy as np

from lrdecay_core import checks
from lrdecay_core.schedules import Schedule
from lrdecay_core.solvers import entropy_projection
from lrdecay_core.theory.slow_flow import slow_log_scale

__all__ = ["budget_test_loss", "remembered_rate"]


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
