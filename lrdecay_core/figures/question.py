"""The question of the book in one picture: training cannot tell three exits apart, testing can."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lrdecay_core.experiments.model.question import NAMES, Question
from lrdecay_core.figures.style import ORANGE, arm_colours, new_axes

__all__ = ["draw_question", "plot_question"]

LEVELS = (0.0, 0.01, 0.03, 0.1, 0.2, 0.4, 0.7, 1.0, 1.4, 1.8, 2.4, 3.0)
"""Of both losses, so that equal shades mean equal losses."""
SHOWN = (1.78, -0.75)
"""Distance along the valley from the test minimum: time runs to the right."""


def plot_question(result: Question, *, loss: str, ax: Axes | None = None) -> Axes:
    """Draw a loss on the unrolled valley, the run at the large rate, and its three exits with the loss they end at.

    A star marks the minimum of the testing loss.

    Args:
        result: a run and its exits.
        loss: ``"train"`` or ``"test"``.
        ax: where to draw; None makes a figure.
    """
    ax = new_axes(ax)
    surface = result.surface
    values, ends = (surface.train_loss, result.train_loss) if loss == "train" else (surface.test_loss, result.test_loss)
    shades = plt.get_cmap("YlGnBu")(np.linspace(0, 0.85, len(LEVELS)))  # by rank: small losses stay apart
    ax.contourf(surface.along, surface.across, values, levels=LEVELS, colors=shades, extend="max")
    ax.plot(*result.trunk.T, color="#222222", linewidth=0.6, alpha=0.45)
    if loss == "test":
        ax.plot(0, 0, "*", color=ORANGE, markersize=18, markeredgecolor="black", zorder=3)
    colours = arm_colours((0, 1, 2), 3)
    for k, name in enumerate(NAMES):
        (x, y), (end, floor) = result.leaves[k], result.ends[k]
        ax.plot([x, end], [y, floor], color=colours[k], linewidth=1.6)
        ax.plot(end, floor, "o", color=colours[k], markersize=9, markeredgecolor="white", zorder=4)
        ax.annotate(
            f"{name}: {ends[k]:.2f}",
            (end, floor),
            xytext=(0, 52),
            textcoords="offset points",
            ha="center",
            fontsize="small",
            arrowprops={"arrowstyle": "-", "color": "#222222", "linewidth": 0.8, "shrinkB": 5},
            bbox={"boxstyle": "round,pad=0.25", "facecolor": "white", "edgecolor": colours[k]},
        )
    ax.set(xlim=SHOWN, ylim=surface.across[[0, -1]], xlabel="along the valley, from the start to the right")
    ax.set(ylabel="across", xticks=[], yticks=[])
    ax.grid(visible=False)
    return ax


def draw_question(result: Question) -> Figure:
    """Return the figure of the introduction: training loss on the left, testing loss on the right, same axes."""
    fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), sharex=True, sharey=True)
    plot_question(result, loss="train", ax=left)
    plot_question(result, loss="test", ax=right)
    left.set_title("Training loss: level, three exits alike")
    right.set_title("Testing loss: downhill, the late exit wins")
    right.set_ylabel("")
    return fig
