"""Pictures of a budget: the test loss at its end against the decay step, predicted and measured."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from lrdecay_core.experiments.model.budget_planner import FAMILIES, SHARES, in_range
from lrdecay_core.experiments.model.budget_study import BudgetTrial
from lrdecay_core.figures.style import CONTROL, LATE, MEASURED, PREDICTED, new_axes, plain_log

__all__ = ["plot_end"]


def plot_end(trial: BudgetTrial, *, name: str, budget: int, problem: int = 0, ax: Axes | None = None) -> Axes:
    """Draw the test loss at the end against the decay step: theory, runs, the plan and its range, half, the oracle.

    Bars are standard errors over runs.

    Args:
        trial: what was predicted and measured.
        name: family.
        budget: one of the study's.
        problem: position among the problems.
        ax: where to draw; None makes a figure.
    """
    ax = new_axes(ax)
    at = (FAMILIES.index(name), trial.study.budgets.index(budget), problem)
    T, predicted, runs = np.array(SHARES) * budget, trial.predicted[0][at], trial.measured[at]
    mean, error = runs.mean(axis=-1), runs.std(axis=-1, ddof=1) / np.sqrt(runs.shape[-1])
    plan, best, half = int(predicted.argmin()), int(mean.argmin()), SHARES.index(0.5)
    near = T[in_range(predicted)]
    ax.axvspan(near.min(), near.max(), color=LATE, alpha=0.08, linewidth=0, label="range of the plan")
    ax.axvline(T[plan], color=PREDICTED, linestyle=":", label="plan")
    ax.plot(T, predicted, color=PREDICTED, linewidth=1.2, label="predicted")
    ax.errorbar(T, mean, error, fmt="o", color=MEASURED, markersize=4, linewidth=1, label="measured")
    ax.plot(T[half], mean[half], "s", color=CONTROL, markersize=8, zorder=3, label="always half")
    ring: dict[str, Any] = {"markersize": 11, "markerfacecolor": "none", "markeredgewidth": 1.4}
    ax.plot(T[best], mean[best], "o", color=PREDICTED, label="oracle", **ring)
    ax.set(yscale="log", xlabel="decay step $T$", ylabel="test loss at the end", title=name)
    plain_log(ax.yaxis)
    return ax
