"""Planes in weight space, and where a recorded run goes: on a plane, and along a valley rather than across it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from lrdecay_core import checks
from lrdecay_core.landscape.vectors import Source, as_vector, common_layout, tensor
from lrdecay_core.parameters import Layout

__all__ = ["Motion", "Plane", "Trajectory", "motion", "plane_along", "plane_through", "project"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Plane:
    """The points origin + alpha basis[0] + beta basis[1]."""

    origin: Tensor
    """(P,), in the precision of the networks."""
    basis: Tensor
    """(2, P) in float64: coordinates of float32 weights then return the weights, not their neighbours."""
    anchors: np.ndarray
    """(A, 2) coordinates of the points the plane was made from, in the order given."""
    box: np.ndarray
    """(2, 2) lowest and highest value of each coordinate, ((alpha, alpha), (beta, beta)), before any margin."""

    def point(self, alpha: float | np.ndarray, beta: float | np.ndarray) -> Tensor:
        """Return the weights at (alpha, beta): (P,), or (..., P) for arrays (...)."""
        pairs = np.stack(np.broadcast_arrays(np.asarray(alpha, np.float64), np.asarray(beta, np.float64)), axis=-1)
        coefficients = torch.as_tensor(pairs, device=self.basis.device)
        return (self.origin.double() + coefficients @ self.basis).to(self.origin.dtype)

    def coords(self, vectors: Tensor | np.ndarray) -> np.ndarray:
        """Return the coordinates (..., 2) of the points of the plane nearest to ``vectors`` (..., P)."""
        return self._split(vectors)[0].cpu().numpy()

    def distance(self, vectors: Tensor | np.ndarray) -> np.ndarray:
        """Return the Euclidean distance (...) of ``vectors`` (..., P) off the plane."""
        return np.asarray(self._split(vectors)[1].norm(dim=-1).cpu().numpy())

    def _split(self, vectors: Tensor | np.ndarray) -> tuple[Tensor, Tensor]:
        given = tensor(vectors).to(self.basis)
        if given.shape[-1:] != self.origin.shape:
            raise ValueError(f"`vectors` must end in {len(self.origin)} entries, got shape {tuple(given.shape)}")
        rest = given - self.origin.double()
        coords = torch.linalg.solve(self.basis @ self.basis.T, (rest @ self.basis.T).unsqueeze(-1)).squeeze(-1)
        return coords, rest - coords @ self.basis


def plane_through(a: Source, b: Source, c: Source, *, layout: Layout | None = None) -> Plane:
    """Return the plane through three solutions, with orthonormal axes: the first from a to b, the second towards c.

    ``a`` is at (0, 0), ``b`` at (|b - a|, 0), ``c`` at (., positive): distances on the picture are distances.

    Args:
        a: the origin: a flat vector (P,), a module, or a state dict.
        b: what the first axis points at.
        c: which side of it the second axis points to.
        layout: for state dicts with buffers or tied parameters: ``loss.layout``.

    Raises:
        ValueError: shapes differ, two anchors are one, or the three stand on a line.

    >>> plane = plane_through(torch.zeros(5), torch.eye(5)[0] * 3, torch.ones(5))
    >>> plane.anchors.round(9).tolist()
    [[0.0, 0.0], [3.0, 0.0], [1.0, 2.0]]
    """
    sources = {"a": a, "b": b, "c": c}
    layout = layout or common_layout(sources)
    vectors = [as_vector(name, source, layout) for name, source in sources.items()]
    if len({v.shape for v in vectors}) > 1:
        raise ValueError(f"`a`, `b`, `c` must have one length, got {[len(v) for v in vectors]} entries")
    origin, first, second = (v.double() for v in vectors)
    noise = 2 * torch.finfo(vectors[0].dtype).eps * float(torch.stack([origin, first, second]).norm(dim=1).max())
    e1 = _unit(first - origin, noise, "`a` and `b` must differ")
    away = second - origin
    off = away - (away @ e1) * e1
    off = off - (off @ e1) * e1  # once more: the first pass leaves rounding as large as what it removed
    e2 = _unit(off, max(noise, 1e-6 * float(away.norm())), "`a`, `b` and `c` must not stand on one line")
    basis = torch.stack([e1, e2])
    anchors = np.array([(basis @ (v - origin)).tolist() for v in (origin, first, second)])
    return Plane(
        origin=vectors[0],
        basis=basis,
        anchors=anchors,
        box=np.stack([anchors.min(axis=0), anchors.max(axis=0)], axis=1),
    )


def plane_along(origin: Source, first: Tensor, second: Tensor, *, layout: Layout | None = None) -> Plane:
    """Return the plane origin + alpha first + beta second, directions as given; its box is [-1, 1] x [-1, 1].

    Args:
        origin: a flat vector (P,), a module, or a state dict.
        first: (P,), such as a row of :func:`filter_normalised`; neither of length one nor at a right angle to
            ``second`` unless you made it so.
        second: (P,).
        layout: as in :func:`plane_through`.

    Raises:
        ValueError: shapes differ, or a direction is zero or a multiple of the other.
    """
    centre = as_vector("origin", origin, layout)
    directions = [as_vector(name, d).to(centre.device).double() for name, d in (("first", first), ("second", second))]
    if any(d.shape != centre.shape for d in directions):
        raise ValueError(f"`first` and `second` must have {len(centre)} entries, got {[len(d) for d in directions]}")
    e1 = _unit(directions[0], 0.0, "`first` must not be zero")
    off = directions[1] - (directions[1] @ e1) * e1
    _unit(off, 1e-6 * float(directions[1].norm()), "`second` must not be zero or a multiple of `first`")
    return Plane(
        origin=centre, basis=torch.stack(directions), anchors=np.zeros((1, 2)), box=np.array([[-1.0, 1.0]] * 2)
    )


def _unit(vector: Tensor, rounding: float, needed: str) -> Tensor:
    length = float(vector.norm())
    if length <= rounding:
        raise ValueError(f"{needed}, got a difference of length {length:.1e}, which is rounding")
    return vector / length


@dataclass(frozen=True, kw_only=True, eq=False)
class Trajectory:
    """A sequence of weights seen from a plane."""

    coords: np.ndarray
    """(K, 2) coordinates of the nearest points of the plane."""
    distance: np.ndarray
    """(K,) how far off the plane the weights really are: beside it, coordinates close together say little."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Motion:
    """Motion along a valley against excursion across it, for D decay times in increasing order."""

    between: np.ndarray
    """(D, D) distances between decayed ends."""
    excursion: np.ndarray
    """(D,) distance from the trunk, at the decay, to its own decayed end."""

    @property
    def ratio(self) -> float:
        """Distance between the first and the last decayed end, over the largest excursion."""
        return float(self.between[0, -1] / self.excursion.max())


