"""The random numbers of SGD: which samples, and which label noise, at which step.

Slot b of step k has number k B + b of its run's stream. A stream is SplitMix64 (Steele, Lea and Flood, OOPSLA 2014),
whose number j is a hash of key + (j + 1) gamma: it can be had without those before it, on any device, and inside a
compiled loop. ``kernels`` holds the twin for that loop.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor

from lrdecay_core import rng

__all__ = ["NOISES", "draws", "keys", "label_noise", "sample_indices"]

NOISES = ("rademacher", "gaussian")
GAMMA, FIRST, SECOND = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB  # of SplitMix64


def keys(seeds: Iterable[int], noise: str) -> Tensor:
    """Return the keys of both streams of each run, (2, R), batches and label noise: number s of a stream of keys."""
    purposes = ("sgd batches", f"sgd label noise {noise}")
    start = torch.tensor([[rng.integer_seed(0, purpose)] for purpose in purposes])
    return words(start, torch.tensor(list(map(int, seeds))))


def words(key: Tensor, number: Tensor) -> Tensor:
    """Return the 64-bit numbers of streams at the given positions; both broadcast."""
    z = key + (number + 1) * _signed(GAMMA)
    z = (z ^ _shifted(z, 30)) * _signed(FIRST)
    z = (z ^ _shifted(z, 27)) * _signed(SECOND)
    return z ^ _shifted(z, 31)


def sample_indices(
    key: Tensor, begin: int, count: int, *, num_samples: int, batch_size: int, replacement: bool
) -> Tensor:
    """Return the batches of ``count`` steps, (count, R, batch_size) integers below ``num_samples``.

    Every step draws anew. Without replacement a batch is a uniform subset, by Floyd's algorithm (Bentley and Floyd,
    CACM 1987); samples are not exhausted before they return, as they would be in epochs. A draw below n is the upper
    half of a word times n, which favours no sample by more than n / 2^32.

    Args:
        key: (R,) first row of ``keys``.
        begin: number of the first step.
        count: K.
        num_samples: n.
        batch_size: B.
        replacement: draw with replacement.
    """
    upper = _shifted(words(key.unsqueeze(-1), _numbers(begin, count, batch_size, key)), 32)
    if replacement:
        return _shifted(upper * num_samples, 32)
    chosen: list[Tensor] = []
    for last, word in enumerate(upper.unbind(-1), start=num_samples - batch_size):
        drawn = _shifted(word * (last + 1), 32)
        if chosen:
            taken = (torch.stack(chosen) == drawn).any(dim=0)
            drawn = drawn.masked_fill(taken, last)
        chosen.append(drawn)
    return torch.stack(chosen, dim=-1)


def label_noise(key: Tensor, begin: int, count: int, *, batch_size: int, noise: str) -> Tensor:
    """Return the label noise of ``count`` steps, (count, R, batch_size), mean 0 and variance 1; Gaussian by Box-Muller.

    Args:
        key: (R,) second row of ``keys``.
        begin: number of the first step.
        count: K.
        batch_size: B.
        noise: ``"rademacher"`` or ``"gaussian"``.
    """
    number, key = _numbers(begin, count, batch_size, key), key.unsqueeze(-1)
    if noise == "rademacher":
        return 1.0 - 2.0 * _shifted(words(key, number), 63).to(torch.float64)
    radius, angle = (_shifted(words(key, 2 * number + i), 11).to(torch.float64) for i in (0, 1))
    return (-2 * ((radius + 1) * 2.0**-53).log()).sqrt() * (angle * (2 * math.pi * 2.0**-53)).cos()


def draws(
    seed: int,
    num_steps: int,
    *,
    num_samples: int,
    batch_size: int,
    replacement: bool = False,
    noise: str = "rademacher",
) -> tuple[np.ndarray, np.ndarray]:
    """Return what one run draws in its first steps: samples and unit label noise, both (num_steps, batch_size)."""
    batch, error = keys([seed], noise).unbind()
    indices = sample_indices(
        batch, 0, num_steps, num_samples=num_samples, batch_size=batch_size, replacement=replacement
    )
    return indices[:, 0].numpy(), label_noise(error, 0, num_steps, batch_size=batch_size, noise=noise)[:, 0].numpy()


def _numbers(begin: int, count: int, batch_size: int, like: Tensor) -> Tensor:
    """Return the positions of slots in a stream, (count, 1, batch_size)."""
    first, last = begin * batch_size, (begin + count) * batch_size
    return torch.arange(first, last, device=like.device).view(count, 1, batch_size)


def _signed(word: int) -> int:
    return word - 2**64 if word >> 63 else word


def _shifted(word: Tensor, places: int) -> Tensor:
    """Return ``word`` shifted right with zeros, where ``>>`` would repeat the sign."""
    return (word >> places) & ((1 << 64 - places) - 1)
