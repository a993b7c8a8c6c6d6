"""The random numbers of SGD: which samples, and which label noise, at which step."""

from __future__ import annotations

import numpy as np

from lrdecay_core import rng
from lrdecay_core.model import kernels

__all__ = ["NOISES", "STEPS_PER_BLOCK", "exchange", "label_noise", "sample_indices"]

STEPS_PER_BLOCK = 1024  # part of a stream's address: another value is another experiment
NOISES = ("rademacher", "gaussian")


def sample_indices(seed: int, block: int, *, num_samples: int, batch_size: int, replacement: bool) -> np.ndarray:
    """Return the batches of one block of steps, (STEPS_PER_BLOCK, batch_size) integers below ``num_samples``.

    Every step draws anew. Without replacement a batch is a uniform subset, by the first ``batch_size`` exchanges of
    a Fisher-Yates shuffle; samples are not exhausted before they return, as they would be in epochs.
    """
    draw = rng.stream(seed, "sgd batches", block)
    if replacement:
        return draw.integers(num_samples, size=(STEPS_PER_BLOCK, batch_size))
    if batch_size == num_samples:
        return np.tile(np.arange(num_samples), (STEPS_PER_BLOCK, 1))
    partners = np.array([draw.integers(j, num_samples, size=STEPS_PER_BLOCK) for j in range(batch_size)])
    return (kernels.exchange if kernels.COMPILED else exchange)(partners, num_samples)


def exchange(partners: np.ndarray, num_samples: int) -> np.ndarray:
    """Return the first B entries of each row's shuffle: entry j of 0..n-1 changes places with ``partners[j]``.

    Args:
        partners: (B, K), entry j in [j, n).
        num_samples: n.

    Returns:
        (K, B).
    """
    order, step = np.tile(np.arange(num_samples), (partners.shape[1], 1)), np.arange(partners.shape[1])
    for j, other in enumerate(partners):
        order[step, other], order[step, j] = order[step, j], order[step, other]
    return order[:, : len(partners)]


def label_noise(seed: int, block: int, *, batch_size: int, noise: str) -> np.ndarray:
    """Return the label noise of one block of steps, (STEPS_PER_BLOCK, batch_size), mean 0 and variance 1."""
    draw = rng.stream(seed, f"sgd label noise {noise}", block)
    size = (STEPS_PER_BLOCK, batch_size)
    if noise == "gaussian":
        return draw.standard_normal(size)
    return draw.integers(0, 2, size=size, dtype=np.int8) * 2.0 - 1.0
