"""State on disk: written whole or not at all, read back exactly, refused when it belongs to something else."""

from __future__ import annotations

import os
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

__all__ = ["load", "save"]


def save(path: Path, state: dict[str, Tensor], *, key: str) -> None:
    """Write ``state`` under the experiment's ``key``: to a temporary file first, then renamed over ``path``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        save_file({name: tensor.contiguous() for name, tensor in state.items()}, temporary, metadata={"key": key})
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def load(path: Path, *, key: str) -> dict[str, Tensor]:
    """Return the state written under ``key``.

    Raises:
        ValueError: the file is damaged, or holds another experiment.
    """
    try:
        with safe_open(path, framework="pt") as file:
            found = (file.metadata() or {}).get("key")
            if found != key:
                raise ValueError(f"`store` {path} holds experiment {found}, this one is {key}; give it its own file")
            # copied into aligned memory: a matrix product may add in another order where its operands lie otherwise
            return {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118  (not a dict)
    except (SafetensorError, OSError) as error:
        raise ValueError(f"`store` {path} cannot be read as a checkpoint ({error}); delete it to start anew") from error
