"""Schedules of many shapes over one number of steps, at one sum of squared rates or at one sum of rates.

Where a decay lands is computed from the state (``theory.late_decay_limit``). Settings were chosen on problem seeds from
100 up and then run once on the seeds below.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from lrdecay_core import checks, environment, schedules, sweeps, theory
from lrdecay_core.experiments.model.setting import INIT_SCALE, landing, sparse_problem
from lrdecay_core.model import sgd
from lrdecay_core.schedules import Schedule

__all__ = ["EQUAL", "SHAPES", "ShapeRuns", "ShapeStudy", "describe", "run", "shaped", "study"]

SHAPES = ("constant", "cosine", "linear", "cyclic", "warm-up, stable, decay")
EQUAL = ("squares", "rates")
"""What all shapes share: the sum of eta^2, or the sum of eta."""


@dataclass(frozen=True, kw_only=True)
class ShapeStudy:
    """Every shape on every problem."""

    problems: tuple[int, ...]
    """Problem seeds: the replicates."""
    replicas: int
    """SGD seeds per problem, averaged."""
    peak: float = 0.02
    """Rate at which the linear schedule starts; it is the largest of all shapes."""
    depth: float = 3.0
    """(sigma^2 / B) sum eta^2 over the whole schedule, of all shapes of one sum of squares."""
    batch_size: int = 4
    label_noise: float = 2.0
    readings: int = 16
    """States read on the way, evenly in the sum of squares."""

    @property
    def num_steps(self) -> int:
        """Steps of every schedule: as many as the linear one needs for the depth."""
        return round(3 * self.depth * self.batch_size / (self.label_noise * self.peak) ** 2)


@dataclass(frozen=True, kw_only=True, eq=False)
class ShapeRuns:
    """Where decay would land, by what is equal (2), shape S, problem P, reading K and replica R."""

    study: ShapeStudy
    steps: np.ndarray
    """(2, S, K) steps read; the last is ``num_steps``."""
    test_loss: np.ndarray
    """(2, S, P, K, R) test loss after decay."""
    predicted: np.ndarray
    """(2, S, P, K, 2) the same, predicted to leading and to first order."""
    seconds: float
    """Wall time, added up over processes."""

    @property
    def mean(self) -> np.ndarray:
        """(2, S, P, K) geometric mean over replicas."""
        return np.asarray(np.exp(np.log(self.test_loss).mean(axis=-1)))


def study(profile: str | None = None) -> ShapeStudy:
    """Return the study of a profile (None: the one in force)."""
    return _QUICK if environment.is_quick(profile) else _BOOK


def shaped(settings: ShapeStudy, shape: str, equal: str) -> Schedule:
    """Return the schedule of a shape with the sum of squares of the study, or with the linear one's sum of rates.

    >>> first = shaped(study("book"), "linear", "squares")(0)
    >>> round(float(first), 4)
    0.02
    """
    T = settings.num_steps
    units = {
        "constant": schedules.constant(1.0),
        "cosine": schedules.cosine(learning_rate=1.0, num_steps=T),
        "linear": schedules.linear(learning_rate=1.0, num_steps=T),
        "cyclic": schedules.cyclic(low=0.1, high=1.0, period=T // 5),
        "warm-up, stable, decay": schedules.warmup_stable_decay(
            learning_rate=1.0, warmup_steps=T // 20, decay_step=T // 2, num_steps=T
        ),
    }
    unit = units[checks.one_of("shape", shape, SHAPES)](np.arange(T))
    if checks.one_of("equal", equal, EQUAL) == "squares":
        total = settings.depth * settings.batch_size / settings.label_noise**2
        return partial(_scaled, unit=units[shape], factor=float(np.sqrt(total / (unit**2).sum())))
    return partial(_scaled, unit=units[shape], factor=float(settings.peak * T / 2 / unit.sum()))


def _scaled(step: Any, *, unit: Schedule, factor: float) -> np.ndarray:
    return np.asarray(factor * unit(step))


def run(settings: ShapeStudy, *, workers: int | None = None) -> ShapeRuns:
    """Run every shape on every problem, side by side in local processes."""
    specs = sweeps.grid(study=[settings], equal=EQUAL, shape=SHAPES, problem=settings.problems)
    found = sweeps.run_here(_one, specs, workers=workers, description="schedules")
    shape = (len(EQUAL), len(SHAPES), len(settings.problems))
    columns = {
        name: (column := found.column(name)).reshape(*shape, *column.shape[1:])
        for name in ("steps", "test_loss", "predicted")
    }
    return ShapeRuns(
        study=settings,
        steps=columns["steps"][:, :, 0],
        test_loss=columns["test_loss"],
        predicted=columns["predicted"],
        seconds=float(found.seconds.sum()),
    )


def describe(settings: ShapeStudy) -> str:
    """Return the settings in words, with the largest rate of every shape, and the profile they belong to."""
    steps = np.arange(settings.num_steps)
    peaks = {e: {s: float(shaped(settings, s, e)(steps).max()) for s in SHAPES} for e in EQUAL}
    lines = ["| largest rate | " + " | ".join(SHAPES) + " |", "|---|" + "---|" * len(SHAPES)]
    for equal, name in zip(EQUAL, (r"one $\sum\eta^2$", r"one $\sum\eta$"), strict=True):
        lines.append(f"| {name} | " + " | ".join(f"{peaks[equal][s]:.4f}" for s in SHAPES) + " |")
    return "\n".join(
        [
            *lines,
            "",
            f"{settings.num_steps:,} steps each; {len(settings.problems)} problems, {settings.replicas} runs each; "
            f"batch size $B = {settings.batch_size}$, label noise $\\sigma = {settings.label_noise:g}$, "
            f"$(\\sigma^2/B)\\sum\\eta_k^2 = {settings.depth:g}$. "
            f"This page was computed in the `{environment.profile()}` profile.",
        ]
    )


def _one(spec: Mapping[str, Any]) -> dict[str, np.ndarray]:
    settings, problem = spec["study"], sparse_problem(spec["problem"])
    schedule = shaped(settings, spec["shape"], spec["equal"])
    squares = np.cumsum(schedule(np.arange(settings.num_steps)) ** 2)
    wanted = np.linspace(0, 1, settings.readings + 1)[1:-1] * squares[-1]
    steps = [*(np.searchsorted(squares, wanted) + 1).tolist(), settings.num_steps]
    setting = {"batch_size": settings.batch_size, "label_noise": settings.label_noise, "init_scale": INIT_SCALE}
    path = sgd(
        problem,
        schedule=schedule,
        num_steps=settings.num_steps,
        seeds=range(settings.replicas),
        record=steps,
        **setting,
    )
    landed = landing(problem, path)
    orders = [
        theory.schedule_limit(problem.X, problem.y, schedule=schedule, steps=steps, first_order=order, **setting)
        for order in (False, True)
    ]
    return {
        "steps": np.array(steps),
        "test_loss": problem.test_loss(landed),
        "predicted": np.stack([problem.test_loss(beta) for beta in orders], axis=-1),
    }


_BOOK = ShapeStudy(problems=tuple(range(20)), replicas=8)
_QUICK = replace(_BOOK, problems=tuple(range(3)), replicas=4)
