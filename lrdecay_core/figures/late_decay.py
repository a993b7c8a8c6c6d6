"""Pictures of branched runs: error against time, final error against decay time, gains with their intervals."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill

import numpy as np
from matplotlib.axes import Axes

from lrdecay_core.claims import Row
from lrdecay_core.claims.statistics import mean_interval
from lrdecay_core.figures.style import CONTROL, EARLY, LATE, NEVER, TEST, TRAIN, arm_colours, new_axes, plain_log
from lrdecay_core.training import Branches

__all__ = ["plot_curves", "plot_final", "plot_gains", "plot_matched"]

LABELS = {
    "test_error": "test error",
    "train_error": "training error",
    "test_loss": "test loss (excess)",
    "train_loss": "training loss (excess)",
}


def plot_curves(
    runs: Branches, *, quantity: str = "test_error", arms: Sequence[int] | None = None, ax: Axes | None = None
) -> Axes:
    """Draw a quantity against epochs: a thin line per seed, a thick one for their mean, a colour per decay epoch.

    The trunk is grey. Tails start where they fork off.

    Args:
        runs: branched runs.
        quantity: ``"test_error"``, ``"train_error"``, ``"test_loss"`` or ``"train_loss"``.
        arms: decay epochs to show; None shows all.
        ax: where to draw; None makes a figure.
    """
    ax = new_axes(ax)
    values = getattr(runs, quantity)
    line = TRAIN if quantity.startswith("train") else TEST
    colours = arm_colours(runs.decay_epochs, runs.config.epochs)
    last = runs.decay_epochs[-1]
    trunk = (runs.epochs <= last) & runs.shown(-1)
    name = "never decays" if last == runs.config.epochs else "trunk, large rate"
    ax.plot(runs.epochs[trunk], values[-1][:, trunk].mean(axis=0), line, color=NEVER, linewidth=1.2, label=name)
    for d, decay in enumerate(runs.decay_epochs):
        if decay == runs.config.epochs or (arms is not None and decay not in arms):
            continue
        tail = (runs.epochs >= decay) & runs.shown(d)
        ax.plot(runs.epochs[tail], values[d][:, tail].T, line, color=colours[d], alpha=0.18, linewidth=0.6)
        ax.plot(runs.epochs[tail], values[d][:, tail].mean(axis=0), line, color=colours[d], label=f"decays at {decay}")
    ax.set(xlabel="epoch", ylabel=LABELS[quantity])
    if quantity.endswith("loss"):
        ax.set_yscale("log")
        plain_log(ax.yaxis)
    ax.legend()
    return ax


def plot_final(runs: Branches, *, quantity: str = "test_error", ax: Axes | None = None) -> Axes:
    """Draw the final value against the decay epoch: a dot per seed, the mean with its 95 % interval."""
    ax = new_axes(ax)
    values = getattr(runs, quantity)[:, :, -1]
    colours = arm_colours(runs.decay_epochs, runs.config.epochs)
    means = [mean_interval(v) for v in values]
    decays = [d for d in range(len(values)) if runs.decay_epochs[d] < runs.config.epochs]
    x = np.array([runs.decay_epochs[d] for d in decays])
    ax.plot(x, [means[d].estimate for d in decays], color="#444444", linewidth=1.0, zorder=1)
    for d, at in zip(decays, x, strict=True):
        i = means[d]
        ax.plot(np.full(values.shape[1], at), values[d], ".", color=colours[d], alpha=0.35, markersize=4)
        ax.errorbar(at, i.estimate, [[i.estimate - i.low], [i.high - i.estimate]], fmt="o", color=colours[d], capsize=3)
    for d in set(range(len(values))) - set(decays):
        ax.axhline(means[d].estimate, color=NEVER, linestyle=":", label="never decays")
        ax.legend()
    ax.set_xscale("log")
    ax.set_xticks(x, [str(v) for v in x])
    ax.minorticks_off()
    ax.set(xlabel="decay epoch", ylabel=f"final {LABELS[quantity]}")
    return ax


def plot_gains(rows: Sequence[Row], *, controls: Sequence[Row] = (), ax: Axes | None = None) -> Axes:
    """Draw the rows of a claim as dots with intervals: right of 0 late decay helps, left of it hurts; controls grey."""
    ax = new_axes(ax)
    for y, row in enumerate([*rows, *controls]):
        i = row.interval
        if not np.isfinite(i.estimate):
            ax.text(0, y, " not comparable", va="center", color=CONTROL)
            continue
        colour = CONTROL if y >= len(rows) else LATE if i.estimate > 0 else EARLY
        spread = None if not np.isfinite(i.low) else [[i.estimate - i.low], [i.high - i.estimate]]
        ax.errorbar(i.estimate, y, xerr=spread, fmt="o", color=colour, capsize=3)
    ax.axvline(0, color="#222222", linewidth=1.0)
    ax.set_yticks(range(len(rows) + len(controls)), [fill(row.name, 44) for row in [*rows, *controls]])
    ax.invert_yaxis()
    ax.set(xlabel="gain: test error of the early decay minus that of the late one")
    ax.grid(axis="y", visible=False)
    return ax


def plot_matched(
    runs: Branches, *, arms: Sequence[int] | None = None, levels: Sequence[float] = (), ax: Axes | None = None
) -> Axes:
    """Draw test error against training loss along every tail: mean over seeds, a dot where the tail ends.

    Time runs to the right, where the training loss is smaller. On a vertical line arms have equal training loss.

    Args:
        runs: branched runs.
        arms: decay epochs to show; None shows all that decay.
        levels: training losses to mark.
        ax: where to draw; None makes a figure.
    """
    ax = new_axes(ax)
    colours = arm_colours(runs.decay_epochs, runs.config.epochs)
    for d, decay in enumerate(runs.decay_epochs):
        if decay == runs.config.epochs or (arms is not None and decay not in arms):
            continue
        tail = (runs.epochs >= decay) & runs.shown(d)
        loss, error = runs.train_loss[d][:, tail].mean(axis=0), runs.test_error[d][:, tail].mean(axis=0)
        ax.plot(loss, error, TEST, color=colours[d], label=f"decays at {decay}")
        ax.plot(loss[-1], error[-1], "o", color=colours[d])
    for level in levels:
        ax.axvline(level, color="#222222", linestyle=":", linewidth=1.0)
    ax.set_xscale("log")
    plain_log(ax.xaxis)
    ax.invert_xaxis()
    ax.set(xlabel=f"{LABELS['train_loss']}, smaller to the right", ylabel="test error")
    ax.legend()
    return ax
