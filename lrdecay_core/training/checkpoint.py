"""State on disk: the last one and the one before it, each whole, read back exactly, refused when it is another's."""

from __future__ import annotations

import shutil
import warnings
from pathlib import Path

from torch import Tensor

from lrdecay_core import storage

__all__ = ["load", "save"]


def save(path: Path, state: dict[str, Tensor], *, key: str) -> None:
    """Write ``state`` under the experiment's ``key``; what ``path`` held is kept as ``<path>.previous``.

    A kill at any moment leaves a whole file at ``path``. Delete it, and the experiment starts anew.
    """
    if path.exists():
        _copy(path, _previous(path))
    storage.save(path, state, {"key": key})


def load(path: Path, *, key: str) -> dict[str, Tensor] | None:
    """Return the state written last under ``key``, or None where nothing was.

    Where that file is unusable, it is set aside as ``<path>.damaged`` and the one before it takes its place, with a
    warning that says why.

    Raises:
        ValueError: neither file can be used: they are damaged, or hold another experiment.
    """
    try:
        return _read(path, key)
    except FileNotFoundError:
        return None
    except ValueError as problem:
        previous = _previous(path)
        try:
            state = _read(previous, key)
        except (FileNotFoundError, ValueError):
            raise problem from None
        _copy(path, path.with_name(f"{path.name}.damaged"))
        _copy(previous, path)
        warnings.warn(f"{problem}; going on from {previous.name}", RuntimeWarning, stacklevel=2)
        return state


def _copy(source: Path, target: Path) -> None:
    with storage.replacing(target) as temporary:
        shutil.copyfile(source, temporary)


def _read(path: Path, key: str) -> dict[str, Tensor]:
    try:
        state, facts = storage.load(path)
    except storage.DamagedFile as error:
        raise ValueError(f"`store` {path} cannot be read as a checkpoint ({error}); delete it to start anew") from error
    if facts.get("key") != key:
        found = facts.get("key")
        raise ValueError(f"`store` {path} holds experiment {found}, this one is {key}; give it its own file")
    return state


def _previous(path: Path) -> Path:
    return path.with_name(f"{path.name}.previous")
