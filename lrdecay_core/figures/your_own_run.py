"""Pictures of the chapter on a run of one's own: what rules lose against the oracle, and what a trial decay sees."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from lrdecay_core.claims.statistics import mean_interval
from lrdecay_core.experiments.networks.validated_trial import choose
from lrdecay_core.figures.style import CONTROL, MEASURED, ORANGE, TEST, new_axes, plain_log

__all__ = ["plot_regret", "plot_trial"]


def plot_regret(regrets: Mapping[str, np.ndarray], *, ours: str = "planner", ax: Axes | None = None) -> Axes:
    """Draw regret against the oracle: a dot per run, the mean with its 95 % interval, a row per rule.

    Args:
        regrets: rule -> (N,) test error above that of the best candidate of each run.
        ours: the rule in colour; the others are grey.
        ax: where to draw; None makes a figure.
    """
    ax = new_axes(ax)
    for y, (name, values) in enumerate(regrets.items()):
        i = mean_interval(values)
        colour = MEASURED if name == ours else CONTROL
        ax.plot(values, np.full(len(values), y) + 0.18, ".", color=colour, alpha=0.4, markersize=5)
        # an artist does not widen the axis, which shows the runs
        ax.add_artist(Line2D([i.low, i.high], [y, y], marker="|", color=colour))
        ax.plot([i.estimate], [y], "o", color=colour)
    ax.axvline(0, color="#222222", linewidth=1.0)
    ax.set_yticks(range(len(regrets)), list(regrets))
    ax.set_ylim(len(regrets) - 0.5, -0.5)
    ax.set(xlabel="regret: test error above that of the best candidate")
    ax.grid(axis="y", visible=False)
    return ax


def plot_trial(seen: np.ndarray, final: np.ndarray, decay_epochs: tuple[int, ...], *, ax: Axes | None = None) -> Axes:
    """Draw what trials see at each candidate, and where a decay there ends: a line per run, a ring at the lowest.

    Args:
        seen: (N, D) error on held-back samples after a trial decay at each of D candidates.
        final: (N, D) test error at the end of a run that decays there.
        decay_epochs: (D,) the candidates.
        ax: where to draw; None makes a figure.
    """
    ax = new_axes(ax)
    for values, colour, label in (
        (seen, ORANGE, "after the trial, held-back samples"),
        (final, MEASURED, "at the end, test samples"),
    ):
        for n, (row, k) in enumerate(zip(values, choose(values), strict=True)):
            ax.plot(decay_epochs, row, TEST, color=colour, label=label if n == 0 else "_")
            ax.plot(decay_epochs[k], row[k], "o", color=colour, markersize=9, markerfacecolor="none")
    ax.set_xscale("log")
    ax.set_xticks(decay_epochs, [f"{t}" for t in decay_epochs])
    ax.minorticks_off()
    ax.set_yscale("log")
    plain_log(ax.yaxis)
    ax.set(xlabel="candidate: epoch of the decay", ylabel="error")
    return ax
