"""Towards the minimum norm: squared norm after decay against decay time, and the exponent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lrdecay_core import environment, model, schedules, solvers, sweeps, theory
from lrdecay_core.experiments.model.setting import Setting, landing

__all__ = [
    "ARMS",
    "MAIN",
    "QUIET",
    "SLOW_RATE",
    "SMALL_QUIET",
    "NormPlan",
    "Norms",
    "compare",
    "exponent",
    "norm_plan",
    "norms",
]

MAIN, SLOW_RATE = "large rate, label noise", "a tenth of the rate, label noise"
QUIET, SMALL_QUIET = "large rate, no label noise", "small rate, no label noise"
ARMS = (MAIN, SLOW_RATE, QUIET, SMALL_QUIET)
"""The last arm has the largest rate for which Theorem G bounds what waiting can do without label noise."""

DEPTHS = np.linspace(-28.0, -14.0, 15)
"""log a at which the exponent is read off: deep, but the coefficients off the support stay far above rounding."""


@dataclass(frozen=True, kw_only=True)
class NormPlan:
    """Which runs are decayed when, on which problems."""

    setting: Setting
    decay_steps: tuple[int, ...]
    problem_seeds: tuple[int, ...]
    num_replicas: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Norms:
    """Runs of P problems in four arms, decayed at K steps, R replicas each."""

    decay_steps: np.ndarray
    """(K,)"""
    ratio: dict[str, np.ndarray]
    """Arm -> (P, K, R): squared norm after decay over its minimum."""
    test_loss: np.ndarray
    """(P, K, R) after decay, main arm."""
    log_scale: np.ndarray
    """(P, K, R) mean over coordinates of log a_T, main arm."""
    taken: dict[str, np.ndarray]
    """Arm -> (P, K, R): largest log(a_0 / a_T) over coordinates."""
    bound: np.ndarray
    """(P,) Theorem G's bound on it in the last arm."""
    kappa: np.ndarray
    """(P,) kappa* of the minimum-norm solution."""
    slope: np.ndarray
    """(P,) measured slope of log |b off the support|_1 in log a, at ``DEPTHS``."""
    seconds: float
    """Wall time, added up over processes."""


def norm_plan(profile: str | None = None) -> NormPlan:
    """Return the runs of claim M2."""
    quick = environment.is_quick(profile)
    return NormPlan(
        setting=Setting(),
        decay_steps=(0, 100, 1000, 4000, 12000) if quick else (0, 30, 100, 300, 1000, 2000, 4000, 8000, 12000),
        problem_seeds=tuple(range(3 if quick else 20)),
        num_replicas=2 if quick else 4,
    )


def norms(plan: NormPlan, *, workers: int | None = None) -> Norms:
    """Run the four arms on every problem, and land at every decay step."""
    specs = sweeps.grid(plan=[plan], problem=plan.problem_seeds)
    found = sweeps.run_here(_norms, specs, workers=workers, description="norms")
    ratio, taken = (found.column(name) for name in ("ratio", "taken"))
    return Norms(
        decay_steps=np.array(plan.decay_steps),
        ratio={arm: ratio[:, i].copy() for i, arm in enumerate(ARMS)},
        taken={arm: taken[:, i].copy() for i, arm in enumerate(ARMS)},
        **{name: found.column(name) for name in ("test_loss", "log_scale", "bound", "kappa", "slope")},
        seconds=float(found.seconds.sum()),
    )


def _norms(spec: Mapping[str, Any]) -> dict[str, Any]:
    plan, s = spec["plan"], spec["plan"].setting
    problem = s.problem(spec["problem"])
    least = model.minimum_norm(problem)
    # theory.largest_rate, with the norm from the solver: the two round differently
    start = np.full(problem.num_features, s.init_scale)
    reach = 2 * theory.divergence(start, start, least.beta) + 2 * least.norm_squared
    small = 0.5 / (float((problem.X**2).max()) * float(reach)) * (1 - 1e-9)
    rates = np.array([s.learning_rate, s.learning_rate / 10, s.learning_rate, small])
    rows = model.grid(arm=range(len(ARMS)), seed=range(plan.num_replicas))
    path = model.sgd(
        problem,
        schedule=schedules.constant(rates[rows["arm"]]),
        num_steps=plan.decay_steps[-1],
        batch_size=s.batch_size,
        label_noise=np.array([s.label_noise, s.label_noise, 0.0, 0.0])[rows["arm"]],
        init_scale=s.init_scale,
        seeds=rows["seed"],
        record=plan.decay_steps,
    )
    beta = landing(problem, path)
    squared = 2 * np.hypot(beta, np.exp(path.log_scale)).sum(axis=-1)
    shape = (len(plan.decay_steps), len(ARMS), plan.num_replicas)
    log_start = np.log(2 * s.init_scale**2)
    kappa, slope = exponent(problem.X, problem.y, least.beta)
    main = slice(0, plan.num_replicas)
    return {
        "ratio": (squared / least.norm_squared).reshape(shape).transpose(1, 0, 2),
        "taken": (log_start - path.log_scale).max(axis=-1).reshape(shape).transpose(1, 0, 2),
        "test_loss": problem.test_loss(beta[:, main]),
        "log_scale": path.log_scale[:, main].mean(axis=-1),
        "bound": theory.waiting_bound(problem.X, least.beta, init_scale=s.init_scale, learning_rate=small),
        "kappa": kappa,
        "slope": slope,
    }


def exponent(X: np.ndarray, y: np.ndarray, solution: np.ndarray) -> tuple[float, float]:
    """Return kappa* of a basis-pursuit solution, and the slope that projections at shrinking scales show.

    The slope is that of log |b off the support|_1 in log a; on the support the distance is at most a constant times
    that.
    """
    on = np.abs(solution) > 1e-9
    logs = np.repeat(DEPTHS[:, None], X.shape[1], axis=1)
    found = solvers.entropy_projection(X, y, logs, np.zeros_like(logs)).solution
    off = np.log(np.abs(found[:, ~on]).sum(axis=1))
    return theory.kappa_star(X, np.where(on, solution, 0.0)).kappa, float(np.polyfit(DEPTHS, off, 1)[0])


def compare(setting: Setting, decay_steps: Sequence[int], *, seed: int = 0, num_replicas: int = 4) -> np.ndarray:
    """Return squared norm after decay over its minimum, (2, K): predicted by the slow flow, and mean over SGD runs."""
    problem = setting.problem(seed)
    scale = theory.slow_log_scale(
        problem.X,
        problem.y,
        init_scale=setting.init_scale,
        slow_times=setting.learning_rate**2 * np.asarray(decay_steps),
        label_noise=setting.label_noise,
        batch_size=setting.batch_size,
        learning_rate=setting.learning_rate,
    )
    path = setting.run(problem, decay_steps, seeds=range(num_replicas))
    predicted, measured = (
        2 * np.hypot(theory.late_decay_limit(problem.X, problem.y, log_a, centre), np.exp(log_a)).sum(axis=-1)
        for log_a, centre in ((scale, 0 * scale), (path.log_scale, path.centre))
    )
    return np.array([predicted, measured.mean(axis=1)]) / model.minimum_norm(problem).norm_squared
