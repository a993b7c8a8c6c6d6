"""How two solutions are looked at, the same way for a network and for the model.

E and L are two decayed solutions, O a minimum of the testing loss found from one of them. What is kept are losses on
the line through E and L and on the plane through E, L and O, with |L - E| as the unit of length on both axes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from lrdecay_core import checks, landscape
from lrdecay_core.landscape.evaluate import Objective

__all__ = ["FOUND_FROM", "GRID", "LINE", "Ends", "Views", "look"]

LINE = np.linspace(-1, 4, 101)
"""Places t on the line E + t (L - E): 20 steps from E to L."""
GRID = (np.linspace(-0.5, 2, 21), np.linspace(-1.25, 1.25, 21))
"""The window on the plane: E is at (0, 0), L at (1, 0), O above them."""
NAMES = ("train", "test")
FOUND_FROM = ("late", "early")
"""Where the descent to O started: one plane for each."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Ends:
    """Two solutions, the testing minima found from them, and the losses."""

    early: Tensor
    """(P,) E."""
    late: Tensor
    """(P,) L."""
    optima: tuple[Tensor, Tensor]
    """(P,) each: O found from L, and O found from E."""
    losses: Mapping[str, Objective]
    """``"train"`` and ``"test"``, functions of a flat vector."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Views:
    """What was seen of S pairs of solutions. ``"train"`` and ``"test"`` are the names in every mapping."""

    line: Mapping[str, np.ndarray]
    """name -> (S, K) loss at ``LINE``."""
    plane: Mapping[str, np.ndarray]
    """name -> (S, 2, rows, cols) loss at ``GRID``, on the plane through each O of ``FOUND_FROM``."""
    optimum: np.ndarray
    """(S, 2, 2) coordinates of O on its plane."""
    length: np.ndarray
    """(S,) |L - E|."""

    @property
    def flat(self) -> dict[str, np.ndarray]:
        """The same as one mapping of arrays, which a file can hold."""
        losses = {f"{kind} {name}": getattr(self, kind)[name] for kind in ("line", "plane") for name in NAMES}
        return {**losses, "optimum": self.optimum, "length": self.length}

    @classmethod
    def of(cls, flat: Mapping[str, np.ndarray]) -> Views:
        """Return what :attr:`flat` was taken from."""
        line, plane = ({name: flat[f"{kind} {name}"] for name in NAMES} for kind in ("line", "plane"))
        return cls(line=line, plane=plane, optimum=flat["optimum"], length=flat["length"])

    @classmethod
    def join(cls, parts: Sequence[Views]) -> Views:
        """Return the pairs of all parts, in their order."""
        return cls(
            line={name: np.concatenate([p.line[name] for p in parts]) for name in NAMES},
            plane={name: np.concatenate([p.plane[name] for p in parts]) for name in NAMES},
            optimum=np.concatenate([p.optimum for p in parts]),
            length=np.concatenate([p.length for p in parts]),
        )


def look(ends: Ends) -> Views:
    """Return the view (S = 1) of one pair of solutions.

    Raises:
        ValueError: ``losses`` are not called train and test, or the three solutions stand on a line.
    """
    for name in NAMES:
        checks.one_of("losses", name, ends.losses)
    on_line = landscape.line(ends.early, ends.late, ends.losses, num=len(LINE), span=(LINE[0], LINE[-1]))
    maps = [_map(ends, optimum) for optimum in ends.optima]
    return Views(
        line={name: on_line[name][None] for name in NAMES},
        plane={name: np.stack([surface[name] for surface, _ in maps])[None] for name in NAMES},
        optimum=np.stack([where for _, where in maps])[None],
        length=np.array([float((ends.late.double() - ends.early.double()).norm())]),
    )


def _map(ends: Ends, optimum: Tensor) -> tuple[landscape.Surface, np.ndarray]:
    """Return the losses on the window, and where O is."""
    axes = landscape.plane_through(ends.early, ends.late, optimum)
    unit = float(axes.anchors[1, 0])
    centre, half = (torch.tensor([sign(a[-1], a[0]) / 2 for a in GRID]) for sign in (np.add, np.subtract))
    basis = axes.basis * unit
    window = landscape.plane_along(ends.early.double() + centre @ basis, *(half[:, None] * basis))
    surface = landscape.surface(window, ends.losses, num=(len(GRID[0]), len(GRID[1])), margin=0.0, sampling="grid")
    return surface, axes.anchors[2] / unit
