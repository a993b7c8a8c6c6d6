"""Losses at points of a plane: one loop for any loss, a faster one for the library's own networks.

They go in chunks, kept on disk: a file is written whole or not at all, and refused when it is another plane's.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lrdecay_core import environment, storage
from lrdecay_core.landscape import affine
from lrdecay_core.landscape.loss import Loss
from lrdecay_core.landscape.plane import Plane
from lrdecay_core.landscape.vectors import tensor

__all__ = ["Objective", "check_losses", "compute", "evaluator", "value"]

Objective = Callable[[Tensor], Any]
Values = dict[str, np.ndarray]
POINTS = 64  # of the fast loop between two saves: their logits are all that is kept
SAVE_SECONDS = 1.0  # a kill loses at most this much work, and writing stays cheap beside it


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


def compute(plane: Plane, losses: Mapping[str, Objective], points: np.ndarray, path: Path | None) -> Values:
    """Return {name: (M,)} at ``points`` (M, 2); with a ``path``, resume from that file and keep it up to date.

    Raises:
        ValueError: the file is damaged, or holds values of another plane, other points or other losses.
    """
    evaluate, size = evaluator(plane, losses)
    found: Values = {name: np.full(len(points), np.nan) for name in losses}
    key = probes = None
    if path is not None:
        key, probes = _key(plane, points), evaluate(points[[0, len(points) // 3, -1]])
        if path.exists():
            found = _load(path, key, probes)
    missing = np.flatnonzero(np.isnan(np.stack([*found.values()])).any(axis=0))
    saved = time.monotonic()
    for start in environment.progress(range(0, len(missing), size), "surface"):
        where = missing[start : start + size]
        for name, values in evaluate(points[where]).items():
            found[name][where] = values
        due = time.monotonic() - saved > SAVE_SECONDS or start + size >= len(missing)
        if path is not None and key is not None and probes is not None and due:
            _save(path, key, probes, found)
            saved = time.monotonic()
    return found


def _key(plane: Plane, points: np.ndarray) -> str:
    digest = hashlib.sha256()
    for array in (plane.origin.cpu().numpy(), plane.basis.cpu().numpy(), points):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:16]


def _save(path: Path, key: str, probes: Values, found: Values) -> None:
    state = {f"probe.{name}": v for name, v in probes.items()} | {f"value.{name}": v for name, v in found.items()}
    storage.save(path, state, {"key": key})


def _load(path: Path, key: str, probes: Values) -> Values:
    """Return the values in the file. A loss may be any function, so it is known by its values at three points."""
    try:
        tensors, facts = storage.load(path)
    except storage.DamagedFile as error:
        raise ValueError(f"`store` {path} cannot be read as a surface ({error}); delete it to start anew") from error
    state = {name: tensor.numpy() for name, tensor in tensors.items()}
    ours = facts.get("key") == key
    ours = ours and {name for name in state if name.startswith("probe.")} == {f"probe.{name}" for name in probes}
    # the same points summed in another order, as another machine may
    if not ours or not all(np.allclose(state[f"probe.{n}"], v, rtol=1e-4, atol=0) for n, v in probes.items()):
        raise ValueError(
            f"`store` {path} holds another surface: its plane, grid or losses differ; give this one its own"
        )
    return {name: state[f"value.{name}"] for name in probes}
