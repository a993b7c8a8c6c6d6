"""What kills, a full disk, company and nonsense cost a sweep, measured against an undisturbed one."""

from __future__ import annotations

import errno
import math
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen
from typing import Any
from unittest import mock

from lrdecay_core import rng, storage, sweeps
from lrdecay_core.training import TrainConfig, branches

__all__ = [
    "Survival",
    "Trial",
    "describe",
    "disk_full",
    "disturb",
    "malformed",
    "parent_killed",
    "short_run",
    "two_at_once",
    "worker_killed",
]

SECONDS = 0.02  # of a short run
NONSENSE: tuple[Any, ...] = (-1, math.nan, math.inf, -math.inf, 1j, "no such word", b"bytes", [], {}, object())
_GOOD: dict[str, Any] = {
    "network": "mlp",
    "dataset": "digits",
    "loss": "squared",
    "learning_rate": 0.1,
    "decayed_rate": 0.01,
    "batch_size": 2,
    "epochs": 1,
    "num_train": 4,
    "width": 1,
}


@dataclass(frozen=True, kw_only=True)
class Survival:
    """A disturbed sweep beside an undisturbed one of the same specs."""

    what: str
    runs: int
    times: int
    """How often it was disturbed."""
    lost: int
    """Results that were stored when it was disturbed, or in the undisturbed store, and are missing at the end."""
    differing: int
    """Results whose bytes differ."""
    again: int
    """Runs computed though their results were stored."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """Where sweeps are compared: ``folder`` holds the undisturbed one, and gets a store for each other."""

    folder: Path
    runs: int

    @classmethod
    def begin(cls, folder: Path, *, runs: int = 40) -> Trial:
        """Run the undisturbed sweep, here."""
        trial = cls(folder=folder, runs=runs)
        _sweep(trial.folder / "undisturbed", runs)
        return trial

    def judge(self, what: str, name: str, *, times: int, again: int) -> Survival:
        """Compare the store ``name`` with the undisturbed one."""
        whole, found = (_results(self.folder / part) for part in ("undisturbed", name))
        return Survival(
            what=what,
            runs=self.runs,
            times=times,
            lost=len(whole.keys() - found.keys()),
            differing=sum(found[key] != whole[key] for key in whole.keys() & found.keys()),
            again=again,
        )


def short_run(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Return random numbers of ``spec["seed"]`` after a fiftieth of a second."""
    time.sleep(SECONDS)
    return {"noise": rng.stream(spec["seed"], "survival").standard_normal(100)}


def _sweep(store: Path, runs: int, executor: Executor | None = None) -> int:
    """Run the sweep and return how many runs it computed; also what a process of its own is started with."""
    return sweeps.run(short_run, sweeps.grid(seed=range(runs)), executor=executor, store=store).computed


def disturb(executor: Executor, folder: Path, *, runs: int = 40) -> tuple[Survival, ...]:
    """Disturb sweeps of ``runs`` short runs in every way that this module has.

    Args:
        executor: whose workers are processes of this machine and start again by themselves, as Dask's do.
        folder: empty, for the stores.
        runs: number of short runs.
    """
    with _another(folder / "parent", runs) as victim, _another(folder / "two", runs) as other:  # they import meanwhile
        trial = Trial.begin(folder, runs=runs)
        worker, disk = worker_killed(trial, executor), disk_full(trial)
        return worker, parent_killed(trial, victim), two_at_once(trial, other), disk


def worker_killed(trial: Trial, executor: Executor, *, after: float = 0.2) -> Survival:
    """Kill a worker ``after`` so many seconds, by ``kill -9``."""
    victim, store = executor.submit(os.getpid).result(), trial.folder / "worker"
    if victim == os.getpid():
        raise ValueError("`executor` must run its work in other processes, got one that works here")
    kill = threading.Timer(after, os.kill, (victim, signal.SIGKILL))
    kill.start()
    _sweep(store, trial.runs, executor)
    kill.join()
    return trial.judge("a worker killed", "worker", times=1, again=_sweep(store, trial.runs))