def project(plane: Plane, weights: Tensor | np.ndarray) -> Trajectory:
    """Return where ``weights`` (K, P) fall on the plane and how far off it they are.

    >>> from lrdecay_core.landscape.plane import plane_along
    >>> plane = plane_along(torch.zeros(3), *torch.eye(3)[:2])
    >>> project(plane, torch.tensor([[1.0, 2.0, 2.0]])).distance
    array([2.])
    """
    checks.instance("plane", plane, Plane)
    return Trajectory(coords=plane.coords(weights), distance=plane.distance(weights))


def motion(ends: Tensor | np.ndarray, trunk: Tensor | np.ndarray) -> Motion:
    """Compare the way between decayed ends with the way from the trunk down to them.

    Args:
        ends: (D, P) decayed solutions, in the order of their decay times.
        trunk: (D, P) weights of the trunk at those times.

    Raises:
        ValueError: shapes differ, there are fewer than two decay times, or a trunk is its own decayed end.
    """
    low, high = tensor(ends).double(), tensor(trunk).double()
    if low.ndim != 2 or low.shape != high.shape or len(low) < 2:
        raise ValueError(
            f"`ends` and `trunk` must be (D, P) with D at least 2, got {tuple(low.shape)} and {tuple(high.shape)}"
        )
    excursion = (low - high).norm(dim=1)
    if not (excursion > 0).all():
        raise ValueError("`ends` must differ from `trunk`: an arm that never decays has no excursion; leave it out")
    between = torch.stack([(low - one).norm(dim=1) for one in low])
    return Motion(between=between.cpu().numpy(), excursion=excursion.cpu().numpy())
