"""Planes through an early, a late and a test-optimal solution: both losses, and what of a run is seen from there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from lrdecay_core import landscape
from lrdecay_core.experiments import model_ends, solutions
from lrdecay_core.experiments.solutions import Cell, Solutions
from lrdecay_core.landscape.evaluate import Objective

__all__ = ["Picture", "Task", "model_picture", "picture", "task"]

MARGIN, NUM_LEVELS = 0.4, 13


@dataclass(frozen=True, kw_only=True, eq=False)
class Task:
    """What is needed of one seed."""

    cell: Cell
    ends: np.ndarray
    """(D, P)"""
    trunk: np.ndarray
    """(E, P) at the kept epochs."""
    optimum: np.ndarray
    """(P,) the test-optimal solution found from the last end."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Picture:
    """Both losses on the plane through E, L and O, with what of the run can be seen from it."""

    surface: landscape.Surface
    trunk: landscape.Trajectory
    """The trunk at the kept epochs."""
    trunk_epochs: tuple[int, ...]
    ends: landscape.Trajectory
    """All decayed ends, early to late."""
    decay_times: tuple[int, ...]
    """Epochs; for the model, steps."""
    levels: np.ndarray
    """Losses on a log scale for drawing both, from a quarter of the testing loss at L to eight times that at E."""

    @property
    def anchors(self) -> np.ndarray:
        """(3, 2) coordinates of E, L and O."""
        return self.surface.plane.anchors


def task(cell: Cell, found: Solutions, *, seed: int = 0) -> Task:
    """Return what :func:`picture` needs of the seed at that position."""
    return Task(cell=cell, ends=found.ends[:, seed], trunk=found.runs.trunk[:, seed], optimum=found.optimal[-1, seed])


def picture(task: Task, *, num: int) -> Picture:
    """Return the plane of one seed, ``num`` points per axis."""
    plane, losses = (
        landscape.plane_through(task.ends[0], task.ends[-1], task.optimum),
        solutions.losses(task.cell.config),
    )
    return Picture(
        surface=landscape.surface(plane, losses, num=num, margin=MARGIN, sampling="grid"),
        trunk=landscape.project(plane, task.trunk),
        trunk_epochs=task.cell.trunk_epochs,
        ends=landscape.project(plane, task.ends),
        decay_times=task.cell.decay_epochs,
        levels=_levels(losses["test"], task.ends[0], task.ends[-1]),
    )


def model_picture(*, num: int, seed: int = 0) -> Picture:
    """Return the same plane for the solvable model: early and late end, and the testing minimum found from late."""
    model = model_ends.Model()
    ends = model_ends.ends(model, "main", seed)
    pair = torch.stack([ends.early, ends.late])
    plane = landscape.plane_through(ends.early, ends.late, ends.optima[0])
    return Picture(
        surface=landscape.surface(plane, ends.losses, num=num, margin=MARGIN, sampling="grid"),
        trunk=landscape.project(plane, pair[:0]),
        trunk_epochs=(),
        ends=landscape.project(plane, pair),
        decay_times=(model.early, model.late),
        levels=_levels(ends.losses["test"], ends.early, ends.late),
    )


def _levels(test: Objective, early: Any, late: Any) -> np.ndarray:
    return np.geomspace(0.25 * float(test(late)), 8 * float(test(early)), NUM_LEVELS)
