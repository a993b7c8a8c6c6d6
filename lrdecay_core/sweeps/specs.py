"""What a sweep runs: specs in a fixed order, each with a key that names it and the code it was run by."""

from __future__ import annotations

import hashlib
import inspect
import itertools
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from lrdecay_core import provenance

__all__ = ["LIBRARY_STAMP", "Spec", "code_stamp", "function_name", "grid", "key"]

Spec = Mapping[str, Any]
"""Axis name -> value: numbers, words, truth values, None, lists, mappings or dataclasses."""
DRAWS_ONLY = ("claims", "explorers", "figures")  # no result depends on them: they stand above every experiment


def grid(**axes: Iterable[Any]) -> tuple[dict[str, Any], ...]:
    """Return every combination of the axes' values, the last axis fastest.

    So a column of a sweep over these specs reshapes to ``[len(values) for values in axes.values()]``.

    Raises:
        ValueError: no axis, or one that is empty, repeats a value, or holds what has no fixed form.

    >>> grid(learning_rate=[0.1, 0.2], seed=range(2))[1]
    {'learning_rate': 0.1, 'seed': 1}
    """
    if not axes:
        raise ValueError("`axes` must name at least one axis, got none; such as grid(learning_rate=[0.1, 0.2])")
    values = {name: _axis(name, axis) for name, axis in axes.items()}
    return tuple(dict(zip(values, point, strict=True)) for point in itertools.product(*values.values()))


def _axis(name: str, axis: Iterable[Any]) -> list[Any]:
    if isinstance(axis, str | bytes | Mapping) or not isinstance(axis, Iterable):
        raise ValueError(f"`{name}` must be a list of values, got {axis!r}; one value is [{axis!r}]")
    values = [value.item() if isinstance(value, np.generic) else value for value in axis]
    if not values:
        raise ValueError(f"`{name}` must hold at least one value, got none")
    keys = [provenance.config_key(value) for value in values]
    repeated = [value for i, value in enumerate(values) if keys[i] in keys[:i]]
    if repeated:
        raise ValueError(f"`{name}` must hold distinct values, got {repeated} more than once")
    return values


def key(fn: Callable[[Any], Any], spec: Spec, *, version: str | None = None) -> str:
    """Return the name of one run: function, spec and code; any of them changed gives another name.

    Args:
        fn: a function with a name of its own (no lambda, no function made inside another, no partial).
        spec: what it is called with.
        version: a word for the code. None stamps the files themselves: see :func:`code_stamp`. Give one of your own
            to keep a long study's results across edits that you know do not change them.
    """
    return provenance.config_key(function_name(fn), spec, code_stamp(fn) if version is None else str(version))


def function_name(fn: Callable[[Any], Any]) -> str:
    """Return module and name of ``fn``; raise ValueError where two functions could share them."""
    name = getattr(fn, "__qualname__", "<unnamed>")
    if not inspect.isroutine(fn) or "<" in name:
        raise ValueError(
            f"`fn` must be a function defined by name at the top of a file or notebook, got {fn!r}; results of others "
            "cannot be told apart: put what varies into the spec"
        )
    return f"{fn.__module__}.{name}"


def code_stamp(fn: Callable[[Any], Any]) -> str:
    """Return 12 hexadecimal digits for what a result depends on besides its spec.

    They change with the library's files below claims and figures, the file that defines ``fn`` (in a notebook: the
    text of ``fn`` alone), and the versions of torch and numpy.
    """
    function_name(fn)  # refuses what is no function
    module = sys.modules.get(fn.__module__)
    file = getattr(module, "__file__", None)
    try:
        text = Path(file).read_text(encoding="utf8") if file else inspect.getsource(fn)
    except (OSError, TypeError) as error:
        raise ValueError("`fn` must have a source that can be read; otherwise name its code by `version`") from error
    return hashlib.sha256((LIBRARY_STAMP + text).encode()).hexdigest()[:12]


LIBRARY_STAMP = provenance.library_stamp(*DRAWS_ONLY)
"""Taken when the library is imported: a process runs that code to its end, whatever happens to the files."""
