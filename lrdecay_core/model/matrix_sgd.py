"""SGD on the second model, batched over runs: a compiled loop, and its plain twin."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from lrdecay_core import checks, schedules
from lrdecay_core.model import batches, inputs, kernels
from lrdecay_core.model.matrix import MatrixProblem

__all__ = ["MatrixPath", "advance", "advance_plain", "matrix_sgd"]


@dataclass(frozen=True, kw_only=True, eq=False)
class MatrixPath:
    """Recorded factors of R runs; state k is the state after ``steps[k]`` updates. NaN where a run has diverged."""

    steps: np.ndarray
    """(K,) recorded steps."""
    U: np.ndarray
    """(K, R, m, m)"""
    V: np.ndarray
    """(K, R, m, m)"""

    @property
    def product(self) -> np.ndarray:
        """(K, R, m, m) U V^T."""
        return np.asarray(self.U @ np.swapaxes(self.V, -1, -2))


def matrix_sgd(
    problem: MatrixProblem,
    *,
    schedule: schedules.Schedule,
    num_steps: int,
    batch_size: int,
    seeds: Iterable[int],
    label_noise: Any = 0.0,
    init_scale: float,
    record: Iterable[int] | None = None,
    compiled: bool = kernels.COMPILED,
) -> MatrixPath:
    r"""Run SGD on the mean of (<A_i, U V^T> - y_i)^2 / 2, with fresh label noise at every step, from U = s I, V = 0.

    One step, with r_b the residuals of a batch of B samples and xi_b label noise (Rademacher times its deviation):

        G = (1/B) sum_b (r_b - xi_b) A_b,   U <- U - eta G V,   V <- V - eta G^T U.

    Batches and noise are addressed by (seed, step), as in ``model.sgd``.

    Args:
        problem: measurements, labels and truth.
        schedule: step -> learning rate, one for all runs or one column per run.
        num_steps: number of updates, 0 or more.
        batch_size: B, at most n; a uniform subset, drawn anew at every step.
        seeds: (R,) seed of each run, repeats allowed.
        label_noise: standard deviation: a number, one per run, or a schedule.
        init_scale: s.
        record: increasing steps; default: the last state only.
        compiled: take the compiled loop; else the plain one, equal to rounding.

    Raises:
        ValueError: an argument is out of its range, or rates do not come one per run.

    >>> problem = MatrixProblem.low_rank(size=4, rank=1, num_samples=9, seed=0)
    >>> path = matrix_sgd(problem, schedule=schedules.constant(0.05), num_steps=200, batch_size=3, seeds=range(2),
    ...                   init_scale=1.0)
    >>> bool((problem.train_loss(path.product)[0] < 0.1 * problem.train_loss(np.zeros((4, 4)))).all())
    True
    """
    checks.instance("problem", problem, MatrixProblem)
    checks.function("schedule", schedule)
    checks.boolean("compiled", compiled)
    seed_of = [checks.integer(f"seeds[{i}]", s) for i, s in enumerate(checks.sequence("seeds", seeds))]
    if not seed_of:
        raise ValueError("`seeds` must hold at least one seed, got none")
    last, runs = checks.integer("num_steps", num_steps), len(seed_of)
    B = checks.integer("batch_size", batch_size, minimum=1, maximum=problem.num_samples)
    marks = (last,) if record is None else checks.increasing("record", record, minimum=0, maximum=last)
    U = np.tile(checks.positive("init_scale", init_scale) * np.eye(problem.size), (runs, 1, 1))
    V = np.zeros_like(U)
    keys = batches.keys(seed_of, "rademacher").numpy()
    noise, move = inputs.noise_schedule(label_noise), advance if compiled else advance_plain
    left, right, here = [], [], 0
    for stop in marks:
        share = inputs.columns("schedule", schedule, here, stop, runs, slice(None)) / B
        loud = np.zeros_like(share)
        if noise is not None:
            loud = share * inputs.columns("label_noise", noise, here, stop, runs, slice(None))
        with np.errstate(over="ignore", invalid="ignore"):
            move(U, V, problem.A, problem.y, keys.view(np.uint64) if compiled else keys, here, share, loud, B)
            lost = ~np.isfinite(problem.train_loss(U @ np.swapaxes(V, 1, 2)))
        U[lost], V[lost], here = np.nan, np.nan, stop
        left.append(U.copy())
        right.append(V.copy())
    return MatrixPath(steps=np.array(marks), U=np.stack(left), V=np.stack(right))


@kernels.njit(cache=True, fastmath=kernels.REORDER)
def advance(
    U: np.ndarray,
    V: np.ndarray,
    A: np.ndarray,
    y: np.ndarray,
    keys: np.ndarray,
    begin: int,
    share: np.ndarray,
    loud: np.ndarray,
    batch_size: int,
) -> None:
    """Make K steps in place, run by run.

    Args:
        U: (R, m, m), like ``V``.
        V: (R, m, m).
        A: (n, m, m).
        y: (n,).
        keys: (2, R) unsigned, see ``batches.keys``.
        begin: number of the first step.
        share: (K, R) eta / B.
        loud: (K, R) eta / B times the deviation of the label noise.
        batch_size: B.
    """
    m, B = U.shape[1], batch_size
    batch, xi = np.empty(B, np.int64), np.zeros(B)
    W, G, change = np.empty((m, m)), np.empty((m, m)), np.empty((m, m))
    for r in range(len(U)):
        u, v = U[r], V[r]
        for k in range(len(share)):
            number = (begin + k) * B
            kernels.choose(keys[0, r], number, len(A), False, batch)
            if loud[k, r] > 0:
                kernels.perturb(keys[1, r], number, False, xi)
            for i in range(m):
                for j in range(m):
                    entry = 0.0
                    for c in range(m):
                        entry += u[i, c] * v[j, c]
                    W[i, j] = entry
            G[:, :] = 0.0
            for b in range(B):
                a, f = A[batch[b]], -y[batch[b]]
                for i in range(m):
                    for j in range(m):
                        f += a[i, j] * W[i, j]
                f = share[k, r] * f - loud[k, r] * xi[b]
                for i in range(m):
                    for j in range(m):
                        G[i, j] += f * a[i, j]
            change[:, :] = 0.0
            for i in range(m):
                for j in range(m):
                    for c in range(m):
                        change[i, c] += G[i, j] * v[j, c]
            for i in range(m):  # V moves by the old U
                for j in range(m):
                    for c in range(m):
                        v[j, c] -= G[i, j] * u[i, c]
            for i in range(m):
                for c in range(m):
                    u[i, c] -= change[i, c]


def advance_plain(
    U: np.ndarray,
    V: np.ndarray,
    A: np.ndarray,
    y: np.ndarray,
    keys: np.ndarray,
    begin: int,
    share: np.ndarray,
    loud: np.ndarray,
    batch_size: int,
) -> None:
    """Do what ``advance`` does, by array operations over all runs; ``keys`` are signed."""
    key, count = torch.from_numpy(keys), len(share)
    drawn = batches.sample_indices(
        key[0], begin, count, num_samples=len(A), batch_size=batch_size, replacement=False
    ).numpy()
    xi = batches.label_noise(key[1], begin, count, batch_size=batch_size, noise="rademacher").numpy()
    for k in range(count):
        a = A[drawn[k]]
        residual = np.einsum("rbij,rij->rb", a, U @ np.swapaxes(V, 1, 2)) - y[drawn[k]]
        G = np.einsum("rb,rbij->rij", share[k, :, None] * residual - loud[k, :, None] * xi[k], a)
        U[...], V[...] = U - G @ V, V - np.swapaxes(G, 1, 2) @ U
