"""Losses at points of a plane: one loop for any loss, a faster one for the library's own networks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lrdecay_core.landscape import affine
from lrdecay_core.landscape.loss import Loss
from lrdecay_core.landscape.plane import Plane
from lrdecay_core.landscape.vectors import tensor

__all__ = ["Objective", "check_losses", "evaluator", "value"]

Objective = Callable[[Tensor], Any]
Values = dict[str, np.ndarray]
POINTS = 64  # of the fast loop between two saves: their logits are all that is kept


def check_losses(losses: Mapping[str, Objective]) -> dict[str, Objective]:
    """Return the losses, or raise unless there is at least one and each can be called."""
    if not isinstance(losses, Mapping) or not losses or not all(callable(loss) for loss in losses.values()):
        raise ValueError('`losses` must map names to functions of a flat vector, such as {"train": loss_of(...)}')
    return dict(losses)


def value(name: str, loss: Objective, vector: Tensor) -> float:
    """Return the loss of one vector. NaN becomes inf: the loss is not finite there, and NaN means not yet computed."""
    found = tensor(loss(vector))
    if found.numel() != 1:
        raise ValueError(f"`losses`[{name!r}] must return one number, got shape {tuple(found.shape)}")
    return float(found.nan_to_num(nan=torch.inf, posinf=torch.inf, neginf=-torch.inf))


def evaluator(plane: Plane, losses: Mapping[str, Objective]) -> tuple[Callable[[np.ndarray], Values], int]:
    """Return a function of points (G, 2) -> {name: (G,)}, and how many points it likes at once."""
    ours = [loss for loss in losses.values() if isinstance(loss, Loss) and loss.is_ours]
    if len(ours) == len(losses) and all(loss.layout == ours[0].layout for loss in ours):
        if ours[0].layout.size != len(plane.origin):
            raise ValueError(f"`plane` must have {ours[0].layout.size} parameters, got {len(plane.origin)}")
        return lambda points: affine.values(plane, losses, points), POINTS  # type: ignore[arg-type]
    return lambda points: _any(plane, losses, points), 1


@torch.no_grad()
def _any(plane: Plane, losses: Mapping[str, Objective], points: np.ndarray) -> Values:
    found: Values = {name: np.empty(len(points)) for name in losses}
    for g, point in enumerate(points):
        vector = plane.point(*point)
        for name, loss in losses.items():
            found[name][g] = value(name, loss, vector)
    return found
