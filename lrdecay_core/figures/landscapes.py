"""Pictures of planes through solutions, of the ways between them, and of what changes with the decay time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lrdecay_core.claims.statistics import mean_interval
from lrdecay_core.experiments.landscapes.planes import Picture
from lrdecay_core.experiments.landscapes.valley_walk import Paths, Track, Walk
from lrdecay_core.figures.style import (
    CONTROL,
    GREEN,
    LATE,
    MEASURED,
    NEVER,
    ORANGE,
    TRAIN,
    arm_colours,
    new_axes,
    plain_log,
)

__all__ = ["draw_planes", "plot_against_decay", "plot_barriers", "plot_paths", "plot_plane", "plot_track"]

NAMES = {"train": "Training loss", "test": "Testing loss"}
OPTIMUM = ORANGE


def plot_plane(picture: Picture, *, loss: str, ax: Axes | None = None) -> Axes:
    """Draw a loss on the plane through E, L and O: dark is high, and equal shades are equal losses.

    The thin line is the projected trunk, circles are its decayed ends. A square on the trunk is the larger,
    the further the trunk really is off the plane.

    Args:
        picture: one plane.
        loss: ``"train"`` or ``"test"``.
        ax: where to draw; None makes a figure.
    """
    ax = new_axes(ax)
    surface, levels = picture.surface, picture.levels
    shades = plt.get_cmap("YlGnBu")(np.linspace(0, 0.9, len(levels) + 1))
    ax.contourf(surface.alpha, surface.beta, surface[loss].T, levels=levels, colors=shades, extend="both")
    ax.contour(surface.alpha, surface.beta, surface[loss].T, levels=levels, colors="#22222255", linewidths=0.4)
    if len(picture.trunk.coords):
        ax.plot(*picture.trunk.coords.T, color="#222222", linewidth=0.9)
        sizes = 60 * picture.trunk.distance / picture.trunk.distance.max()
        x, y = picture.trunk.coords.T
        ax.scatter(x, y, s=sizes, marker="s", facecolors="none", edgecolors="#222222", linewidths=0.7)
        off = f"trunk: {picture.trunk.distance.min():.1f} to {picture.trunk.distance.max():.1f} off the plane"
        box = {"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": "none", "alpha": 0.75}
        ax.text(0.03, 0.03, off, transform=ax.transAxes, fontsize="small", bbox=box)
    colours = arm_colours(picture.decay_times, picture.decay_times[-1] + 1)
    for colour, (x, y) in zip(colours, picture.ends.coords, strict=True):
        ax.plot(x, y, "o", color=colour, markersize=8, markeredgecolor="white", zorder=4)
    ceiling = surface.beta[-1] - 0.2 * np.ptp(surface.beta)  # no room for a word above it
    for name, (x, y) in zip(("early", "late", "test minimum"), picture.anchors, strict=True):
        ax.annotate(
            name,
            (x, y),
            xytext=(0, 9 if y < ceiling else -20),
            textcoords="offset points",
            ha="center",
            fontsize="small",
            bbox={"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": "none", "alpha": 0.75},
            zorder=5,
        )
    ax.plot(*picture.anchors[2], "*", color=OPTIMUM, markersize=16, markeredgecolor="black", zorder=5)
    ax.set(xlim=surface.alpha[[0, -1]], ylim=surface.beta[[0, -1]], aspect="equal")
    ax.grid(visible=False)
    return ax


def draw_planes(pictures: Mapping[str, Picture]) -> Figure:
    """Return a figure with a row per picture: training loss left, testing loss right, one log scale in each row."""
    shapes = [np.ptp(p.surface.beta) / np.ptp(p.surface.alpha) for p in pictures.values()]
    heights = np.clip(3.6 * np.array(shapes), 1.6, 4.2) + 0.9
    fig, axes = plt.subplots(
        nrows=len(pictures),
        ncols=2,
        figsize=(9, heights.sum()),
        height_ratios=heights.tolist(),
        squeeze=False,
        layout="constrained",
    )
    for row, (name, picture) in zip(axes, pictures.items(), strict=True):
        for ax, loss in zip(row, NAMES, strict=True):
            plot_plane(picture, loss=loss, ax=ax)
            ax.set_title(f"{name}: {NAMES[loss].lower()}")
            ax.set_xlabel("from early to late (distance)")
        row[0].set_ylabel("towards the\ntest minimum")
        shown = next(c for c in row[1].collections if hasattr(c, "levels"))
        bar = fig.colorbar(shown, ax=row, ticks=picture.levels[::3], shrink=0.85, label="loss")
        bar.ax.set_yticklabels([f"{level:.2g}" for level in picture.levels[::3]])
    return fig


def plot_track(tracks: Mapping[str, Track], *, ax: Axes | None = None) -> Axes:
    """Draw, against the epoch, how far the trunk has come along its decayed ends (solid) and is off them (dotted)."""
    ax = new_axes(ax)
    for colour, (name, track) in zip((LATE, GREEN, NEVER), tracks.items(), strict=False):
        ax.plot(track.epochs, track.along, color=colour, alpha=0.2, linewidth=0.6)
        ax.plot(track.epochs, track.across, ":", color=colour, alpha=0.3, linewidth=0.6)
        ax.plot(track.epochs, track.along.mean(axis=1), color=colour, label=f"{name}: along")
        ax.plot(track.epochs, track.across.mean(axis=1), ":", color=colour, label=f"{name}: across")
    ax.set_xscale("log")
    plain_log(ax.xaxis)
    ax.set(xlabel="epoch of the trunk", ylabel="distance in weight space")
    ax.legend()
    return ax


def plot_barriers(walk: Walk, *, bound: float, ax: Axes | None = None) -> Axes:
    """Draw the relative barriers of one network: between its own ends, to siblings, to other seeds; a dot per seed."""
    ax = new_axes(ax)
    labels = [f"{a} to {b}" for a, b in walk.pairs] + ["siblings", "other seeds,\naligned"]
    values = [*walk.barrier, walk.siblings, walk.unrelated]
    for k, row in enumerate(values):
        colour = MEASURED if k < len(walk.pairs) else CONTROL
        ax.plot(np.full(len(row), k), row, ".", color=colour, alpha=0.5)
        ax.plot(k, row.mean(), "o", color=colour)
    ax.axhline(bound, color="#222222", linestyle=":", linewidth=1.0)
    ax.set_xticks(range(len(labels)), labels, rotation=35, ha="right")
    ax.set(ylabel="rise, relative to random")
    return ax


def plot_paths(paths: Paths, *, curved: bool, ax: Axes | None = None) -> Axes:
    """Draw the training loss along straight lines, or along curves bent to keep it low, from one end to another."""
    ax = new_axes(ax)
    for k, (name, losses) in enumerate(zip(paths.names, paths.curves if curved else paths.lines, strict=True)):
        colour = (MEASURED, NEVER, CONTROL)[k]
        ax.plot(paths.t, losses, TRAIN, color=colour, marker="os^"[k], markersize=3, label=name)
    ax.set(xlabel="from one end to the other", ylabel="training loss (excess)")
    ax.legend()
    return ax


def plot_against_decay(
    decay_epochs: Sequence[int],
    values: np.ndarray,
    *,
    ylabel: str,
    label: str = "",
    control: bool = False,
    ax: Axes | None = None,
) -> Axes:
    """Draw ``values`` (D, S) against the decay epoch: a dot per seed, the mean over seeds with its 95 % interval."""
    ax = new_axes(ax)
    means = [mean_interval(v) for v in values]
    spread = [[m.estimate - m.low for m in means], [m.high - m.estimate for m in means]]
    line = CONTROL if control else "#444444"
    ax.plot(decay_epochs, [m.estimate for m in means], color=line, linewidth=1.0, label=label or None)
    colours = [CONTROL] * len(means) if control else arm_colours(tuple(decay_epochs), decay_epochs[-1] + 1)
    for d, (epoch, mean) in enumerate(zip(decay_epochs, means, strict=True)):
        ax.plot(np.full(values.shape[1], epoch), values[d], ".", color=colours[d], alpha=0.35, markersize=4)
        ax.errorbar(epoch, mean.estimate, [[spread[0][d]], [spread[1][d]]], fmt="o", color=colours[d], capsize=3)
    ax.set_xscale("log")
    shown = [decay_epochs[k] for k in (0, len(decay_epochs) // 2, -1)]
    ax.set_xticks(shown, [str(epoch) for epoch in shown])
    ax.minorticks_off()
    ax.set(xlabel="decay epoch", ylabel=ylabel)
    if label:
        ax.legend()
    return ax
