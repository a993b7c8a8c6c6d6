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
    """Advances runs of one problem; holds the draws of the block of steps it is in."""

    def __init__(
        self, problem: Problem, *, batch_size: int, replacement: bool, noise: str, device: torch.device = dense.CPU
    ) -> None:
        self.problem, self.batch_size, self.replacement, self.noise = problem, batch_size, replacement, noise
        self.everything = batch_size == problem.num_samples and not replacement
        self.X, self.y = (torch.from_numpy(a.copy()).to(device) for a in (problem.X, problem.y))
        self.compiled = kernels.COMPILED and device.type == "cpu" and not self.everything
        self._held: tuple[object, np.ndarray, np.ndarray] | None = None

    def run(self, state: dense.State, seeds: np.ndarray, begin: int, rates: np.ndarray, std: np.ndarray | None) -> None:
        """Make the K steps from ``begin`` on in place; they must lie in one block of ``batches.STEPS_PER_BLOCK``.

        Args:
            state: R runs.
            seeds: (R,).
            begin: number of the first step.
            rates: (K, R) learning rates.
            std: (K, R) standard deviations of the label noise, or None for none.
        """
        unique, stream = np.unique(seeds, return_inverse=True)
        block, offset = divmod(begin, batches.STEPS_PER_BLOCK)
        share = rates / self.batch_size
        if self.everything and std is None:
            dense.advance(state, self.X, self.y, self._here(share)[:, :, None], None)
            return
        indices, noise = (a[:, offset : offset + len(rates)] for a in self._draws(unique, block, noisy=std is not None))
        loud = np.zeros_like(share) if std is None else std * share
        if self.compiled:
            tensors = (state.p, state.m, state.moved, self.X, self.y)
            kernels.advance(*(t.numpy() for t in tensors), stream, indices, noise, share, loud)
        else:
            self._by_tensors(state, *map(self._here, (stream, indices, noise, share, loud)), noisy=std is not None)

    def _by_tensors(
        self,
        state: dense.State,
        stream: Tensor,
        indices: Tensor,
        noise: Tensor,
        share: Tensor,
        loud: Tensor,
        *,
        noisy: bool,
    ) -> None:
        """Spread the draws on samples, a chunk of steps at a time, and take the tensor step."""
        n = self.problem.num_samples
        length = max(1, CHUNK_BYTES // (8 * len(stream) * n))
        for low in range(0, len(share), length):
            now = slice(low, low + length)
            drawn, pull, push = indices[:, now].transpose(0, 1), share[now, :, None], None
            if noisy:
                values = noise[:, now].transpose(0, 1)
                push = dense.sample_weights(drawn, values, n)[:, stream].mul_(loud[now, :, None])
            if not self.everything:
                pull = dense.sample_weights(drawn, None, n)[:, stream].mul_(pull)
            dense.advance(state, self.X, self.y, pull, push)

    def _here(self, array: np.ndarray) -> Tensor:
        return torch.from_numpy(array).to(self.X.device)

    def _draws(self, seeds: np.ndarray, block: int, *, noisy: bool) -> tuple[np.ndarray, np.ndarray]:
        """Return indices and unit noise (S, steps, B) of a block, kept until another block or other seeds are asked."""
        address = (block, noisy, seeds.tobytes())
        if self._held is None or self._held[0] != address:
            B, size = self.batch_size, self.problem.num_samples
            shape = (len(seeds), batches.STEPS_PER_BLOCK, B)
            if self._held is not None and self._held[1].shape == shape:  # new memory costs as much as new numbers
                _, indices, noise = self._held
            else:
                indices, noise = np.empty(shape, dtype=np.int64), np.empty(shape)
            for i, s in enumerate(map(int, seeds)):
                indices[i] = batches.sample_indices(
                    s, block, num_samples=size, batch_size=B, replacement=self.replacement
                )
                noise[i] = batches.label_noise(s, block, batch_size=B, noise=self.noise) if noisy else 0.0
            self._held = (address, indices, noise)
        return self._held[1], self._held[2]
