"""A folder of results: one file a run, named by its key, whole or absent, beside it where it comes from.

``<key>.safetensors`` holds the values and nothing that depends on when or where they were computed, so an interrupted
and an undisturbed sweep end with the same bytes. ``<key>.json`` holds provenance: machine, commit, seconds.
"""

from __future__ import annotations

import json
import os
import re
import warnings
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from lrdecay_core import checks, provenance, storage

__all__ = ["Encoded", "Store", "decode", "encode"]

Encoded = tuple[dict[str, np.ndarray], dict[str, Any]]
DTYPES = ("bool", "float16", "float32", "float64", *(f"{u}int{bits}" for u in ("", "u") for bits in (8, 16, 32, 64)))


def encode(result: Any) -> Encoded:
    """Return (arrays, plain values) of what a run returned; raise ValueError where a file could not hold it."""
    if not isinstance(result, Mapping) or not result or not all(isinstance(name, str) and name for name in result):
        raise ValueError(f"`fn` must return a mapping of names to values, got {type(result).__name__} {result!r:.80}")
    arrays, plain = {}, {}
    for name, value in result.items():
        if name == "__metadata__" or not name.isprintable():
            raise ValueError(f"`fn` must name its values by printable words other than '__metadata__', got {name!a}")
        if isinstance(value, Tensor | np.ndarray):
            arrays[name] = _array(name, value)
        else:
            plain[name] = _plain(name, value)
    return arrays, plain


def _array(name: str, value: Tensor | np.ndarray) -> np.ndarray:
    """Return a copy: ``fn`` may fill the same memory again."""
    if isinstance(value, np.ma.MaskedArray):
        raise ValueError(f"`{name}` must be an array without a mask; return the mask as an array of its own")
    if str(value.dtype).removeprefix("torch.") not in DTYPES:
        raise ValueError(f"`{name}` must hold numbers or truth values, got an array of {value.dtype}")
    return np.array(value.detach().cpu().numpy() if isinstance(value, Tensor) else value, order="C")


def _plain(name: str, value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, list | tuple):
        return [_plain(name, part) for part in value]
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > provenance.LONGEST:
        raise ValueError(f"`{name}` must hold whole numbers of at most {provenance.LONGEST} bits, got a longer one")
    if value is None or isinstance(value, str | bool | int | float):
        return value
    raise ValueError(
        f"`{name}` must be an array, a number, a word, a truth value, None or a list of them, "
        f"got {type(value).__name__}"
    )


def decode(encoded: Encoded) -> dict[str, Any]:
    """Return the result: arrays as they were, tensors as arrays, tuples as lists, NumPy scalars as Python's."""
    arrays, plain = encoded
    return {**arrays, **plain}


class Store:
    """The results under ``folder``, which is made when the first one arrives.

    >>> import tempfile
    >>> store = Store(tempfile.mkdtemp())
    >>> store.put("0" * 12, encode({"error": 0.25}), {"seconds": 1.5})
    >>> store.get("0" * 12)
    ({'error': 0.25}, {'seconds': 1.5})
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = checks.path("store", folder)
        if self.folder.exists() and not self.folder.is_dir():
            raise ValueError(f"`store` must be a folder or a new name, got the file {self.folder}")

    def keys(self) -> tuple[str, ...]:
        """Return the names of the stored runs, sorted; whether a file is sound shows when it is read."""
        return tuple(sorted(path.stem for path in self.folder.glob("*.safetensors")))

    def put(self, key: str, encoded: Encoded, origin: Mapping[str, Any]) -> None:
        """Keep one result. Its provenance goes first: a run counts as done when its result is in place."""
        arrays, plain = encoded
        with storage.replacing(self._path(key, "json")) as temporary:
            temporary.write_text(json.dumps(dict(origin), indent=1, sort_keys=True) + "\n", encoding="utf8")
        storage.save(self._path(key, "safetensors"), arrays, {"key": key, "values": plain})

    def get(self, key: str) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """Return (result, provenance), or None where there is none.

        A damaged file is set aside as ``<key>.damaged``, with a warning, so that its run is done again.
        """
        path = self._path(key, "safetensors")
        try:
            tensors, facts = storage.load(path)
            if facts.get("key") != key or not isinstance(facts.get("values"), dict):
                raise storage.DamagedFile(f"`store` {path} holds run {facts.get('key')}")
        except FileNotFoundError:
            return None
        except storage.DamagedFile as error:
            aside = self._path(key, "damaged")
            with suppress(FileNotFoundError):
                path.replace(aside)
            warnings.warn(f"{error}; set aside as {aside.name}, and done again", RuntimeWarning, stacklevel=2)
            return None
        return decode(({name: t.numpy() for name, t in tensors.items()}, facts["values"])), self._origin(key)

    def _origin(self, key: str) -> dict[str, Any]:
        try:
            origin = json.loads(self._path(key, "json").read_text(encoding="utf8"))
        except (OSError, ValueError):
            return {}
        return origin if isinstance(origin, dict) else {}

    def _path(self, key: str, suffix: str) -> Path:
        if not isinstance(key, str) or not re.fullmatch("[0-9a-f]{12}", key):
            raise ValueError(
                f"`key` must be 12 hexadecimal digits, as sweeps.key returns them, got {checks.shown(key)}"
            )
        return self.folder / f"{key}.{suffix}"
