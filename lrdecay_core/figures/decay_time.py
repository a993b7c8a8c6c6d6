"""Pictures of time on the model: curves of many rates on one clock, decay times, one budget, and the planner."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from lrdecay_core.experiments.model.decay_planner import Plan
from lrdecay_core.experiments.model.decay_time import Curves
from lrdecay_core.experiments.model.equal_budget import BudgetRuns
from lrdecay_core.figures.style import (
    CONTROL,
    EARLY,
    LATE,
    MEASURED,
    NEVER,
    PREDICTED,
    TEST,
    arm_colours,
    new_axes,
    plain_log,
)

__all__ = ["plot_budget", "plot_plan", "plot_rates", "plot_silent", "plot_spread", "plot_tails", "plot_times"]

MARKERS = "os^Dv<"


def plot_rates(curves: Curves, *, exponent: float, problem: int = 0, ax: Axes | None = None) -> Axes:
    """Draw the test loss after decay against eta^p T, a line and a marker per rate, large rates dark.

    Args:
        curves: a measured study.
        exponent: p.
        problem: position among the problems of the study.
        ax: where to draw; None makes a figure.
    """
    ax = new_axes(ax)
    study, mean = curves.study, curves.mean[problem]
    shades = plt.get_cmap("viridis")(np.linspace(0, 0.85, len(study.rates)))
    for k, arm in enumerate(study.rates):
        x = arm.learning_rate**exponent * arm.steps(np.array(study.depths))
        label = f"$\\eta = {arm.learning_rate:g}$"
        ax.plot(x, mean[k], TEST, marker=MARKERS[k], color=shades[k], markersize=4, linewidth=1.2, label=label)
    clock = "$\\eta\\,T$" if exponent == 1 else f"$\\eta^{{{exponent:g}}}\\,T$"
    ax.set(xscale="log", yscale="log", xlabel=clock, ylabel="test loss after decay")
    return ax


def plot_silent(curves: Curves, *, problem: int = 0, ax: Axes | None = None) -> Axes:
    """Draw the test loss after decay against eta^2 T without label noise, in grey, beside one curve with it."""
    ax = new_axes(ax)
    study, mean = curves.study, curves.mean[problem]
    for k, arm in enumerate(study.arms):
        if k and arm.label_noise:
            continue
        x = arm.learning_rate**2 * arm.steps(np.array(study.depths))
        colour = MEASURED if arm.label_noise else CONTROL
        label = f"$\\eta = {arm.learning_rate:g}$, " + ("label noise" if arm.label_noise else "none")
        ax.plot(
            x, mean[k], TEST, marker=MARKERS[k % len(MARKERS)], color=colour, markersize=4, linewidth=1.2, label=label
        )
    ax.set(xscale="log", yscale="log", xlabel="$\\eta^2 T$", ylabel="test loss after decay")
    ax.legend()
    return ax


def plot_spread(exponents: np.ndarray, spreads: np.ndarray, *, best: float, ax: Axes | None = None) -> Axes:
    """Draw how far the curves are apart against the exponent p: a thin line per problem, their mean, the best p.

    Args:
        exponents: (E,) values of p.
        spreads: (P, E) in dex.
        best: p to mark.
        ax: where to draw; None makes a figure.
    """
    ax = new_axes(ax)
    ax.plot(exponents, spreads.T, color=MEASURED, alpha=0.3, linewidth=0.8)
    ax.plot(exponents, spreads.mean(axis=0), color=MEASURED)
    ax.axvline(best, color=PREDICTED, linestyle=":", linewidth=1.2)
    ax.text(best, spreads.max(), f"  best p = {best:.2f}", va="top", color=PREDICTED)
    ax.set(xlabel="exponent $p$ of $\\eta^p\\,T$", ylabel="distance between curves (dex)")
    ax.set_ylim(bottom=0)
    return ax


def plot_times(curves: Curves, measured: np.ndarray, *, ax: Axes | None = None) -> Axes:
    """Draw measured over predicted decay time against the measured one, to leading and to first order.

    Args:
        curves: the study, for its predictions.
        measured: (P, A) steps, NaN where the target was not reached.
        ax: where to draw; None makes a figure.
    """
    ax = new_axes(ax)
    ratio = measured[..., None] / curves.predicted
    ax.plot(measured.ravel(), ratio[..., 0].ravel(), "s", color=CONTROL, markersize=4, label="leading order")
    ax.plot(measured.ravel(), ratio[..., 1].ravel(), "o", color=MEASURED, markersize=4, label="first order")
    ax.axhline(1, color=PREDICTED, linestyle=":")
    ax.set(xscale="log", xlabel="measured decay time (steps)", ylabel="measured / predicted")
    plain_log(ax.xaxis)
    ax.legend()
    return ax


def plot_tails(runs: BudgetRuns, *, decays: tuple[int, ...], problem: int = 0, ax: Axes | None = None) -> Axes:
    """Draw the test loss of one problem against steps for some decay steps: geometric means over replicas.

    Args:
        runs: an experiment that recorded along the way.
        decays: decay steps to show besides never.
        problem: position among its problems.
        ax: where to draw; None makes a figure.
    """
    ax = new_axes(ax)
    budget, steps = runs.budget, np.array(runs.budget.steps)
    mean = np.exp(np.log(runs.test_loss[problem]).mean(axis=-1))
    ax.plot(steps, mean[-1], TEST, color=NEVER, linewidth=1.2, label="never decays")
    for decay, colour in zip(decays, arm_colours(decays, budget.num_steps), strict=True):
        tail = steps >= decay
        ax.plot(steps[tail], mean[budget.arm(decay)][tail], TEST, color=colour, label=f"decays at {decay}")
        ax.plot(steps[-1], mean[budget.arm(decay)][-1], "o", color=colour, clip_on=False, zorder=3)
    ax.set(yscale="log", xlabel="step", ylabel="test loss")
    plain_log(ax.yaxis)
    ax.legend()
    return ax


def plot_budget(
    main: BudgetRuns, *, others: Mapping[str, BudgetRuns] | None = None, controls: bool = True, ax: Axes | None = None
) -> Axes:
    """Draw the final test loss against the decay step: a thin line per problem, and geometric means.

    The last point never decays; it stands apart, in grey. The band ends at 5/8 of the budget.

    Args:
        main: the experiment whose problems are shown one by one.
        others: more experiments, by name.
        controls: the others are controls, drawn in grey.
        ax: where to draw; None makes a figure.
    """
    ax = new_axes(ax)
    budget = main.budget
    T = np.array(budget.decay_steps)
    ax.axvspan(0, budget.late, color=LATE, alpha=0.06, linewidth=0)
    ax.plot(T[:-1], main.final[:, :-1].T, color=LATE, alpha=0.2, linewidth=0.7)
    for k, (name, runs) in enumerate({"label noise kept on": main, **(others or {})}.items()):
        colour = LATE if not k else CONTROL if controls else EARLY
        mean, at = np.exp(np.log(runs.final).mean(axis=0)), runs.budget.decay_steps
        ax.plot(at[:-1], mean[:-1], MARKERS[k] + ("-" if not k else "--"), color=colour, markersize=5, label=name)
        ax.plot(at[-1], mean[-1], MARKERS[k], color=NEVER, markerfacecolor="white", markersize=6)
    never = float(np.exp(np.log(main.final[:, -1]).mean()))
    ax.annotate("never", (T[-1], never), (-4, 8), textcoords="offset points", ha="right", color=NEVER, fontsize="small")
    ax.set(yscale="log", xlabel="decay step $T$", ylabel="final test loss")
    plain_log(ax.yaxis)
    ax.legend(loc="lower left")  # below curves that fall; "never" stands at the right
    return ax


def plot_plan(found: Plan, *, ax: Axes | None = None) -> Axes:
    """Draw the test loss after decay against the decay step, predicted and measured, and when each meets the target."""
    ax = new_axes(ax)
    ax.plot(found.steps, found.measured, ".", color=MEASURED, alpha=0.3, markersize=4)
    ax.plot(found.steps, found.measured_mean, "o", color=MEASURED, markersize=5, label="measured")
    ax.plot(found.steps, found.predicted, color=PREDICTED, linewidth=1.4, label="predicted, first order")
    ax.axhline(found.target, color=CONTROL, linewidth=1.0)
    ax.axvline(found.first_order, color=PREDICTED, linestyle=":", label=f"plan: {found.first_order:,.0f} steps")
    ax.set(yscale="log", xlabel="decay step $T$", ylabel="test loss after decay")
    ax.annotate("target", (0, found.target), (4, 4), textcoords="offset points", color=NEVER, fontsize="small")
    ax.set_xlim(left=0)
    plain_log(ax.yaxis)
    ax.legend()
    return ax
