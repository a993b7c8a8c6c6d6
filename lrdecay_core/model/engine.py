"""From addressed random numbers to steps, by one of two engines that agree to rounding.

On a CPU batches go through the compiled loop of ``kernels``; on another device, and for full batches, through the
tensor step of ``dense``, which is also the reference.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from lrdecay_core.model import batches, dense, kernels
from lrdecay_core.model.problem import Problem

__all__ = ["Engine"]

CHUNK_BYTES = 2**21  # of the (K, R, n) sample weights


class Engine:
    """Advances runs of one problem."""

    def __init__(
        self, problem: Problem, *, batch_size: int, replacement: bool, noise: str, device: torch.device = dense.CPU
    ) -> None:
        self.problem, self.batch_size, self.replacement, self.noise = problem, batch_size, replacement, noise
        self.everything = batch_size == problem.num_samples and not replacement
        self.X, self.y = (torch.from_numpy(a.copy()).to(device) for a in (problem.X, problem.y))
        self.compiled = kernels.COMPILED and device.type == "cpu" and not self.everything

    def run(self, state: dense.State, keys: Tensor, begin: int, rates: np.ndarray, std: np.ndarray | None) -> None:
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

    def _by_tensors(self, state: dense.State, keys: Tensor, begin: int, share: Tensor, loud: Tensor | None) -> None:
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
                pull = dense.sample_weights(indices, None, n).mul_(pull)
            if loud is not None:
                values = batches.label_noise(keys[1], at, count, batch_size=B, noise=self.noise)
                push = dense.sample_weights(indices, values, n).mul_(loud[low : low + length, :, None])
            dense.advance(state, self.X, self.y, pull, push)

    def _here(self, array: np.ndarray) -> Tensor:
        return torch.from_numpy(array).to(self.X.device)
