"""Pictures of the silent drift: how far the trunk goes, and what its decays lose by it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes

from lrdecay_core.claims.boundaries import MARGIN
from lrdecay_core.claims.drift import drift
from lrdecay_core.claims.statistics import mean_interval
from lrdecay_core.experiments.networks.arms import Arms
from lrdecay_core.figures.style import CONTROL, MEASURED, new_axes, plain_log

__all__ = ["plot_drift", "plot_travel"]


def plot_travel(runs: Mapping[str, Arms], *, ax: Axes | None = None) -> Axes:
    """Draw the trunk's way from the first decay epoch to the last, over its norm: a row per condition, a dot per seed.

    The last condition is the control, in grey.
    """
    ax = new_axes(ax)
    for y, (arms, colour) in enumerate(zip(runs.values(), _colours(runs), strict=True)):
        way = arms.travel[-1]
        ax.plot(way, np.full(len(way), y), ".", color=colour, alpha=0.4, markersize=5)
        ax.plot(way.mean(), y, "o", color=colour)
    ax.set_xscale("log")
    plain_log(ax.xaxis)
    _rows(ax, runs)
    ax.set(xlabel="way of the trunk, over its norm")
    return ax


def plot_drift(runs: Mapping[str, Arms], *, ax: Axes | None = None) -> Axes:
    """Draw the change of test error from T to 4T, B2's margin behind it: filled at equal tails, hollow at the end."""
    ax = new_axes(ax)
    ax.axvspan(-MARGIN, MARGIN, color=CONTROL, alpha=0.15, linewidth=0)
    for level, offset, label in ((True, -0.12, "equal tails"), (False, 0.12, "end of the budget")):
        for y, (arms, colour) in enumerate(zip(runs.values(), _colours(runs), strict=True)):
            i, face = mean_interval(drift(arms, level=level)), colour if level else "white"
            spread = [[i.estimate - i.low], [i.high - i.estimate]] if np.isfinite(i.low) else None
            dot = ax.errorbar(i.estimate, y + offset, xerr=spread, fmt="o", color=colour, mfc=face, capsize=3)
            dot.set_label(label if y == 0 else "_")
    ax.axvline(0, color="#222222", linewidth=1.0)
    _rows(ax, runs)
    ax.locator_params(axis="x", nbins=6)
    ax.set(xlabel="test error, decay at T minus at 4T")
    return ax


def _colours(runs: Mapping[str, Arms]) -> list[str]:
    return [MEASURED] * (len(runs) - 1) + [CONTROL]


def _rows(ax: Axes, runs: Mapping[str, Arms]) -> None:
    """Name the rows, the first on top."""
    ax.set_yticks(range(len(runs)), list(runs))
    ax.set_ylim(len(runs) - 0.5, -0.5)
    ax.grid(axis="y", visible=False)
