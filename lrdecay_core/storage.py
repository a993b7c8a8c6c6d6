"""Files of named arrays: written whole or not at all, checked on reading, never executed."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

__all__ = ["DamagedFile", "load", "remove_leftovers", "replacing", "save"]


class DamagedFile(ValueError):
    """A file is not what :func:`save` wrote: cut short, altered, or something else altogether."""


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a new path beside ``path``; what was written there takes the place of ``path`` at the end, or vanishes.

    The bytes reach the disk before the rename, so that a power cut leaves the old file or the new one. What killed
    processes left in this folder goes, once a process.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _tidy(path.parent.resolve())
    temporary = path.with_name(f"{path.name}.{_host()}.{os.getpid()}.{uuid.uuid4().hex[:8]}.tmp")
    try:
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@cache
def _tidy(folder: Path) -> None:
    remove_leftovers(folder)


def remove_leftovers(folder: Path) -> None:
    """Remove temporary files whose writer, a process of this machine, is gone."""
    for path in folder.glob(f"*.{_host()}.*.tmp"):
        process = path.name.split(".")[-3]
        if process.isdigit() and not _alive(int(process)):
            path.unlink(missing_ok=True)


@cache
def _host() -> str:
    """Return a word for where process numbers mean something: this machine, on Linux the container, too."""
    try:
        namespace = f"-{os.stat('/proc/self/ns/pid').st_ino}"
    except OSError:
        namespace = ""
    return (re.sub(r"[^\w-]", "-", platform.node()) or "host") + namespace


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def save(path: Path, arrays: Mapping[str, Tensor | np.ndarray], facts: Mapping[str, Any]) -> None:
    """Write ``arrays`` and plain ``facts`` to ``path`` as one safetensors file; equal contents give equal bytes.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "state"
    >>> save(path, {"weights": torch.ones(2)}, {"key": "a"})
    >>> load(path)
    ({'weights': tensor([1., 1.])}, {'key': 'a'})

    Raises:
        ValueError: an array holds other than numbers and truth values.
        OSError: the disk is full, or refuses otherwise.
    """
    tensors = {name: _tensor(name, array) for name, array in arrays.items()}
    text = json.dumps(dict(facts), sort_keys=True)
    # one entry: the order of several is not fixed
    metadata = {"lrdecay": json.dumps({"facts": text, "sha256": _digest(tensors, text)}, sort_keys=True)}
    with replacing(path) as temporary:
        try:
            save_file(tensors, temporary, metadata=metadata)
        except SafetensorError as error:
            raise OSError(f"{path} cannot be written: {error}") from error


def load(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Return the arrays and facts in ``path``.

    Raises:
        DamagedFile: it is no file of arrays, or its checksum does not fit.
        OSError: the machine cannot read it now, which says nothing of the file; ``FileNotFoundError``: there is none.
    """
    if path.is_dir():
        raise DamagedFile(f"`path` {path} is a folder")
    try:
        with safe_open(path, framework="pt") as file:
            # copied into aligned memory: a matrix product may add in another order where its operands lie otherwise
            tensors = {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118  (not a dict)
            entry = json.loads((file.metadata() or {})["lrdecay"])
            text, expected = entry["facts"], entry["sha256"]
            facts = json.loads(text)
    except SafetensorError as error:
        raise DamagedFile(f"`path` {path} is cut short or no file of arrays: {error}") from error
    except (KeyError, TypeError, ValueError) as error:
        raise DamagedFile(f"`path` {path} was written by something else, or its header is altered") from error
    if not isinstance(facts, dict) or _digest(tensors, text) != expected:
        raise DamagedFile(f"`path` {path} was altered: its checksum does not fit its contents")
    return tensors, facts


def _tensor(name: str, array: Tensor | np.ndarray) -> Tensor:
    if isinstance(array, Tensor):
        return array.detach().cpu().contiguous()
    with suppress(TypeError, ValueError):
        return torch.from_numpy(np.array(array, order="C"))
    raise ValueError(f"`{name}` must hold numbers or truth values, got an array of {array.dtype}")


def _digest(tensors: Mapping[str, Tensor], text: str) -> str:
    digest = hashlib.sha256(text.encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(f"\0{name}\0{tensor.dtype}\0{tuple(tensor.shape)}\0".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
