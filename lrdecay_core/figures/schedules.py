"""Pictures of schedules: their shapes, where decay lands against the sums of their rates, and losses at one budget."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from lrdecay_core.experiments.model.budget_planner import FAMILIES, SHARES, in_range
from lrdecay_core.experiments.model.budget_study import BudgetTrial
from lrdecay_core.experiments.model.schedule_shape import EQUAL, SHAPES, ShapeRuns, shaped
from lrdecay_core.figures.style import CONTROL, LATE, MEASURED, PREDICTED, TEST, new_axes, plain_log

__all__ = ["plot_end", "plot_landings", "plot_shapes"]


MARKERS = "os^Dv"


def plot_shapes(runs: ShapeRuns, *, equal: str, ax: Axes | None = None) -> Axes:
    """Draw the rate of every shape against the step.

    Args:
        runs: for their study.
        equal: ``"squares"`` or ``"rates"``, what the shapes share.
        ax: where to draw; None makes a figure.
    """
    ax = new_axes(ax)
    steps = np.arange(runs.study.num_steps)
    for shape, colour in zip(SHAPES, _colours(), strict=True):
        ax.plot(steps / 1000, shaped(runs.study, shape, equal)(steps), color=colour, linewidth=1.4, label=shape)
    ax.set(xlabel="step (thousands)", ylabel=r"learning rate $\eta_k$")
    ax.set_ylim(bottom=0)
    return ax


def plot_landings(
    runs: ShapeRuns, *, power: int, problem: int = 0, predicted: bool = False, ax: Axes | None = None
) -> Axes:
    r"""Draw the test loss after decay against \sum eta^power so far, a marker per shape of one sum of squares.

    Args:
        runs: measured schedules.
        power: 1 or 2.
        problem: position among the problems.
        predicted: add the first-order prediction as black lines.
        ax: where to draw; None makes a figure.
    """
    ax = new_axes(ax)
    e = EQUAL.index("squares")
    steps = np.arange(runs.study.num_steps)
    for s, (shape, colour) in enumerate(zip(SHAPES, _colours(), strict=True)):
        x = np.cumsum(shaped(runs.study, shape, EQUAL[e])(steps) ** power)[runs.steps[e, s] - 1]
        line = "" if predicted else TEST
        ax.plot(x, runs.mean[e, s, problem], MARKERS[s] + line, color=colour, markersize=4, linewidth=1, label=shape)
        if predicted:
            ax.plot(x, runs.predicted[e, s, problem, :, 1], color=PREDICTED, linewidth=0.8, zorder=1)
    clock = r"$\sum\eta_k$" if power == 1 else rf"$\sum\eta_k^{power}$"
    ax.set(yscale="log", xlabel=f"{clock} so far", ylabel="test loss after decay")
    plain_log(ax.yaxis)
    return ax


def _colours() -> np.ndarray:
    return np.asarray(plt.get_cmap("viridis")(np.linspace(0, 0.85, len(SHAPES))))


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
