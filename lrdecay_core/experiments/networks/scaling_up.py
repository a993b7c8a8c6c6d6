"""A phase diagram by a sweep: final test error over the large rate and the time of decay.

The small networks train every trunk and tail alone, so that their seconds are the cost of one run. The full study, too
long for that, forks all its tails from one trunk.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from lrdecay_core import environment, provenance, sweeps
from lrdecay_core.experiments.networks.settings import digits_mlp
from lrdecay_core.sweeps import Sweep
from lrdecay_core.training import TrainConfig, branches, checkpoint

__all__ = [
    "STUDY",
    "Grid",
    "PhaseDiagram",
    "Study",
    "describe",
    "diagram",
    "grid",
    "run_one",
    "sweep",
]


@dataclass(frozen=True, kw_only=True)
class Grid:
    """The axes of the diagram and what all runs share."""

    config: TrainConfig
    """Its large rate is replaced by the axis."""
    rates: tuple[float, ...]
    decay_epochs: tuple[int, ...]
    seeds: tuple[int, ...]
    workers: int = 2
    """Processes of this machine that a page starts; they would share a GPU."""
    together: bool = False
    """One run a trunk, with a tail at every decay epoch; otherwise one run a tail, with a trunk of its own."""

    @property
    def specs(self) -> tuple[dict[str, Any], ...]:
        """One spec a run, the seed fastest."""
        shared = provenance.plain(self.config)[TrainConfig.__name__]
        tails = [self.decay_epochs] if self.together else [(epoch,) for epoch in self.decay_epochs]
        axes = sweeps.grid(learning_rate=self.rates, decay_epochs=tails, seed=self.seeds)
        return tuple({**shared, **axis} for axis in axes)

    def table(self, column: np.ndarray) -> np.ndarray:
        """Return one result of every run and tail as (rates, decay epochs, seeds)."""
        rates, times, seeds = self.shape
        return column.reshape(rates, -1, seeds, times if self.together else 1).swapaxes(2, 3).reshape(self.shape)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(rates, decay epochs, seeds)."""
        return len(self.rates), len(self.decay_epochs), len(self.seeds)


_CONFIG = digits_mlp(400, decayed_rate=0.002)
_QUICK = Grid(
    config=replace(_CONFIG, epochs=40), rates=(0.01, 0.02, 0.04, 0.06), decay_epochs=(1, 4, 10, 20, 40), seeds=(0, 1)
)
_BOOK = Grid(
    config=replace(_CONFIG, epochs=400),
    rates=(0.005, 0.01, 0.02, 0.03, 0.045, 0.06),
    decay_epochs=(4, 12, 40, 80, 160, 240, 320, 400),
    seeds=(0, 1),
)


