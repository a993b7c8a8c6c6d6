"""Execute a chapter once: ``pytest --nbmake`` and ``make book`` share this code and its cache."""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path
from typing import Any

import nbformat
import psutil
from jupyter_cache.base import CacheBundleIn
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from tools import chapters, exercises, scan

SECONDS_PER_CELL = 1800


class ChapterFailed(Exception):
    """A chapter that raised, or that ran to its end and hides a failure."""

    def __init__(self, summary: str, trace: str) -> None:
        """Keep the line for summaries and the full story."""
        super().__init__(trace)
        self.summary, self.trace = summary, trace


class PeakMemory:
    """Sample the resident memory of this process's descendants (kernel and its workers) and keep the largest sum."""

    def __init__(self, interval: float = 0.2) -> None:
        """Prepare to sample every ``interval`` seconds."""
        self.bytes, self._interval, self._stop = 0, interval, threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> PeakMemory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(self._interval):
            self.bytes = max(self.bytes, sum(map(_resident, psutil.Process().children(recursive=True))))


def _resident(process: psutil.Process) -> int:
    try:
        return process.memory_info().rss
    except psutil.Error:
        return 0


def execute(path: Path, seconds_per_cell: int = SECONDS_PER_CELL) -> tuple[nbformat.NotebookNode, dict[str, Any]]:
    """Return the executed notebook and its measurements, from the cache where it is there.

    Raises:
        ChapterFailed: if a cell raises or runs too long, or if the outputs hide a failure. Failures are never kept.
    """
    kept = chapters.executed(path)
    if kept is not None:
        _refuse_hidden_failures(path, kept[0])
        return kept
    notebook, stamp = chapters.read(path), chapters.stamp()
    own, solutions = len(notebook.cells), exercises.stamp(notebook)
    notebook.cells += exercises.cells(notebook)
    with PeakMemory() as peak:
        seconds = _run(path, notebook, own, seconds_per_cell)
    if chapters.stamp() != stamp:
        summary = f"{path.name}: library or pins changed while it ran"
        raise ChapterFailed(summary, f"{summary}, so its outputs belong to neither state; run it again")
    _refuse_hidden_failures(path, notebook)
    del notebook.cells[own:]  # the page and the cache hold the chapter alone
    measured = {"execution_seconds": seconds, "peak_mib": peak.bytes / 2**20, "solutions": solutions}
    bundle = CacheBundleIn(notebook, str(path), data=measured)
    chapters.open_cache().cache_notebook_bundle(bundle, check_validity=False, overwrite=True)
    return notebook, measured


class _Progress:
    """Prints how far a chapter is after every cell that took longer than two seconds; times its own cells."""

    def __init__(self, cells: int, own: int) -> None:
        self.cells, self.own, self.seconds, self.start = cells, own, 0.0, time.perf_counter()
        self.before = self.start

    def __call__(self, cell_index: int, **_: Any) -> None:
        now = time.perf_counter()
        if cell_index < self.own:
            self.seconds = now - self.start
        if now - self.before > 2:
            print(f"  cell {cell_index + 1} of {self.cells}, {now - self.start:.0f} s", flush=True)
        self.before = now


def _run(path: Path, notebook: nbformat.NotebookNode, own: int, seconds_per_cell: int) -> float:
    """Run the cells in a fresh kernel in the notebook's own folder; return the seconds of the first ``own`` cells."""
    progress = _Progress(len(notebook.cells), own)
    client = NotebookClient(
        notebook,
        timeout=notebook.metadata.get("execution", {}).get("timeout", seconds_per_cell),
        record_timing=False,
        resources={"metadata": {"path": str(path.parent)}},
        extra_arguments=["--IPKernelApp.log_level=40"],  # not its warning, at each start, about sockets on this machine
        on_cell_executed=progress,
    )
    try:
        client.execute()
    except CellExecutionError as error:
        raise ChapterFailed(f"{path.name}: {error.ename}: {error.evalue}", str(error)) from None
    except (CellTimeoutError, DeadKernelError) as error:
        raise ChapterFailed(f"{path.name}: {type(error).__name__}", str(error)) from None
    return progress.seconds


def _refuse_hidden_failures(path: Path, notebook: nbformat.NotebookNode) -> None:
    found = scan.problems(notebook)
    if found:
        raise ChapterFailed(f"{path.name}: {found[0]}", "\n".join([f"{path.name} ran to its end, but", *found]))


def execute_all() -> dict[str, dict[str, Any]]:
    """Execute every chapter of the book in reading order; print and return what each one took."""
    measured = {}
    for path in chapters.notebooks():
        name, kept = path.relative_to(chapters.ROOT).as_posix(), chapters.executed(path) is not None
        print(f"{name}: {'kept from an earlier run of the same code' if kept else 'executing'}", flush=True)
        try:
            measured[name] = execute(path)[1]
        except ChapterFailed as error:
            print(error.trace, file=sys.stderr)
            raise SystemExit(f"{error.summary}\nThe book was not built: {name} failed.") from None
        took = measured[name]
        print(f"{name}: {took['execution_seconds']:.1f} s, peak memory {took['peak_mib']:.0f} MiB", flush=True)
    return measured
