"""Input checks. Each returns what it learnt, so that the caller need not ask again.

Every message names the argument in backticks, says what was needed and what was got.
"""

from __future__ import annotations

import itertools
import math
import numbers
import os
import reprlib
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import torch

__all__ = [
    "array",
    "boolean",
    "broadcast",
    "design",
    "distinct_integers",
    "finite_array",
    "finite_rows",
    "fraction",
    "function",
    "increasing",
    "instance",
    "integer",
    "non_negative",
    "one_of",
    "path",
    "positive",
    "sequence",
    "shown",
    "torch_device",
    "word",
]


def _real(name: str, value: Any, needed: str) -> float:
    with suppress(OverflowError):
        if not isinstance(value, bool) and isinstance(value, numbers.Real) and math.isfinite(float(value)):
            if not math.isfinite(float(value) * float(value)):
                raise ValueError(f"`{name}` must have a finite square, got {shown(value)}")
            return float(value)
    raise ValueError(f"`{name}` must be {needed}, got {shown(value)}")


def shown(value: Any) -> str:
    """Return ``value`` as a message shows it: a line, even where Python refuses to write a long number."""
    try:
        return reprlib.repr(value)
    except ValueError:
        return f"a {type(value).__name__} that is too long to write"


def positive(name: str, value: Any) -> float:
    """Return ``value`` as a float, or raise unless it is finite and above 0.

    >>> positive("learning_rate", 1)
    1.0
    """
    number = _real(name, value, "a finite number above 0")
    if number <= 0 or not number * number:
        raise ValueError(f"`{name}` must be a finite number above 0, and so its square, got {shown(value)}")
    return number


def non_negative(name: str, value: Any) -> float:
    """Return ``value`` as a float, or raise unless it is finite and at least 0."""
    number = _real(name, value, "a finite number, 0 or above")
    if number < 0:
        raise ValueError(f"`{name}` must be a finite number, 0 or above, got {shown(value)}")
    return number


def fraction(name: str, value: Any) -> float:
    """Return ``value`` as a float, or raise unless it lies in [0, 1)."""
    number = _real(name, value, "a number in [0, 1)")
    if not 0 <= number < 1:
        raise ValueError(f"`{name}` must be a number in [0, 1), got {shown(value)}")
    return number


def integer(name: str, value: Any, *, minimum: int = 0, maximum: int | None = None) -> int:
    """Return ``value`` as an int, or raise unless it is a whole number in [minimum, maximum].

    >>> integer("epochs", 3, minimum=1)
    3
    """
    bounds = f"at least {minimum}" if maximum is None else f"in [{minimum}, {maximum}]"
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise ValueError(f"`{name}` must be a whole number {bounds}, got {shown(value)}")
    number = int(value)
    if abs(number) >= 2**63:
        raise ValueError(f"`{name}` must be a whole number of 64 bits, got {shown(value)}")
    if number < minimum or (maximum is not None and number > maximum):
        raise ValueError(f"`{name}` must be a whole number {bounds}, got {shown(value)}")
    return number


def boolean(name: str, value: Any) -> bool:
    """Return ``value``, or raise unless it is True or False."""
    if not isinstance(value, bool):
        raise ValueError(f"`{name}` must be True or False, got {shown(value)}")
    return value


def word(name: str, value: Any) -> str:
    """Return ``value``, or raise unless it is a word that can be printed."""
    if not isinstance(value, str) or not value or not value.isprintable():
        raise ValueError(f"`{name}` must be a word, got {shown(value)}")
    return value


def function(name: str, value: Any) -> None:
    """Raise unless ``value`` can be called."""
    if not callable(value):
        raise ValueError(f"`{name}` must be a function, got {shown(value)}")


def instance(name: str, value: Any, *kinds: type) -> None:
    """Raise unless ``value`` is of one of ``kinds``."""
    if not isinstance(value, kinds):
        raise ValueError(f"`{name}` must be a {' or '.join(k.__name__ for k in kinds)}, got {shown(value)}")


def path(name: str, value: Any) -> Path:
    """Return ``value`` as a path, or raise unless it is one."""
    if not isinstance(value, str | os.PathLike) or not str(value) or not str(value).isprintable():
        raise ValueError(f"`{name}` must be a path, got {shown(value)}")
    return Path(value)


def sequence(name: str, values: Any) -> tuple[Any, ...]:
    """Return ``values`` as a tuple, or raise unless they come in an order: a word, a mapping or a set do not.

    >>> sequence("seeds", range(3))
    (0, 1, 2)
    """
    if isinstance(values, str | bytes | Mapping | set | frozenset) or not isinstance(values, Iterable):
        raise ValueError(f"`{name}` must be a list of values, got {shown(values)}")
    try:
        return tuple(values)
    except TypeError as error:  # an array of no dimension calls itself iterable
        raise ValueError(f"`{name}` must be a list of values, got {shown(values)}") from error


def one_of(name: str, value: Any, allowed: Iterable[str]) -> str:
    """Return ``value``, or raise unless it is one of ``allowed``."""
    names = sorted(allowed)
    if not isinstance(value, str) or value not in names:
        raise ValueError(f"`{name}` must be one of {', '.join(map(repr, names))}, got {shown(value)}")
    return str(value)


