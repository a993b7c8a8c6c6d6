"""The phase diagram of a sweep."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from lrdecay_core.experiments.networks.scaling_up import PhaseDiagram
from lrdecay_core.figures.style import LATE, new_axes

__all__ = ["plot_phase_diagram"]


def plot_phase_diagram(result: PhaseDiagram, ax: Axes | None = None) -> Axes:
    """Draw the mean test error over decay time and large rate; a ring marks the best decay time of each rate.

    Cells of diverged runs stay white with a cross.
    """
    ax = new_axes(ax)
    mean = np.ma.masked_invalid(100 * result.mean)
    columns, rows = np.arange(len(result.decay)), np.arange(len(result.rates))
    image = ax.pcolormesh(columns, rows, mean, cmap="viridis_r", edgecolors="white", linewidth=0.5)
    ax.figure.colorbar(image, ax=ax, label="final test error (%)")
    for i in rows:
        for j in columns[np.ma.getmaskarray(mean)[i]]:
            ax.plot(j, i, "x", color="#222222", markersize=6)
        if mean[i].count():
            best = int(np.ma.argmin(mean[i]))
            ax.plot(best, i, "o", markersize=13, markerfacecolor="none", markeredgecolor="white", markeredgewidth=3)
            ax.plot(best, i, "o", markersize=13, markerfacecolor="none", markeredgecolor=LATE, markeredgewidth=1.5)
    ax.set(xlabel="decay time (% of the budget)", ylabel="large learning rate")
    ax.set_xticks(columns, [f"{100 * share:.3g}" for share in result.decay])
    ax.set_yticks(rows, [f"{rate:g}" for rate in result.rates])
    ax.grid(visible=False)
    return ax
