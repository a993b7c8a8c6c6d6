"""Networks on real and procedural data: when the rate is lowered, and what the test error is then.

Four cells, {digits, MNIST-1D} x {MLP, CNN}, and controls at a tenth of the large rate. Every cell trains on fresh
label noise, the gradient noise of the solvable model. Settings and comparison levels were chosen on pilot seeds (100
and up) and then run once on the seeds below.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from lrdecay_core import environment, sweeps
from lrdecay_core.experiments.networks.settings import (
    branched_epochs,
    digits_cnn,
    digits_mlp,
    halves,
    mnist1d_cnn,
    mnist1d_mlp_squared,
)
from lrdecay_core.training import Branches, TrainConfig, branches

__all__ = ["MAIN", "Cell", "cells", "controls", "run"]

MAIN = "MNIST-1D CNN"
"""The cell that carries the trend and the controls."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One data set and architecture, and the comparisons made in it."""

    config: TrainConfig
    decay_epochs: tuple[int, ...]
    """Increasing; the last may be ``config.epochs``, which is never decaying."""
    early: int
    """The decay epoch that is compared from: 1 to 2 % of the budget."""
    late: int
    """The decay epoch that is compared to at equal epochs: half the budget."""
    matched_late: int
    """The decay epoch that is compared to at matched training loss: its trunk must still lie above every level."""
    levels: tuple[float, ...]
    """Training losses at which arms are matched, from high to low."""
    seeds: tuple[int, ...]

    def arm(self, decay_epoch: int) -> int:
        """Return the position of a decay epoch."""
        return self.decay_epochs.index(decay_epoch)


_MNIST1D_CNN = mnist1d_cnn(600)
_MNIST1D_MLP = mnist1d_mlp_squared(300)
_DIGITS_MLP = digits_mlp(2500)
_DIGITS_CNN = digits_cnn(1500)


def cells(profile: str | None = None) -> dict[str, Cell]:
    """Return the four cells of a profile (None: the one in force)."""
    return _QUICK if environment.is_quick(profile) else _BOOK


def controls(profile: str | None = None) -> dict[str, Cell]:
    """Return the small-rate controls of the main cell: a tenth of the rate, at the same and at ten times the epochs."""
    return _QUICK_CONTROLS if environment.is_quick(profile) else _BOOK_CONTROLS


def run(parts: Mapping[str, Cell], *, workers: int | None = None) -> dict[str, Branches]:
    """Train every cell, seeds side by side in local processes, and return the runs by name."""
    shards: list[tuple[str, dict[str, Any]]] = [
        (name, {"config": cell.config, "decay_epochs": cell.decay_epochs, "seeds": seeds})
        for name, cell in parts.items()
        for seeds in halves(cell.seeds)
    ]
    shards.sort(key=lambda shard: -_work(shard[1]))
    done = sweeps.run_here(_train, [spec for _, spec in shards], workers=workers, description="cells")
    found: dict[str, list[Branches]] = {name: [] for name in parts}
    for (name, spec), row in sorted(zip(shards, done.rows, strict=True), key=lambda pair: pair[0][1]["seeds"]):
        found[name].append(Branches(**spec, **row, trunk_epochs=()))
    return {name: Branches.join(runs) for name, runs in found.items()}


def _train(spec: Mapping[str, Any]) -> dict[str, Any]:
    return branches(**spec).measured


def _work(spec: Mapping[str, Any]) -> int:
    """Return the sample passes."""
    passes = branched_epochs(spec["config"], spec["decay_epochs"]) * spec["config"].num_samples
    return passes * len(spec["seeds"])


_TEN = tuple(range(10))
_THREE = tuple(range(3))

_BOOK = {
    MAIN: Cell(
        config=_MNIST1D_CNN,
        decay_epochs=(10, 30, 60, 100, 200, 300, 600),
        early=10,
        late=300,
        matched_late=300,
        levels=(0.12, 0.11),
        seeds=_TEN,
    ),
    "MNIST-1D MLP": Cell(
        config=_MNIST1D_MLP,
        decay_epochs=(3, 10, 30, 60, 150),
        early=3,
        late=150,
        matched_late=60,
        levels=(0.045, 0.04),
        seeds=_TEN,
    ),
    "digits MLP": Cell(
        config=_DIGITS_MLP,
        decay_epochs=(25, 100, 300, 1250),
        early=25,
        late=1250,
        matched_late=300,
        levels=(0.007, 0.006),
        seeds=_TEN,
    ),
    "digits CNN": Cell(
        config=_DIGITS_CNN,
        decay_epochs=(15, 100, 300, 750),
        early=15,
        late=750,
        matched_late=100,
        levels=(0.02, 0.015),
        seeds=_TEN,
    ),
}
_BOOK_CONTROLS = {
    "tenth of the rate, same epochs": Cell(
        config=replace(_MNIST1D_CNN, learning_rate=0.03, decayed_rate=0.015),
        decay_epochs=(10, 200),
        early=10,
        late=200,
        matched_late=200,
        levels=(0.2,),
        seeds=_TEN,
    ),
    "tenth of the rate, ten times the epochs": Cell(
        config=replace(_MNIST1D_CNN, learning_rate=0.03, decayed_rate=0.015, epochs=2500),
        decay_epochs=(100, 1000),
        early=100,
        late=1000,
        matched_late=1000,
        levels=(0.06,),
        seeds=_TEN,
    ),
}

_QUICK = {
    MAIN: Cell(
        config=replace(_MNIST1D_CNN, epochs=100),
        decay_epochs=(2, 15, 25, 35, 50, 100),
        early=2,
        late=50,
        matched_late=15,
        levels=(0.65, 0.62),
        seeds=_THREE,
    ),
    "MNIST-1D MLP": Cell(
        config=replace(_MNIST1D_MLP, epochs=40),
        decay_epochs=(1, 8, 20),
        early=1,
        late=20,
        matched_late=8,
        levels=(0.235, 0.23),
        seeds=_THREE,
    ),
    "digits MLP": Cell(
        config=replace(_DIGITS_MLP, epochs=150),
        decay_epochs=(2, 10, 75),
        early=2,
        late=75,
        matched_late=10,
        levels=(0.085, 0.08),
        seeds=_THREE,
    ),
    "digits CNN": Cell(
        config=replace(_DIGITS_CNN, epochs=150),
        decay_epochs=(2, 10, 75),
        early=2,
        late=75,
        matched_late=10,
        levels=(0.13, 0.12),
        seeds=_THREE,
    ),
}
_QUICK_CONTROLS = {
    "tenth of the rate, same epochs": Cell(
        config=replace(_MNIST1D_CNN, learning_rate=0.03, decayed_rate=0.015, epochs=100),
        decay_epochs=(2, 30),
        early=2,
        late=30,
        matched_late=30,
        levels=(0.8,),
        seeds=_THREE,
    ),
}
