"""What a killed worker costs a sweep, measured: results lost, done twice, or other than in an undisturbed one."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lrdecay_core import rng, sweeps

__all__ = ["Survival", "disturb", "short_run"]


@dataclass(frozen=True, kw_only=True)
class Survival:
    """Two sweeps of the same specs, one undisturbed and one whose worker was killed."""

    runs: int
    stored: int
    """Results that the disturbed store holds at the end."""
    lost: int
    """Results of the undisturbed store that are missing there."""
    differing: int
    """Results whose bytes differ."""
    again: int
    """Runs that a second call of the same line computed."""


def short_run(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Return random numbers of ``spec["seed"]`` after a twentieth of a second."""
    time.sleep(0.05)
    return {"noise": rng.stream(spec["seed"], "survival").standard_normal(100)}


def disturb(executor: Executor, folder: Path, *, runs: int = 40, after: float = 0.5) -> Survival:
    """Sweep twice, here and on ``executor``, and kill one of the executor's local worker processes on the way.

    Args:
        executor: whose workers are processes of this machine and start again by themselves, as Dask's do.
        folder: empty, for the two stores.
        runs: number of short runs.
        after: seconds from the start of the second sweep to the kill.
    """
    specs = sweeps.grid(seed=range(runs))
    sweeps.run(short_run, specs, store=folder / "undisturbed")
    victim = executor.submit(os.getpid).result()
    if victim == os.getpid():
        raise ValueError("`executor` must run its work in other processes, got one that works here")
    kill = threading.Timer(after, os.kill, (victim, signal.SIGKILL))
    kill.start()
    sweeps.run(short_run, specs, executor=executor, store=folder / "disturbed")
    kill.join()
    again = sweeps.run(short_run, specs, executor=executor, store=folder / "disturbed").computed
    whole, found = (_results(folder / name) for name in ("undisturbed", "disturbed"))
    return Survival(
        runs=runs,
        stored=len(found),
        lost=len(whole.keys() - found.keys()),
        differing=sum(found[name] != whole[name] for name in whole.keys() & found.keys()),
        again=again,
    )


def _results(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*.safetensors")}
