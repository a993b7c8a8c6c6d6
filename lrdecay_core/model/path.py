"""What a batch of SGD runs leaves behind."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lrdecay_core.model.weights import Weights

__all__ = ["Path"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Path:
    """Recorded states of R runs; state k is the state after ``steps[k]`` updates. From divergence on, NaN."""

    steps: np.ndarray
    """(K,) recorded steps."""
    seeds: np.ndarray
    """(R,) seed of each run."""
    weights: Weights
    """(K, R, d) p and m."""
    log_scale: np.ndarray
    """(K, R, d) log a_T = log a_0 + sum_k log |1 - (eta_k g_k)^2|; -inf in a frozen coordinate, NaN for a positive
    problem."""
    centre: np.ndarray
    """(K, R, d) phi~_T = phi_0 + sum_k c(eta_k g_k), c(x) = log |(1 - x) / (1 + x)| + 2x: what, with ``log_scale``,
    decides where decay at this state would land. Infinite in a frozen coordinate, NaN for a positive
    problem."""
    train_loss: np.ndarray
    """(K, R) |X beta - y|^2 / 2n on all samples, without label noise."""
    test_loss: np.ndarray
    """(K, R) |beta - beta_true|^2 / 2."""
    final: Weights
    """(R, d) weights after the last update, ready for ``sgd(..., weights=path.final)``."""
    diverged_step: np.ndarray
    """(R,) first step whose training loss is not finite; NaN where none."""
    frozen_step: np.ndarray
    """(R,) first step with a weight at exactly 0, where it stays (eta |g| = 1, or less than 1e-300); NaN where none."""

    @property
    def beta(self) -> np.ndarray:
        """(K, R, d) coefficients."""
        return self.weights.beta

    @property
    def norm_squared(self) -> np.ndarray:
        """(K, R) |u|^2 + |v|^2."""
        return self.weights.norm_squared
