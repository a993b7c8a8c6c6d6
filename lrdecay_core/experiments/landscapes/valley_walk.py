"""Along the valley or across it: what lies between the decayed ends of one run, and between ends that are no kin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import torch

from lrdecay_core import environment, landscape
from lrdecay_core.experiments.landscapes import solutions
from lrdecay_core.experiments.landscapes.solutions import Cell, Solutions
from lrdecay_core.training import TrainConfig
from lrdecay_core.training.loop import Loop

__all__ = ["Paths", "Task", "Track", "Walk", "paths", "siblings", "tasks", "track", "unrelated", "walk"]

POINTS, DIRECTIONS = 21, 50
SIBLING = 1_000_000
"""Added to a seed, it names the data order and the noise of its sibling."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Task:
    """What is needed of one seed."""

    cell: Cell
    """With that seed alone."""
    past: tuple[int, ...]
    """Arms past phase I."""
    ends: np.ndarray
    """(D, P)"""
    trunk: np.ndarray
    """(D, P) the trunk when each arm leaves it."""
    train_loss: np.ndarray
    """(D,) of the ends."""
    other: np.ndarray
    """(P,) the next seed's last end, aligned."""

    @property
    def epochs(self) -> tuple[int, ...]:
        """(W,) decay epochs past phase I."""
        return tuple(self.cell.decay_epochs[d] for d in self.past)

    @property
    def ways(self) -> list[tuple[int, int]]:
        """(N,) which of these are joined by a line: neighbours, then first and last."""
        last = len(self.past) - 1
        return [*pairwise(range(last + 1)), *([(0, last)] if last > 1 else [])]


@dataclass(frozen=True, kw_only=True, eq=False)
class Walk:
    """One cell's decayed ends past phase I, W of them, and the ways between them; S seeds."""

    decay_epochs: tuple[int, ...]
    """(W,) past phase I."""
    train_loss: np.ndarray
    """(W, S) training loss of the ends."""
    pairs: tuple[tuple[int, int], ...]
    """(N,) decay epochs of the ends joined by a line: neighbours, then first and last."""
    barrier: np.ndarray
    """(N, S) rise of the training loss on the line, over its mean at the same distance in random directions."""
    rise: np.ndarray
    """(N, S) the rise itself."""
    between: np.ndarray
    """(S,) distance between the first and the last end."""
    excursion: np.ndarray
    """(W, S) distance of the trunk, when an arm leaves it, from that arm's end."""
    siblings: np.ndarray
    """(S,) the barrier between the last ends of two siblings, relative as above."""
    unrelated: np.ndarray
    """(S,) the same for the last ends of two seeds, hidden units matched by permutation."""
    kin_rise: np.ndarray
    """(2, S) the rises themselves, of siblings and of unrelated ends."""

    @property
    def ratio(self) -> np.ndarray:
        """(S,) distance between the first and the last end, over the largest excursion."""
        return np.asarray(self.between / self.excursion.max(axis=0))

    @classmethod
    def join(cls, task: Task, rows: Sequence[Mapping[str, np.ndarray]]) -> Walk:
        """Return what :func:`walk` found on each seed of a cell, in their order; ``task`` is any of theirs."""
        joined: dict[str, Any] = {name: np.concatenate([row[name] for row in rows], axis=-1) for name in rows[0]}
        epochs = task.epochs
        return cls(decay_epochs=epochs, pairs=tuple((epochs[a], epochs[b]) for a, b in task.ways), **joined)


