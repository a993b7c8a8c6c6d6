"""Pictures of the boundary chapter: corrupted labels, silent noise, shapes, clocks, sizes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes

from lrdecay_core.claims.exploratory import CLOCKS, SCALES, SQUARES, reading
from lrdecay_core.claims.statistics import mean_interval
from lrdecay_core.experiments.model.label_noise_off import SilentModel
from lrdecay_core.experiments.networks.arms import Arms
from lrdecay_core.experiments.networks.schedules import RULER, Shapes
from lrdecay_core.figures.style import (
    CONTROL,
    EARLY,
    GREEN,
    LATE,
    MEASURED,
    NEVER,
    ORANGE,
    PREDICTED,
    PURPLE,
    TEST,
    new_axes,
    plain_log,
)

__all__ = [
    "plot_clock",
    "plot_corruption",
    "plot_memory",
    "plot_persistence",
    "plot_shapes",
    "plot_silent",
    "plot_sizes",
]

MARKERS = "osD^v<>PX"


def plot_corruption(runs: Mapping[str, Arms], *, ax: Axes | None = None) -> Axes:
    """Draw final test error against the share of corrupted labels, early and late; dotted: stopped at its best."""
    ax = new_axes(ax)
    x = np.arange(len(runs))
    first = next(iter(runs.values()))
    for arm, colour in ((0, EARLY), (-1, LATE)):
        label = f"decays at {first.decay_epochs[arm]}"
        _intervals(ax, x, [arms.final[arm] for arms in runs.values()], colour, TEST, label)
        _intervals(ax, x, [arms.stopped[arm] for arms in runs.values()], colour, ":", f"{label}, stopped in time")
    ax.set_xticks(x, list(runs))
    ax.set(xlabel="training labels corrupted once", ylabel="test error", ylim=(0, None))
    ax.legend()
    return ax


def plot_memory(arms: Arms, *, ax: Axes | None = None) -> Axes:
    """Draw test error along training for the first and the last decay: thin seeds, thick mean."""
    ax = new_axes(ax)
    for arm, colour in ((0, EARLY), (-1, LATE)):
        values = arms.test_error[arm]
        ax.plot(arms.epochs, values.T, TEST, color=colour, alpha=0.18, linewidth=0.6)
        ax.plot(arms.epochs, values.mean(axis=0), TEST, color=colour, label=f"decays at {arms.decay_epochs[arm]}")
    ax.set(xlabel="epoch", ylabel="test error", ylim=(0, None))
    ax.legend()
    return ax


def plot_persistence(runs: Mapping[str, Arms], *, ax: Axes | None = None) -> Axes:
    """Draw final test error of a decay at T and at 4T, a line per condition."""
    ax = new_axes(ax)
    for k, (name, arms) in enumerate(runs.items()):
        colour = (CONTROL, MEASURED)[k % 2]  # as in the model's picture
        _intervals(ax, np.arange(2), list(arms.final[[0, -1]]), colour, TEST, name, marker=MARKERS[k])
    first = next(iter(runs.values()))
    ax.set_xticks([0, 1], [f"T = {first.decay_epochs[0]}", f"4T = {first.decay_epochs[-1]}"])
    ax.set(xlabel="decay epoch", ylabel="final test error", xlim=(-0.3, 1.3))
    ax.legend()
    return ax


def plot_silent(found: SilentModel, *, ax: Axes | None = None) -> Axes:
    """Draw the model's test loss after decay, over its value at the first decay step: with label noise and without."""
    ax = new_axes(ax)
    ratio = found.test_loss / found.test_loss[:, :, :1]
    for row, colour, label in ((0, MEASURED, "fresh label noise"), (1, CONTROL, "no label noise")):
        ax.plot(found.steps, ratio[row].T, TEST, color=colour, alpha=0.3, linewidth=0.8)
        ax.plot(found.steps, ratio[row].mean(axis=0), "o-", color=colour, label=label)
    ax.set_xscale("log")
    ax.set_xticks(found.steps, [f"{step:,}" for step in found.steps])
    ax.minorticks_off()
    ax.set(xlabel="decay step", ylabel="test loss after decay, over the first")
    ax.legend()
    return ax


def plot_shapes(found: Shapes, scale: str = SQUARES, *, ax: Axes | None = None) -> Axes:
    """Draw final test error against a scale: step decays joined by a line, other shapes as markers."""
    ax = new_axes(ax)
    ruler, place = len(RULER), SCALES[scale](found.rates)
    _intervals(ax, place[:ruler], list(found.test_error[:ruler]), NEVER, TEST, "step decays")
    for k, a in enumerate(range(ruler, len(found.names))):
        _intervals(ax, place[a : a + 1], [found.test_error[a]], _colour(k), TEST, found.names[a], marker=MARKERS[k + 1])
    ax.set(xlabel=scale, ylabel="final test error")
    return ax


def plot_clock(runs: Mapping[str, Arms], clock: str, *, ax: Axes | None = None) -> Axes:
    """Draw mean final test error against a clock: a line per condition, colour by rate, marker by batch size."""
    ax = new_axes(ax)
    rates = sorted({arms.config.learning_rate for arms in runs.values()})
    sizes = sorted({arms.config.batch_size for arms in runs.values()})
    for name, arms in runs.items():
        colour = _colour(rates.index(arms.config.learning_rate))
        marker = MARKERS[sizes.index(arms.config.batch_size)]
        x = reading(arms, CLOCKS[clock])
        ax.plot(x, arms.final.mean(axis=1), marker=marker, color=colour, linewidth=1.0, markersize=4, label=name)
    ax.set_xscale("log")
    ax.set_yscale("log")
    plain_log(ax.xaxis)
    plain_log(ax.yaxis)
    ax.tick_params(axis="x", labelrotation=45)
    ax.set(xlabel=clock, ylabel="final test error")
    return ax


def plot_sizes(gains: Mapping[str, np.ndarray], sizes: tuple[int, ...], *, ax: Axes | None = None) -> Axes:
    """Draw the gain of a late decay against one size, a line per condition; the last one is the control, in grey.

    Args:
        gains: name -> (sizes, S) gain of every seed.
        sizes: what is varied, drawn on a logarithmic axis.
        ax: where to draw; None makes a figure.
    """
    ax = new_axes(ax)
    for k, (name, values) in enumerate(gains.items()):
        colour = CONTROL if k == len(gains) - 1 else LATE
        _intervals(ax, np.array(sizes), list(values), colour, TEST, name, marker=MARKERS[k])
    ax.axhline(0, color="#222222", linewidth=1.0)
    ax.set_xscale("log")
    ax.set_xticks(sizes, [f"{size:,}" for size in sizes])
    ax.minorticks_off()
    return ax


def _colour(k: int) -> str:
    """Return a colour that means neither early nor late."""
    return (PREDICTED, GREEN, PURPLE, ORANGE)[k % 4]


def _spread(estimate: float, low: float, high: float) -> np.ndarray | None:
    return np.array([[estimate - low], [high - estimate]]) if np.isfinite(low) else None


def _intervals(
    ax: Axes, x: np.ndarray, values: list[np.ndarray], colour: str, line: str, label: str, *, marker: str = "o"
) -> None:
    """Draw means with 95 % intervals, joined by a line."""
    found = [mean_interval(v) for v in values]
    ax.plot(x, [i.estimate for i in found], line, marker=marker, color=colour, label=label)
    for at, i in zip(x, found, strict=True):
        ax.errorbar(at, i.estimate, _spread(i.estimate, i.low, i.high), fmt="none", color=colour, capsize=3)
