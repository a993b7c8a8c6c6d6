"""The model with its label noise on and off: how far the scale falls, along a run and over problems."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lrdecay_core import environment, model, schedules, sweeps, theory
from lrdecay_core.experiments.model import valley
from lrdecay_core.experiments.model.setting import INIT_SCALE, landing, sparse_problem
from lrdecay_core.experiments.model.valley import Setup

__all__ = ["BATCH_SIZE", "LABEL_NOISE", "Drift", "SilentModel", "describe_drift", "drift", "run", "settings"]

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
    specs = sweeps.grid(problem=chosen["problems"], steps=[chosen["steps"]], replicas=[chosen["replicas"]])
    found = sweeps.run_here(_one, specs, workers=workers, description="problems")
    fallen, loss = (np.stack(list(found.column(name)), axis=1) for name in ("fallen", "test_loss"))
    return SilentModel(steps=chosen["steps"], fallen=fallen, test_loss=loss, bound=found.column("bound"))


def _one(spec: Mapping[str, Any]) -> dict[str, Any]:
    steps, replicas = spec["steps"], spec["replicas"]
    problem = sparse_problem(spec["problem"])
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
    return {"fallen": fallen, "test_loss": loss, "bound": bound}


@dataclass(frozen=True, kw_only=True, eq=False)
class Drift:
    """How much of log a one constant rate takes off, with label noise and without."""

    setup: Setup
    """With the rate in force."""
    steps: np.ndarray
    """(K,)"""
    noisy: np.ndarray
    """(K, R) log(a_0 / a) with label noise, mean over coordinates."""
    quiet: np.ndarray
    """(K, R) the same without, largest over coordinates."""
    predicted: np.ndarray
    """(K,) eta^2 T sigma^2 / B."""
    bound: float
    """The most that SGD without label noise can take off at this rate; NaN if the rate is beyond the theorem."""
    rise: float
    """Largest step up of the divergence U without label noise, between recorded states; at most rounding."""


def drift(settings: Setup, *, learning_rate: float | None = None) -> Drift:
    """Run one rate with and without label noise.

    Args:
        settings: its rate and decay steps are not used.
        learning_rate: None takes the largest rate that the theorem allows for this problem and start.
    """
    task, scale = valley.problem(settings), settings.init_scale
    best = model.minimum_norm(task).beta
    allowed = theory.largest_rate(task.X, best, init_scale=scale) * (1 - 1e-12)
    eta = allowed if learning_rate is None else learning_rate
    marks = np.unique(
        np.concatenate([np.arange(min(500, settings.num_steps)), np.geomspace(1, settings.num_steps, 40)]).astype(int)
    )
    runs = {
        sigma: model.sgd(
            task,
            schedule=schedules.constant(eta),
            num_steps=settings.num_steps,
            batch_size=settings.batch_size,
            label_noise=sigma,
            init_scale=scale,
            seeds=settings.seeds,
            record=marks,
        )
        for sigma in (settings.label_noise, 0.0)
    }
    lost = {sigma: np.log(2 * scale**2) - run.log_scale for sigma, run in runs.items()}
    quiet = runs[0.0].weights
    U = theory.divergence(quiet.p, quiet.m, best)
    return Drift(
        setup=replace(settings, learning_rate=eta),
        steps=marks,
        noisy=lost[settings.label_noise].mean(axis=-1),
        quiet=lost[0.0].max(axis=-1),
        predicted=eta**2 * settings.label_noise**2 / settings.batch_size * marks,
        bound=theory.waiting_bound(task.X, best, init_scale=scale, learning_rate=eta) if eta <= allowed else np.nan,
        rise=float(np.diff(U, axis=0).max()),
    )


def describe_drift(found: Drift) -> str:
    """Return in words what the bound allows and what was lost."""
    s, last = found.setup, found.steps[-1]
    tenth = int(np.searchsorted(found.steps, last / 10))
    return (
        f"At $\\eta = {s.learning_rate:.2g}$, the largest rate that the theorem covers here, it allows "
        f"**{found.bound:.3f}** for every $T$. Measured without label noise, largest over coordinates and "
        f"{len(s.seeds)} runs: {found.quiet[tenth].max():.5f} after {found.steps[tenth]} steps and "
        f"**{found.quiet[-1].max():.5f}** after {last}. The divergence $U$ never rises between recorded states: its "
        f"largest change is {found.rise:.1e}. With label noise the loss of scale is {found.noisy[-1].mean():.4f} after "
        f"{last} steps, predicted {found.predicted[-1]:.4f}, and it goes on."
    )
