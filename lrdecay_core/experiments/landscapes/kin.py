"""Runs that share some of their history with another, or none: what a valley walk is held against."""

from __future__ import annotations

import numpy as np
import torch

from lrdecay_core import environment, landscape
from lrdecay_core.experiments.landscapes import solutions
from lrdecay_core.experiments.landscapes.solutions import Cell
from lrdecay_core.training import TrainConfig
from lrdecay_core.training.loop import Loop

__all__ = ["siblings", "unrelated"]

SIBLING = 1_000_000
"""Added to a seed, it names the data order and the noise of its sibling."""


def siblings(cell: Cell, *, apart: int = 1) -> np.ndarray:
    """Return the ends (D, S, P) of runs that share their first epochs with those of ``cell`` and nothing after them.

    A sibling starts from the same weights and sees the same batches for ``apart`` epochs. From then on it goes through
    the data in the order, and with the noise, of another seed.
    """
    device = torch.device("cpu")
    shared = Loop(cell.config, cell.decay_epochs, cell.seeds, device)
    while shared.epoch < apart:
        shared.run_epoch()
    others = tuple(SIBLING + seed for seed in cell.seeds)
    own = Loop(cell.config, cell.decay_epochs, others, device)
    own.restore(shared.state())
    for _ in environment.progress(range(apart, cell.config.epochs), "siblings"):
        own.run_epoch()
    return own.final_weights()


def unrelated(config: TrainConfig, ends: np.ndarray) -> np.ndarray:
    """Return (S, P): row s is ``ends[s + 1]``, the next seed's network with its units permuted towards ``ends[s]``."""
    net = solutions.network(config)
    return np.stack(
        [landscape.align(net, a, b).vector.numpy() for a, b in zip(ends, np.roll(ends, -1, 0), strict=True)]
    )
