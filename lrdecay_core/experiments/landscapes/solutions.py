"""Decayed solutions of real networks, and the test-optimal solutions nearest to them.

Descent on the testing loss is a *probe* of the landscape: it asks where the nearest testing minimum lies. It is never a
training method, and the testing loss it reaches says nothing about new data.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lrdecay_core import data, landscape, networks, solvers, sweeps
from lrdecay_core.experiments.networks.settings import branched_epochs, halves
from lrdecay_core.landscape import Loss
from lrdecay_core.landscape.loss import logits
from lrdecay_core.parameters import Layout
from lrdecay_core.training import Branches, TrainConfig, branches, objective

__all__ = [
    "Cell",
    "Solutions",
    "losses",
    "network",
    "objective_of",
    "probe",
    "run",
]

TARGET = 0.01
"""Descent on the testing loss stops at this fraction of the loss it starts from ..."""
GRADIENT_BOUND = 1e-3
"""... or where the gradient is this short."""
WORDS = "<U8"
MEMORY = 100
"""Pairs of L-BFGS. Steepest descent, nearer to the gradient flow, does not reach the target in thousands of steps."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One network on one data set, and when its rate is lowered."""

    config: TrainConfig
    decay_epochs: tuple[int, ...]
    """A geometric grid; every arm decays."""
    trunk_epochs: tuple[int, ...]
    """When the trunk's weights are kept: the decay epochs among them."""
    seeds: tuple[int, ...]
    probe_steps: int = 400
    """Most steps of the descent on the testing loss that follows every decayed end; 0: none follows."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Solutions:
    """Branched runs with the test-optimal solution found from each of their ends: D decay epochs, S seeds."""

    runs: Branches
    optimal: np.ndarray
    """(D, S, P) where descent on the testing loss ends, starting from each decayed end; NaN where it was not asked."""
    optimal_test: np.ndarray
    """(D, S) testing loss there."""
    optimal_train: np.ndarray
    """(D, S) training loss there."""
    reason: np.ndarray
    """(D, S) why descent stopped: ``"loss"``, ``"gradient"``, ``"steps"``, ``"stalled"`` or ``""``."""

    @property
    def ends(self) -> np.ndarray:
        """(D, S, P) decayed ends."""
        return self.runs.weights

    @property
    def trunk_at_decay(self) -> np.ndarray:
        """(D, S, P) the trunk when each arm leaves it."""
        return self.runs.trunk[[self.runs.trunk_epochs.index(t) for t in self.runs.decay_epochs]]

    @property
    def distance(self) -> np.ndarray:
        """(D, S) Euclidean distance from each end to its test-optimal solution."""
        return np.linalg.norm(self.optimal.astype(np.float64) - self.ends, axis=-1)

    @property
    def gain(self) -> np.ndarray:
        """(D, S) testing loss left to gain: what the descent saves."""
        return self.runs.test_loss[:, :, -1] - self.optimal_test

    @property
    def seconds(self) -> float:
        """Wall time of training and probing, added up over processes."""
        return self.runs.seconds


def network(config: TrainConfig) -> torch.nn.Module:
    """Return a network of this configuration, for its architecture."""
    dataset = data.load(config.dataset)
    return networks.build(
        config.network, input_shape=dataset.input_shape, num_classes=dataset.num_classes, width=config.width
    )


def losses(config: TrainConfig) -> dict[str, Loss]:
    """Return ``"train"`` and ``"test"``: the excess losses that training records, as functions of a flat vector."""
    net = network(config)
    return {
        name: landscape.loss_of(net, partial(_excess, config.loss), inputs, targets.T)
        for name, (inputs, targets) in _splits(config).items()
    }


def objective_of(config: TrainConfig, split: str = "test") -> Callable[[Tensor], Tensor]:
    """Return the same loss for a stack of networks, (R, P) -> (R,), evaluated side by side."""
    inputs, targets = _splits(config)[split]
    net = network(config)
    layout = Layout.of(net)

    def value(rows: Tensor) -> Tensor:
        found = logits(net, layout, rows, inputs)
        return objective.excess_loss(config.loss, found, targets.expand_as(found))

    return value


def probe(config: TrainConfig, starts: np.ndarray, *, max_steps: int = 400) -> solvers.Descent:
    """Descend on the testing loss from each row of ``starts`` (R, P), to one rule: a probe, never a training method.

    Args:
        config: what the networks are.
        starts: decayed ends, early and late alike.
        max_steps: accepted steps per row.
    """
    return solvers.descend(
        objective_of(config),
        np.ascontiguousarray(starts),
        target=TARGET,
        gradient_bound=GRADIENT_BOUND,
        max_steps=max_steps,
        memory=MEMORY,
    )


def run(parts: Mapping[str, Cell], *, workers: int | None = None) -> dict[str, Solutions]:
    """Train every cell and probe its ends, seeds side by side in local processes; return the solutions by name."""
    shards = [(name, replace(cell, seeds=half)) for name, cell in parts.items() for half in halves(cell.seeds)]
    shards.sort(key=lambda shard: -_work(shard[1]))
    done = sweeps.run_here(_solve, [{"cell": cell} for _, cell in shards], workers=workers, description="networks")
    found: dict[str, list[Solutions]] = {name: [] for name in parts}
    rows = [{**row, "seconds": float(seconds)} for row, seconds in zip(done.rows, done.seconds, strict=True)]
    for (name, cell), row in sorted(zip(shards, rows, strict=True), key=lambda pair: pair[0][1].seeds):
        found[name].append(_solutions(cell, row))
    return {name: _join(part) for name, part in found.items()}


@cache
def _splits(config: TrainConfig) -> dict[str, tuple[Tensor, Tensor]]:
    """Return name -> inputs (N, *shape) and target distributions (K, N), the mean of the noisy labels."""
    dataset = data.load(config.dataset)
    uniform = 1 - (1 - config.label_noise) * (1 - config.label_smoothing)
    means = objective.targets_table(dataset.num_classes, uniform, torch.device("cpu"))
    parts = {"train": (dataset.train, config.num_samples), "test": (dataset.test, None)}
    return {
        name: (torch.from_numpy(part.inputs[:n]), means[torch.from_numpy(part.targets[:n])].T)
        for name, (part, n) in parts.items()
    }


def _excess(loss: str, logits: Tensor, targets: Tensor) -> Tensor:
    return objective.excess_loss(loss, logits.T[None], targets.T[None])[0]


def _solve(spec: Mapping[str, Any]) -> dict[str, Any]:
    cell = spec["cell"]
    runs = branches(cell.config, decay_epochs=cell.decay_epochs, seeds=cell.seeds, trunk_epochs=cell.trunk_epochs)
    shape = runs.weights.shape[:2]
    optimal, test, train = np.full_like(runs.weights, np.nan), np.full(shape, np.nan), np.full(shape, np.nan)
    reason = np.full(shape, "", dtype=WORDS)
    for s in range(len(cell.seeds) if cell.probe_steps else 0):
        found = probe(cell.config, runs.weights[:, s], max_steps=cell.probe_steps)
        optimal[:, s], test[:, s], reason[:, s] = found.solution.numpy(), found.loss, found.reason
        with torch.no_grad():
            train[:, s] = objective_of(cell.config, "train")(found.solution).numpy()
    optima = {"optimal": optimal, "optimal_test": test, "optimal_train": train, "reason": reason.tolist()}
    return {**runs.measured, **optima}


def _solutions(cell: Cell, row: Mapping[str, Any]) -> Solutions:
    asked = {name: getattr(cell, name) for name in ("config", "decay_epochs", "trunk_epochs", "seeds")}
    found: dict[str, Any] = {name: row[name] for name in ("optimal", "optimal_test", "optimal_train")}
    measured = {name: value for name, value in row.items() if name not in (*found, "reason")}
    return Solutions(runs=Branches(**asked, **measured), reason=np.array(row["reason"], dtype=WORDS), **found)


def _join(parts: list[Solutions]) -> Solutions:
    arrays = {
        name: np.concatenate([getattr(part, name) for part in parts], axis=1)
        for name in ("optimal", "optimal_test", "optimal_train", "reason")
    }
    return Solutions(runs=Branches.join([part.runs for part in parts]), **arrays)


def _work(cell: Cell) -> int:
    """Return the sample passes of all seeds."""
    return branched_epochs(cell.config, cell.decay_epochs) * cell.config.num_samples * len(cell.seeds)
