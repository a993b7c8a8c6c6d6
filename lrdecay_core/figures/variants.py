"""Pictures of the model's variants: test loss after decay, where it is bound for, and how fast scales shrink."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from lrdecay_core.experiments.model.variants import VARIANTS, VariantRuns, Weighted
from lrdecay_core.figures.style import MEASURED, PREDICTED, new_axes

__all__ = ["plot_variant", "plot_weighted"]


def plot_variant(runs: VariantRuns, name: str, *, ax: Axes | None = None) -> Axes:
    """Draw the test loss after decay against the decay step: runs, theory, and the least weighted norm.

    Dots and lines are medians over problems, the band holds the middle half of the problems. The limit is dashed; it is
    left out where it is 0, as for a truth that is recovered. The loss is on a log scale if it falls by two decades.

    Args:
        runs: what was measured.
        name: one of ``experiments.model.variants.VARIANTS``.
        ax: where to draw; None makes a figure.
    """
    ax = new_axes(ax)
    v, depths = VARIANTS.index(name), np.array(runs.study.depths)
    low, middle, high = np.quantile(runs.mean[v], [0.25, 0.5, 0.75], axis=0)
    ax.fill_between(depths, low, high, color=MEASURED, alpha=0.15, linewidth=0)
    ax.plot(depths, np.median(runs.predicted[v], axis=0), color=PREDICTED, linewidth=1.2, label="predicted")
    ax.plot(depths, middle, "o", color=MEASURED, markersize=4, label="measured")
    limit = float(np.median(runs.limit_loss[v]))
    if limit > 1e-9:  # a recovered truth leaves what the linear programme's tolerance leaves
        ax.axhline(limit, color=PREDICTED, linestyle="--", linewidth=1, label="least weighted norm")
    if middle.max() > 100 * middle.min():
        ax.set_yscale("log")
    else:
        ax.set_ylim(bottom=0)
    ax.set_title(name)
    ticks = [depth for depth in depths if depth in (0, 4, 8, 12, 16)]
    ax.set_xticks(ticks)
    per_unit = runs.study.steps[-1] / depths[-1]
    ax.xaxis.set_major_formatter(FuncFormatter(lambda depth, _: f"{depth * per_unit / 1000:g}"))
    ax.set_xlabel("decay step $T$ (thousands)")
    return ax


def plot_weighted(found: Weighted, *, ax: Axes | None = None) -> Axes:
    """Draw how fast each coordinate's scale shrinks against the squared length of its column."""
    ax = new_axes(ax)
    span = np.array([0.0, found.column_weights.max()])
    ax.plot(span, span, color=PREDICTED, linewidth=1.0, label="predicted")
    ax.plot(found.column_weights, found.taken, ".", color=MEASURED, markersize=8, label="measured")
    ax.set(xlabel="$\\chi_j$: squared length of a column over n", ylabel="rate at which log $a_j$ falls")
    ax.legend()
    return ax
