"""The model with its label noise on and off: how far the scale falls, and where decay lands."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lrdecay_core import environment, executors, model, schedules, theory
from lrdecay_core.experiments.model.setting import INIT_SCALE, landing, sparse_problem

__all__ = ["BATCH_SIZE", "LABEL_NOISE", "SilentModel", "run", "settings"]

BATCH_SIZE, LABEL_NOISE = 1, 5.0


@dataclass(frozen=True, kw_only=True, eq=False)
class SilentModel:
    """P problems, K decay steps; row 0 of each array is with label noise, row 1 without."""

    steps: tuple[int, ...]
    """(K,) decay steps; the last is four times the one before."""
    fallen: np.ndarray
    """(2, P, K) largest log(a_0 / a_j) over coordinates and replicas."""
    test_loss: np.ndarray
    """(2, P, K) test loss after decay, geometric mean over replicas."""
    bound: np.ndarray
    """(P,) the most that Theorem G allows without label noise."""

    @property
    def change(self) -> np.ndarray:
        """(2, P) what the scale lost between the last two decay steps, T and 4T."""
        return np.asarray(self.fallen[:, :, -1] - self.fallen[:, :, -2])


def settings(profile: str | None = None) -> dict[str, tuple[int, ...]]:
    """Return problems, decay steps and replicas of a profile (None: the one in force)."""
    if environment.is_quick(profile):
        return {"problems": (0, 1), "steps": (500, 2000, 8000), "replicas": (0,)}
    return {"problems": tuple(range(6)), "steps": (500, 2000, 8000, 32_000), "replicas": (0, 1)}


def run(chosen: dict[str, tuple[int, ...]], *, workers: int | None = 1) -> SilentModel:
    """Run SGD with and without label noise at the largest rate that Theorem G covers, problem by problem."""
    shards = [(seed, chosen["steps"], chosen["replicas"]) for seed in chosen["problems"]]
    fallen, loss, bound = zip(*executors.run_all(_one, shards, workers=workers, description="problems"), strict=True)
    return SilentModel(
        steps=chosen["steps"],
        fallen=np.stack(fallen, axis=1),
        test_loss=np.stack(loss, axis=1),
        bound=np.array(bound),
    )


def _one(shard: tuple[int, tuple[int, ...], tuple[int, ...]]) -> tuple[np.ndarray, np.ndarray, float]:
    seed, steps, replicas = shard
    problem = sparse_problem(seed)
    best = model.minimum_norm(problem).beta
    rate = theory.largest_rate(problem.X, best, init_scale=INIT_SCALE) * (1 - 1e-9)
    rows = model.grid(noise=(LABEL_NOISE, 0.0), seed=replicas)
    path = model.sgd(
        problem,
        schedule=schedules.constant(rate),
        num_steps=steps[-1],
        batch_size=BATCH_SIZE,
        label_noise=np.asarray(rows["noise"]),
        init_scale=INIT_SCALE,
        seeds=rows["seed"],
        record=steps,
    )
    shape = (len(steps), 2, len(replicas))
    fallen = (np.log(2 * INIT_SCALE**2) - path.log_scale).max(axis=-1).reshape(shape).max(axis=-1).T
    landed = problem.test_loss(landing(problem, path))
    loss = np.exp(np.log(landed).reshape(shape).mean(axis=-1)).T
    bound = theory.waiting_bound(problem.X, best, init_scale=INIT_SCALE, learning_rate=rate)
    return fallen, loss, bound
