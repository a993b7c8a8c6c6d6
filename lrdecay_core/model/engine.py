"""From addressed random numbers to steps: draws of a block, cut in chunks that fit the cache."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from lrdecay_core.model import batches, dense
from lrdecay_core.model.problem import Problem

__all__ = ["Engine"]

CHUNK_BYTES = 2**21  # of the (K, R, n) sample weights


class Engine:
    """Advances runs of one problem; holds the draws of the block of steps it is in."""

    def __init__(self, problem: Problem, *, batch_size: int, replacement: bool, noise: str) -> None:
        self.problem, self.batch_size, self.replacement, self.noise = problem, batch_size, replacement, noise
        self.everything = batch_size == problem.num_samples and not replacement
        self.X, self.y = torch.from_numpy(problem.X.copy()), torch.from_numpy(problem.y.copy())
        self._held: tuple[object, Tensor, Tensor | None] | None = None

    def run(self, state: dense.State, seeds: np.ndarray, begin: int, rates: np.ndarray, std: np.ndarray | None) -> None:
        """Make the K steps from ``begin`` on in place; they must lie in one block of ``batches.STEPS_PER_BLOCK``.

        Args:
            state: R runs.
            seeds: (R,).
            begin: number of the first step.
            rates: (K, R) learning rates.
            std: (K, R) standard deviations of the label noise, or None for none.
        """
        unique, run_seed = np.unique(seeds, return_inverse=True)
        block, offset = divmod(begin, batches.STEPS_PER_BLOCK)
        share = torch.from_numpy(rates / self.batch_size)[:, :, None]
        loud = None if std is None else torch.from_numpy(std)[:, :, None] * share
        if self.everything and loud is None:
            return dense.advance(state, self.X, self.y, share, None)
        indices, noise = self._draws(unique, block, noisy=loud is not None)
        stream, n = torch.from_numpy(run_seed), self.problem.num_samples
        length = max(1, CHUNK_BYTES // (8 * len(seeds) * n))
        for low in range(0, len(rates), length):
            now, drawn = slice(low, low + length), slice(offset + low, min(offset + low + length, offset + len(rates)))
            push = None
            if loud is not None and noise is not None:
                push = dense.sample_weights(indices[drawn], noise[drawn], n)[:, stream].mul_(loud[now])
            pull = share[now]
            if not self.everything:
                pull = dense.sample_weights(indices[drawn], None, n)[:, stream].mul_(pull)
            dense.advance(state, self.X, self.y, pull, push)
        return None

    def _draws(self, seeds: np.ndarray, block: int, *, noisy: bool) -> tuple[Tensor, Tensor | None]:
        """Return indices and unit noise (steps, S, B) of a block, kept until another block or other seeds are asked."""
        address = (block, noisy, seeds.tobytes())
        if self._held is None or self._held[0] != address:
            B, size = self.batch_size, self.problem.num_samples
            indices = [
                batches.sample_indices(int(s), block, num_samples=size, batch_size=B, replacement=self.replacement)
                for s in seeds
            ]
            noise = [batches.label_noise(int(s), block, batch_size=B, noise=self.noise) for s in seeds] if noisy else []
            held = torch.from_numpy(np.stack(indices, axis=1))
            self._held = (address, held, torch.from_numpy(np.stack(noise, axis=1)) if noisy else None)
        return self._held[1], self._held[2]
