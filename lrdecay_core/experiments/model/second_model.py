"""The second model, a product of two matrices: where a decay at step T lands, and the least norm it could have had.

Decay is followed to its end by gradient descent without label noise. Settings were chosen on problem seeds from 100 up
and then run once on the seeds below.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lrdecay_core import environment, schedules, solvers, sweeps
from lrdecay_core.model import MatrixProblem, matrix, matrix_sgd

__all__ = [
    "ARMS",
    "FULL_RANK",
    "HALF",
    "MAIN",
    "SILENT",
    "TENTH",
    "MatrixRuns",
    "MatrixStudy",
    "describe",
    "problem",
    "run",
    "study",
]

MAIN, HALF, TENTH, SILENT, FULL_RANK = "main", "half the rate", "a tenth of the rate", "no label noise", "full rank"
ARMS = (MAIN, HALF, TENTH, SILENT, FULL_RANK)


@dataclass(frozen=True, kw_only=True)
class MatrixStudy:
    """One experiment and its controls."""

    problems: tuple[int, ...]
    """Problem seeds: the replicates."""
    replicas: int
    """SGD seeds per problem, averaged."""
    size: int = 10
    rank: int = 2
    num_samples: int = 70
    learning_rate: float = 0.04
    batch_size: int = 4
    label_noise: float = 2.0
    init_scale: float = 1.0
    depths: tuple[float, ...] = (0.0, 0.25, 0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0)
    """(sigma^2 / B) eta^2 T at which decay is tried; the controls take the same steps T, half the rate four times."""

    def rate(self, arm: str) -> float:
        """Return the large rate of an arm."""
        return self.learning_rate * {HALF: 0.5, TENTH: 0.1}.get(arm, 1.0)

    def steps(self, arm: str) -> tuple[int, ...]:
        """Return the decay steps of an arm."""
        unit = self.batch_size / (self.label_noise * self.learning_rate) ** 2 * (4 if arm == HALF else 1)
        return tuple(round(depth * unit) for depth in self.depths)


@dataclass(frozen=True, kw_only=True, eq=False)
class MatrixRuns:
    """What was measured after decay at each step, per arm (5), problem P, decay step K and replica R."""

    study: MatrixStudy
    norm_ratio: np.ndarray
    """(5, P, K, R) squared norm over the least one."""
    test_loss: np.ndarray
    """(5, P, K, R)"""
    train_loss: np.ndarray
    """(5, P, K, R)"""
    imbalance: np.ndarray
    """(5, P, K, R) Frobenius norm of U^T U - V^T V at T over that at the start, before decay."""
    spectrum: np.ndarray
    """(5, P, K, m) singular values after decay in falling order, mean over replicas."""
    least_test_loss: np.ndarray
    """(5, P) of the solution of least norm."""
    least_gap: np.ndarray
    """(5, P) relative duality gap that certifies it."""
    seconds: float
    """Wall time, added up over processes."""

    def of(self, name: str, arm: str) -> np.ndarray:
        """Return one measurement of one arm, (P, K), mean over replicas."""
        return np.asarray(getattr(self, name)[ARMS.index(arm)].mean(axis=-1))


def study(profile: str | None = None) -> MatrixStudy:
    """Return the study of a profile (None: the one in force)."""
    return _QUICK if environment.is_quick(profile) else _BOOK


def problem(settings: MatrixStudy, seed: int, *, full_rank: bool = False) -> MatrixProblem:
    """Return the problem of that seed; of full rank, the truth has the same norm in equal singular values."""
    rank = settings.size if full_rank else settings.rank
    return MatrixProblem.low_rank(
        size=settings.size, rank=rank, num_samples=settings.num_samples, seed=seed, norm_squared=settings.rank
    )


def run(settings: MatrixStudy, *, workers: int | None = None) -> MatrixRuns:
    """Run every arm on every problem, side by side in local processes."""
    arms = (HALF, *(arm for arm in ARMS if arm != HALF))  # the longest first
    specs = sweeps.grid(study=[settings], arm=arms, problem=settings.problems)
    found = sweeps.run_here(_one, specs, workers=workers, description="matrices")
    order = [arms.index(arm) for arm in ARMS]
    names = ("norm_ratio", "test_loss", "train_loss", "imbalance", "spectrum", "least_test_loss", "least_gap")
    columns = {}
    for name in names:
        column = found.column(name)
        columns[name] = column.reshape(len(arms), len(settings.problems), *column.shape[1:])[order]
    return MatrixRuns(study=settings, seconds=float(found.seconds.sum()), **columns)


def describe(settings: MatrixStudy) -> str:
    """Return the settings in words, and the profile they belong to."""
    m, n = settings.size, settings.num_samples
    return (
        f"{len(settings.problems)} problems: {m} × {m} matrices of rank {settings.rank} with singular values 1, "
        f"seen through $n = {n}$ of {m * m} numbers. {settings.replicas} runs each from "
        f"$U = {settings.init_scale:g}\\,I$, $V = 0$; $\\eta = {settings.learning_rate:g}$, batch size "
        f"$B = {settings.batch_size}$, label noise $\\sigma = {settings.label_noise:g}$; decay at "
        f"{', '.join(f'{T:,}' for T in settings.steps(MAIN))}. "
        f"This page was computed in the `{environment.profile()}` profile."
    )


def _one(spec: Mapping[str, Any]) -> dict[str, Any]:
    settings, arm = spec["study"], spec["arm"]
    fitted = problem(settings, spec["problem"], full_rank=arm == FULL_RANK)
    least = solvers.nuclear_norm(fitted.A, fitted.y)
    steps = settings.steps(arm)
    path = matrix_sgd(
        fitted,
        schedule=schedules.constant(settings.rate(arm)),
        num_steps=steps[-1],
        batch_size=settings.batch_size,
        seeds=range(settings.replicas),
        label_noise=0.0 if arm == SILENT else settings.label_noise,
        init_scale=settings.init_scale,
        record=steps,
    )
    shape = path.U.shape
    U, V = matrix.settle(fitted, path.U.reshape(-1, *shape[2:]), path.V.reshape(-1, *shape[2:]))
    U, V = U.reshape(shape), V.reshape(shape)
    W = U @ np.swapaxes(V, -1, -2)
    apart = np.linalg.norm(matrix.imbalance(path.U, path.V), axis=(-2, -1))
    return {
        "norm_ratio": matrix.norm_squared(U, V) / (2 * least.value),
        "test_loss": fitted.test_loss(W),
        "train_loss": fitted.train_loss(W),
        "imbalance": apart / (settings.init_scale**2 * np.sqrt(settings.size)),
        "spectrum": np.linalg.svd(W, compute_uv=False).mean(axis=1),
        "least_test_loss": float(fitted.test_loss(least.solution)),
        "least_gap": least.gap / least.value,
    }


_BOOK = MatrixStudy(problems=tuple(range(10)), replicas=4)
_QUICK = replace(_BOOK, problems=tuple(range(3)), replicas=2, depths=(0.0, 0.5, 1.0, 2.0, 4.0, 6.0))
