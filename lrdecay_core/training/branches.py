"""One trunk at the large rate, and a decayed tail forked from it at every decay epoch."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lrdecay_core import checks, environment, provenance
from lrdecay_core.training import checkpoint
from lrdecay_core.training.config import TrainConfig
from lrdecay_core.training.loop import METRICS, Loop, record_gap

__all__ = ["Branches", "branches"]


@dataclass(frozen=True, kw_only=True)
class Branches:
    """Runs that differ in their decay epoch alone, paired by seed: D decay epochs, S seeds, K recorded states.

    An arm equals its trunk up to its decay epoch. State k of ``steps`` is the network after ``steps[k]`` updates.
    """

    config: TrainConfig
    decay_epochs: tuple[int, ...]
    """(D,) epochs at which the rate falls; the last may equal ``config.epochs``: that arm never decays."""
    seeds: tuple[int, ...]
    """(S,) replicates: starting weights, batch order and noise."""
    steps: np.ndarray
    """(K,) number of updates made at each recorded state."""
    train_loss: np.ndarray
    """(D, S, K) excess training loss over the floor set by the label noise, on the labels the run was given."""
    train_error: np.ndarray
    """(D, S, K) share of training samples whose given label is missed."""
    test_loss: np.ndarray
    """(D, S, K) the same loss on the test split."""
    test_error: np.ndarray
    """(D, S, K) share of test samples that are misclassified."""
    weight_norm: np.ndarray
    """(D, S, K) Euclidean norm of all parameters."""
    weights: np.ndarray
    """(D, S, P) parameters at the end."""
    trunk_epochs: tuple[int, ...]
    """(E,) epochs at which the trunk's parameters were kept."""
    trunk: np.ndarray
    """(E, S, P) parameters of the trunk at those epochs."""
    diverged_step: np.ndarray
    """(D, S) first step whose batch loss was not finite; -1 where none."""
    seconds: float
    """Wall time, that of interrupted calls up to their last checkpoint included."""

    @property
    def epochs(self) -> np.ndarray:
        """(K,) recorded times in epochs."""
        return self.steps / self.config.steps_per_epoch

    def shown(self, arm: int) -> np.ndarray:
        """Return (K,) True at evenly spaced records and at the dense ones after this arm's own fork, for drawing."""
        gap, fork = record_gap(self.config), self.decay_epochs[arm] * self.config.steps_per_epoch
        return (self.steps % gap == 0) | ((self.steps >= fork) & (self.steps < fork + gap))

    @property
    def measured(self) -> dict[str, Any]:
        """Every field but those that say what was run: with these four, it makes the whole again."""
        asked = ("config", "decay_epochs", "trunk_epochs", "seeds")
        return {name: value for name, value in vars(self).items() if name not in asked}

    @property
    def key(self) -> str:
        """Name of configuration, decay epochs, kept epochs and seeds together."""
        return provenance.config_key(self.config, self.decay_epochs, self.trunk_epochs, self.seeds)

    @property
    def past_phase_one(self) -> tuple[int, ...]:
        """Arms that decay after phase I: when the trunk's mean training loss is within twice its plateau.

        The plateau is the median over the second half of the trunk. An arm that never decays is its trunk, and counts.
        """
        trunk, last = self.train_loss[-1].mean(axis=0), self.decay_epochs[-1]
        plateau = float(np.median(trunk[(self.epochs >= last / 2) & (self.epochs <= last)]))
        at_decay = trunk[np.searchsorted(self.epochs, self.decay_epochs)]
        return tuple(d for d, loss in enumerate(at_decay) if loss <= 2 * plateau)

    @classmethod
    def join(cls, parts: Sequence[Branches]) -> Branches:
        """Return parts with different seeds as one; ``seconds`` add up."""
        first = parts[0]
        for part in parts[1:]:
            if any(getattr(part, name) != getattr(first, name) for name in ("config", "decay_epochs", "trunk_epochs")):
                raise ValueError("`parts` must share their config, decay epochs and trunk epochs")
        checks.distinct_integers("seeds", [seed for part in parts for seed in part.seeds])
        joined: dict[str, Any] = {
            name: np.concatenate([getattr(part, name) for part in parts], axis=1)
            for name in (*METRICS, "weights", "trunk", "diverged_step")
        }
        joined["seeds"] = tuple(seed for part in parts for seed in part.seeds)
        return replace(first, seconds=sum(part.seconds for part in parts), **joined)


