"""Planes through an early, a late and a test-optimal solution: both losses, and what of a run is seen from there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from lrdecay_core import landscape
from lrdecay_core.experiments.landscapes import model_ends, solutions
from lrdecay_core.experiments.landscapes.model_ends import Model
from lrdecay_core.experiments.landscapes.solutions import Cell, Solutions
from lrdecay_core.experiments.landscapes.views import GRID, LINE, NAMES, Views
from lrdecay_core.training import TrainConfig

__all__ = ["Picture", "Task", "look", "model_task", "picture", "task", "window"]

MARGIN, NUM_LEVELS = 0.4, 13


@dataclass(frozen=True, kw_only=True, eq=False)
class Task:
    """What is needed of one seed."""

    of: TrainConfig | Model
    seed: int
    """Of the model's problem; the losses of networks are the same for all."""
    decay_times: tuple[int, ...]
    trunk_epochs: tuple[int, ...]
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
    return Task(
        of=cell.config,
        seed=seed,
        decay_times=cell.decay_epochs,
        trunk_epochs=cell.trunk_epochs,
        ends=found.ends[:, seed],
        trunk=found.runs.trunk[:, seed],
        optimum=found.optimal[-1, seed],
    )


def model_task(*, seed: int = 0) -> Task:
    """Return the same for the solvable model: early and late end, and the testing minimum found from late."""
    model = Model()
    ends = model_ends.ends(model, "main", seed)
    pair = np.array([ends.early.numpy(), ends.late.numpy()])
    return Task(
        of=model,
        seed=seed,
        decay_times=(model.early, model.late),
        trunk_epochs=(),
        ends=pair,
        trunk=pair[:0],
        optimum=ends.optima[0].numpy(),
    )


def look(task: Task, *, num: int) -> dict[str, Any]:
    """Return what a :func:`picture` shows, as arrays: the plane, what lies on it, and both losses there."""
    if isinstance(task.of, Model):
        losses = model_ends.losses(task.of.problem("main", task.seed))
    else:
        losses = solutions.losses(task.of)
    plane = landscape.plane_through(task.ends[0], task.ends[-1], task.optimum)
    seen = landscape.surface(plane, losses, num=num, margin=MARGIN, sampling="grid")
    ends = torch.from_numpy(np.array(task.ends))
    at_ends = {f"{name} at ends": np.array([float(loss(end)) for end in ends]) for name, loss in losses.items()}
    runs = {"trunk": landscape.project(plane, task.trunk), "ends": landscape.project(plane, task.ends)}
    shown = {f"{name} {part}": array for name, run in runs.items() for part, array in vars(run).items()}
    return {**vars(plane), "alpha": seen.alpha, "beta": seen.beta, **seen.values, **at_ends, **shown}


def picture(task: Task, found: Mapping[str, Any]) -> Picture:
    """Return the plane of one seed from a :func:`look` at it."""
    origin, basis = (torch.as_tensor(found[name]) for name in ("origin", "basis"))
    trunk, ends = (
        landscape.Trajectory(coords=found[f"{name} coords"], distance=found[f"{name} distance"])
        for name in ("trunk", "ends")
    )
    return _picture(
        landscape.Plane(origin=origin, basis=basis, anchors=found["anchors"], box=found["box"]),
        (found["alpha"], found["beta"]),
        {name: found[name] for name in NAMES},
        trunk=trunk,
        trunk_epochs=task.trunk_epochs,
        ends=ends,
        decay_times=task.decay_times,
        end_losses={name: found[f"{name} at ends"] for name in NAMES},
    )


def window(views: Views, decay_times: tuple[int, int], *, seed: int = 0) -> Picture:
    """Return one pair of :func:`views.look` as a picture: |L - E| is the unit, O was found from L."""
    ends = np.array([[0.0, 0.0], [1.0, 0.0]])
    plane = landscape.plane_through(ends[0], ends[1], views.optimum[seed, 0])
    return _picture(
        plane,
        GRID,
        {name: views.plane[name][seed, 0] for name in NAMES},
        trunk=landscape.project(plane, ends[:0]),
        trunk_epochs=(),
        ends=landscape.project(plane, ends),
        decay_times=decay_times,
        end_losses={n: views.line[n][seed, [np.abs(LINE - t).argmin() for t in (0, 1)]] for n in NAMES},
    )


def _picture(
    plane: landscape.Plane,
    grid: tuple[np.ndarray, np.ndarray],
    values: Mapping[str, np.ndarray],
    *,
    trunk: landscape.Trajectory,
    ends: landscape.Trajectory,
    end_losses: Mapping[str, np.ndarray],
    **times: tuple[int, ...],
) -> Picture:
    """Return a picture of losses that were computed one by one; levels are those of the ends, early to late."""
    surface = landscape.Surface(
        plane=plane, alpha=grid[0], beta=grid[1], values=values, sampling="grid",
        held_out_error=dict.fromkeys(values, 0.0), num_evaluations=len(grid[0]) * len(grid[1]), note="",
    )  # fmt: skip
    early, late = end_losses["test"][[0, -1]]
    return Picture(
        surface=surface,
        trunk=trunk,
        ends=ends,
        end_losses=end_losses,
        levels=np.geomspace(0.25 * late, 8 * early, NUM_LEVELS),
        **times,
    )
