"""Where independent work runs: here, or in local processes, one thread each.

Small matrix products gain nothing from threads and lose under load, so the rule is one process per core.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, as_completed
from typing import Any, TypeVar

import torch

from lrdecay_core import checks, environment

__all__ = ["Serial", "available_cores", "local_processes", "run_all"]

T = TypeVar("T")
R = TypeVar("R")


class Serial(Executor):
    """Runs each call at once in this process; the reference the others are tested against."""

    def submit(self, fn: Callable[..., R], /, *args: Any, **kwargs: Any) -> Future[R]:
        """Run ``fn`` now and return its finished future."""
        future: Future[R] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


def available_cores() -> int:
    """Return the number of cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)


def _start_worker() -> None:
    torch.set_num_threads(1)
    os.environ["LRDECAY_STATIC"] = "1"  # the parent shows the bar


def local_processes(workers: int | None = None) -> Executor:
    """Return an executor of ``workers`` fresh processes with one thread each (default: one per core).

    With one worker no process is started: the calls run here.
    """
    count = available_cores() if workers is None else checks.integer("workers", workers, minimum=1)
    if count == 1:
        return Serial()
    return ProcessPoolExecutor(count, mp_context=multiprocessing.get_context("spawn"), initializer=_start_worker)


def run_all(
    fn: Callable[[T], R], items: Sequence[T], *, workers: int | None = None, description: str = "runs"
) -> list[R]:
    """Return ``[fn(item) for item in items]``, in that order, computed side by side behind a progress bar.

    The longest work should come first in ``items``. The first failure is raised and the rest is cancelled.
    """
    if not items:
        return []
    count = available_cores() if workers is None else checks.integer("workers", workers, minimum=1)
    with local_processes(min(len(items), count)) as executor:
        futures = [executor.submit(fn, item) for item in items]
        try:
            for future in environment.progress(as_completed(futures), description, total=len(futures)):
                future.result()
        except BaseException:
            executor.shutdown(wait=False, cancel_futures=True)
            raise
        return [future.result() for future in futures]