@dataclass(frozen=True, kw_only=True)
class Study:
    """The full study as data, which can be counted without its photographs."""

    fields: Mapping[str, Any]
    """Those of its ``TrainConfig``, the large rate apart."""
    rates: tuple[float, ...]
    decay_epochs: tuple[int, ...]
    seeds: tuple[int, ...]
    num_test: int

    @property
    def epochs(self) -> int:
        """Length of every run."""
        return int(self.fields["epochs"])

    @property
    def steps_per_epoch(self) -> int:
        """Updates per epoch."""
        return int(self.fields["num_train"] // self.fields["batch_size"])

    @property
    def trunks(self) -> int:
        """Runs, each one trunk with all its tails."""
        return len(self.rates) * len(self.seeds)

    @property
    def axes(self) -> Grid:
        """What a sweep runs; asks for the data, which are downloaded at first use."""
        config = TrainConfig(**self.fields, learning_rate=self.rates[0])
        return Grid(
            config=config, rates=self.rates, decay_epochs=self.decay_epochs, seeds=self.seeds, workers=1, together=True
        )


STUDY = Study(
    fields={
        "network": "resnet18",
        "dataset": "cifar10",
        "loss": "cross_entropy",
        "decayed_rate": 0.005,
        "batch_size": 128,
        "epochs": 200,
        "num_train": 50_000,
        "augment": True,
        "momentum": 0.9,
        "weight_decay": 5e-4,
        "precision": "bf16",
    },
    rates=(0.02, 0.05, 0.1, 0.2),
    decay_epochs=(10, 25, 50, 75, 100, 125, 150, 175),
    seeds=(0, 1, 2, 3, 4),
    num_test=10_000,
)


def grid(profile: str | None = None) -> Grid:
    """Return the axes of a profile (None: the one in force); those of ``paper`` are :data:`STUDY`."""
    name = profile or environment.profile()
    return STUDY.axes if name == "paper" else _QUICK if name == "quick" else _BOOK


def run_one(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Train one trunk and its tails; return each tail's final test error, test loss, training loss and divergence.

    With ``LRDECAY_CHECKPOINTS`` the run keeps its state there after every epoch, under a name of its own. Killed and
    called again it goes on from there; at its end it removes the file. Other code starts anew, under another name.

    Args:
        spec: the fields of a ``TrainConfig``, with ``decay_epochs`` and ``seed``.
    """
    fields = {name: value for name, value in spec.items() if name not in ("decay_epochs", "seed")}
    folder = environment.checkpoints()
    state = None if folder is None else folder / sweeps.key(run_one, spec)
    runs = branches(TrainConfig(**fields), decay_epochs=spec["decay_epochs"], seeds=[spec["seed"]], store=state)
    if state is not None:
        checkpoint.remove(state)
    finals = {name: getattr(runs, name)[:, 0, -1] for name in ("test_error", "test_loss", "train_loss")}
    return {**finals, "diverged_step": runs.diverged_step[:, 0]}


def sweep(axes: Grid, executor: Executor | None = None, store: str | Path | None = None) -> Sweep:
    """Run every spec of ``axes``; see :func:`lrdecay_core.sweeps.run`."""
    return sweeps.run(run_one, axes.specs, executor=executor, store=store, description="phase diagram")


@dataclass(frozen=True, kw_only=True)
class PhaseDiagram:
    """Final test errors, for drawing."""

    rates: np.ndarray
    """(E,) large rates."""
    decay: np.ndarray
    """(T,) decay times as shares of the budget."""
    test_error: np.ndarray
    """(E, T, S) per seed; NaN where the run diverged."""

    @property
    def mean(self) -> np.ndarray:
        """(E, T) over seeds; NaN where any diverged."""
        return self.test_error.mean(axis=2)


def diagram(axes: Grid, found: Sweep) -> PhaseDiagram:
    """Return the sweep as a table over rate, decay time and seed."""
    return PhaseDiagram(
        rates=np.array(axes.rates),
        decay=np.array(axes.decay_epochs) / axes.config.epochs,
        test_error=axes.table(found.column("test_error")),
    )


def describe(axes: Grid, result: PhaseDiagram) -> str:
    """Return what the diagram holds, in words."""
    config, (rates, times, seeds) = axes.config, axes.shape
    lines = []
    for rate, errors in zip(result.rates, result.mean, strict=True):
        if np.isfinite(errors).any():
            best = int(np.nanargmin(errors))
            lines.append(f"{rate:g}: {100 * result.decay[best]:.3g} % ({100 * errors[best]:.1f} %)")
    return (
        f"{rates} rates, {times} decay times and {seeds} seeds make {rates * times * seeds} tails of the network "
        f"`{config.network}` on {config.num_samples} samples of `{config.dataset}`, {config.epochs} epochs each, with "
        f"the decayed rate {config.decayed_rate:g} throughout. Large rate, its best decay time and the mean test error "
        "there: "
        + "; ".join(lines)
        + ". "
        + f"With {seeds} seeds a cell is an illustration, not evidence: the claims rest on the chapters before."
    )
