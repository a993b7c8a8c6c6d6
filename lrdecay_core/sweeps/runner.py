"""Run a function on every spec, wherever the executor says, and keep what is done."""

from __future__ import annotations

import copy
import os
import pickle
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future, ProcessPoolExecutor, as_completed
from functools import cache, partial
from typing import Any

import numpy as np

from lrdecay_core import checks, environment, executors, provenance
from lrdecay_core.sweeps.result import Failure, Sweep
from lrdecay_core.sweeps.specs import LIBRARY_STAMP, as_mapping, loaded_stamp, names
from lrdecay_core.sweeps.store import Encoded, Store, decode, encode

__all__ = ["run", "run_here"]

Done = tuple[dict[str, Any], dict[str, Any]]
Outcome = tuple[Encoded, dict[str, Any]] | str
Place = str | os.PathLike[str] | Store | None


def run(
    fn: Callable[[Any], Mapping[str, Any]],
    specs: Sequence[Any],
    executor: Executor | None = None,
    store: Place = None,
    *,
    version: str | None = None,
    description: str = "runs",
) -> Sweep:
    """Return ``fn(spec)`` for every spec, in their order; runs that the store holds are read, the others computed.

    A run that raises is collected as a :class:`Failure` and the rest goes on; a warning says how many. Results are
    written here, one by one as they arrive, so workers need no common disk and a kill loses only what was under way.
    The same call then does what is missing. Two calls at once on one store may do a run twice; both write the same
    bytes.

    Args:
        fn: named function of one spec. It returns a mapping of names to arrays, numbers, words or lists of them, and
            must be the same whenever and wherever it runs: draw random numbers from the spec's seed.
        specs: distinct; see :func:`grid`. Mappings or dataclasses.
        executor: any ``concurrent.futures.Executor``; it stays the caller's to close. None: here, one after another.
            A run that kills its worker fails alone on ours; a ``ProcessPoolExecutor`` then fails all that remain.
        store: folder of the results; None keeps them in memory alone.
        version: name of the code, see :func:`key`.
        description: word before the progress bar.

    Raises:
        ValueError: an argument is not of this form, or two specs are equal.

    >>> from lrdecay_core.sweeps import grid
    >>> def double(spec):
    ...     return {"twice": 2 * spec["x"]}
    >>> run(double, grid(x=[1, 2, 3])).column("twice").tolist()
    [2, 4, 6]
    """
    found = _sweep(fn, specs, executor, store, version, description)
    if found.failures:
        first = found.failures[0]
        text = f"{len(found.failures)} of {len(found.specs)} runs failed, such as {dict(first.spec)}: {first.error}"
        warnings.warn(f"{text}; `failures` holds the tracebacks", RuntimeWarning, stacklevel=2)
    return found


def run_here(
    fn: Callable[[Any], Mapping[str, Any]],
    specs: Sequence[Any],
    *,
    workers: int | None = None,
    store: Place = None,
    description: str = "runs",
) -> Sweep:
    """Return :func:`run` in local processes, complete: what a chapter calls. The longest runs should come first.

    Args:
        fn: as for :func:`run`.
        specs: as for :func:`run`.
        workers: processes, no more than specs; None: one per core. With one, the runs are done in this process.
        store: a folder that makes the runs resumable; None: the one that ``LRDECAY_STORE`` names, if any.
        description: word before the progress bar.

    Raises:
        ValueError: an argument is not of this form, or two specs are equal.
        RuntimeError: a run failed; the text is its traceback. The others are done first, and kept.
    """
    specs = checks.sequence("specs", specs)
    place = environment.store() if store is None else store
    count = executors.available_cores() if workers is None else checks.integer("workers", workers, minimum=1)
    with executors.local_processes(min(count, max(len(specs), 1))) as executor:
        found = _sweep(fn, specs, executor, place, None, description)
    if found.failures:
        raise RuntimeError(found.failures[0].traceback)
    return found


