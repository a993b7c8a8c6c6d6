"""What a sweep took here, and what a larger one would take by that."""

from __future__ import annotations

import platform
from dataclasses import dataclass

import numpy as np

from lrdecay_core.sweeps import Sweep

__all__ = ["Costs", "costs", "estimate", "study_size"]


@dataclass(frozen=True, kw_only=True)
class Costs:
    """What the sweep took."""

    runs: int
    seconds: np.ndarray
    """(N,) of every run, on its worker."""
    wall: float
    """Seconds from start to end."""
    workers: int
    processor: str

    @property
    def utilisation(self) -> float:
        """Share of the workers' time that was spent in runs."""
        return float(self.seconds.sum() / (self.wall * self.workers))

    def hours(self, runs: int, workers: int) -> float:
        """Return runs x mean seconds / (workers x utilisation), in hours."""
        return runs * float(self.seconds.mean()) / (workers * self.utilisation) / 3600


def costs(found: Sweep, *, wall: float, workers: int) -> Costs:
    """Return what a sweep took that was computed here in ``wall`` seconds."""
    return Costs(runs=len(found.specs), seconds=found.seconds, wall=wall, workers=workers, processor=platform.machine())


def study_size(*, rates: int = 8, decay_times: int = 12, seeds: int = 10, settings: int = 6) -> int:
    """Return the number of runs of the full study: every rate, decay time and seed in every setting.

    >>> study_size()
    5760
    """
    return rates * decay_times * seeds * settings


def estimate(took: Costs, *, workers: tuple[int, ...] = (1, 2, 16, 128)) -> str:
    """Return the cost of the full study by the seconds measured here, as a Markdown table with its formula."""
    runs = study_size()
    lines = ["| workers | hours |", "|---:|---:|", *(f"| {n} | {took.hours(runs, n):.2g} |" for n in workers)]
    return (
        f"Here {took.runs} runs took {took.wall:.0f} s on {took.workers} workers: {took.seconds.mean():.2f} s a run on "
        f"average, {took.seconds.max():.2f} s the longest, and {100 * took.utilisation:.0f} % of the workers' time "
        f"went into runs. A study of {runs} runs of this size would take, on processors like these:\n\n"
        + "\n".join(lines)
    )
