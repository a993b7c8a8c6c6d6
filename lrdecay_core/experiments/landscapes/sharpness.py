"""Curvature of the training loss and length of the weights at decayed ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lrdecay_core import landscape
from lrdecay_core.experiments.landscapes import solutions
from lrdecay_core.experiments.landscapes.solutions import Cell, Solutions
from lrdecay_core.training import TrainConfig

__all__ = ["Sharpness", "Task", "describe", "measure", "tasks"]

TOLERANCE = 1e-2
"""Relative accuracy of the top eigenvalue; seeds differ by far more."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Task:
    """What is needed of one seed."""

    config: TrainConfig
    decay_epochs: tuple[int, ...]
    ends: np.ndarray
    """(D, P)"""


@dataclass(frozen=True, kw_only=True, eq=False)
class Sharpness:
    """At every decayed end: D decay epochs, S seeds."""

    decay_epochs: tuple[int, ...]
    trace: np.ndarray
    """(D, S) trace of the Hessian."""
    trace_error: np.ndarray
    """(D, S) its standard error over probes."""
    top: np.ndarray
    """(D, S) largest eigenvalue."""
    residual: np.ndarray
    """(D, S) |H x - lambda x|: an eigenvalue lies within it of ``top``."""
    norm: np.ndarray
    """(D, S) Euclidean norm of the weights."""

    @property
    def quantities(self) -> dict[str, np.ndarray]:
        """Name -> (D, S), for drawing."""
        return {"Hessian trace": self.trace, "top eigenvalue": self.top, "weight norm": self.norm}

    @classmethod
    def join(cls, task: Task, rows: Sequence[Mapping[str, np.ndarray]]) -> Sharpness:
        """Return what :func:`measure` found on each seed of a cell, in their order; ``task`` is any of theirs."""
        joined: dict[str, Any] = {name: np.concatenate([row[name] for row in rows], axis=1) for name in rows[0]}
        return cls(decay_epochs=task.decay_epochs, **joined)


def tasks(cell: Cell, found: Solutions) -> list[Task]:
    """Return one task per seed, small enough to be sent to a process."""
    return [
        Task(config=cell.config, decay_epochs=cell.decay_epochs, ends=found.ends[:, s]) for s in range(len(cell.seeds))
    ]


def measure(task: Task, *, num_probes: int) -> dict[str, np.ndarray]:
    """Return the fields of :class:`Sharpness` at one seed's ends (S = 1)."""
    train = solutions.losses(task.config)["train"]
    traces = [landscape.trace(train, end, num_probes=num_probes) for end in task.ends]
    tops = [landscape.top_eigenvalues(train, end, tolerance=TOLERANCE) for end in task.ends]
    return {
        "trace": np.array([[t.value] for t in traces]),
        "trace_error": np.array([[t.standard_error] for t in traces]),
        "top": np.array([t.values for t in tops]),
        "residual": np.array([t.residuals for t in tops]),
        "norm": np.linalg.norm(task.ends.astype(np.float64), axis=1)[:, None],
    }


def describe(found: Mapping[str, Sharpness]) -> str:
    """Return the means over seeds with the errors of their estimates, as a Markdown table."""
    lines = [
        "| | decay epoch | trace | its standard error | top eigenvalue | its residual | norm of the weights |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, sharp in found.items():
        for d, epoch in enumerate(sharp.decay_epochs):
            lines.append(
                f"| {name} | {epoch} | {sharp.trace[d].mean():.1f} | {sharp.trace_error[d].mean():.1f} | "
                f"{sharp.top[d].mean():.2f} | {sharp.residual[d].max():.0e} | {sharp.norm[d].mean():.2f} |"
            )
    return "\n".join(lines)
