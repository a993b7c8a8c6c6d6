"""The model at one budget of steps: every run lowers its rate once, at T, and is followed to its last step.

Settings were chosen on problem seeds from 100 up and then run once on the seeds below.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lrdecay_core import environment, schedules, sweeps
from lrdecay_core.experiments.model.setting import INIT_SCALE, sparse_problem
from lrdecay_core.model import Problem, grid, sgd

__all__ = ["DENSE", "MAIN", "NO_NOISE_AFTER", "TENTH", "Budget", "BudgetRuns", "budgets", "describe", "run"]

MAIN = "label noise kept on"
NO_NOISE_AFTER = "label noise off after decay"
TENTH = "both rates a tenth"
DENSE = "dense truth"


@dataclass(frozen=True, kw_only=True)
class Budget:
    """Runs of one length that lower their rate at different steps."""

    problems: tuple[int, ...]
    """Problem seeds: the replicates."""
    replicas: int
    """SGD seeds per problem, averaged."""
    decay_steps: tuple[int, ...]
    """Increasing; ``num_steps`` never decays."""
    num_steps: int = 8000
    early: int = 500
    late: int = 5000
    """5/8 of the budget: up to here the test loss is to fall with every later decay."""
    learning_rate: float = 0.04
    decayed_rate: float = 0.004
    batch_size: int = 4
    label_noise: float = 2.0
    tail_noise: bool = True
    """Keep the label noise on after decay."""
    dense: bool = False
    """The truth has entries of one size and either sign in all 40 coordinates, of the same norm."""
    record_every: int = 8000

    def arm(self, decay_step: int) -> int:
        """Return the position of a decay step."""
        return self.decay_steps.index(decay_step)

    @property
    def steps(self) -> tuple[int, ...]:
        """Recorded steps, the last is the budget."""
        return tuple(range(0, self.num_steps + 1, self.record_every))


@dataclass(frozen=True, kw_only=True, eq=False)
class BudgetRuns:
    """Losses of every run at its recorded steps."""

    budget: Budget
    test_loss: np.ndarray
    """(P, D, K, R): problems, decay steps, recorded steps, replicas."""
    train_loss: np.ndarray
    """(P, D, K, R), on the true labels."""
    seconds: float
    """Wall time, added up over processes."""

    @property
    def final(self) -> np.ndarray:
        """(P, D) final test loss, geometric mean over replicas."""
        return np.asarray(np.exp(np.log(self.test_loss[:, :, -1]).mean(axis=-1)))


def budgets(profile: str | None = None) -> dict[str, Budget]:
    """Return the main experiment of a profile (None: the one in force), its variant and its controls, by name."""
    return _QUICK if environment.is_quick(profile) else _BOOK


def run(settings: Mapping[str, Budget], *, workers: int | None = None) -> dict[str, BudgetRuns]:
    """Make all runs, problems side by side in local processes, and return them by name."""
    specs = [{"budget": budget, "problem": seed} for budget in settings.values() for seed in budget.problems]
    done = sweeps.run_here(_one_problem, specs, workers=workers, description="problems")
    found = {}
    for name, budget in settings.items():
        own = [i for i, spec in enumerate(specs) if spec["budget"] == budget]
        losses = {loss: np.stack([done.rows[i][loss] for i in own]) for loss in ("test_loss", "train_loss")}
        found[name] = BudgetRuns(budget=budget, seconds=float(done.seconds[own].sum()), **losses)
    return found


def describe(settings: Mapping[str, Budget]) -> str:
    """Return the settings as a Markdown table, one row per experiment, and the profile they belong to."""
    lines = [
        "| | truth | rate, large → small | label noise, before → after | steps | decays at | problems × runs |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, b in settings.items():
        after = b.label_noise if b.tail_noise else 0.0
        lines.append(
            f"| {name} | {'dense' if b.dense else 'sparse'} | {b.learning_rate:g} → {b.decayed_rate:g} | "
            f"{b.label_noise:g} → {after:g} | {b.num_steps} | {', '.join(map(str, b.decay_steps))} | "
            f"{len(b.problems)} × {b.replicas} |"
        )
    return "\n".join([*lines, "", f"This page was computed in the `{environment.profile()}` profile."])


def _one_problem(spec: Mapping[str, Any]) -> dict[str, np.ndarray]:
    budget, seed = spec["budget"], spec["problem"]
    problem = Problem.dense(num_samples=20, num_features=40, seed=seed) if budget.dense else sparse_problem(seed)
    rows = grid(decay_step=budget.decay_steps, seed=range(budget.replicas))
    noise = schedules.switched_off(budget.label_noise, step=rows["decay_step"])
    path = sgd(
        problem,
        schedule=schedules.step_decay(
            learning_rate=budget.learning_rate, decay_step=rows["decay_step"], decayed=budget.decayed_rate
        ),
        num_steps=budget.num_steps,
        batch_size=budget.batch_size,
        label_noise=budget.label_noise if budget.tail_noise else noise,
        init_scale=INIT_SCALE,
        seeds=rows["seed"],
        record=budget.steps,
    )
    shape = (len(budget.steps), len(budget.decay_steps), budget.replicas)
    test, train = (np.swapaxes(loss.reshape(shape), 0, 1) for loss in (path.test_loss, path.train_loss))
    return {"test_loss": test, "train_loss": train}


_GRID = (0, 500, 1000, 2000, 3000, 5000, 7000, 7500, 7900, 8000)
_MAIN = Budget(problems=tuple(range(20)), replicas=8, decay_steps=_GRID, record_every=100)
_CONTROL = replace(_MAIN, decay_steps=(500, 2000, 5000, 8000), record_every=8000)
_BOOK = {
    MAIN: _MAIN,
    NO_NOISE_AFTER: replace(
        _MAIN, decay_steps=(0, 500, 1000, 2000, 3000, 5000, 7500, 8000), tail_noise=False, record_every=8000
    ),
    TENTH: replace(_CONTROL, learning_rate=0.004, decayed_rate=0.0004),
    DENSE: replace(_CONTROL, dense=True),
}
_QUICK = {name: replace(budget, problems=tuple(range(4)), replicas=4) for name, budget in _BOOK.items()}
