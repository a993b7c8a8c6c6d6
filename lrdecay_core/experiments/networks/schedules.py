"""Shapes of the schedule at equal budget, on a network: step decays as a ruler, and other shapes held against it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from lrdecay_core import environment, schedules, sweeps
from lrdecay_core.experiments.networks.settings import mnist1d_cnn
from lrdecay_core.schedules import Schedule
from lrdecay_core.training import TrainConfig, scheduled

__all__ = ["RULER", "Shapes", "Study", "run", "shapes", "study", "train"]

RULER = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9)
"""Shares of the budget at which the step decays lower their rate."""


@dataclass(frozen=True, kw_only=True)
class Study:
    """One network; every schedule of :func:`shapes` goes from its large rate to its small one."""

    config: TrainConfig
    seeds: tuple[int, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Shapes:
    """A schedules, S seeds."""

    names: tuple[str, ...]
    """(A,) the ruler first, in order."""
    test_error: np.ndarray
    """(A, S) at the end."""
    rates: np.ndarray
    """(A, K) rate of every step."""
    seconds: float


def study(profile: str | None = None) -> Study:
    """Return the study of a profile (None: the one in force)."""
    quick = environment.is_quick(profile)
    config = mnist1d_cnn(20 if quick else 100, num_train=500)
    return Study(config=config, seeds=(0, 1) if quick else tuple(range(6)))


def shapes(config: TrainConfig) -> dict[str, Schedule]:
    """Return the schedules by name: the ruler's steps, then line, cosine, warm-up and plateau, and cycles.

    All but the cycles end at the decayed rate; these end there too, after four of them.
    """
    high, low, last = config.learning_rate, config.decayed_rate, config.epochs * config.steps_per_epoch
    step = partial(schedules.step_decay, learning_rate=high, decayed=low)
    return {
        **{f"step at {share:.0%}": step(decay_step=round(share * last)) for share in RULER},
        "linear": schedules.linear(learning_rate=high, num_steps=last, final=low),
        "cosine": schedules.cosine(learning_rate=high, num_steps=last, final=low),
        "warm-up, stable, decay": schedules.warmup_stable_decay(
            learning_rate=high, warmup_steps=last // 20, decay_step=3 * last // 4, num_steps=last, final=low
        ),
        "cyclic": schedules.cyclic(low=low, high=high, period=last // 4),
    }


def train(spec: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Train ``config`` by every shape on ``seeds``."""
    found = scheduled(spec["config"], schedules=shapes(spec["config"]), seeds=spec["seeds"])
    return {"test_error": found.test_error, "rates": found.rates}


def run(part: Study, *, workers: int | None = None, store: str | None = None) -> Shapes:
    """Train all shapes, three seeds per run; ``store`` makes it resumable."""
    specs = [{"config": part.config, "seeds": part.seeds[k : k + 3]} for k in range(0, len(part.seeds), 3)]
    done = sweeps.run_here(train, specs, workers=workers, store=store)
    error = [row["test_error"] for row in done.rows]
    return Shapes(
        names=tuple(shapes(part.config)),
        test_error=np.concatenate(error, axis=1),
        rates=done.column("rates")[0],
        seconds=float(done.seconds.sum()),
    )
