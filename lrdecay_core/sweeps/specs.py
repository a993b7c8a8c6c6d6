"""What a sweep runs: specs in a fixed order, each with a key that names it and the code it was run by."""

from __future__ import annotations

import hashlib
import inspect
import itertools
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from pathlib import Path
from types import CodeType
from typing import Any

import numpy as np

from lrdecay_core import checks, provenance

__all__ = ["LIBRARY_STAMP", "Spec", "as_mapping", "code_stamp", "function_name", "grid", "key", "loaded_stamp", "names"]

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
    values = [value.item() if isinstance(value, np.generic) else value for value in checks.sequence(name, axis)]
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
    code = code_stamp(fn) if version is None else checks.word("version", version)
    return provenance.config_key(function_name(fn), spec, code)


def names(fn: Callable[[Any], Any], specs: Sequence[Any], version: str | None, *, stored: bool) -> tuple[str, ...]:
    """Return the name of every run, its :func:`key` if it is stored; raise ValueError unless specs are distinct."""
    bad = [
        spec for spec in specs if not isinstance(spec, Mapping) and (not is_dataclass(spec) or inspect.isclass(spec))
    ]
    if bad or not specs:
        raise ValueError(
            f"`specs` must hold mappings or dataclasses, at least one, got {checks.shown(bad[0]) if bad else 'none'}"
        )
    if stored:
        code = code_stamp(fn) if version is None else version
        keys = tuple(key(fn, spec, version=code) for spec in specs)
    else:
        keys = tuple(provenance.config_key(spec) for spec in specs)
    if len(set(keys)) < len(keys):
        twice = next(spec for i, spec in enumerate(specs) if keys[i] in keys[:i])
        raise ValueError(f"`specs` must be distinct, got {twice!r} more than once")
    return keys


def as_mapping(spec: Any) -> Spec:
    """Return a spec by the names of its axes, whether it is a mapping or a dataclass."""
    return spec if isinstance(spec, Mapping) else asdict(spec)


def function_name(fn: Callable[[Any], Any]) -> str:
    """Return module and name of ``fn``; raise ValueError where two functions could share them."""
    name = getattr(fn, "__qualname__", "<unnamed>")
    if not inspect.isroutine(fn) or "<" in name:
        raise ValueError(
            f"`fn` must be a function defined by name at the top of a file or notebook, got {checks.shown(fn)}; "
            "results of others cannot be told apart: put what varies into the spec"
        )
    return f"{fn.__module__}.{name}"


def code_stamp(fn: Callable[[Any], Any]) -> str:
    """Return 12 hexadecimal digits for what a result depends on besides its spec.

    They change with the library's files below claims and figures, the file that defines ``fn`` (in a notebook: the
    text of ``fn`` alone), the :func:`loaded_stamp` of ``fn``, and the versions of torch and numpy.
    """
    function_name(fn)  # refuses what is no function
    module = sys.modules.get(fn.__module__)
    file = getattr(module, "__file__", None)
    try:
        text = Path(file).read_text(encoding="utf8") if file else inspect.getsource(fn)
    except (OSError, TypeError, UnicodeDecodeError) as error:
        raise ValueError("`fn` must have a source that can be read; otherwise name its code by `version`") from error
    return hashlib.sha256((LIBRARY_STAMP + loaded_stamp(fn) + text).encode()).hexdigest()[:12]


def loaded_stamp(fn: Callable[[Any], Any]) -> str:
    """Return a hash of the code that runs when ``fn`` is called here, whatever its file says by now.

    That is the bytecode of ``fn`` and of the functions, classes and constants of its module that it names.
    """
    parts: list[str] = []
    waiting, seen = [inspect.unwrap(fn)], set()
    while waiting:
        part = waiting.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        if inspect.isclass(part):
            waiting += [value for _, value in sorted(vars(part).items()) if inspect.isfunction(value)]
        elif inspect.isfunction(part):
            names = _bytecode(part.__code__, parts)
            parts += [repr(value) for value in (part.__defaults__, part.__kwdefaults__) if _is_constant(value)]
            reached = [(name, inspect.unwrap(part.__globals__[name])) for name in names if name in part.__globals__]
            parts += [f"{name}={value!r}" for name, value in reached if _is_constant(value)]
            waiting += [value for _, value in reached if getattr(value, "__module__", None) == fn.__module__]
    return hashlib.sha256("\0".join(parts).encode(errors="surrogatepass")).hexdigest()


def _bytecode(code: CodeType, parts: list[str]) -> list[str]:
    """Add what ``code`` does to ``parts``, without addresses or line numbers; return the names it looks up."""
    parts += [code.co_code.hex(), *code.co_names, *code.co_varnames]
    names = list(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            names += _bytecode(constant, parts)
        else:
            parts.append(repr(sorted(map(repr, constant)) if isinstance(constant, frozenset) else constant))
    return names


def _is_constant(value: Any) -> bool:
    if isinstance(value, tuple):
        return all(map(_is_constant, value))
    return value is None or isinstance(value, str | bytes | bool | int | float | complex)


LIBRARY_STAMP = provenance.source_stamp(*DRAWS_ONLY)
"""Taken when the library is imported: a process runs that code to its end, whatever happens to the files."""
