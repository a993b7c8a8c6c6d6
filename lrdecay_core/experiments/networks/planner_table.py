"""What the planner reads and is judged by: runs, candidates and features in one table, and its form in a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

__all__ = ["Table"]

DIGITS = 6
ARRAYS = ("test_error", "cosine", "sharpness")


@dataclass(frozen=True, kw_only=True, eq=False)
class Table:
    """N runs, D candidate decay epochs."""

    names: tuple[str, ...]
    """(N,) condition and seed of each run."""
    test_error: np.ndarray
    """(N, D) at the end of the budget."""
    cosine: np.ndarray
    """(N,) test error of the cosine schedule at the same budget."""
    features: Mapping[str, np.ndarray]
    """name -> (N, D), see :mod:`trunk_features`: what the trunk has shown by each candidate."""
    sharpness: np.ndarray
    """(N,) at the glance; no part of any rule."""
    glance: int
    """Position of the candidate at which single features are compared."""
    seconds: float

    @property
    def oracle(self) -> np.ndarray:
        """(N,) lowest test error among the candidates."""
        return np.asarray(self.test_error.min(axis=1))

    def rounded(self) -> Table:
        """Return the table to six digits: what a file holds is what a rule is fitted on."""
        short = {name: _short(values) for name, values in self.features.items()}
        arrays: dict[str, Any] = {name: _short(getattr(self, name)) for name in ARRAYS}
        return replace(self, features=short, **arrays)

    def plain(self) -> dict[str, Any]:
        """Return the table as JSON holds it; :meth:`from_plain` reads it."""
        return {
            "names": self.names,
            "seconds": round(self.seconds, 1),
            "features": {name: values.tolist() for name, values in self.features.items()},
            **{name: getattr(self, name).tolist() for name in ARRAYS},
            "glance": self.glance,
        }

    @classmethod
    def from_plain(cls, raw: Mapping[str, Any]) -> Table:
        """Return the table of a file that may hold more."""
        arrays: dict[str, Any] = {name: np.array(raw[name]) for name in ARRAYS}
        features = {name: np.array(values) for name, values in raw["features"].items()}
        shared = {"glance": raw["glance"], "seconds": raw["seconds"]}
        return cls(names=tuple(raw["names"]), features=features, **arrays, **shared)

    @classmethod
    def join(cls, parts: Sequence[Table]) -> Table:
        """Return the runs of all parts, which have the same candidates, in their order; ``seconds`` add up."""
        arrays: dict[str, Any] = {name: np.concatenate([getattr(p, name) for p in parts]) for name in ARRAYS}
        return cls(
            names=tuple(name for p in parts for name in p.names),
            features={name: np.concatenate([p.features[name] for p in parts]) for name in parts[0].features},
            glance=parts[0].glance,
            seconds=sum(p.seconds for p in parts),
            **arrays,
        )


def _short(values: np.ndarray) -> np.ndarray:
    return np.round(values.astype(np.float64), DIGITS)
