"""How long to wait before decay."""

from __future__ import annotations

from typing import Any

import numpy as np

from lrdecay_core import checks
from lrdecay_core.theory.slow_flow import graded_depths, slow_flow

__all__ = ["decay_time"]

DEEPEST = 256.0  # in log(a_0 / a): beyond, the limit is basis pursuit to rounding


def decay_time(
    X: Any,
    y: Any,
    beta_true: Any,
    *,
    target_test_loss: float,
    init_scale: float,
    label_noise: float,
    batch_size: int,
    learning_rate: float,
    first_order: bool = True,
    replacement: bool = False,
) -> float:
    r"""Return the number of steps T after which decay first leads to the target test loss |beta - beta_true|^2 / 2.

    T = tau / eta^2 with tau the first crossing of the slow flow; to leading order

        T = (B / (eta^2 sigma^2)) log(a_0 / a_target),  log(a_0 / a_target) = log(1 / target) / (2 (1 - kappa*)) + O(1).

    Source: ours; corollary of Theorem E of the book (first order: heuristic).

    Args:
        X: (n, d) design of full row rank n < d.
        y: (n,) labels.
        beta_true: (d,) coefficients of the population.
        target_test_loss: above 0.
        init_scale: s > 0, the start p = m = s.
        label_noise: standard deviation sigma, above 0: without it the scale does not keep shrinking.
        batch_size: B.
        learning_rate: eta, the rate before decay.
        first_order: use the first-order corrected flow, within a few percent for eta <= 0.04; else leading order.
        replacement: whether batches are drawn with replacement.

    Raises:
        ValueError: an argument is out of range, or no decay reaches the target.

    >>> T = decay_time([[1.0, 0.5]], [1.0], [0.0, 2.0], target_test_loss=1e-3, init_scale=0.5, label_noise=1.0,
    ...                batch_size=1, learning_rate=0.01, first_order=False)
    >>> round(T, -3)
    133000.0
    """
    target = checks.positive("target_test_loss", target_test_loss)
    eta, sigma = checks.positive("learning_rate", learning_rate), checks.positive("label_noise", label_noise)
    B = checks.integer("batch_size", batch_size, minimum=1)
    checks.boolean("first_order", first_order)
    X, y = checks.design(X, y)
    unit = B / (sigma**2 * float((X**2).mean()))  # slow time per unit of log a
    truth = checks.finite_array("beta_true", beta_true, shape=X.shape[1:])
    depth, best = DEEPEST / 32, np.inf
    while depth <= DEEPEST:
        times = graded_depths(depth) * unit
        beta = slow_flow(
            X,
            y,
            init_scale=init_scale,
            slow_times=times,
            label_noise=sigma,
            batch_size=B,
            learning_rate=eta if first_order else None,
            replacement=replacement,
        )
        loss = ((beta - truth) ** 2).sum(axis=1) / 2
        below = np.flatnonzero(loss <= target)
        if len(below):
            k = int(below[0])
            if k == 0:
                return 0.0
            share = np.log(loss[k - 1] / target) / np.log(loss[k - 1] / loss[k])
            return float((times[k - 1] + share * (times[k] - times[k - 1])) / eta**2)
        best, depth = min(best, float(loss.min())), 2 * depth
    raise ValueError(
        f"`target_test_loss` must be reached on the way to basis pursuit, got {target}; the least is {best:.3g}"
    )