def branches(
    config: TrainConfig,
    *,
    decay_epochs: Iterable[int],
    seeds: Iterable[int],
    trunk_epochs: Iterable[int] = (),
    device: str = "auto",
    store: str | os.PathLike[str] | None = None,
) -> Branches:
    """Train a trunk per seed at the large rate and fork a tail at the decayed rate at every decay epoch.

    Tails share their trunk: D decay epochs cost far less than D runs. All rows of one seed see the same batches and
    the same noise in the same epoch, so differences between decay times are paired by construction.

    Args:
        config: the run, see :class:`TrainConfig`.
        decay_epochs: increasing, each in [0, config.epochs]; 0 never uses the large rate, ``config.epochs`` never
            decays.
        seeds: distinct replicates.
        trunk_epochs: increasing, up to the last decay epoch: when to keep the parameters of the trunk.
        device: ``"auto"`` (CUDA where there is one), ``"cpu"``, ``"cuda"``, ``"cuda:N"``.
        store: a file that is rewritten after every epoch; the same call resumes from it exactly, and
            from ``<store>.previous`` should the file be damaged. None: nothing is kept.

    Raises:
        ValueError: an argument is out of its range, or ``store`` holds another experiment or the state of other code.
        RuntimeError: the device is absent.

    >>> config = TrainConfig(network="mlp", dataset="digits", loss="squared", learning_rate=0.1, decayed_rate=0.01,
    ...                      batch_size=20, epochs=4, num_train=100)
    >>> branches(config, decay_epochs=[1, 4], seeds=range(3)).test_error.shape[:2]
    (2, 3)
    """
    checks.instance("config", config, TrainConfig)
    arms = checks.increasing("decay_epochs", decay_epochs, minimum=0, maximum=config.epochs)
    wanted = checks.sequence("trunk_epochs", trunk_epochs)
    kept = checks.increasing("trunk_epochs", wanted, minimum=0, maximum=arms[-1]) if wanted else ()
    replicates = checks.distinct_integers("seeds", seeds)
    loop = Loop(config, arms, replicates, checks.torch_device("device", device))
    trunk = torch.full((len(kept), *loop.final_weights().shape[1:]), torch.nan)
    key = provenance.config_key(config, arms, kept, replicates)
    path = None if store is None else checks.path("store", store)
    ours = {"trunk": trunk, "seconds": torch.zeros((), dtype=torch.float64)}
    state = None if path is None else checkpoint.load(path, key=key, check=partial(_check, loop, ours))
    if state is not None:
        ours = {name: state.pop(name) for name in ours}
        loop.restore(state)
    trunk, started = ours["trunk"], time.perf_counter() - float(ours["seconds"])
    _keep_trunk(trunk, loop, kept)
    for _ in environment.progress(range(loop.epoch, config.epochs), "epochs", initial=loop.epoch, total=config.epochs):
        loop.run_epoch()
        _keep_trunk(trunk, loop, kept)
        if path is not None:
            seconds = torch.tensor(time.perf_counter() - started, dtype=torch.float64)
            checkpoint.save(path, {**loop.state(), "trunk": trunk, "seconds": seconds}, key=key)
    return Branches(
        config=config,
        decay_epochs=arms,
        seeds=replicates,
        steps=loop.record_steps,
        weights=loop.final_weights(),
        trunk_epochs=kept,
        trunk=trunk.numpy(),
        diverged_step=loop.arm_rows(loop.diverged).cpu().numpy(),
        seconds=time.perf_counter() - started,
        **{name: loop.records[name].numpy() for name in METRICS},
    )


def _check(loop: Loop, ours: dict[str, Tensor], state: dict[str, Tensor]) -> None:
    """Raise ValueError unless ``state`` is one of the loop's beside what this file keeps."""
    checkpoint.same_form(ours, {name: t for name, t in state.items() if name in ours})
    loop.check({name: t for name, t in state.items() if name not in ours})


def _keep_trunk(trunk: Tensor, loop: Loop, kept: Sequence[int]) -> None:
    """Copy the trunk's parameters if this epoch is among the kept ones; up to its fork, the last arm is the trunk."""
    if loop.epoch in kept:
        trunk[kept.index(loop.epoch)] = loop.arm_rows(loop.ensemble.weights)[-1].cpu()