def _sweep(
    fn: Callable[[Any], Mapping[str, Any]], specs: Sequence[Any], executor: Executor | None, store: Place,
    version: str | None, description: str,
) -> Sweep:  # fmt: skip
    _check(fn, executor)
    checks.word("description", description)
    if version is not None:
        checks.word("version", version)
    chosen = checks.sequence("specs", specs)
    place = store if isinstance(store, Store) or store is None else Store(store)
    keys = names(fn, chosen, version, stored=place is not None)
    done: dict[str, Done] = {}
    failed: dict[str, Failure] = {}
    computed = 0

    def stored(i: int) -> bool:
        found = None if place is None else place.get(keys[i])
        if found is not None:
            done[keys[i]] = found
        return found is not None

    missing = [i for i in range(len(keys)) if not stored(i)]
    work = partial(_call, fn, _loaded(fn) if version is None else None)
    for i, outcome in _outcomes(work, chosen, missing, executor or executors.Serial(), description, stored):
        if isinstance(outcome, str):
            failed[keys[i]] = Failure(spec=as_mapping(chosen[i]), key=keys[i], traceback=outcome)
            continue
        encoded, origin = outcome
        done[keys[i]] = decode(encoded), origin
        computed += 1
        if place is not None:
            place.put(keys[i], encoded, {**origin, "spec": provenance.plain(chosen[i]), "version": version})
    return Sweep(
        specs=tuple(as_mapping(spec) for spec in chosen),
        keys=keys,
        results=tuple(done[k][0] if k in done else None for k in keys),
        seconds=np.array([done[k][1].get("seconds", np.nan) if k in done else np.nan for k in keys]),
        failures=tuple(failed[k] for k in keys if k in failed),
        computed=computed,
    )


def _check(fn: Callable[[Any], Any], executor: Executor | None) -> None:
    if not callable(fn):
        raise ValueError(f"`fn` must be a function of one spec, got {checks.shown(fn)}")
    if executor is not None and not isinstance(executor, Executor):
        raise ValueError(f"`executor` must be a concurrent.futures.Executor or None, got {type(executor).__name__}")
    if isinstance(executor, ProcessPoolExecutor | executors.Processes):
        main = sys.modules["__main__"]
        if getattr(fn, "__module__", None) == "__main__" and not hasattr(main, "__file__"):
            raise ValueError("`fn` must be defined in a file, which other processes can import, or use executors.dask")


def _outcomes(
    work: Callable[[Any], Any],
    specs: Sequence[Any],
    missing: Sequence[int],
    executor: Executor,
    description: str,
    stored: Callable[[int], bool],
) -> Iterator[tuple[int, Outcome]]:
    """Yield (position, outcome) as runs end; where an executor works at once, before the next one begins."""
    pending: dict[Future[Outcome], int] = {}
    bar = environment.bar(description, initial=len(specs) - len(missing), total=len(specs))
    try:
        with bar:
            for i in missing:
                if stored(i):  # by another call, since this one began
                    bar.update()
                    continue
                future = _submit(executor, work, specs[i])
                if future.done():
                    yield i, _outcome(future)
                    bar.update()
                else:
                    pending[future] = i
            for future in as_completed(list(pending)):
                yield pending.pop(future), _outcome(future)
                bar.update()
    finally:
        for future in pending:
            future.cancel()


def _submit(executor: Executor, work: Callable[[Any], Outcome], spec: Any) -> Future[Outcome]:
    try:
        return executor.submit(work, spec)
    except BrokenExecutor as error:  # every worker is lost: the runs that remain are failures, not this call
        future: Future[Outcome] = Future()
        future.set_exception(error)
        return future
    except (TypeError, AttributeError, pickle.PicklingError) as error:
        raise ValueError(f"`fn` and `specs` must be of a kind that can be sent to a worker, but {error}") from error


def _outcome(future: Future[Outcome]) -> Outcome:
    """Return what the worker sent, or the traceback of how it was lost."""
    try:
        return future.result()
    except (Exception, CancelledError, SystemExit):
        return traceback.format_exc()


def _loaded(fn: Callable[[Any], Any]) -> tuple[str, str]:
    return LIBRARY_STAMP, loaded_stamp(fn)


def _call(fn: Callable[[Any], Any], expected: tuple[str, str] | None, spec: Any) -> Outcome:
    """Run in the worker. A failure travels as text: not every exception survives the way back."""
    started = time.perf_counter()
    try:
        if expected is not None and expected != _loaded(fn):
            other = "lrdecay_core, torch or numpy" if expected[0] != LIBRARY_STAMP else f"the module {fn.__module__}"
            raise RuntimeError(f"this worker holds another version of {other} than the caller")
        encoded = encode(fn(copy.deepcopy(spec)))
    except (Exception, SystemExit):
        return traceback.format_exc()
    name = f"{getattr(fn, '__module__', '?')}.{getattr(fn, '__qualname__', type(fn).__name__)}"
    return encoded, {**_origin(), "function": name, "seconds": time.perf_counter() - started}


@cache
def _origin() -> dict[str, Any]:
    return provenance.collect()
