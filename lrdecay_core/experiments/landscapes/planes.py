"""Planes through an early, a late and a test-optimal solution: both losses, and what of a run is seen from there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from lrdecay_core import landscape
from lrdecay_core.experiments.landscapes import model_ends, solutions
from lrdecay_core.experiments.landscapes.solutions import Cell, Solutions
from lrdecay_core.experiments.landscapes.views import GRID, LINE, Views
from lrdecay_core.landscape.evaluate import Objective

__all__ = ["Picture", "Task", "model_picture", "picture", "task", "window"]

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
    end_losses: Mapping[str, np.ndarray]
    """``"train"`` and ``"test"``: (D,) losses of the decayed ends themselves, which may lie off the plane."""
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
    found = _losses_at(losses, task.ends)
    return Picture(
        surface=landscape.surface(plane, losses, num=num, margin=MARGIN, sampling="grid"),
        trunk=landscape.project(plane, task.trunk),
        trunk_epochs=task.cell.trunk_epochs,
        ends=landscape.project(plane, task.ends),
        decay_times=task.cell.decay_epochs,
        end_losses=found,
        levels=_levels(found["test"]),
    )


def model_picture(*, num: int, seed: int = 0) -> Picture:
    """Return the same plane for the solvable model: early and late end, and the testing minimum found from late."""
    model = model_ends.Model()
    ends = model_ends.ends(model, "main", seed)
    pair = torch.stack([ends.early, ends.late])
    plane, found = landscape.plane_through(ends.early, ends.late, ends.optima[0]), _losses_at(ends.losses, pair)
    return Picture(
        surface=landscape.surface(plane, ends.losses, num=num, margin=MARGIN, sampling="grid"),
        trunk=landscape.project(plane, pair[:0]),
        trunk_epochs=(),
        ends=landscape.project(plane, pair),
        decay_times=(model.early, model.late),
        end_losses=found,
        levels=_levels(found["test"]),
    )


def window(views: Views, decay_times: tuple[int, int], *, seed: int = 0) -> Picture:
    """Return one pair of :func:`views.look` as a picture: |L - E| is the unit, O was found from L."""
    early, late, optimum = (0.0, 0.0), (1.0, 0.0), views.optimum[seed, 0].tolist()
    plane = landscape.plane_through(*(torch.tensor(v, dtype=torch.float64) for v in (early, late, optimum)))
    found = {name: views.line[name][seed, [np.abs(LINE - t).argmin() for t in (0, 1)]] for name in views.line}
    return Picture(
        surface=landscape.Surface(
            plane=plane,
            alpha=GRID[0],
            beta=GRID[1],
            values={name: values[seed, 0] for name, values in views.plane.items()},
            sampling="grid",
            held_out_error=dict.fromkeys(views.plane, 0.0),
            num_evaluations=len(GRID[0]) * len(GRID[1]),
            note="",
        ),
        trunk=landscape.project(plane, torch.zeros(0, 2, dtype=torch.float64)),
        trunk_epochs=(),
        ends=landscape.project(plane, torch.tensor([early, late], dtype=torch.float64)),
        decay_times=decay_times,
        end_losses=found,
        levels=_levels(found["test"]),
    )


def _losses_at(losses: Mapping[str, Objective], ends: Any) -> dict[str, np.ndarray]:
    return {name: np.array([float(loss(end)) for end in ends]) for name, loss in losses.items()}


def _levels(test: np.ndarray) -> np.ndarray:
    """Return levels for the testing losses (D,) of the ends, early to late."""
    return np.geomspace(0.25 * test[-1], 8 * test[0], NUM_LEVELS)
