"""State on disk: the last one and the one before it, each whole, read back exactly, refused when it is another's.

A run that old code began and new code ends would be neither's, so the code is part of what must agree.
"""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from torch import Tensor

from lrdecay_core import provenance, storage

__all__ = ["load", "remove", "same_form", "save"]

State = dict[str, Tensor]
CODE = provenance.source_stamp(
    *("claims", "experiments", "explorers", "figures", "landscape", "model", "solvers", "sweeps", "theory")
)
"""Of what training depends on, taken when the library is imported."""


def save(path: Path, state: State, *, key: str) -> None:
    """Write ``state`` under the experiment's ``key``; what ``path`` held is kept as ``<path>.previous``.

    A kill at any moment leaves a whole file at ``path``. Delete it, and the experiment starts anew.
    """
    with suppress(FileNotFoundError):  # the first save, or another process has just removed it
        _copy(path, _previous(path))
    storage.save(path, state, {"key": key, "code": CODE})


def remove(path: Path) -> None:
    """Remove what :func:`save` wrote, once the run is over."""
    for name in (_previous(path), path):
        name.unlink(missing_ok=True)


def load(path: Path, *, key: str, check: Callable[[State], None] | None = None) -> State | None:
    """Return the state written last under ``key``, or None where nothing was.

    Where that file is unusable, it is set aside as ``<path>.damaged`` and the one before it takes its place, with a
    warning that says why.

    Args:
        path: where :func:`save` wrote.
        key: name of the experiment.
        check: raises ValueError for a state that cannot be gone on from.

    Raises:
        ValueError: neither file can be used: they are damaged, hold another experiment or the state of other code.
    """
    try:
        return _read(path, key, check)
    except FileNotFoundError:
        return None
    except ValueError as problem:
        previous = _previous(path)
        try:
            state = _read(previous, key, check)
        except (FileNotFoundError, ValueError):
            raise problem from None
        _copy(path, path.with_name(f"{path.name}.damaged"))
        _copy(previous, path)
        warnings.warn(f"{problem}; going on from {previous.name}", RuntimeWarning, stacklevel=2)
        return state


def same_form(needed: State, found: State) -> None:
    """Raise ValueError that names the first tensor of ``found`` that is missing, too many or of another form."""
    forms = [{name: (t.dtype, tuple(t.shape)) for name, t in state.items()} for state in (needed, found)]
    for name in sorted({*needed, *found}):
        form, got = (part.get(name, "absent") for part in forms)
        if form != got:
            raise ValueError(f"`{name}` must be {form}, got {got}")


def _copy(source: Path, target: Path) -> None:
    with storage.replacing(target) as temporary:
        shutil.copyfile(source, temporary)


def _read(path: Path, key: str, check: Callable[[State], None] | None) -> State:
    try:
        state, facts = storage.load(path)
    except storage.DamagedFile as error:
        raise ValueError(f"`store` {path} cannot be read as a checkpoint ({error}); delete it to start anew") from error
    if facts.get("key") != key:
        found = facts.get("key")
        raise ValueError(f"`store` {path} holds experiment {found}, this one is {key}; give it its own file")
    if facts.get("code") != CODE:
        raise ValueError(
            f"`store` {path} was begun by another version of lrdecay_core, torch or numpy; delete it to start anew, or "
            "go on with the version that began it"
        )
    try:
        if check is not None:
            check(state)
    except ValueError as error:
        raise ValueError(f"`store` {path} holds no state of this run ({error}); delete it to start anew") from error
    return state


def _previous(path: Path) -> Path:
    return path.with_name(f"{path.name}.previous")
