"""Pictures of schedules: their shapes, and where decay lands against the sums of their rates."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from lrdecay_core.experiments.model.schedule_shape import EQUAL, SHAPES, ShapeRuns, shaped
from lrdecay_core.figures.style import PREDICTED, TEST, new_axes, plain_log

__all__ = ["plot_landings", "plot_shapes"]

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
