"""One-dimensional views: the straight line, a curve of low training loss, and how far one must climb on either."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from lrdecay_core import checks
from lrdecay_core.landscape.evaluate import Objective, check_losses, value
from lrdecay_core.landscape.vectors import as_vector, random_directions
from lrdecay_core.solvers import Descent, descend

__all__ = ["Curve", "Profile", "around", "bezier", "line"]

QUADRATURE = 8  # Gauss-Legendre points: exact for polynomials of t up to degree 15


@dataclass(frozen=True, kw_only=True, eq=False)
class Profile:
    """Losses along a path from t = 0 to t = 1, and perhaps beyond."""

    t: np.ndarray
    """(K,)"""
    values: Mapping[str, np.ndarray]
    """name -> (K,); inf where the loss is not finite."""
    ends: Mapping[str, tuple[float, float]]
    """name -> losses at t = 0 and at t = 1."""

    def __getitem__(self, name: str) -> np.ndarray:
        return self.values[name]

    def barrier(self, name: str) -> float:
        """Return max over t in [0, 1] of the loss, less its larger end: 0 on a path that never climbs above both."""
        inside = self.values[name][(self.t >= 0) & (self.t <= 1)]
        return float(max(inside.max(initial=-np.inf), *self.ends[name]) - max(self.ends[name]))


@dataclass(frozen=True, kw_only=True, eq=False)
class Curve(Profile):
    """The quadratic Bezier curve (1 - t)^2 a + 2 t (1 - t) bend + t^2 b."""

    bend: Tensor
    """(P,) its control point."""
    descent: Descent
    """How the control point was found."""


def line(
    a: Tensor | np.ndarray,
    b: Tensor | np.ndarray,
    losses: Mapping[str, Objective],
    *,
    num: int = 51,
    span: tuple[float, float] = (0.0, 1.0),
) -> Profile:
    """Return the losses at (1 - t) a + t b for ``num`` evenly spaced t in ``span``.

    Args:
        a: (P,) weights at t = 0.
        b: (P,) weights at t = 1.
        losses: name -> function of a flat vector.
        num: points, at least 2.
        span: first and last t; (-0.25, 1.25) also shows what lies behind either end.

    >>> line(torch.zeros(2), torch.ones(2), {"hill": lambda v: v[0] * (1 - v[1])}, num=5).barrier("hill")
    0.25
    """
    start, end = _ends(a, b)
    first, last = checks.finite_array("span", span, shape=(2,))
    limit = torch.finfo(start.dtype).max
    if not -limit <= first < last <= limit:
        raise ValueError(f"`span` must be (first, last) with first < last, both within {limit:.2g}, got {span}")
    t = np.linspace(first, last, checks.integer("num", num, minimum=2))
    values, ends = _values(lambda s: start.lerp(end, s), t, losses)
    return Profile(t=t, values=values, ends=ends)


def bezier(
    a: Tensor | np.ndarray,
    b: Tensor | np.ndarray,
    losses: Mapping[str, Objective],
    *,
    train: str = "train",
    num: int = 51,
    max_steps: int = 200,
) -> Curve:
    """Return losses along a quadratic Bezier curve whose control point minimises the mean training loss over t.

    Source: Garipov, Izmailov, Podoprikhin, Vetrov and Wilson (NeurIPS 2018), with the mean over t in [0, 1] by
    Gauss-Legendre quadrature instead of sampling, so that the curve is the same each time. The rule is fixed:
    ``max_steps`` steps of L-BFGS from the midpoint of the line.

    Args:
        a: (P,) weights at t = 0.
        b: (P,) weights at t = 1.
        losses: name -> function of a flat vector.
        train: the name of the loss to descend, differentiable; the others are only looked at.
        num: points at which the losses are returned, evenly spaced in t; not those it was trained at.
        max_steps: see above.
    """
    start, end = _ends(a, b)
    objective = check_losses(losses)[checks.one_of("train", train, losses)]
    roots, shares = np.polynomial.legendre.leggauss(QUADRATURE)
    weights = [(float(t), float(w)) for t, w in zip((roots + 1) / 2, shares / 2, strict=True)]

    def at(bend: Tensor, t: float) -> Tensor:
        return (1 - t) ** 2 * start + 2 * t * (1 - t) * bend + t**2 * end

    def mean(bend: Tensor) -> Tensor:
        return torch.stack([w * objective(at(bend, t)) for t, w in weights]).sum()

    found = descend(mean, start.lerp(end, 0.5), max_steps=max_steps, target=0.0, gradient_bound=0.0, memory=10)
    t = np.linspace(0, 1, checks.integer("num", num, minimum=2))
    values, ends = _values(lambda s: at(found.solution, s), t, losses)
    return Curve(t=t, values=values, ends=ends, bend=found.solution, descent=found)


def around(
    centre: Tensor | np.ndarray, radius: float, losses: Mapping[str, Objective], *, num: int = 50, seed: int = 0
) -> dict[str, np.ndarray]:
    """Return name -> (num,) losses at ``centre`` + ``radius`` times random unit directions, to hold a barrier to."""
    middle = as_vector("centre", centre)
    steps = checks.positive("radius", radius) * random_directions(middle, num=num, seed=seed)
    with torch.no_grad():
        return {
            name: np.array([value(name, loss, middle + step) for step in steps])
            for name, loss in check_losses(losses).items()
        }


def _ends(a: Tensor | np.ndarray, b: Tensor | np.ndarray) -> tuple[Tensor, Tensor]:
    start = as_vector("a", a)
    end = as_vector("b", b).to(start)
    if len(start) != len(end):
        raise ValueError(f"`a` and `b` must have one length, got {len(start)} and {len(end)} entries")
    return start, end


@torch.no_grad()
def _values(
    at: Callable[[float], Tensor], t: np.ndarray, losses: Mapping[str, Objective]
) -> tuple[dict[str, np.ndarray], dict[str, tuple[float, float]]]:
    values = {name: np.empty(len(t)) for name in check_losses(losses)}
    for k, s in enumerate(t.tolist()):
        vector = at(s)
        for name, loss in losses.items():
            values[name][k] = value(name, loss, vector)
    ends = {n: (value(n, loss, at(0.0)), value(n, loss, at(1.0))) for n, loss in losses.items()}
    return values, ends
