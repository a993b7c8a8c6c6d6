"""From addressed random numbers to steps, by one of two engines that agree to rounding.

On a CPU batches go through the compiled loop of ``kernels``; on another device, and for full batches, through the
tensor step :func:`advance`, which is also the reference.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from lrdecay_core.model import batches, kernels
from lrdecay_core.model.problem import Problem

__all__ = ["SMALLEST", "Engine", "State", "advance", "sample_weights"]

CPU = torch.device("cpu")
SMALLEST = 1e-300  # below, denormal numbers would round a shrinking weight to a standstill
CHUNK_BYTES = 2**21  # of the (K, R, n) sample weights


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


class Engine:
    """Advances runs of one problem."""

    def __init__(
        self, problem: Problem, *, batch_size: int, replacement: bool, noise: str, device: torch.device = CPU
    ) -> None:
        self.problem, self.batch_size, self.replacement, self.noise = problem, batch_size, replacement, noise
        self.everything = batch_size == problem.num_samples and not replacement
        self.X, self.y = (torch.from_numpy(a.copy()).to(device) for a in (problem.X, problem.y))
        self.compiled = kernels.COMPILED and device.type == "cpu" and not self.everything

    def run(self, state: State, keys: Tensor, begin: int, rates: np.ndarray, std: np.ndarray | None) -> None:
        """Make the K steps from ``begin`` on in place.

        Args:
            state: R runs.
            keys: (2, R) of their random numbers, see ``batches.keys``.
            begin: number of the first step.
            rates: (K, R) learning rates.
            std: (K, R) standard deviations of the label noise, or None for none.
        """
        share = rates / self.batch_size
        if self.compiled:
            loud = np.zeros_like(share) if std is None else std * share
            tensors = (state.p, state.m, state.moved, self.X, self.y)
            drawing = (self.batch_size, self.replacement, self.noise == "gaussian")
            unsigned = keys.numpy().view(np.uint64)
            kernels.advance(*(t.numpy() for t in tensors), unsigned, begin, share, loud, *drawing)
        else:
            noisy = None if std is None else self._here(std * share)
            self._by_tensors(state, keys.to(self.X.device), begin, self._here(share), noisy)

    def _by_tensors(self, state: State, keys: Tensor, begin: int, share: Tensor, loud: Tensor | None) -> None:
        """Spread the draws on samples, a chunk of steps at a time, and take the tensor step."""
        n, B = self.problem.num_samples, self.batch_size
        length = max(1, CHUNK_BYTES // (8 * keys.shape[1] * n))
        for low in range(0, len(share), length):
            pull, push = share[low : low + length, :, None], None
            at, count = begin + low, len(pull)
            if self.everything:
                indices = torch.arange(n, device=keys.device).expand(count, keys.shape[1], n)
            else:
                indices = batches.sample_indices(
                    keys[0], at, count, num_samples=n, batch_size=B, replacement=self.replacement
                )
                pull = sample_weights(indices, None, n).mul_(pull)
            if loud is not None:
                values = batches.label_noise(keys[1], at, count, batch_size=B, noise=self.noise)
                push = sample_weights(indices, values, n).mul_(loud[low : low + length, :, None])
            advance(state, self.X, self.y, pull, push)

    def _here(self, array: np.ndarray) -> Tensor:
        return torch.from_numpy(array).to(self.X.device)
