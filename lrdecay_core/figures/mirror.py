"""Pictures of networks beside the model: statistics as dots with ranges, planes, profiles, whole-plane correlation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from lrdecay_core.claims.likeness import AROUND, profiles
from lrdecay_core.claims.mirror import BOUNDS
from lrdecay_core.experiments.landscapes.mirror import MODEL, Mirror
from lrdecay_core.experiments.landscapes.views import FOUND_FROM, GRID, LINE, Views
from lrdecay_core.figures.style import CONTROL, EARLY, LATE, MEASURED, PREDICTED, TEST, new_axes

__all__ = ["LIMITS", "plot_correlation", "plot_plane", "plot_profiles", "plot_statistic"]

Numbers = Mapping[str, Mapping[str, Mapping[str, np.ndarray]]]

LIMITS = {
    "test drop": (-1.1, 1.05),
    "falling share": (-0.05, 1.05),
    "t*": (-1.1, 4.1),
    "nearer by": (-1.1, 1.1),
    "aspect, O from L": (0.8, 11),
    "aspect, O from E": (0.8, 11),
}
"""What is shown of each statistic; an arrow points to what lies outside."""
DECADES = 3
LOWEST = 0.02  # share of the window below the scale: the model fits exactly at E and L, and 0 has no logarithm
VALLEY = 0.1  # the share of the window that ``landscape.mirror.valley_aspect`` measures


def plot_statistic(numbers: Numbers, name: str, *, names: bool = True, ax: Axes | None = None) -> Axes:
    """Draw one statistic: a row per subject and per control, the median, its quartiles (thick) and range (thin).

    Networks are blue, the model is black, controls are grey. The dotted line is the bound of the criterion.

    Args:
        numbers: subject -> kind -> statistics, from ``claims.likeness.table``.
        name: which statistic.
        names: whether the rows are named.
        ax: where to draw; None makes a figure.
    """
    ax = _dots({s: {k: v[name] for k, v in kinds.items()} for s, kinds in numbers.items()}, LIMITS[name], names, ax)
    ax.axvline(BOUNDS[name], color=PREDICTED, linestyle=":", linewidth=1.2, zorder=0)
    if name.startswith("aspect"):
        ax.set_xscale("log")
        ax.set_xticks([1, 2, 5, 10], ["1", "2", "5", "10"])
        ax.minorticks_off()
    return ax


def plot_correlation(numbers: Numbers, name: str, *, names: bool = True, ax: Axes | None = None) -> Axes:
    """Draw the rank correlation of whole planes with the model's, ``name`` ``"train"`` or ``"test"``, the same way."""
    ax = _dots({s: {k: v[name] for k, v in kinds.items()} for s, kinds in numbers.items()}, (-1.05, 1.05), names, ax)
    ax.set_xticks([-1, -0.5, 0, 0.5, 1])
    ax.axvline(0, color="#222222", linewidth=0.8)
    ax.set(xlabel="rank correlation with the model's plane")
    return ax


def plot_plane(views: Views, name: str, *, pair: int = 0, found_from: str = "late", ax: Axes | None = None) -> Axes:
    """Draw a loss on the window around E and L, on a log scale of at most three decades, from low to high.

    Args:
        views: of one subject.
        name: ``"train"`` (dashed: the edge of the lowest tenth of the window) or ``"test"``.
        pair: which seed.
        found_from: which O: the one found from the ``"late"`` or from the ``"early"`` end.
        ax: where to draw; None makes a figure.
    """
    ax = new_axes(ax)
    k = FOUND_FROM.index(found_from)
    loss = views.plane[name][pair, k].T
    bottom = float(np.log10(np.quantile(loss, LOWEST)))
    top = min(float(np.log10(loss.max())), bottom + DECADES)
    levels, logs = np.linspace(bottom, top, 25), np.log10(loss.clip(10**bottom, 10**top))
    drawn = ax.contourf(*GRID, logs, levels=levels, cmap="YlGnBu")
    ax.contour(*GRID, logs, levels=levels[::2], colors="#22222255", linewidths=0.4, linestyles="-")
    if name == "train":
        edge = float(np.quantile(loss, VALLEY))
        ax.contour(*GRID, loss, levels=[edge], colors=PREDICTED, linewidths=1.2, linestyles="--")
    _mark("E", (0.0, 0.0), "o", EARLY, ax)
    _mark("L", (1.0, 0.0), "o", LATE, ax)
    _mark("O", views.optimum[pair, k], "*", "#FFFFFF", ax)
    bar = ax.figure.colorbar(drawn, ax=ax, shrink=0.85, ticks=_round_ticks(bottom, top))
    bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{10**value:g}"))
    ax.set(xlim=GRID[0][[0, -1]], ylim=GRID[1][[0, -1]], aspect="equal", xlabel="towards L", ylabel="towards O")
    ax.grid(visible=False)
    return ax


