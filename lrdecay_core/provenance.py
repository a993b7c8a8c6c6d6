"""Where a number comes from: configuration, code, machine."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import platform
import subprocess
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import torch

from lrdecay_core import environment

__all__ = ["collect", "config_key", "plain", "source_stamp"]

PACKAGES = ("torch", "numpy", "scipy", "scikit-learn", "mnist1d")
LIBRARY = Path(__file__).resolve().parent
LONGEST = 4096  # bits: Python writes no whole number above 4,300 digits as text


def config_key(*configs: Any) -> str:
    """Return 12 hexadecimal digits that name a configuration: equal configurations, equal keys.

    Takes dataclasses, mappings, sequences, plain values, and arrays, which count by their bytes.

    >>> config_key({"rate": 0.1, "seeds": [0, 1]}) == config_key({"seeds": (0, 1), "rate": 0.1})
    True
    """
    try:
        text = json.dumps([plain(c) for c in configs], sort_keys=True)
    except RecursionError as error:
        raise ValueError("`config` must end: a part of it holds itself, or is nested too deeply") from error
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def plain(value: Any) -> Any:
    """Return a configuration as mappings, lists and plain values, as JSON holds them."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {type(value).__name__: {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}}
    if isinstance(value, Mapping):
        if not all(isinstance(name, str) for name in value):
            raise ValueError(
                f"`config` must name its parts by words, got {[k for k in value if not isinstance(k, str)]}"
            )
        return {name: plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple | range):
        return [plain(v) for v in value]
    if type(value) is np.ndarray and not value.dtype.hasobject:
        digest = hashlib.sha256(value.tobytes()).hexdigest()
        return {"dtype": str(value.dtype), "shape": list(value.shape), "sha256": digest}
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > LONGEST:
        raise ValueError(f"`config` must hold whole numbers of at most {LONGEST} bits, got {value.bit_length()}")
    if value is None or isinstance(value, str | bool | int | float):
        return value
    raise ValueError(f"`config` may hold numbers, words, lists, mappings and dataclasses, got {type(value).__name__}")


def source_stamp(*without: str) -> str:
    """Return 64 hexadecimal digits that change with the library's files, or with the versions of torch and numpy.

    Args:
        without: folders that are left out, since nothing that is stamped depends on them.
    """
    digest = hashlib.sha256("".join(metadata.version(name) for name in ("torch", "numpy")).encode())
    for path in sorted(LIBRARY.rglob("*.py")):
        name = path.relative_to(LIBRARY)
        if name.parts[0] not in without:
            digest.update(name.as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _commit() -> str:
    """Return the commit of the checkout this package stands in, with "+" if it was changed; "unknown" outside git."""
    git = ["git", "-C", str(LIBRARY)]
    try:
        head = subprocess.run([*git, "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True, check=True)
        changed = subprocess.run([*git, "status", "--porcelain", "."], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return head.stdout.strip() + ("+" if changed.stdout.strip() else "")


def collect() -> dict[str, Any]:
    """Return what is needed to redo a run here: profile, commit, versions, machine."""
    return {
        "profile": environment.profile(),
        "commit": _commit(),
        "python": platform.python_version(),
        "versions": {name: metadata.version(name) for name in PACKAGES},
        "device": torch.cuda.get_device_name(0) if torch.cuda.is_available() else "cpu",
        "machine": platform.machine(),
        "cores": os.cpu_count(),
    }
