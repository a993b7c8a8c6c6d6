"""What runs are given: a table with one row per run, and values per step and run, or why they are refused."""

from __future__ import annotations

from typing import Any

import numpy as np

from lrdecay_core import checks, schedules
from lrdecay_core.model.problem import Problem
from lrdecay_core.model.weights import Weights

__all__ = ["columns", "grid", "noise_schedule", "start"]


def columns(name: str, schedule: schedules.Schedule, begin: int, end: int, runs: int, rows: slice) -> np.ndarray:
    """Return the values (K, rows) of a schedule for steps begin to end - 1, or raise unless they fit the runs."""
    steps = end - begin
    values = np.asarray(schedule(np.arange(begin, end)), dtype=np.float64)
    table = values[:, None] if values.ndim == 1 else values
    if table.shape not in ((steps, 1), (steps, runs)):
        raise ValueError(
            f"`{name}` must give one value for all runs or one for each of the {runs} entries of `seeds`, "
            f"got shape {values.shape} for {steps} steps; `model.grid` makes aligned columns"
        )
    if not np.isfinite(table).all() or (table < 0).any():
        raise ValueError(f"`{name}` must be finite and 0 or above at every step, which fails between {begin} and {end}")
    return np.array(np.broadcast_to(table, (steps, runs))[:, rows])


def noise_schedule(label_noise: Any) -> schedules.Schedule | None:
    """Return the standard deviation of the label noise as a schedule, or None if there is none at all."""
    if callable(label_noise):
        return label_noise
    std = checks.finite_array("label_noise", label_noise)
    if std.ndim > 1 or (std < 0).any():
        raise ValueError(f"`label_noise` must be 0 or above, a number or one per run, got {label_noise!r}")
    return (lambda steps: np.broadcast_to(std, np.shape(steps) + std.shape)) if std.any() else None


def start(problem: Problem, init_scale: float | None, weights: Weights | None, runs: int) -> Weights:
    """Return the starting weights of every run, (R, d)."""
    shape = (runs, problem.num_features)
    if (init_scale is None) == (weights is None):
        raise ValueError("give one of `init_scale` and `weights`, the other stays None")
    if weights is None:
        p = np.full(shape, checks.positive("init_scale", init_scale))
        return Weights(p, np.zeros(shape) if problem.positive else p)
    if weights.p.shape not in (shape, shape[1:]):
        raise ValueError(f"`weights` must have shape {shape} or {shape[1:]}, got {weights.p.shape}")
    if problem.positive and weights.m.any():
        raise ValueError("`weights` must have m = 0 for a positive problem, got another m")
    return Weights(np.broadcast_to(weights.p, shape), np.broadcast_to(weights.m, shape))


def grid(**axes: Any) -> dict[str, np.ndarray]:
    """Return aligned columns of length R, one row for each combination; the first axis varies slowest.

    A result (K, R) of the runs is back on the axes with ``.reshape(K, *lengths)``.

    >>> rows = grid(decay_step=[0, 500], seed=range(3))
    >>> rows["decay_step"].tolist(), rows["seed"].tolist()
    ([0, 0, 0, 500, 500, 500], [0, 1, 2, 0, 1, 2])

    Raises:
        ValueError: no axis, or an axis that is empty or not one-dimensional.
    """
    if not axes:
        raise ValueError("`axes` must name at least one axis, got none")
    columns = {name: checks.array(name, values, dtype=None) for name, values in axes.items()}
    for name, column in columns.items():
        if column.ndim != 1 or not len(column):
            raise ValueError(f"`{name}` must be a list of at least one value, got shape {column.shape}")
    table = np.meshgrid(*columns.values(), indexing="ij")
    return {name: values.ravel() for name, values in zip(columns, table, strict=True)}
