"""Where a recorded run goes: on a plane, and along a valley rather than across it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from lrdecay_core import checks
from lrdecay_core.landscape.plane import Plane
from lrdecay_core.landscape.vectors import tensor

__all__ = ["Motion", "Trajectory", "motion", "project"]


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
