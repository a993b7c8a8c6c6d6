"""Pictures of landings: exits from a run, predicted against measured end points, tails, and the slow flow."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from lrdecay_core.claims import Interval
from lrdecay_core.experiments.model.decay_limit import Landings
from lrdecay_core.experiments.model.exits import Cut, Exits
from lrdecay_core.experiments.model.slow_curves import Curves
from lrdecay_core.figures.style import (
    CONTROL,
    LATE,
    MEASURED,
    NEVER,
    PREDICTED,
    TEST,
    arm_colours,
    new_axes,
    plain_log,
)

__all__ = ["plot_curve", "plot_departure", "plot_deviation", "plot_exits", "plot_landings", "plot_tails"]


def plot_exits(found: Exits, *, ax: Axes | None = None) -> Axes:
    """Draw one run above the valley floor, three decays that leave it, and a cross where each should land."""
    ax = new_axes(ax)
    ax.plot(*found.trunk[20::7].T, ".", color=NEVER, markersize=2, alpha=0.4)
    ax.plot([], [], ".", color=NEVER, label="run at the large rate")
    ax.axhline(0, color="#222222", linewidth=1.0)
    for step, flow, end, colour in zip(
        found.decay_steps,
        found.flows,
        found.predicted,
        arm_colours(tuple(found.decay_steps), int(found.decay_steps[-1]) + 1),
        strict=True,
    ):
        ax.plot(*flow[0], "o", color=colour, markersize=7)
        ax.plot(*flow.T, TEST, color=colour, linewidth=2.2, label=f"decays at step {step}")
        ax.plot(end, 0, "x", color=PREDICTED, markersize=10, markeredgewidth=2, zorder=5)
    ax.plot([], [], "x", color=PREDICTED, markersize=8, markeredgewidth=2, label="predicted landing")
    ax.plot(found.minimum, 0, "*", color=LATE, markersize=13, zorder=4, label="minimum norm")
    ax.set(xlabel="position along the valley", ylabel="residual")
    ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return ax


def plot_landings(found: Landings, *, ax: Axes | None = None) -> Axes:
    """Draw every predicted coefficient against the measured one; the diagonal is agreement."""
    ax = new_axes(ax)
    measured, predicted = np.concatenate(found.measured), np.concatenate(found.predicted)
    ends = [measured.min(), measured.max()]
    ax.plot(ends, ends, color=PREDICTED, linewidth=0.8)
    ax.plot(measured, predicted, ".", color=MEASURED, markersize=4)
    ax.set(xlabel="coefficient, measured by the ODE solver", ylabel="predicted by the theorem")
    return ax


def plot_deviation(found: Landings, *, ax: Axes | None = None) -> Axes:
    """Draw the deviation of every case on a log axis, with the centre and without it."""
    ax = new_axes(ax)
    steps = np.unique(found.decay_steps)
    shift = np.random.default_rng(0).uniform(-0.2, 0.2, len(found.decay_steps))
    at = np.searchsorted(steps, found.decay_steps) + shift
    ax.semilogy(at, found.uncentred_deviation, "x", color=CONTROL, label="centre set to 0")
    ax.semilogy(at, found.deviation, ".", color=MEASURED, markersize=8, label="Theorem D")
    ax.axhline(1e-9, color=PREDICTED, linestyle=":", linewidth=1.0)
    ax.text(-0.3, 1e-9, "threshold 1e-9", va="bottom", fontsize="small", color=PREDICTED)
    ax.set_xticks(range(len(steps)), [str(s) for s in steps])
    ax.set(xlabel="decay step T", ylabel="relative deviation")
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, 0.74))
    ax.set_ylim(bottom=1e-16)
    return ax


def plot_tails(found: Cut, *, ax: Axes | None = None) -> Axes:
    """Draw the error of two predictions against the decayed rate: limit of vanishing rate, and the tail's own sums."""
    ax = new_axes(ax)
    ax.loglog(found.rates, found.to_flow, "s--", color=CONTROL, label="limit of vanishing rate")
    ax.loglog(found.rates, found.to_own, "o-", color=MEASURED, label="sums continued along the tail")
    ax.set_xticks(found.rates, [f"{r:g}" for r in found.rates])
    ax.minorticks_off()
    ax.set(xlabel="decayed rate", ylabel="relative deviation", ylim=(1e-16, 1e-1))
    ax.legend(loc="center", bbox_to_anchor=(0.5, 0.55))
    return ax


def plot_curve(found: Curves, *, problem: int = 0, ax: Axes | None = None) -> Axes:
    """Draw test loss after decay against slow time for one problem: runs, their mean, and both predictions."""
    ax = new_axes(ax)
    tau, runs = found.slow_times, found.measured[problem]
    ax.semilogy(tau, runs, ".", color=MEASURED, alpha=0.25, markersize=4)
    ax.semilogy(tau, np.exp(np.log(runs).mean(axis=1)), "o", color=MEASURED, markersize=6, label="measured")
    ax.semilogy(tau, found.leading[problem], "--", color=CONTROL, label="leading order")
    ax.semilogy(tau, found.first_order[problem], "-", color=PREDICTED, linewidth=1.4, label="first order")
    plain_log(ax.yaxis)
    ax.set(xlabel=r"slow time $\eta^2 T$", ylabel="test loss after decay")
    ax.legend()
    return ax


def plot_departure(
    slow_times: np.ndarray, gaps: list[Interval], *, label: str, control: bool = False, ax: Axes | None = None
) -> Axes:
    """Draw measured over predicted minus 1, in percent, with its interval at each slow time."""
    ax = new_axes(ax)
    middle = 100 * np.array([g.estimate for g in gaps])
    spread = 100 * np.array([[g.estimate - g.low for g in gaps], [g.high - g.estimate for g in gaps]])
    colour, line = (CONTROL, "o--") if control else (PREDICTED, "o-")
    ax.errorbar(slow_times, middle, spread, fmt=line, color=colour, capsize=3, markersize=4, linewidth=1.2, label=label)
    ax.axhline(0, color="#222222", linewidth=0.8)
    ax.set(xlabel=r"slow time $\eta^2 T$", ylabel="measured over predicted − 1 (%)")
    ax.legend()
    return ax