def increasing(name: str, values: Iterable[Any], *, minimum: int, maximum: int) -> tuple[int, ...]:
    """Return ``values`` as a tuple of ints, or raise unless they increase strictly within [minimum, maximum]."""
    listed = sequence(name, values)
    found = tuple(integer(f"{name}[{i}]", v, minimum=minimum, maximum=maximum) for i, v in enumerate(listed))
    if not found:
        raise ValueError(f"`{name}` must hold at least one value, got none")
    if any(b <= a for a, b in itertools.pairwise(found)):
        raise ValueError(f"`{name}` must increase strictly (sort it, drop repeats), got {list(found)}")
    return found


def distinct_integers(name: str, values: Iterable[Any]) -> tuple[int, ...]:
    """Return ``values`` as a tuple of ints, or raise unless there is at least one and none is repeated."""
    found = tuple(integer(f"{name}[{i}]", v) for i, v in enumerate(sequence(name, values)))
    if not found:
        raise ValueError(f"`{name}` must hold at least one value, got none")
    repeated = sorted({v for v in found if found.count(v) > 1})
    if repeated:
        raise ValueError(f"`{name}` must be distinct, since each is one replicate; repeated: {repeated}")
    return found


def array(name: str, values: Any, dtype: Any = np.float64) -> np.ndarray:
    """Return ``values`` as an array of ``dtype`` (None: their own), or raise unless they are numbers in rows."""
    try:
        return np.asarray(values, dtype=dtype)
    except (TypeError, ValueError, OverflowError, RuntimeError) as error:
        raise ValueError(f"`{name}` must be an array of numbers, got {shown(values)}") from error


def broadcast(**values: Any) -> list[np.ndarray]:
    """Return the values as float64 arrays of one shape, or raise unless their shapes fit."""
    found = [array(name, value) for name, value in values.items()]
    try:
        return list(np.broadcast_arrays(*found))
    except ValueError as error:
        names = " and ".join(f"`{name}`" for name in values)
        raise ValueError(f"{names} must have shapes that fit, got {[a.shape for a in found]}") from error


def finite_array(name: str, values: Any, *, shape: Sequence[int | None] | None = None) -> np.ndarray:
    """Return ``values`` as a float64 array, or raise unless all are finite and the shape fits (None: any length)."""
    found = array(name, values)
    if shape is not None and (
        found.ndim != len(shape) or any(n not in (None, m) for n, m in zip(shape, found.shape, strict=True))
    ):
        wanted = "(" + ", ".join("any" if n is None else str(n) for n in shape) + ")"
        raise ValueError(f"`{name}` must have shape {wanted}, got {found.shape}")
    bad = int(np.size(found) - np.isfinite(found).sum())
    if bad:
        raise ValueError(f"`{name}` must be finite everywhere, got {bad} NaN or infinite of {found.size} entries")
    return found


def finite_rows(name: str, values: Any, length: int) -> np.ndarray:
    """Return ``values`` (..., length) as a float64 array, or raise unless all are finite and the last axis fits."""
    found = finite_array(name, values)
    if found.shape[-1:] != (length,) or not found.size:
        raise ValueError(f"`{name}` must have shape (..., {length}), got {found.shape}")
    return found


def design(X: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return ``X`` (n, d) and ``y`` (..., n) as float64 arrays of a system Xb = y with many solutions.

    Raises:
        ValueError: an entry is not finite, shapes do not fit, n >= d, or rank(X) < n.
    """
    X, y = finite_array("X", X, shape=(None, None)), finite_array("y", y)
    n, d = X.shape
    if y.shape[-1:] != (n,):
        raise ValueError(f"`y` must hold one label per row of `X`, {n}, got shape {y.shape}")
    if not 1 <= n < d:
        raise ValueError(f"`X` must have fewer rows (samples) than columns (features), got shape {X.shape}")
    rank = int(np.linalg.matrix_rank(X))
    if rank < n:
        raise ValueError(f"`X` must have full row rank {n}, got rank {rank}; drop dependent rows")
    return X, y


def torch_device(name: str, value: str) -> torch.device:
    """Return the device ``value`` names ("auto": CUDA where there is one, otherwise the CPU).

    Raises:
        ValueError: ``value`` is not a device name.
        RuntimeError: the device is absent from this machine.
    """
    if isinstance(value, str) and value == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(value if isinstance(value, str | torch.device) else "")
    except (RuntimeError, UnicodeError) as error:
        raise ValueError(f"`{name}` must be 'auto', 'cpu', 'cuda' or 'cuda:N', got {shown(value)}") from error
    if device.type not in ("cpu", "cuda"):
        raise ValueError(f"`{name}` must be 'auto', 'cpu', 'cuda' or 'cuda:N', got {shown(value)}")
    if device.type == "cuda":
        present = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if (device.index or 0) >= present:
            raise RuntimeError(
                f"`{name}`={value!r} was asked for, but {present} usable CUDA devices are here; use device='auto'"
            )
    return device
