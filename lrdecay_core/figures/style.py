"""Colour and line carry one meaning through the whole book."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

__all__ = [
    "CONTROL",
    "EARLY",
    "GREEN",
    "LATE",
    "MEASURED",
    "NEVER",
    "ORANGE",
    "PREDICTED",
    "PURPLE",
    "TEST",
    "TRAIN",
    "arm_colours",
    "new_axes",
    "plain_log",
    "use_style",
]

EARLY, LATE, NEVER = "#D55E00", "#0072B2", "#666666"
"""Vermilion for an early decay, blue for a late one, grey dashes for none."""
TRAIN, TEST = "--", "-"
"""Training is dashed, testing is solid."""
MEASURED, PREDICTED, CONTROL = "#0072B2", "#222222", "#999999"
GREEN, ORANGE, PURPLE = "#00AA5A", "#EBA800", "#762D72"
"""For what has no meaning of its own in the book. A test keeps all colours apart for eyes without colour vision."""

_SPECTRUM = LinearSegmentedColormap.from_list("early to late", [EARLY, ORANGE, GREEN, LATE])


def use_style() -> None:
    """Use the book's look for every figure of this session."""
    with (files("lrdecay_core.figures") / "book.mplstyle").open() as file:
        plt.style.use(file.name)


def arm_colours(decay_epochs: tuple[int, ...], epochs: int) -> list[Any]:
    """Return a colour per decay epoch: from early to late on a log scale, grey for the arm that never decays."""
    times = np.log1p(np.array([t for t in decay_epochs if t < epochs], dtype=float))
    span = max(float(np.ptp(times)), 1e-12) if len(times) else 1.0
    colours = [_SPECTRUM((t - times[0]) / span) for t in times]
    return colours + [NEVER] * (len(decay_epochs) - len(colours))


def plain_log(axis: Axis) -> None:
    """Label a logarithmic axis at 1, 2 and 5 times powers of ten, in plain numbers."""
    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def new_axes(ax: Axes | None) -> Axes:
    """Return ``ax``, or the axes of a new figure."""
    return plt.subplots()[1] if ax is None else ax
