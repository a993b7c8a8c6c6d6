"""Pictures of the second model: norm and test loss after decay, the clock, and the spectrum."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from lrdecay_core.experiments.model.second_model import FULL_RANK, HALF, MAIN, SILENT, TENTH, MatrixRuns
from lrdecay_core.figures.style import CONTROL, EARLY, GREEN, LATE, PREDICTED, arm_colours, new_axes, plain_log

__all__ = ["plot_after_decay", "plot_clock", "plot_spectra"]

LOOKS: dict[str, tuple[str, str]] = {
    MAIN: (LATE, "o-"),
    TENTH: (EARLY, "s-"),
    SILENT: (CONTROL, "^--"),
    FULL_RANK: (PREDICTED, "D:"),
}
HELD = GREEN


def plot_after_decay(runs: MatrixRuns, name: str, *, arms: tuple[str, ...], ax: Axes | None = None) -> Axes:
    """Draw one measurement after decay against the decay step: means per arm, thin lines per problem of the main one.

    Args:
        runs: what was measured.
        name: ``"norm_ratio"`` or ``"test_loss"``.
        arms: arms to show, all of the same steps.
        ax: where to draw; None makes a figure.
    """
    ax = new_axes(ax)
    for arm in arms:
        colour, line = LOOKS[arm]
        x, values = np.array(runs.study.steps(arm)), runs.of(name, arm)
        if arm == MAIN:
            ax.plot(x, values.T, color=colour, linewidth=0.6, alpha=0.35)
        ax.plot(x, values.mean(axis=0), line, color=colour, markersize=4, label="large rate" if arm == MAIN else arm)
    if name == "norm_ratio":
        ax.axhline(1, color=PREDICTED, linewidth=1.0)
        ax.annotate(
            "minimum norm", (x[-1], 1), (0, -3), textcoords="offset points", ha="right", va="top", fontsize="small"
        )
        ax.set_ylim(bottom=0.8)
    else:
        ax.set_yscale("log")
        plain_log(ax.yaxis)
    ax.set(xlabel="decay step $T$", ylabel={"norm_ratio": "squared norm over its minimum"}.get(name, "test loss"))
    return ax


def plot_clock(runs: MatrixRuns, *, ax: Axes | None = None) -> Axes:
    """Draw the imbalance at T against slow time for two rates, and the law exp(-time)."""
    ax = new_axes(ax)
    depths = np.array(runs.study.depths)
    for arm, colour, line in ((MAIN, LATE, "o"), (HALF, HELD, "x")):
        label = f"$\\eta = {runs.study.rate(arm):g}$"
        ax.plot(depths, runs.of("imbalance", arm).mean(axis=0), line, color=colour, markersize=6, label=label)
    fine = np.linspace(0, depths[-1], 100)
    ax.plot(fine, np.exp(-fine), color=PREDICTED, linewidth=1.0, zorder=1, label="law, leading order")
    ax.set(yscale="log", xlabel=r"$(\sigma^2/B)\,\eta^2 T$", ylabel="imbalance, share of its start")
    ax.legend()
    return ax


def plot_spectra(values: np.ndarray, steps: tuple[int, ...], truth: np.ndarray, *, ax: Axes | None = None) -> Axes:
    """Draw singular values after decay by rank, a line per decay step from early to late, and those of the truth.

    Args:
        values: (K, m) in falling order.
        steps: (K,) decay steps.
        truth: (m,) singular values of the truth.
        ax: where to draw; None makes a figure.
    """
    ax = new_axes(ax)
    position = np.arange(1, values.shape[1] + 1)
    looks: dict[str, Any] = {"markersize": 4, "linewidth": 1.2}
    for row, step, colour in zip(values, steps, arm_colours(steps, steps[-1] + 1), strict=True):
        ax.plot(position, row, "o-", color=colour, label=f"decay at {step:,}", **looks)
    ax.plot(position, truth, "x", color=PREDICTED, markersize=7, label="truth")
    ax.set(xlabel="singular value, by size", ylabel="value", xticks=position)
    ax.legend()
    return ax
