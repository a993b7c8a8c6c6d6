"""Numerical checks of the manifold of minima and of the valley chart, in any dimension."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from lrdecay_core import model, rng, schedules

__all__ = ["Geometry", "Increments", "describe_geometry", "geometry", "increments"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Geometry:
    """Numerical checks of the manifold of minima at random points of it; each number should be 0 up to rounding."""

    num_points: int
    rank: tuple[int, ...]
    """Rank of J at each point; n where the manifold is regular."""
    dimension: int
    """2d - n."""
    off_manifold: float
    """max |X beta - y| at the points."""
    hessian: float
    """Automatic differentiation of the loss in (u, v) against J^T J / n, relative."""
    spectrum: float
    """Non-zero eigenvalues of it against those of (2/n) X diag(D) X^T, relative."""
    trace: float
    """Its trace against |theta|^2, relative."""
    round_trip: float
    """Valley coordinates of the weights of given valley coordinates, absolute."""
    end_rank: int
    """Rank of J at the minimum-norm point: s, less than n."""


def geometry(*, num_samples: int = 10, num_features: int = 20, sparsity: int = 2, num_points: int = 20) -> Geometry:
    """Check the manifold theorem and the valley chart at random points, made from random valley coordinates."""
    problem = model.Problem.sparse(num_samples=num_samples, num_features=num_features, sparsity=sparsity, seed=0)
    n, d, draw = num_samples, num_features, rng.stream(0, "points of the manifold")
    target = model.manifold.ValleyPoint(
        along=draw.standard_normal((num_points, d - n)),
        log_scale=draw.uniform(-3, 0, (num_points, d)),
        residual=np.zeros((num_points, n)),
    )
    w = model.manifold.from_valley(problem, target)
    back = model.manifold.to_valley(problem, w)
    H = np.array([_autodiff_hessian(problem, u, v) for u, v in zip(w.u, w.v, strict=True)])
    J = model.manifold.jacobian(problem, w)
    formula = np.swapaxes(J, -1, -2) @ J / n
    spectrum = np.linalg.eigvalsh(2 / n * (problem.X * w.magnitude[:, None, :]) @ problem.X.T)
    top = np.linalg.eigvalsh(H)[:, -n:]
    ends = model.manifold.jacobian(problem, model.minimum_norm(problem).weights)
    return Geometry(
        num_points=num_points,
        rank=tuple(int(r) for r in np.linalg.matrix_rank(J)),
        dimension=2 * d - n,
        off_manifold=float(np.abs(model.manifold.residual(problem, w)).max()),
        hessian=float((np.abs(H - formula).max(axis=(1, 2)) / np.abs(formula).max(axis=(1, 2))).max()),
        spectrum=float((np.abs(top - spectrum).max(axis=1) / spectrum[:, -1]).max()),
        trace=float(np.abs(np.trace(H, axis1=1, axis2=2) / w.norm_squared - 1).max()),
        round_trip=float(max(np.abs(back.along - target.along).max(), np.abs(back.log_scale - target.log_scale).max())),
        end_rank=int(np.linalg.matrix_rank(ends, tol=1e-9)),
    )


def _autodiff_hessian(problem: model.Problem, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    X, y = torch.from_numpy(problem.X.copy()), torch.from_numpy(problem.y.copy())

    def loss(theta: torch.Tensor) -> torch.Tensor:
        first, second = theta.chunk(2)
        return ((X @ (first * second) - y) ** 2).sum() / (2 * len(y))

    return np.asarray(torch.autograd.functional.hessian(loss, torch.from_numpy(np.concatenate([u, v]))))


def describe_geometry(found: Geometry) -> str:
    """Return the checks as a Markdown table."""
    rows = [
        ("points lie on the manifold, $\\max \\lvert X\\beta - y \\rvert$", f"{found.off_manifold:.1e}"),
        ("rank of $J$ at the points", f"{min(found.rank)} to {max(found.rank)}, so dimension {found.dimension}"),
        ("Hessian by automatic differentiation against $J^\\top J / n$", f"{found.hessian:.1e}"),
        ("its spectrum against that of $\\frac{2}{n} X D X^\\top$", f"{found.spectrum:.1e}"),
        ("its trace against $\\lVert \\theta \\rVert^2$", f"{found.trace:.1e}"),
        ("valley coordinates, there and back", f"{found.round_trip:.1e}"),
        ("rank of $J$ at the minimum-norm point", f"{found.end_rank}: the singular end point"),
    ]
    lines = [f"| check at {found.num_points} random points | result |", "|---|---|"]
    return "\n".join(lines + [f"| {name} | {value} |" for name, value in rows])


@dataclass(frozen=True, kw_only=True, eq=False)
class Increments:
    """How far one step moves each valley coordinate, at several rates."""

    rates: np.ndarray
    """(E,)"""
    sizes: np.ndarray
    """(3, E, R) Euclidean sizes of the changes of r, of log a, and of N^T phi."""

    @property
    def slopes(self) -> np.ndarray:
        """(3,) slopes of log size against log rate, mean over runs."""
        logs = np.log(self.sizes).mean(axis=-1)
        return np.polyfit(np.log(self.rates), logs.T, 1)[0]


def increments(
    *,
    num_samples: int = 10,
    num_features: int = 20,
    rates: tuple[float, ...] = (0.04, 0.02, 0.01, 0.005),
    runs: int = 20,
) -> Increments:
    """Make one noisy step from one point at several rates, with the same batch and noise, and measure it."""
    problem = model.Problem.sparse(num_samples=num_samples, num_features=num_features, sparsity=2, seed=0)
    rows = model.grid(rate=rates, seed=range(runs))
    path = model.sgd(
        problem,
        schedule=schedules.constant(rows["rate"]),
        num_steps=1,
        batch_size=2,
        label_noise=1.0,
        init_scale=0.5,
        seeds=rows["seed"],
        record=[0, 1],
    )
    point = model.manifold.to_valley(problem, path.weights)
    moved = [np.linalg.norm(np.diff(x, axis=0)[0], axis=-1) for x in (point.residual, point.log_scale, point.along)]
    return Increments(rates=np.array(rates), sizes=np.reshape(moved, (3, len(rates), runs)))
