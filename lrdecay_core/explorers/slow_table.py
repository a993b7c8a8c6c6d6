"""The slow flow, tabulated: a page looks up between entries what theory computes at them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from lrdecay_core import environment, solvers, theory
from lrdecay_core.experiments.model.decay_planner import TRUSTED
from lrdecay_core.explorers.page import rounded
from lrdecay_core.model import Problem

__all__ = ["RATES", "SlowTable", "mixing", "tabulate"]

RATES = (0.03, 0.06, 0.09)
"""Beside 0, the leading order. The flow is so nearly linear in the rate that interpolation is good to one percent."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SlowTable:
    """Where decay leads, against depth (sigma^2 / B) eta^2 T, for one problem and start.

    Batch size enters the first order through ``mixing`` = (n - B) / (B (n - 1)) alone, from 0 (all samples) to 1 (one).
    """

    depths: np.ndarray
    """(D,) increasing from 0."""
    rates: np.ndarray
    """(E,) increasing from 0, which stands for the leading order."""
    mixings: np.ndarray
    """(W,) increasing; with one entry, that one is meant."""
    test_loss: np.ndarray
    """(W, E, D) after decay."""
    norm_squared: np.ndarray
    """(W, E, D) after decay."""
    fluctuation: np.ndarray
    """(W, E, D) test loss added by a rate eta' that goes on after the decay, per unit of eta' sigma^2 / B."""
    shift: np.ndarray
    """(W, E, D) how much deeper the run is than the leading order says: the mean of log(a_0 / a), less the depth."""

    def at(self, name: str, rate: float, depth: Any, *, mixing: float | None = None) -> np.ndarray:
        """Return a column between its entries, NaN outside; all but ``shift`` are interpolated in their logarithm.

        Args:
            name: ``"test_loss"``, ``"norm_squared"``, ``"fluctuation"`` or ``"shift"``.
            rate: learning rate before the decay, 0 for the leading order.
            depth: any shape.
            mixing: of the batch size; None where the table has one.
        """
        if rate > self.rates[-1]:
            return np.full(np.shape(depth), np.nan)
        table = getattr(self, name) if name == "shift" else np.log(getattr(self, name))
        row = _between(self.rates, rate, table[0] if mixing is None else _between(self.mixings, mixing, table))
        found = np.interp(depth, self.depths, row, right=np.nan)
        return np.asarray(found if name == "shift" else np.exp(found))

    def trusted(self, rate: float, depth: Any, *, mixing: float | None = None) -> np.ndarray:
        """Return where the first-order correction is small, as ``decay_planner`` asks: at most a tenth of the depth.

        Below depth 1 it may be a tenth of 1: at the very start the correction is an offset, not a share.
        """
        shift = self.at("shift", rate, depth, mixing=mixing)
        return np.asarray(np.abs(shift) <= TRUSTED * np.maximum(depth, 1.0))

    def json(self) -> dict[str, Any]:
        """Return the table as a page embeds it: logarithms, but for ``shift``."""
        logs = {name: rounded(np.log(getattr(self, name)), 8) for name in ("test_loss", "norm_squared", "fluctuation")}
        axes = {name: rounded(getattr(self, name), 12) for name in ("depths", "rates", "mixings")}
        return {**axes, **logs, "shift": rounded(self.shift, 8), "share": TRUSTED}


def mixing(num_samples: int, batch_size: int) -> float:
    """Return (n - B) / (B (n - 1)), the share of a single sample's noise that a batch without replacement keeps.

    >>> mixing(20, 1), mixing(20, 20)
    (1.0, 0.0)
    """
    return (num_samples - batch_size) / (batch_size * (num_samples - 1))


def tabulate(problem: Problem, *, init_scale: float, batch_sizes: Sequence[int], deepest: float = 24.0) -> SlowTable:
    """Tabulate the slow flow of a problem; a second for each batch size. The last tables are kept for the next call.

    Args:
        problem: with a truth, two samples or more.
        init_scale: start p = m = s.
        batch_sizes: decreasing.
        deepest: last depth, in log(a_0 / a).
    """
    return _tabulate(problem, init_scale, tuple(batch_sizes), deepest)


@lru_cache(maxsize=8)
def _tabulate(problem: Problem, init_scale: float, batch_sizes: tuple[int, ...], deepest: float) -> SlowTable:
    depths = 3 * np.sinh(np.linspace(0, np.arcsinh(deepest / 3), 50))  # even at first, then in proportion
    rates = (0.0, *RATES)
    cells = environment.progress([(B, rate) for B in batch_sizes for rate in rates], "slow flow")
    columns = np.array([_columns(problem, init_scale, B, rate, depths) for B, rate in cells])
    columns = columns.reshape(len(batch_sizes), len(rates), -1, len(depths))
    names = ("test_loss", "norm_squared", "fluctuation", "shift")
    return SlowTable(
        depths=depths,
        rates=np.array(rates),
        mixings=np.array([mixing(problem.num_samples, B) for B in batch_sizes]),
        **{name: columns[:, :, k] for k, name in enumerate(names)},
    )


def _columns(problem: Problem, init_scale: float, batch_size: int, rate: float, depths: np.ndarray) -> list[np.ndarray]:
    X, start = problem.X, np.log(2 * init_scale**2)
    log_scale = theory.slow_log_scale(
        X,
        problem.y,
        init_scale=init_scale,
        slow_times=depths * batch_size,
        label_noise=1.0,
        batch_size=batch_size,
        learning_rate=rate or None,
    )
    beta = solvers.entropy_projection(X, problem.y, log_scale, np.zeros_like(log_scale)).solution
    D = np.hypot(beta, np.exp(log_scale))
    hot = theory.fluctuation_test_loss(X, D, learning_rate=1.0, label_noise=1.0, batch_size=1)
    shift = start - log_scale.mean(axis=1) - problem.column_weights.mean() * depths
    return [problem.test_loss(beta), 2 * D.sum(axis=1), hot, shift]


def _between(axis: np.ndarray, value: float, table: np.ndarray) -> np.ndarray:
    """Return the entry of ``table`` at ``value`` of its first axis, on the line between its neighbours."""
    k = int(np.clip(np.searchsorted(axis, value) - 1, 0, len(axis) - 2))
    share = (value - axis[k]) / (axis[k + 1] - axis[k])
    return np.asarray((1 - share) * table[k] + share * table[k + 1])
