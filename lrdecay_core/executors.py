"""Where independent work runs: here, in local processes, or on the workers of a Dask scheduler, one thread each.

Small matrix products gain nothing from threads and lose under load, so the rule is one process per core.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import re
import sys
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any, TypeVar

import torch

from lrdecay_core import checks, environment

__all__ = ["Processes", "Serial", "available_cores", "dask", "local_processes"]

MOST = 4096  # processes on one machine
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


class Processes(Executor):
    """Fresh processes with one thread each. A call that kills its process fails alone; a new process takes its place.

    (A ``ProcessPoolExecutor`` fails every call then, done or not begun, and takes no more.)
    """

    def __init__(self, count: int) -> None:
        checks.integer("count", count, minimum=1, maximum=MOST)
        self._pools: list[ProcessPoolExecutor] = [_process() for _ in range(count)]
        self._threads = ThreadPoolExecutor(count)  # each holds one process for the length of a call

    def submit(self, fn: Callable[..., R], /, *args: Any, **kwargs: Any) -> Future[R]:
        """Return the future of ``fn(*args, **kwargs)`` in the next process that is free."""
        return self._threads.submit(self._call, partial(fn, *args, **kwargs))

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the processes when the calls have ended."""
        self._threads.shutdown(wait, cancel_futures=cancel_futures)
        for pool in self._pools if wait else ():  # otherwise calls that wait still need them
            pool.shutdown()

    def _call(self, work: Callable[[], R]) -> R:
        pool = self._pools.pop()  # the last one back: processes start when they are needed
        try:
            if pool._broken:  # its process was killed between two calls
                pool = _process()
            return pool.submit(work).result()
        except BrokenProcessPool:
            pool = _process()
            raise
        finally:
            self._pools.append(pool)


def _process() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"), initializer=_start_worker)


def available_cores() -> int:
    """Return the number of cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)


def _start_worker() -> None:
    torch.set_num_threads(1)
    os.environ["LRDECAY_STATIC"] = "1"  # the parent shows the bar


def local_processes(workers: int | None = None) -> Executor:
    """Return an executor of ``workers`` fresh :class:`Processes` with one thread each (default: one per core).

    With one worker no process is started: the calls run here.

    Raises:
        ValueError: ``workers`` is out of range, or above 1 in a program that was read from standard input.
    """
    count = available_cores() if workers is None else checks.integer("workers", workers, minimum=1, maximum=MOST)
    if count == 1:
        return Serial()
    main = sys.modules["__main__"]
    program = getattr(main, "__file__", None)
    if program is not None and main.__spec__ is None and not os.path.exists(program):  # no process could read it again
        raise ValueError(f"`workers` above 1 need a program in a file or a notebook, got {program}; save it, or give 1")
    return Processes(count)


@contextmanager
def dask(address: str | None = None, *, workers: int | None = None) -> Iterator[Executor]:
    """Lend an executor whose work runs on Dask, one thread a worker; a killed worker's runs start again elsewhere.

    Needs ``pip install lrdecay-core[dask]``. On a Slurm cluster, with dask-jobqueue:
    ``cluster = SLURMCluster(cores=1, memory="4GB", walltime="04:00:00"); cluster.scale(jobs=32)``, and then
    ``with executors.dask(cluster.scheduler_address) as executor``.

    Args:
        address: of a running scheduler, such as ``"tcp://head-node:8786"``; its workers import this library. None
            starts a scheduler and workers on this machine, and stops them at the end.
        workers: how many to start; None is one per core.

    Raises:
        ImportError: Dask is not installed.
        ValueError: ``address`` is none, or ``workers`` is given with it.
        OSError: nothing answers at ``address``.
    """
    if address is not None and workers is not None:
        raise ValueError(
            f"`workers` must stay None with an `address`, whose workers run already, got {checks.shown(workers)}"
        )
    if address is not None and (not isinstance(address, str) or not re.fullmatch(r"\w+://\S+|\S+:\d+", address)):
        raise ValueError(
            f"`address` must be that of a scheduler, such as 'tcp://head-node:8786', got {checks.shown(address)}"
        )
    count = available_cores() if workers is None else checks.integer("workers", workers, minimum=1)
    try:
        from distributed import Client, LocalCluster, WorkerPlugin
    except ImportError as error:
        raise ImportError("`executors.dask` needs the package distributed: pip install lrdecay-core[dask]") from error

    class OneThread(WorkerPlugin):
        def setup(self, worker: Any) -> None:
            _start_worker()

    with ExitStack() as stack:
        if address is None:
            # port 0: any free one, so that two clusters on a machine do not meet
            options = {"threads_per_worker": 1, "dashboard_address": ":0", "silence_logs": logging.CRITICAL}
            address = stack.enter_context(LocalCluster(n_workers=count, **options)).scheduler_address
        client = stack.enter_context(Client(address, set_as_default=False))
        plugin = f"lrdecay-{uuid.uuid4().hex}"
        client.register_plugin(OneThread(), name=plugin)
        stack.callback(client.unregister_worker_plugin, plugin)  # the scheduler may be another's
        if not environment.is_static() and "dashboard" in client.scheduler_info()["services"]:
            print(f"Dask's dashboard: {client.dashboard_link}")
        # pure=False: a run is named by the sweep, not by a hash of its arguments
        yield client.get_executor(pure=False)
