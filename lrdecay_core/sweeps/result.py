"""What a sweep gives back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Failure", "Sweep"]


@dataclass(frozen=True, kw_only=True)
class Failure:
    """A run that raised, or whose worker was lost."""

    spec: Mapping[str, Any]
    """What the function was called with."""
    key: str
    """Name of the run."""
    traceback: str
    """The traceback, as text; its last line is the error."""

    @property
    def error(self) -> str:
        """The last line of the traceback."""
        return self.traceback.strip().splitlines()[-1]


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """N runs in the order of their specs."""

    specs: tuple[Mapping[str, Any], ...]
    """(N,) what the function was called with."""
    keys: tuple[str, ...]
    """(N,) names of the runs, under which the store keeps them."""
    results: tuple[dict[str, Any] | None, ...]
    """(N,) what the function returned; None where it failed."""
    seconds: np.ndarray
    """(N,) wall time of each run where it was computed; NaN where it failed."""
    failures: tuple[Failure, ...]
    """In the order of their specs; the same call tries them again."""
    computed: int
    """Runs done by this call; the others were in the store."""

    @property
    def rows(self) -> list[dict[str, Any]]:
        """(N,) the results, all of them.

        Raises:
            ValueError: a run failed.
        """
        if self.failures:
            first = self.failures[0]
            raise ValueError(
                f"`results` must be complete, got {len(self.failures)} failures of {len(self.specs)} runs, the first "
                f"at {dict(first.spec)}: {first.error}; run the same call again, or use `results`"
            )
        return [result for result in self.results if result is not None]

    def column(self, name: str) -> np.ndarray:
        """Return one result of every run, (N, ...).

        Raises:
            ValueError: a run failed, or lacks ``name``.
        """
        rows = self.rows
        if any(name not in row for row in rows):
            raise ValueError(f"`name` must be one of {sorted(set.intersection(*map(set, rows)))}, got {name!r}")
        return np.stack([np.asarray(row[name]) for row in rows])
