"""The budget planner on trial: its decay step against other rules, on problems it was not tuned on.

Settings were chosen on problem seeds from 100 up and then run once on the seeds below.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from lrdecay_core import environment, sweeps
from lrdecay_core.experiments.model.budget_planner import FAMILIES, SHARES, family
from lrdecay_core.experiments.model.setting import INIT_SCALE, Arm, sparse_problem
from lrdecay_core.model import Problem, grid, sgd
from lrdecay_core.schedules import Schedule
from lrdecay_core.theory import budget_test_loss

__all__ = ["BudgetStudy", "BudgetTrial", "describe", "run", "study"]


@dataclass(frozen=True, kw_only=True)
class BudgetStudy:
    """Every family at every budget, on every problem."""

    problems: tuple[int, ...]
    """Problem seeds: the replicates."""
    replicas: int
    """SGD seeds per candidate, averaged; as many again rehearse."""
    budgets: tuple[int, ...]
    """Steps."""
    arm: Arm
    """What the runs are made with."""
    told: tuple[tuple[str, Arm], ...]
    """What the planner is told: the truth first, then the controls."""


@dataclass(frozen=True, kw_only=True, eq=False)
class BudgetTrial:
    """Test loss at the end of the budget: families F, budgets E, problems P, candidates C, runs R."""

    study: BudgetStudy
    predicted: np.ndarray
    """(T, F, E, P, C) by what the planner was told."""
    measured: np.ndarray
    """(F, E, P, C, R)"""
    rehearsed: np.ndarray
    """(F, E, P, C, R) of other runs on the same problems: what one learns by trying everything once."""
    seconds: float
    """Wall time, added up over processes."""

    @property
    def mean(self) -> np.ndarray:
        """(F, E, P, C) measured, arithmetic mean over runs."""
        return np.asarray(self.measured.mean(axis=-1))


def study(profile: str | None = None) -> BudgetStudy:
    """Return the study of a profile (None: the one in force)."""
    return _QUICK if environment.is_quick(profile) else _BOOK


def run(settings: BudgetStudy, *, workers: int | None = None) -> BudgetTrial:
    """Predict and measure every candidate, problems side by side in local processes."""
    specs = sweeps.grid(study=[settings], problem=settings.problems)
    found = sweeps.run_here(_one, specs, workers=workers, description="problems")
    predicted, measured, rehearsed = (found.column(name) for name in ("predicted", "measured", "rehearsed"))
    return BudgetTrial(
        study=settings,
        predicted=np.moveaxis(predicted, 0, 3),
        measured=np.moveaxis(measured, 0, 2),
        rehearsed=np.moveaxis(rehearsed, 0, 2),
        seconds=float(found.seconds.sum()),
    )


def _one(spec: Mapping[str, Any]) -> dict[str, np.ndarray]:
    settings, problem = spec["study"], sparse_problem(spec["problem"])
    predicted = [[_predicted(problem, arm, budget) for budget in settings.budgets] for _, arm in settings.told]
    measured = np.stack([_measured(problem, settings, budget) for budget in settings.budgets], axis=1)
    return {
        "predicted": np.swapaxes(predicted, 1, 2),
        "measured": measured[..., : settings.replicas],
        "rehearsed": measured[..., settings.replicas :],
    }


def _predicted(problem: Problem, arm: Arm, budget: int) -> np.ndarray:
    """Return the predicted loss (F, C)."""
    found = budget_test_loss(
        problem.X, problem.y, problem.beta_true, schedule=_every(arm, budget, 1), num_steps=budget,
        init_scale=INIT_SCALE, label_noise=arm.label_noise, batch_size=arm.batch_size,
    )  # fmt: skip
    return found.reshape(len(FAMILIES), len(SHARES))


def _measured(problem: Problem, settings: BudgetStudy, budget: int) -> np.ndarray:
    """Return the measured loss (F, C, 2R)."""
    arm, runs = settings.arm, 2 * settings.replicas
    rows = grid(candidate=range(len(FAMILIES) * len(SHARES)), seed=range(runs))
    path = sgd(
        problem, schedule=_every(arm, budget, runs), num_steps=budget, seeds=rows["seed"], record=[budget],
        init_scale=INIT_SCALE, label_noise=arm.label_noise, batch_size=arm.batch_size,
    )  # fmt: skip
    return path.test_loss[-1].reshape(len(FAMILIES), len(SHARES), runs)


def _every(arm: Arm, budget: int, runs: int) -> Schedule:
    """Return one schedule with a column per family, share and run."""
    decays = np.repeat(np.rint(np.array(SHARES) * budget).astype(np.int64), runs)
    given: dict[str, Any] = {"learning_rate": arm.learning_rate, "decayed": arm.learning_rate / 10}
    columns = [family(name, decay_step=decays, num_steps=budget, **given) for name in FAMILIES]
    return partial(_side_by_side, columns=columns)


def _side_by_side(step: Any, *, columns: list[Schedule]) -> np.ndarray:
    return np.concatenate([schedule(step) for schedule in columns], axis=-1)


def describe(settings: BudgetStudy) -> str:
    """Return the settings in words, and the profile they belong to."""
    arm = settings.arm
    budgets = " and ".join(f"{budget:,}" for budget in settings.budgets)
    return (
        f"{len(settings.problems)} problems, budgets of {budgets} steps, {settings.replicas} runs for each of "
        f"{len(SHARES)} candidates; batch size $B = {arm.batch_size}$, label noise $\\sigma = {arm.label_noise:g}$, "
        f"$\\eta = {arm.learning_rate:g}$, at the end a tenth of it. "
        f"This page was computed in the `{environment.profile()}` profile."
    )


_ARM = Arm(learning_rate=0.04)
_BOOK = BudgetStudy(
    problems=tuple(range(20)),
    replicas=12,
    budgets=(2000, 8000),
    arm=_ARM,
    told=(("planner", _ARM), ("told half the noise", replace(_ARM, label_noise=1.0))),
)
_QUICK = replace(_BOOK, problems=(0, 1), replicas=6)
