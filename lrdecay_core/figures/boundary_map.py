"""The map of the effect: gains in two colours, with their intervals."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import CenteredNorm, LinearSegmentedColormap

from lrdecay_core.claims.statistics import Interval
from lrdecay_core.figures.style import EARLY, LATE, new_axes

__all__ = ["plot_gain_map"]

REACH = 6
"""Percentage points from which on a cell has full colour."""
SHADES = LinearSegmentedColormap.from_list("early or late", [EARLY, "#FFFFFF", LATE])


def plot_gain_map(
    gains: Sequence[Sequence[Interval]], *, columns: Sequence[float], rows: Sequence[float], ax: Axes | None = None
) -> ScalarMappable:
    """Draw gains as coloured cells in percentage points with the half-width of their intervals; for a colour bar.

    A cell is white where its interval holds 0.

    Args:
        gains: (rows, columns), the first row is drawn lowest.
        columns: shares of corrupted labels.
        rows: chances of fresh wrong labels.
        ax: where to draw; None makes a figure.
    """
    ax = new_axes(ax)
    clear = np.array([[100 * i.estimate if i.low > 0 or i.high < 0 else 0.0 for i in row] for row in gains])
    image = ax.pcolormesh(clear, cmap=SHADES, norm=CenteredNorm(halfrange=REACH), edgecolors="#BBBBBB", linewidth=0.5)
    for (r, c), shade in np.ndenumerate(clear):
        i, colour = gains[r][c], "#FFFFFF" if abs(shade) >= REACH else "#222222"
        half = f"\n± {50 * (i.high - i.low):.1f}" if np.isfinite(i.low) else ""
        words = f"{100 * i.estimate:+.1f}{half}".replace("-", "−")
        ax.text(c + 0.5, r + 0.5, words, ha="center", va="center", color=colour, fontsize=9)
    ax.set_xticks(np.arange(len(columns)) + 0.5, [f"{share:.0%}" for share in columns])
    ax.set_yticks(np.arange(len(rows)) + 0.5, [f"{share:.0%}" for share in rows])
    ax.tick_params(length=0)
    ax.grid(visible=False)
    ax.set(xlabel="labels corrupted once", ylabel="labels drawn wrong anew")
    return image