def plot_profiles(result: Mirror, subject: str, *, ax: Axes | None = None) -> Axes:
    """Draw testing profiles with mean 0 and standard deviation 1: every seed, its controls, and the model's mean."""
    ax = new_axes(ax)
    looks = {"unrelated": (CONTROL, ":", "unrelated"), "small rate": (CONTROL, "-.", "small rate")}
    looks["main"] = (PREDICTED if subject == MODEL else MEASURED, TEST, subject)
    for kind, (colour, line, label) in looks.items():
        curves = profiles(result.views[subject][kind])
        ax.plot(LINE[AROUND], curves.T, line, color=colour, alpha=0.7, linewidth=0.9)
        ax.plot([], [], line, color=colour, label=label)
    mean = profiles(result.views[MODEL]["main"]).mean(axis=0)
    ax.plot(LINE[AROUND], mean, TEST, color=PREDICTED, linewidth=2.6, label="model, mean")
    _mark_ends(ax)
    ax.set(xlabel="$t$", ylabel="testing profile, scaled")
    ax.legend()
    return ax


def _dots(
    numbers: Mapping[str, Mapping[str, np.ndarray]], limits: tuple[float, float], names: bool, ax: Axes | None
) -> Axes:
    ax = new_axes(ax)
    rows = [
        (subject if kind == "main" else kind, kind, subject, values)
        for subject, kinds in _networks_first(numbers)
        for kind, values in kinds.items()
    ]
    for y, (_, kind, subject, values) in enumerate(rows):
        colour = CONTROL if kind != "main" else PREDICTED if subject == MODEL else MEASURED
        low, first, middle, third, high = np.quantile(values, [0, 0.25, 0.5, 0.75, 1])
        ax.plot([low, high], [y, y], "-", color=colour, linewidth=0.9)
        ax.plot([first, third], [y, y], "-", color=colour, linewidth=4, solid_capstyle="butt")
        if limits[0] <= middle <= limits[1]:
            ax.plot(middle, y, "o", color=colour, markersize=7, markeredgecolor="white")
        else:
            side = limits[int(middle > limits[1])]
            ax.plot(side, y, ">" if middle > limits[1] else "<", color=colour, markersize=7, clip_on=False)
        if y and kind == "main":
            ax.axhline(y - 0.5, color="#BBBBBB", linewidth=0.8)
    ax.set_yticks(range(len(rows)), [label for label, *_ in rows] if names else [""] * len(rows))
    for tick, (_, kind, *_rest) in zip(ax.get_yticklabels(), rows, strict=True):
        tick.set(fontweight="bold" if kind == "main" else "normal", color="#222222" if kind == "main" else "#555555")
    ax.set(xlim=limits, ylim=(len(rows) - 0.5, -0.5))
    ax.grid(axis="y", visible=False)
    return ax


def _mark(label: str, where: Sequence[float], marker: str, colour: str, ax: Axes) -> None:
    """Mark a point; one outside the window is marked on its edge and said to lie beyond."""
    x, y = (float(np.clip(v, a[0], a[-1])) for v, a in zip(where, GRID, strict=True))
    beyond = (x, y) != tuple(float(v) for v in where)
    ax.plot(
        x, y, marker, color=colour, markeredgecolor=PREDICTED, markersize=13 if marker == "*" else 7, zorder=3,
        clip_on=False,
    )  # fmt: skip
    high = y > 0.9 * GRID[1][-1]  # no room for a word above it
    offset, side = ((-7, -13), "right") if high or beyond else ((6, 5), "left")
    text = f"{label}, beyond" if beyond else label
    ax.annotate(text, (x, y), xytext=offset, textcoords="offset points", ha=side, fontweight="bold")


def _round_ticks(bottom: float, top: float) -> np.ndarray:
    """Return the logarithms of 1, 2 and 5 times powers of ten; of the powers alone where those are enough."""
    powers = np.arange(np.floor(bottom), np.ceil(top) + 1)
    steps = [1.0] if top - bottom > 2 else [1.0, 2.0, 5.0]
    ticks = np.sort(np.log10(np.outer(10.0**powers, steps)).ravel())
    return np.asarray(ticks[(ticks >= bottom) & (ticks <= top)])


def _networks_first(numbers: Mapping[str, Mapping[str, np.ndarray]]) -> list[tuple[str, Mapping[str, np.ndarray]]]:
    order = sorted(numbers, key=lambda subject: subject == MODEL)
    return [(subject, {"main": numbers[subject]["main"], **numbers[subject]}) for subject in order]


def _mark_ends(ax: Axes) -> None:
    for at, label, colour in ((0, "E", EARLY), (1, "L", LATE)):
        ax.axvline(at, color=colour, linewidth=1.0)
        ax.annotate(
            label, (at, 1), xycoords=("data", "axes fraction"), xytext=(3, -11), textcoords="offset points",
            color=colour, fontweight="bold",
        )  # fmt: skip
