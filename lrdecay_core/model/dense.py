"""The SGD step for a block of runs: two matrix products and six elementwise kernels, nothing allocated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

__all__ = ["SMALLEST", "State", "advance", "sample_weights"]

CPU = torch.device("cpu")
SMALLEST = 1e-300  # below, denormal numbers would round a shrinking weight to a standstill


@dataclass(eq=False)
class State:
    """Weights of R runs, changed in place, and the sum of their steps."""

    p: Tensor
    """(R, d)"""
    m: Tensor
    """(R, d)"""
    moved: Tensor
    """(R, n) sum over steps of eta r_B / B, spread on samples: the sum of eta g is ``moved @ X``."""

    @classmethod
    def start(cls, p: np.ndarray, m: np.ndarray, num_samples: int, device: torch.device = CPU) -> State:
        """Return the state before the first step, from copies."""
        moved = torch.zeros(len(p), num_samples, dtype=torch.float64, device=device)
        return cls(torch.from_numpy(np.array(p)).to(device), torch.from_numpy(np.array(m)).to(device), moved)

    def flush(self) -> None:
        """Set weights below ``SMALLEST`` to 0: their share of beta is below 1e-600, their scale no longer a number."""
        self.p[self.p.abs() < SMALLEST] = 0.0
        self.m[self.m.abs() < SMALLEST] = 0.0

    def clone(self) -> State:
        """Return a copy that shares no memory."""
        return State(self.p.clone(), self.m.clone(), self.moved.clone())


def sample_weights(indices: Tensor, values: Tensor | None, num_samples: int) -> Tensor:
    """Return how often each sample is in each batch, or the sum of ``values`` over its appearances.

    Args:
        indices: (K, S, B) samples of S streams at K steps.
        values: (K, S, B), or None for 1.
        num_samples: n.

    Returns:
        (K, S, n).
    """
    values = torch.ones_like(indices, dtype=torch.float64) if values is None else values
    return values.new_zeros(*indices.shape[:2], num_samples).scatter_add_(2, indices, values)


def advance(state: State, X: Tensor, y: Tensor, pull: Tensor, push: Tensor | None) -> None:
    """Make K SGD steps in place: p <- p (1 - eta g), m <- m (1 + eta g).

    With residuals r = X beta - y, eta g = X^T (pull r - push), where pull = eta count / B says how often a sample is
    in the batch, and push = eta noise / B adds up its label noise.

    Args:
        state: R runs.
        X: (n, d).
        y: (n,).
        pull: (K, R, n), or (K, R, 1) if all samples count alike.
        push: (K, R, n), or None without label noise.
    """
    p, m, moved = state.p, state.m, state.moved
    beta, step = torch.empty_like(p), torch.empty_like(p)
    residual, effect = torch.empty_like(moved), torch.empty_like(moved)
    Xt, minus_y = X.T, -y
    for k, weight in enumerate(pull.unbind(0)):
        torch.mul(p, p, out=beta)
        beta.addcmul_(m, m, value=-1)
        torch.addmm(minus_y, beta, Xt, out=residual)
        torch.mul(residual, weight, out=effect)
        if push is not None:
            effect.sub_(push[k])
        moved.add_(effect)
        torch.mm(effect, X, out=step)
        p.addcmul_(p, step, value=-1)
        m.addcmul_(m, step)
