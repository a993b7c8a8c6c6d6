"""Losses on a plane: the picture of a landscape."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lrdecay_core import checks, rng
from lrdecay_core.landscape.evaluate import Objective, Values, check_losses, compute
from lrdecay_core.landscape.plane import Plane

__all__ = ["Surface", "surface"]


EXACT = 31  # a grid of at most EXACT x EXACT points is computed point by point
NODES = 24  # per axis: log-loss of ReLU networks to a few thousandths
HELD_OUT = 16


@dataclass(frozen=True, kw_only=True, eq=False)
class Surface:
    """Losses on a rectangular grid: ``surface["train"][i, j]`` is the loss at ``plane.point(alpha[i], beta[j])``."""

    plane: Plane
    alpha: np.ndarray
    """(rows,) first coordinate."""
    beta: np.ndarray
    """(cols,) second coordinate."""
    values: Mapping[str, np.ndarray]
    """name -> (rows, cols); inf where the loss is not finite, NaN where it is not computed."""
    sampling: str
    """``"grid"``: every value computed. ``"chebyshev"``: log-loss interpolated from ``num_evaluations`` points."""
    held_out_error: Mapping[str, float]
    """name -> largest |log interpolated - log computed| over 16 random points that took no part; 0 for a grid."""
    num_evaluations: int
    """Points at which the losses were computed."""
    note: str
    """Why the sampling is not what was asked for, or empty."""

    def __getitem__(self, name: str) -> np.ndarray:
        return self.values[name]

    @property
    def num_not_finite(self) -> dict[str, int]:
        """How many values of each loss are infinite."""
        return {name: int(np.isinf(v).sum()) for name, v in self.values.items()}

    def __str__(self) -> str:
        rows, cols = len(self.alpha), len(self.beta)
        lines = [
            f"{rows} x {cols} surface of {', '.join(self.values)} from {self.num_evaluations} points, {self.sampling}"
        ]
        if self.sampling == "chebyshev":
            errors = ", ".join(f"{name} {error:.1e}" for name, error in self.held_out_error.items())
            lines.append(f"largest error of log-loss at {HELD_OUT} random points held out: {errors}")
        lines += [f"{n} values of {name} are not finite" for name, n in self.num_not_finite.items() if n]
        return "; ".join([*lines, *([self.note] if self.note else [])])


def surface(
    plane: Plane,
    losses: Mapping[str, Objective],
    *,
    num: int | tuple[int, int] = 41,
    margin: float = 0.25,
    sampling: str | None = None,
    nodes: int = NODES,
    store: str | os.PathLike[str] | None = None,
) -> Surface:
    """Compute losses on a grid over the plane's anchors, all of them in one pass.

    Args:
        plane: from :func:`plane_through` or :func:`plane_along`.
        losses: name -> function of a flat vector (P,), such as :func:`loss_of` returns.
        num: points per axis, or (rows, cols), each at least 2.
        margin: how far the grid extends past the box of the anchors on each side, in units of its side.
        sampling: ``"grid"`` computes every point. ``"chebyshev"`` computes log-loss on nodes x nodes Chebyshev points
            and interpolates; ReLU kinks make its error fall slowly, see ``held_out_error``. None: the grid up to
            31 x 31 or nodes x nodes points, Chebyshev above, and the grid again where a loss on the nodes is 0,
            negative or infinite and so has no logarithm.
        nodes: Chebyshev points per axis.
        store: a file that keeps what is computed; the same call resumes from it. None: nothing is kept.

    Raises:
        ValueError: a grid of one point, no loss, a loss that returns more than one number, a ``store`` of another
            surface, or ``sampling="chebyshev"`` where a loss has no logarithm.

    >>> import torch
    >>> from lrdecay_core.landscape.plane import plane_along
    >>> plane = plane_along(torch.zeros(2), *torch.eye(2))
    >>> surface(plane, {"bowl": lambda v: v[0] ** 2 + 2 * v[1]}, num=(3, 2), margin=0.0)["bowl"]
    array([[-1.,  3.],
           [-2.,  2.],
           [-1.,  3.]])
    """
    checks.instance("plane", plane, Plane)
    losses = check_losses(losses)
    counts = [checks.integer("num", n, minimum=2) for n in (num if isinstance(num, tuple | list) else (num, num))]
    if len(counts) != 2:
        raise ValueError(f"`num` must be one number or two, got {len(counts)}")
    rows, cols = counts
    nodes, margin = checks.integer("nodes", nodes, minimum=3), checks.non_negative("margin", margin)
    if sampling is not None:
        checks.one_of("sampling", sampling, ("grid", "chebyshev"))
    side = (plane.box[:, 1] - plane.box[:, 0]) * margin
    box = plane.box + side[:, None] * [-1, 1]
    alpha, beta = (np.linspace(low, high, n) for (low, high), n in zip(box, counts, strict=True))
    path = None if store is None else Path(store)
    note = ""
    if sampling == "chebyshev" or (sampling is None and rows * cols > max(EXACT**2, nodes**2)):
        node_axes = [_chebyshev(low, high, nodes) for low, high in box]
        extra = rng.stream(0, "held-out points of a surface").uniform(box[:, 0], box[:, 1], (HELD_OUT, 2))
        points = np.concatenate([_grid(*node_axes), extra])
        found = compute(plane, losses, points, path)
        unfit = [name for name, v in found.items() if not (np.isfinite(v) & (v > 0)).all()]
        if not unfit:
            return _interpolated(plane, alpha, beta, box, found, nodes, extra)
        note = (
            f"losses {', '.join(unfit)} are 0, negative or infinite on Chebyshev points, where log-loss is not finite"
        )
        if sampling == "chebyshev":
            raise ValueError(f"`sampling`='chebyshev' needs finite losses above 0: {note}; use sampling='grid'")
        path = None if path is None else path.with_name(f"{path.name}.grid")
    found = compute(plane, losses, _grid(alpha, beta), path)
    return Surface(
        plane=plane,
        alpha=alpha,
        beta=beta,
        values={name: v.reshape(counts) for name, v in found.items()},
        sampling="grid",
        held_out_error=dict.fromkeys(losses, 0.0),
        num_evaluations=rows * cols,
        note=note and f"computed point by point: {note}",
    )


def _grid(alpha: np.ndarray, beta: np.ndarray) -> np.ndarray:
    return np.stack(np.meshgrid(alpha, beta, indexing="ij"), axis=-1).reshape(-1, 2)


def _interpolated(
    plane: Plane,
    alpha: np.ndarray,
    beta: np.ndarray,
    box: np.ndarray,
    found: Values,
    nodes: int,
    extra: np.ndarray,
) -> Surface:
    def weights(at: np.ndarray, axis: int) -> np.ndarray:
        low, high = box[axis]
        return _interpolation((2 * at - low - high) / (high - low), nodes)

    values, errors = {}, {}
    for name, computed in found.items():
        logs = np.log(computed[:-HELD_OUT]).reshape(nodes, nodes)
        values[name] = np.exp(weights(alpha, 0) @ logs @ weights(beta, 1).T)
        guess = np.einsum("ki,ij,kj->k", weights(extra[:, 0], 0), logs, weights(extra[:, 1], 1))
        errors[name] = float(np.abs(guess - np.log(computed[-HELD_OUT:])).max())
    return Surface(
        plane=plane,
        alpha=alpha,
        beta=beta,
        values=values,
        sampling="chebyshev",
        held_out_error=errors,
        num_evaluations=nodes**2 + HELD_OUT,
        note="",
    )


def _chebyshev(low: float, high: float, num: int) -> np.ndarray:
    """Return (num,) Chebyshev points of the second kind on [low, high], ends included, increasing."""
    return 0.5 * (low + high) - 0.5 * (high - low) * np.cos(np.pi * np.arange(num) / (num - 1))


def _interpolation(at: np.ndarray, num: int) -> np.ndarray:
    """Return A (n, num) with A f = p(at), p the polynomial of degree num - 1 through f at ``_chebyshev(-1, 1, num)``.

    The second barycentric formula (Berrut and Trefethen, SIAM Review 2004), weights (-1)^j, halved at both ends.

    >>> _interpolation(np.array([0.3]), 4) @ _chebyshev(-1, 1, 4) ** 3
    array([0.027])
    """
    weights = (-1.0) ** np.arange(num)
    weights[[0, -1]] *= 0.5
    gaps = at[:, None] - _chebyshev(-1, 1, num)
    hit = gaps == 0
    parts = weights / np.where(hit, 1.0, gaps)
    rows = parts / parts.sum(axis=1, keepdims=True)
    return np.where(hit.any(axis=1, keepdims=True), hit.astype(np.float64), rows)