@dataclass(frozen=True, kw_only=True, eq=False)
class Track:
    """The trunk beside the broken line through its decayed ends, from the first decay on: E kept epochs, S seeds."""

    epochs: tuple[int, ...]
    along: np.ndarray
    """(E, S) length of that line up to the point nearest to the trunk."""
    across: np.ndarray
    """(E, S) distance of the trunk from that point."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Paths:
    """Training losses along N paths from one end to another, from t = 0 to t = 1."""

    names: Sequence[str]
    """(N,) from where to where."""
    t: np.ndarray
    """(K,)"""
    lines: np.ndarray
    """(N, K) on the straight line."""
    curves: np.ndarray
    """(N, K) on a curve that was bent to keep it low."""


def tasks(cell: Cell, found: Solutions) -> list[Task]:
    """Return one task per seed, small enough to be sent to a process: :func:`walk` and :func:`paths` take it."""
    past, last = found.runs.past_phase_one, found.ends[-1]
    if len(past) < 2:
        raise ValueError(
            f"`found` must have two decays past phase I, got those at {cell.decay_epochs} with {past} past"
        )
    return [
        Task(
            cell=replace(cell, seeds=(seed,)),
            past=past,
            ends=found.ends[:, s],
            trunk=found.trunk_at_decay[:, s],
            train_loss=found.runs.train_loss[:, s, -1],
            other=unrelated(cell.config, last[[s, (s + 1) % len(last)]])[0],
        )
        for s, seed in enumerate(cell.seeds)
    ]


def walk(task: Task) -> dict[str, np.ndarray]:
    """Return the fields of :class:`Walk` for one seed (S = 1); its sibling is trained here."""
    config, past = task.cell.config, list(task.past)
    ends = task.ends[past]
    motion = landscape.motion(ends, task.trunk[past])
    rises = np.array([_barrier(config, ends[a], ends[b]) for a, b in task.ways])
    others = np.array([_barrier(config, ends[-1], other) for other in (_sibling(task), task.other)])
    return {
        "train_loss": task.train_loss[past, None],
        "barrier": rises[:, 1:],
        "rise": rises[:, :1],
        "between": motion.between[:1, -1],
        "excursion": motion.excursion[:, None],
        "siblings": others[:1, 1],
        "unrelated": others[1:, 1],
        "kin_rise": others[:, :1],
    }


def track(found: Solutions) -> Track:
    """Return how far along the decayed ends the trunk is, and how far from them, epoch by epoch."""
    runs = found.runs
    kept = [k for k, epoch in enumerate(runs.trunk_epochs) if epoch >= runs.decay_epochs[0]]
    feet = np.array([[_foot(found.ends[:, s], runs.trunk[k, s]) for s in range(len(runs.seeds))] for k in kept])
    return Track(epochs=tuple(runs.trunk_epochs[k] for k in kept), along=feet[..., 0], across=feet[..., 1])


def paths(task: Task, *, steps: int) -> Paths:
    """Return straight lines and low-loss curves from a seed's earliest end to its last, and from there to others.

    Args:
        task: one seed; its sibling is trained here.
        steps: of the descent that bends a curve.
    """
    last, epochs = task.ends[-1], task.cell.decay_epochs
    ways = {
        f"decay at {epochs[0]} to decay at {epochs[-1]}": (task.ends[0], last),
        "to the sibling": (last, _sibling(task)),
        "to another seed, aligned": (last, task.other),
    }
    train = {"train": solutions.losses(task.cell.config)["train"]}
    lines = [landscape.line(a, b, train, num=POINTS) for a, b in ways.values()]
    curves = [landscape.bezier(a, b, train, num=POINTS, max_steps=steps) for a, b in ways.values()]
    return Paths(
        names=tuple(ways),
        t=lines[0].t,
        lines=np.array([path["train"] for path in lines]),
        curves=np.array([path["train"] for path in curves]),
    )


def _foot(line: np.ndarray, point: np.ndarray) -> tuple[float, float]:
    """Return where on a broken line (D, P) the point nearest to ``point`` (P,) lies, and how far that is."""
    steps = np.diff(line.astype(np.float64), axis=0)
    rest = point - line[:-1].astype(np.float64)
    lengths = np.linalg.norm(steps, axis=1)
    share = np.clip((rest * steps).sum(axis=1) / lengths**2, 0, 1)
    gaps = np.linalg.norm(rest - share[:, None] * steps, axis=1)
    k = int(gaps.argmin())
    return float(lengths[:k].sum() + share[k] * lengths[k]), float(gaps[k])


def _sibling(task: Task) -> np.ndarray:
    """Return the last end (P,) of the seed's sibling."""
    return siblings(replace(task.cell, decay_epochs=task.cell.decay_epochs[-1:]))[0, 0]


def _barrier(config: TrainConfig, a: np.ndarray, b: np.ndarray) -> tuple[float, float]:
    """Return the rise of the training loss between two ends, alone and over its mean around the first, as far away."""
    train = {"train": solutions.losses(config)["train"]}
    around = landscape.around(a, float(np.linalg.norm(b.astype(np.float64) - a)), train, num=DIRECTIONS)
    rise = landscape.line(a, b, train, num=POINTS).barrier("train")
    return rise, landscape.mirror.relative_barrier(rise, around["train"])


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
