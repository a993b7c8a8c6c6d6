"""Pictures of the model that can be drawn: the curve of minima in space, its unrolled valley, sizes of one step."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lrdecay_core.experiments.model.exits import NAMES, Question
from lrdecay_core.experiments.model.geometry import Increments
from lrdecay_core.experiments.model.space_curve import Sheet, Walk
from lrdecay_core.figures.style import (
    CONTROL,
    EARLY,
    GREEN,
    LATE,
    MEASURED,
    NEVER,
    ORANGE,
    PREDICTED,
    arm_colours,
    new_axes,
    plain_log,
)
from lrdecay_core.theory import three_dimensional as exact

__all__ = ["draw_question", "plot_ends", "plot_increments", "plot_question", "plot_sheet", "plot_space"]


LEVELS = (0.0, 0.01, 0.03, 0.1, 0.2, 0.4, 0.7, 1.0, 1.4, 1.8, 2.4, 3.0)
"""Of both losses, so that equal shades mean equal losses."""


def plot_space(result: Walk, *, view: tuple[float, float] = (18, 28), ax: Any = None) -> Any:
    """Draw the closed curve of training minima in space, its two test minima, SGD, and where decays from it end.

    Args:
        result: a run on the drawable instance.
        view: elevation and azimuth in degrees.
        ax: three-dimensional axes; None makes a figure.
    """
    if ax is None:
        ax = plt.figure(figsize=(7, 5.2)).add_subplot(projection="3d", computed_zorder=False)
    turn = exact.curve(np.linspace(0, 2 * np.pi, 361))
    ax.plot(*turn.T, color=PREDICTED, linewidth=2.2, label="minima of the training loss", zorder=2)
    ax.plot(*result.weights.T, color=NEVER, linewidth=0.5, alpha=0.6, label="SGD at the large rate", zorder=1)
    minima = exact.curve(np.array([0.0, np.pi]))
    ax.plot(*minima.T, "*", color=GREEN, markersize=17, markeredgecolor="black", label="minima of the test loss")
    colours = arm_colours(tuple(range(len(result.predicted))), len(result.predicted) + 1)
    for k, (end, colour) in enumerate(zip(result.ends[-1], colours, strict=True)):
        T = result.setup.decay_steps[k]
        name = f"decayed at step {T}" if k in (0, len(colours) - 1) else None
        ax.plot(*end[:, None], "o", color=colour, markersize=8, markeredgecolor="white", label=name, zorder=3 + k)
    ax.view_init(*view)
    ax.set_box_aspect((1.1, 2.2, 1.9), zoom=1.15)
    ax.set(xlabel="$w_1$", ylabel="$w_2$", zlabel="$w_3$", xticks=[1.0, 1.4], yticks=[-1, 0, 1], zticks=[-1, 0, 1])
    ax.legend(loc="upper left", bbox_to_anchor=(-0.3, 1.08))
    return ax


def plot_sheet(surface: Sheet, result: Walk, *, loss: str, ax: Axes | None = None) -> Axes:
    """Draw a loss on the unrolled valley as filled contours, with the SGD run and its decayed ends on top.

    Args:
        surface: both losses on the sheet.
        result: a run on the drawable instance.
        loss: ``"train"`` or ``"test"``.
        ax: where to draw; None makes a figure.
    """
    ax = new_axes(ax)
    values = surface.train_loss if loss == "train" else surface.test_loss
    filled = ax.contourf(surface.along, surface.across, values, levels=LEVELS, cmap="YlGnBu", extend="max")
    ax.plot(result.chart[:, 0], result.chart[:, 1], color="#222222", linewidth=0.4, alpha=0.6)
    colours = arm_colours(tuple(range(len(result.predicted))), len(result.predicted) + 1)
    floor = exact.arc_length(np.arcsin(np.sqrt(result.predicted)))
    for at, colour in zip(floor, colours, strict=True):
        ax.plot(at, 0, "o", color=colour, markersize=8, markeredgecolor="white")
    if loss == "test":
        ax.plot(0, 0, "*", color=GREEN, markersize=17, markeredgecolor="black", zorder=1.5)
    ax.set(xlabel="distance along the valley, $s$", ylabel="across, $\\nu$", ylim=surface.across[[0, -1]])
    ax.grid(visible=False)
    ax.label_outer()
    ax.figure.colorbar(filled, ax=ax, ticks=LEVELS[::2], label=f"{loss} loss", pad=0.01)
    return ax


def plot_ends(result: Walk, *, ax: Axes | None = None) -> Axes:
    """Draw where decay lands against when it happens: the exact law, the decayed runs, the noise-free slow law."""
    ax = new_axes(ax)
    T = np.array(result.setup.decay_steps)
    ax.plot(T, result.slow, ":", color=CONTROL, label="slow law, knows no noise")
    ax.plot(T, result.predicted, "_", color=PREDICTED, markersize=18, markeredgewidth=2, label="exact law")
    ax.plot(T, result.measured[-1], "o", color=MEASURED, markersize=5, label="decayed run")
    ax.axhline(0, color=LATE, linewidth=0.8)
    ax.set(xlabel="decay step $T$", ylabel="position $t$ on the curve", ylim=(-0.05, 1))
    ax.annotate("minimum norm", (T[0], 0), (0, 4), textcoords="offset points", color=LATE, fontsize="small")
    ax.legend()
    return ax


def plot_increments(result: Increments, *, ax: Axes | None = None) -> Axes:
    """Draw how far one step moves each valley coordinate against the rate; grey lines have slopes 1, 2 and 3."""
    ax = new_axes(ax)
    names = ("across, $r$", "scale, $\\log a$", "along, $N^\\top\\phi$")
    means = np.exp(np.log(result.sizes).mean(axis=-1))
    for k, (name, mean, colour) in enumerate(zip(names, means, (EARLY, LATE, GREEN), strict=True)):
        ax.plot(result.rates, mean[0] * (result.rates / result.rates[0]) ** (k + 1), color=CONTROL, linewidth=1.0)
        ax.plot(result.rates, mean, "o", color=colour, label=f"{name}: slope {result.slopes[k]:.2f}")
    ax.set(xscale="log", yscale="log", xlabel="learning rate $\\eta$", ylabel="size of one step's change")
    plain_log(ax.xaxis)
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return ax


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
