"""``pytest --nbmake`` executes chapters through the same code and cache as the book build, so each runs once."""

from __future__ import annotations

import os

import pytest

for library in ("OMP", "MKL", "OPENBLAS"):  # two workers with two threads each wait for one another on small products
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")


def pytest_configure(config: pytest.Config) -> None:
    """Replace nbmake's executor by ours; it also refuses failures that leave the exit status at zero."""
    if not config.getoption("nbmake", False):
        return
    from nbmake.nb_result import NotebookError, NotebookResult
    from nbmake.nb_run import NotebookRun

    from tools import chapters, execution

    chapters.set_environment()
    chapters.open_cache()

    def execute(self: NotebookRun) -> NotebookResult:
        try:
            return NotebookResult(nb=execution.execute(self.filename, self.default_timeout)[0], error=None)
        except execution.ChapterFailed as failure:
            problem = NotebookError(summary=failure.summary, trace=failure.trace, failing_cell_index=0)
            return NotebookResult(nb=chapters.read(self.filename), error=problem)

    NotebookRun.execute = execute
