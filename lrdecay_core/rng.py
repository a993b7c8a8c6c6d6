"""Random streams, addressed instead of consumed.

A stream is named by (seed, purpose, block). It is the same whether a run is alone or in a batch,
fresh or resumed, and whatever other arms of the experiment draw.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

from lrdecay_core import checks

__all__ = ["integer_seed", "stream", "torch_state"]

_TORCH = threading.RLock()


def _sequence(seed: int, purpose: str, block: int) -> np.random.SeedSequence:
    seed = checks.integer("seed", seed)
    block = checks.integer("block", block)
    word = int.from_bytes(hashlib.blake2s(purpose.encode(), digest_size=8).digest(), "little")
    key = (word & 0xFFFFFFFF, word >> 32, block)
    if max(seed, block) > 0xFFFFFFFF:
        return np.random.SeedSequence(seed, spawn_key=key)
    return np.random.SeedSequence(np.array([seed, 0, 0, 0, *key], dtype=np.uint32))  # the same state, four times sooner


def stream(seed: int, purpose: str, block: int = 0) -> np.random.Generator:
    """Return the generator at the address (seed, purpose, block).

    Args:
        seed: the run's replicate number, 0 or above.
        purpose: what the numbers are for, such as ``"batch order"``; different words never share a stream.
        block: which stretch of the run, such as the epoch.

    >>> bool((stream(3, "batch order", 7).random(4) == stream(3, "batch order", 7).random(4)).all())
    True
    """
    return np.random.Generator(np.random.PCG64(_sequence(seed, purpose, block)))


def integer_seed(seed: int, purpose: str, block: int = 0) -> int:
    """Return a 63-bit integer for libraries that take one seed, at the address (seed, purpose, block)."""
    return int(_sequence(seed, purpose, block).generate_state(1, np.uint64)[0] >> 1)


@contextmanager
def torch_state(seed: int | None, *, cuda: bool = False) -> Iterator[None]:
    """Give what draws from PyTorch's own generator the stream of ``seed``, and the caller's stream back afterwards.

    That generator is one for all threads of a process, so they come in here one after another.

    Args:
        seed: for :func:`torch.manual_seed`; None starts from the caller's state.
        cuda: the generators of the CUDA devices, too.
    """
    with _TORCH, torch.random.fork_rng(devices=list(range(torch.cuda.device_count())) if cuda else []):
        if seed is not None:
            torch.default_generator.manual_seed(seed)
            if cuda:
                torch.cuda.manual_seed_all(seed)
        yield
