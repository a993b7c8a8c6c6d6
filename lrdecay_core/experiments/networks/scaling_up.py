"""A phase diagram by a sweep: final test error over the large rate and the time of decay, one run a spec.

Every run trains the trunk and its tail alone, as it would on a cluster, so that its seconds are the cost of one run.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from lrdecay_core import environment, provenance, sweeps
from lrdecay_core.sweeps import Sweep
from lrdecay_core.training import TrainConfig, branches

__all__ = [
    "Costs",
    "Grid",
    "PhaseDiagram",
    "costs",
    "describe",
    "diagram",
    "estimate",
    "grid",
    "run_one",
    "study_size",
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

    @property
    def specs(self) -> tuple[dict[str, Any], ...]:
        """One spec a run, the seed fastest."""
        shared = provenance.plain(self.config)[TrainConfig.__name__]
        axes = sweeps.grid(learning_rate=self.rates, decay_epoch=self.decay_epochs, seed=self.seeds)
        return tuple({**shared, **axis} for axis in axes)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(rates, decay epochs, seeds)."""
        return len(self.rates), len(self.decay_epochs), len(self.seeds)


_CONFIG = TrainConfig(
    network="mlp",
    dataset="digits",
    loss="squared",
    learning_rate=0.05,
    decayed_rate=0.002,
    batch_size=5,
    num_train=100,
    label_noise=0.3,
    init_gain=3.0,
    epochs=400,
)
_QUICK = Grid(
    config=replace(_CONFIG, epochs=40), rates=(0.01, 0.02, 0.04, 0.06), decay_epochs=(1, 4, 10, 20, 40), seeds=(0, 1)
)
_BOOK = Grid(
    config=replace(_CONFIG, epochs=400),
    rates=(0.005, 0.01, 0.02, 0.03, 0.045, 0.06),
    decay_epochs=(4, 12, 40, 80, 160, 240, 320, 400),
    seeds=(0, 1),
)


def grid(profile: str | None = None) -> Grid:
    """Return the axes of a profile (None: the one in force)."""
    return _QUICK if (profile or environment.profile()) == "quick" else _BOOK


def run_one(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Train one network; return its final test error, test loss and training loss, and the step of a divergence.

    Args:
        spec: the fields of a ``TrainConfig``, with ``decay_epoch`` and ``seed``.
    """
    fields = {name: value for name, value in spec.items() if name not in ("decay_epoch", "seed")}
    runs = branches(TrainConfig(**fields), decay_epochs=[spec["decay_epoch"]], seeds=[spec["seed"]], device="auto")
    return {
        "test_error": float(runs.test_error[0, 0, -1]),
        "test_loss": float(runs.test_loss[0, 0, -1]),
        "train_loss": float(runs.train_loss[0, 0, -1]),
        "diverged_step": int(runs.diverged_step[0, 0]),
    }


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
        test_error=found.column("test_error").reshape(axes.shape),
    )


@dataclass(frozen=True, kw_only=True)
class Costs:
    """What the sweep took."""

    runs: int
    seconds: np.ndarray
    """(N,) of every run, on its worker."""
    wall: float
    """Seconds from start to end."""
    workers: int
    processor: str

    @property
    def utilisation(self) -> float:
        """Share of the workers' time that was spent in runs."""
        return float(self.seconds.sum() / (self.wall * self.workers))

    def hours(self, runs: int, workers: int) -> float:
        """Return runs x mean seconds / (workers x utilisation), in hours."""
        return runs * float(self.seconds.mean()) / (workers * self.utilisation) / 3600


def costs(found: Sweep, *, wall: float, workers: int) -> Costs:
    """Return what a sweep took that was computed here in ``wall`` seconds."""
    return Costs(runs=len(found.specs), seconds=found.seconds, wall=wall, workers=workers, processor=platform.machine())


def study_size(*, rates: int = 8, decay_times: int = 12, seeds: int = 10, settings: int = 6) -> int:
    """Return the number of runs of the full study: every rate, decay time and seed in every setting.

    >>> study_size()
    5760
    """
    return rates * decay_times * seeds * settings


def describe(axes: Grid, result: PhaseDiagram) -> str:
    """Return what the diagram holds, in words."""
    config, (rates, times, seeds) = axes.config, axes.shape
    lines = []
    for rate, errors in zip(result.rates, result.mean, strict=True):
        if np.isfinite(errors).any():
            best = int(np.nanargmin(errors))
            lines.append(f"{rate:g}: {100 * result.decay[best]:.3g} % ({100 * errors[best]:.1f} %)")
    return (
        f"{rates} rates, {times} decay times and {seeds} seeds make {rates * times * seeds} runs of a small "
        f"{config.network.upper()} on {config.num_samples} digits, {config.epochs} epochs each, with the decayed rate "
        f"{config.decayed_rate:g} throughout. Large rate, its best decay time and the mean test error there: "
        + "; ".join(lines)
        + ". "
        + f"With {seeds} seeds a cell is an illustration, not evidence: the claims rest on the chapters before."
    )


def estimate(took: Costs, *, workers: tuple[int, ...] = (1, 2, 16, 128)) -> str:
    """Return the cost of the full study by the seconds measured here, as a Markdown table with its formula."""
    runs = study_size()
    lines = ["| workers | hours |", "|---:|---:|", *(f"| {n} | {took.hours(runs, n):.2g} |" for n in workers)]
    return (
        f"Here {took.runs} runs took {took.wall:.0f} s on {took.workers} workers: {took.seconds.mean():.2f} s a run on "
        f"average, {took.seconds.max():.2f} s the longest, and {100 * took.utilisation:.0f} % of the workers' time "
        f"went into runs. A study of {runs} runs of this size would take, on processors like these:\n\n"
        + "\n".join(lines)
    )
