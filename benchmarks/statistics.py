"""How repeated measurements are summed up."""

from __future__ import annotations

from typing import Any

import numpy as np


def quartiles(values: Any) -> list[float]:
    """Return lower quartile, median and upper quartile."""
    return [float(v) for v in np.percentile(np.asarray(values), [25, 50, 75])]
