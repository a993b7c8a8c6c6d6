"""The base setting of the model chapters: problems, start, rates and noise; and where a run of it would land."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lrdecay_core import model, schedules, theory

__all__ = ["INIT_SCALE", "Arm", "Setting", "landing", "sparse_problem"]

INIT_SCALE = 0.5
"""Every run starts at p = m = 0.5, that is at scale a_0 = 0.5."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """A sparse problem and the SGD that runs on it; the defaults are the base setting of the model chapters."""

    num_samples: int = 20
    num_features: int = 40
    sparsity: int = 3
    batch_size: int = 4
    label_noise: float = 2.0
    """Standard deviation of the fresh label noise, +- with equal chances."""
    learning_rate: float = 0.04
    """The large rate, in (u, v)."""
    init_scale: float = INIT_SCALE

    def problem(self, seed: int) -> model.Problem:
        """Return the problem of a seed."""
        return model.Problem.sparse(
            num_samples=self.num_samples, num_features=self.num_features, sparsity=self.sparsity, seed=seed
        )

    def run(self, problem: model.Problem, record: Sequence[int], seeds: Sequence[int]) -> model.Path:
        """Return SGD at the large rate, recorded at the given steps."""
        return model.sgd(
            problem,
            schedule=schedules.constant(self.learning_rate),
            num_steps=max(record),
            batch_size=self.batch_size,
            label_noise=self.label_noise,
            init_scale=self.init_scale,
            seeds=seeds,
            record=record,
        )


@dataclass(frozen=True, kw_only=True)
class Arm:
    """One choice of learning rate, batch size and label noise."""

    learning_rate: float
    batch_size: int = 4
    label_noise: float = 2.0

    def steps(self, depths: np.ndarray) -> np.ndarray:
        """Return the steps (K,) at which log(a_0 / a) reaches ``depths`` to leading order, rounded.

        Without label noise the scale stands still; depth is then eta^2 T by convention.

        >>> Arm(learning_rate=0.1, batch_size=4, label_noise=2.0).steps(np.array([1.0])).tolist()
        [100]
        """
        drift = self.label_noise**2 / self.batch_size if self.label_noise else 1.0
        return np.asarray(np.rint(np.asarray(depths) / (drift * self.learning_rate**2)), dtype=np.int64)


def sparse_problem(seed: int) -> model.Problem:
    """Return the book's problem of that seed: 20 samples, 40 features, 3 of them in use."""
    return model.Problem.sparse(num_samples=20, num_features=40, sparsity=3, seed=seed)


def landing(problem: model.Problem, path: model.Path) -> np.ndarray:
    """Return the coefficients (K, R, d) that decay at each recorded state leads to, by Theorem D."""
    return theory.late_decay_limit(problem.X, problem.y, path.log_scale, path.centre)
