"""The best decay step of a budget on the model: predicted for a family of schedules, and beside it what SGD does.

``python -m lrdecay_core.experiments.model.budget_planner --help``, or ``make plan`` for an example.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from lrdecay_core import checks, schedules
from lrdecay_core.experiments.model.setting import INIT_SCALE, Arm, sparse_problem
from lrdecay_core.model import Problem, grid, sgd
from lrdecay_core.theory import budget_test_loss

__all__ = ["FAMILIES", "SHARES", "SLACK", "BudgetPlan", "describe", "family", "in_range", "plan_budget"]

FAMILIES = ("step", "linear", "cosine", "warmup")
"""From T on the rate falls at once, on a line or on half a cosine that ends with the budget; ``warmup``: on a line,
after a warm-up over the first twentieth."""
SHARES = (0.0, 0.1, 0.3, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98)
"""Candidate decay steps, as shares of the budget."""
SLACK = 0.1
"""A plan's range: candidates predicted to end at most this share above the least. On pilot problems, seeds from 100 up,
the measured best lay in it in every case."""


@dataclass(frozen=True, kw_only=True, eq=False)
class BudgetPlan:
    """Candidate decay steps of one budget, with the final test loss predicted and measured."""

    name: str
    """Family of schedules."""
    decay_steps: np.ndarray
    """(C,) candidates."""
    num_steps: int
    """The budget."""
    predicted: np.ndarray
    """(C,) test loss at the end of the budget, in theory."""
    measured: np.ndarray
    """(C, R) the same of R runs."""
    confidence: float = 0.95
    """Of the two statements below."""

    @property
    def planned(self) -> int:
        """Decay step with the least predicted loss: the plan."""
        return int(self.decay_steps[np.argmin(self.predicted)])

    @property
    def best(self) -> int:
        """Decay step with the least measured loss, arithmetic mean over runs."""
        return int(self.decay_steps[np.argmin(self.measured.mean(axis=1))])

    @property
    def regret(self) -> tuple[float, float, float]:
        """Measured loss at the plan minus the least one: mean over runs and its Student-t interval, paired by run."""
        return self._excess(int(np.argmin(self.predicted)))

    @property
    def not_worse(self) -> np.ndarray:
        """(C,) True where the measured loss is not clearly above the least one: the uncertainty of the best step.

        The least one was picked on the same runs, which makes it look better than it is: the set is a little small.
        """
        return np.array([self._excess(c)[1] <= 0 for c in range(len(self.decay_steps))])

    def _excess(self, candidate: int) -> tuple[float, float, float]:
        gap = self.measured[candidate] - self.measured[np.argmin(self.measured.mean(axis=1))]
        runs = len(gap)
        half = stats.t.ppf((1 + self.confidence) / 2, runs - 1) * gap.std(ddof=1) / np.sqrt(runs)
        return float(gap.mean()), float(gap.mean() - half), float(gap.mean() + half)


def in_range(predicted: np.ndarray) -> np.ndarray:
    """Return which candidates (..., C) of a predicted loss (..., C) belong to the plan's range: its uncertainty.

    >>> in_range(np.array([0.3, 0.21, 0.2])).tolist()
    [False, True, True]
    """
    return np.asarray(predicted <= (1 + SLACK) * predicted.min(axis=-1, keepdims=True))


def family(
    name: str, *, learning_rate: float, decayed: float, decay_step: np.ndarray, num_steps: int
) -> schedules.Schedule:
    """Return the schedules of a family, one column per decay step.

    >>> decays = np.array([0, 2])
    >>> family("linear", learning_rate=0.4, decayed=0.0, decay_step=decays, num_steps=4)(np.arange(4)).round(3).tolist()
    [[0.4, 0.4], [0.3, 0.4], [0.2, 0.4], [0.1, 0.2]]
    """
    checks.one_of("name", name, FAMILIES)
    if name == "step":
        return schedules.step_decay(learning_rate=learning_rate, decay_step=decay_step, decayed=decayed)
    return schedules.warmup_stable_decay(
        learning_rate=learning_rate,
        warmup_steps=np.minimum(num_steps // 20, decay_step) if name == "warmup" else 0,
        decay_step=decay_step,
        num_steps=num_steps,
        final=decayed,
        tail="cosine" if name == "cosine" else "linear",
    )


def plan_budget(
    problem: Problem, arm: Arm, *, num_steps: int, name: str = "step", decayed: float | None = None, replicas: int = 8
) -> BudgetPlan:
    """Predict the best of ``SHARES`` of a budget, and run SGD at every candidate to see.

    The label noise stays on to the end. The prediction needs the truth, as every prediction of a test loss here does.

    Args:
        problem: with a truth.
        arm: the large rate, batch size and label noise.
        num_steps: the budget, 100 or more.
        name: one of ``FAMILIES``.
        decayed: rate at the end; None is a tenth of the large one.
        replicas: SGD seeds, 2 or more.

    Raises:
        ValueError: an argument is out of range, or the problem has no truth.
    """
    budget, runs = checks.integer("num_steps", num_steps, minimum=100), checks.integer("replicas", replicas, minimum=2)
    low = arm.learning_rate / 10 if decayed is None else checks.positive("decayed", decayed)
    decays = np.rint(np.array(SHARES) * budget).astype(np.int64)
    given: dict[str, Any] = {"learning_rate": arm.learning_rate, "decayed": low, "num_steps": budget}
    shared: dict[str, Any] = {"init_scale": INIT_SCALE, "label_noise": arm.label_noise, "batch_size": arm.batch_size}
    predicted = budget_test_loss(
        problem.X, problem.y, problem.beta_true, schedule=family(name, decay_step=decays, **given), num_steps=budget,
        **shared,
    )  # fmt: skip
    rows = grid(decay_step=decays, seed=range(runs))
    path = sgd(
        problem, schedule=family(name, decay_step=rows["decay_step"], **given), num_steps=budget, seeds=rows["seed"],
        **shared,
    )  # fmt: skip
    return BudgetPlan(
        name=name, decay_steps=decays, num_steps=budget, predicted=predicted,
        measured=path.test_loss[-1].reshape(len(decays), runs),
    )  # fmt: skip


def describe(found: BudgetPlan) -> str:
    """Return the plan, the candidates as a table, and how sure the best decay step is, as Markdown."""
    lines = [f"| decay step T of {found.num_steps:,}, {found.name} | predicted | measured | |", "|---|---|---|---|"]
    for c, T in enumerate(found.decay_steps):
        notes = ["**plan**"] * bool(found.planned == T) + ["not clearly worse than the best"] * bool(found.not_worse[c])
        lines.append(f"| {T:,} | {found.predicted[c]:.4f} | {found.measured[c].mean():.4f} | {', '.join(notes)} |")
    inside, (mean, low, high) = found.decay_steps[found.not_worse], found.regret
    planned = found.decay_steps[in_range(found.predicted)]
    return "\n".join(
        [
            *lines,
            "",
            f"Plan: decay at step {found.planned:,}, or at any of {', '.join(f'{T:,}' for T in planned)}, predicted to "
            f"end within {SLACK:.0%} of it. Measured best: {found.best:,}; not clearly worse at "
            f"{found.confidence:.0%}: {', '.join(f'{T:,}' for T in inside)}. Regret of the plan: {mean:.4f} "
            f"[{low:.4f}, {high:.4f}], {found.measured.shape[1]} runs.",
        ]
    )


def _main() -> None:
    parser = argparse.ArgumentParser(description="The best decay step of a budget on the book's problem.")
    parser.add_argument("--steps", type=int, default=8000, help="the budget")
    parser.add_argument("--family", choices=FAMILIES, default="step")
    parser.add_argument("--rate", type=float, default=0.04, help="learning rate before the decay")
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--noise", type=float, default=2.0, help="standard deviation of the label noise")
    parser.add_argument("--problem", type=int, default=0, help="seed of the problem")
    asked = parser.parse_args()
    arm = Arm(learning_rate=asked.rate, batch_size=asked.batch, label_noise=asked.noise)
    print(describe(plan_budget(sparse_problem(asked.problem), arm, num_steps=asked.steps, name=asked.family)))


if __name__ == "__main__":
    _main()
