"""Losses at many points of a plane, in chunks kept on disk: written whole or not at all, refused when another's."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from lrdecay_core import environment, storage
from lrdecay_core.landscape.evaluate import Objective, Values, evaluator
from lrdecay_core.landscape.plane import Plane

__all__ = ["compute"]

SAVE_SECONDS = 1.0  # a kill loses at most this much work, and writing stays cheap beside it


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
