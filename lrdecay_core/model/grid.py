"""Products of axes as a table with one row per run."""

from __future__ import annotations

from typing import Any

import numpy as np

from lrdecay_core import checks

__all__ = ["grid"]


def grid(**axes: Any) -> dict[str, np.ndarray]:
    """Return aligned columns of length R, one row for each combination; the first axis varies slowest.

    A result (K, R) of the runs is back on the axes with ``.reshape(K, *lengths)``.

    >>> rows = grid(decay_step=[0, 500], seed=range(3))
    >>> rows["decay_step"].tolist(), rows["seed"].tolist()
    ([0, 0, 0, 500, 500, 500], [0, 1, 2, 0, 1, 2])

    Raises:
        ValueError: no axis, or an axis that is empty or not one-dimensional.
    """
    if not axes:
        raise ValueError("`axes` must name at least one axis, got none")
    columns = {name: checks.array(name, values, dtype=None) for name, values in axes.items()}
    for name, column in columns.items():
        if column.ndim != 1 or not len(column):
            raise ValueError(f"`{name}` must be a list of at least one value, got shape {column.shape}")
    table = np.meshgrid(*columns.values(), indexing="ij")
    return {name: values.ravel() for name, values in zip(columns, table, strict=True)}
