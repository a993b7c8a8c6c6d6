"""Contour maps as a page embeds them: path data of an SVG, and the values for the place under a cursor."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from contourpy import FillType, contour_generator

__all__ = ["UNITS", "at", "logs", "paths"]

UNITS = 1000
"""Width of a map in the units of its paths; the height is in proportion."""


def logs(values: np.ndarray) -> np.ndarray:
    """Return log10 of a loss to four decimals, as embedded: good to 0.02 percent. What is not finite becomes NaN.

    >>> logs(np.array([[1.0, 0.5], [0.0, np.inf]]))
    array([[ 0.   , -0.301],
           [   nan,    nan]])
    """
    with np.errstate(divide="ignore"):
        found = np.round(np.log10(values), 4)
    return np.where(np.isfinite(found), found, np.nan)


def paths(grid: np.ndarray, levels: np.ndarray, *, height: float) -> list[str]:
    """Return for each level the region below it as path data, y down, to be painted from the last level to the first.

    Args:
        grid: (rows, cols) values at equal distances; the first axis runs to the right, the second up. NaN is high.
        levels: (K,)
        height: of the map, for a width of ``UNITS``.
    """
    rows, cols = grid.shape
    x, y = np.linspace(0, UNITS, rows), np.linspace(height, 0, cols)
    top = max(np.nanmax(grid, initial=levels[-1]), levels[-1]) + 1
    generator = contour_generator(x, y, np.nan_to_num(grid.T, nan=top), fill_type=FillType.OuterOffset)
    floor = min(np.nanmin(grid, initial=levels[0]), levels[0]) - 1
    return [_path(*generator.filled(floor, level)) for level in levels]


def _path(outlines: list[np.ndarray], starts: list[np.ndarray]) -> str:
    """Return closed rings in whole units, each point relative to the one before."""
    text = []
    for points, offsets in zip(outlines, starts, strict=True):
        for begin, end in pairwise(offsets):
            ring = np.rint(points[begin : end - 1]).astype(int)  # the last point is the first
            moves = np.diff(ring, axis=0)
            moves = moves[moves.any(axis=1)]
            if len(moves) > 1:
                text.append(f"M{ring[0, 0]} {ring[0, 1]}l{' '.join(f'{dx} {dy}' for dx, dy in moves)}z")
    return "".join(text).replace(" -", "-")


def at(grid: np.ndarray, across: Any, up: Any) -> np.ndarray:
    """Return 10 to the value at shares (0 to 1) of the way across and up a grid of logarithms, linear between nodes."""
    found = []
    for share, count in zip((across, up), grid.shape, strict=True):
        place = np.asarray(share, dtype=float) * (count - 1)
        node = np.clip(np.floor(place).astype(int), 0, count - 2)
        found.append((node, place - node))
    (i, u), (j, v) = found
    low = (1 - u) * grid[i, j] + u * grid[i + 1, j]
    high = (1 - u) * grid[i, j + 1] + u * grid[i + 1, j + 1]
    return np.asarray(10 ** ((1 - v) * low + v * high))
