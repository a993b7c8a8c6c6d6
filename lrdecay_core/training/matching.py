"""Test error at matched training loss: what is left of an effect once optimisation speed is taken out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.isotonic import IsotonicRegression

from lrdecay_core import checks
from lrdecay_core.training.branches import Branches

__all__ = ["Matched", "at_training_loss"]


@dataclass(frozen=True)
class Matched:
    """Every arm at the moment its tail passes one training loss; NaN where it does not.

    A pair (arm, seed) is ``already_below`` when its trunk had reached the level before the decay: it cannot be matched.
    """

    level: float
    epoch: np.ndarray
    """(D, S) time of the crossing, in epochs."""
    test_error: np.ndarray
    """(D, S)"""
    test_loss: np.ndarray
    """(D, S)"""
    already_below: np.ndarray
    """(D, S) bool: the trunk was below the level when the tail began."""
    never_reached: np.ndarray
    """(D, S) bool: the tail ends above the level."""


def at_training_loss(runs: Branches, level: float) -> Matched:
    """Return each arm's test error and loss where the trend of its tail first crosses training loss ``level``.

    The trend is the monotone (isotonic) least-squares fit to the logarithm of the tail's training loss, so that a
    chance dip does not count as a crossing; test values are interpolated linearly in time there, unsmoothed.

    Args:
        runs: branches of one configuration.
        level: training loss (excess over its floor) at which arms are compared, above 0.
    """
    checks.instance("runs", runs, Branches)
    level = checks.positive("level", level)
    shape = runs.test_error.shape[:2]
    epoch, error, loss = (np.full(shape, np.nan) for _ in range(3))
    below, never = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=bool)
    for d, decay in enumerate(runs.decay_epochs):
        tail = runs.epochs >= decay
        times = runs.epochs[tail]
        for s in range(shape[1]):
            start, crossing = _crossing(times, runs.train_loss[d, s, tail], level)
            below[d, s], never[d, s] = start, crossing is None and not start
            if crossing is not None:
                epoch[d, s] = crossing
                error[d, s] = np.interp(crossing, times, runs.test_error[d, s, tail])
                loss[d, s] = np.interp(crossing, times, runs.test_loss[d, s, tail])
    return Matched(level, epoch, error, loss, below, never)


def _crossing(times: np.ndarray, losses: np.ndarray, level: float) -> tuple[bool, float | None]:
    """Return (was it below at the start, when the trend crosses, or None)."""
    if len(times) < 2 or not (np.isfinite(losses).all() and (losses > 0).all()):
        return False, None
    if losses[0] <= level:
        return True, None
    trend = IsotonicRegression(increasing=False).fit_transform(np.arange(len(times)), np.log(losses))
    target = np.log(level)
    passed = np.flatnonzero(trend <= target)
    if not len(passed) or passed[0] == 0:
        return bool(len(passed)), None
    i = passed[0]
    share = (trend[i - 1] - target) / (trend[i - 1] - trend[i])
    return False, float(times[i - 1] + share * (times[i] - times[i - 1]))