def parent_killed(trial: Trial, victim: Popen[str]) -> Survival:
    """Kill the process that holds the sweep, by ``kill -9``, at a moment drawn at random; then run the line again."""
    store, moment = trial.folder / "parent", rng.stream(0, "moment of a kill").uniform(0, trial.runs * SECONDS / 2)
    _go(victim, store)
    time.sleep(moment)
    times = int(victim.poll() is None)
    victim.kill()
    victim.wait()
    before = len(_results(store))
    again = before + _sweep(store, trial.runs) - trial.runs
    return trial.judge("the sweep itself killed", "parent", times=times, again=again)


def two_at_once(trial: Trial, other: Popen[str]) -> Survival:
    """Run the same line in another process at the same time; both may do a run, and then write the same bytes."""
    store = trial.folder / "two"
    _go(other, store)
    computed = _sweep(store, trial.runs) + int(other.communicate()[0])
    return trial.judge("two at once on one store", "two", times=1, again=computed - trial.runs)


def disk_full(trial: Trial) -> Survival:
    """Let the disk fill up in the middle of a write, halfway through the sweep."""
    store, save, room = trial.folder / "full", storage.save_file, iter(range(trial.runs // 2))

    def fills_up(tensors: Any, path: Path, **options: Any) -> None:
        save(tensors, path, **options)
        if next(room, None) is None:
            os.truncate(path, 100)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with mock.patch.object(storage, "save_file", fills_up), suppress(OSError):
        _sweep(store, trial.runs)
    before = len(_results(store))
    return trial.judge("the disk full", "full", times=1, again=before + _sweep(store, trial.runs) - trial.runs)


def malformed(folder: Path) -> tuple[int, int]:
    """Hand in nonsense; return how often, and how often the answer was a ``ValueError`` that names an argument.

    Raises:
        RuntimeError: nonsense reached the store in ``folder``.
    """
    before, good = _results(folder), TrainConfig(**_GOOD)
    tries: list[Callable[[], Any]] = [
        *(partial(TrainConfig, **{**_GOOD, f.name: bad}) for f in fields(TrainConfig) for bad in NONSENSE),
        *(partial(branches, good, decay_epochs=[bad], seeds=[0]) for bad in NONSENSE),
        *(partial(branches, good, decay_epochs=[1], seeds=[bad]) for bad in NONSENSE),
        *(partial(sweeps.run, short_run, [bad], store=folder) for bad in NONSENSE if bad != {}),
        *(partial(sweeps.run, short_run, sweeps.grid(seed=[0]), bad, folder) for bad in NONSENSE),
        *(partial(sweeps.run, bad, sweeps.grid(seed=[0]), store=folder) for bad in NONSENSE),
    ]
    refused = sum(_refused(call) for call in tries)
    if _results(folder) != before:
        raise RuntimeError(f"`folder` {folder} must stay as it was")
    return len(tries), refused


def _refused(call: Callable[[], Any]) -> bool:
    try:
        call()
    except ValueError as error:
        return "`" in str(error)
    except Exception:  # an answer of any other kind is what the count is for
        return False
    return False


def _another(store: Path, runs: int) -> Popen[str]:
    """Return a new process that waits for a line, then runs the sweep and prints how many runs it computed."""
    sweep = f"_sweep(pathlib.Path({str(store)!r}), {runs})"
    code = f"import pathlib; from {__name__} import _sweep; input(); print({sweep})"
    variables = {**os.environ, "LRDECAY_STATIC": "1", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    return Popen([sys.executable, "-c", code], stdin=PIPE, stdout=PIPE, stderr=DEVNULL, text=True, env=variables)


def _go(process: Popen[str], store: Path) -> None:
    """Let it begin, and wait for its first result."""
    print(file=process.stdin, flush=True)
    while not _results(store) and process.poll() is None:
        time.sleep(0.005)


def _results(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*.safetensors")}


def describe(found: Sequence[Survival], tried: tuple[int, int]) -> str:
    """Return the figures as a Markdown table, and what nonsense got."""
    lines = [f"| {s.what} | {s.runs} | {s.times} | {s.lost} | {s.differing} | {s.again} |" for s in found]
    return (
        "| what happens | runs | times | lost | differing | computed again |\n|---|---:|---:|---:|---:|---:|\n"
        + "\n".join(lines)
        + f"\n\nOf {tried[0]} malformed inputs, {tried[1]} got an error that names an argument; the store stayed as "
        "it was."
    )
