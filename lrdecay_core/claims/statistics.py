"""Estimates with intervals that keep their promise at small n, and how strict each profile is.

Seeds are the replicates. ``book`` carries the verdicts, ``quick`` checks direction and machinery.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from lrdecay_core import checks, environment

__all__ = ["Interval", "Thresholds", "mean_interval", "profile_interval", "rank_trend", "thresholds"]


@dataclass(frozen=True, kw_only=True)
class Thresholds:
    """The numbers a profile judges by."""

    confidence: float
    """Of every interval."""
    control_share: float
    """Largest share of the main effect that a control may show."""


_PROFILES = {
    "quick": Thresholds(confidence=0.50, control_share=1.0),
    "book": Thresholds(confidence=0.95, control_share=1 / 3),
    "paper": Thresholds(confidence=0.95, control_share=1 / 3),
}


def thresholds() -> Thresholds:
    """Return the thresholds of the profile in force."""
    return _PROFILES[environment.profile()]


@dataclass(frozen=True)
class Interval:
    """A mean over replicates with its confidence interval; NaN bounds where n < 2."""

    estimate: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        return f"{self.estimate:+.4f} [{self.low:+.4f}, {self.high:+.4f}], n = {self.n}"

    def word(self, above: str, below: str, otherwise: str) -> str:
        """Return the word for an interval that lies above 0, below it, or neither.

        >>> Interval(0.1, -0.2, 0.4, 5).word("rises", "falls", "no clear trend")
        'no clear trend'
        """
        return above if self.low > 0 else below if self.high < 0 else otherwise


def mean_interval(values: np.ndarray, *, confidence: float = 0.95) -> Interval:
    """Return the mean of ``values`` (n,) with its Student-t interval; pass paired differences for a paired test.

    NaN entries are replicates that are missing: they are left out and n says how many remain.

    >>> str(mean_interval(np.array([1.0, 2.0, 3.0])))
    '+2.0000 [-0.4841, +4.4841], n = 3'
    """
    level = checks.fraction("confidence", confidence)
    found = np.asarray(values, dtype=np.float64)
    found = found[~np.isnan(found)]
    n = len(found)
    if n < 2:
        return Interval(float(found.mean()) if n else np.nan, np.nan, np.nan, n)
    half = float(stats.t.ppf((1 + level) / 2, n - 1)) * found.std(ddof=1) / np.sqrt(n)
    return Interval(float(found.mean()), float(found.mean() - half), float(found.mean() + half), n)


def profile_interval(values: np.ndarray) -> Interval:
    """Return :func:`mean_interval` at the confidence of the profile in force."""
    return mean_interval(values, confidence=thresholds().confidence)


def rank_trend(values: np.ndarray, *, confidence: float = 0.95) -> Interval:
    """Return the mean over seeds of Spearman's rank correlation between position and value.

    Args:
        values: (D, S): D ordered conditions, at least 3, by S seeds. A seed with a missing value is left out; one
            whose values are all equal shows no trend and counts as 0.
        confidence: of the Student-t interval over seeds; its bounds end at -1 and 1, the range of a correlation.
    """
    values = np.asarray(values, dtype=np.float64)
    if values.ndim != 2 or values.shape[0] < 3:
        raise ValueError(f"`values` must be (conditions >= 3, seeds), got shape {values.shape}")
    position = np.arange(values.shape[0])
    correlations = np.full(values.shape[1], np.nan)
    for s, column in enumerate(values.T):
        if not np.isnan(column).any():
            flat = np.ptp(column) == 0
            correlations[s] = 0.0 if flat else stats.spearmanr(position, column).statistic
    found = mean_interval(correlations, confidence=confidence)
    return replace(found, low=float(np.maximum(found.low, -1)), high=float(np.minimum(found.high, 1)))
