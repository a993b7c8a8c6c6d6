"""How the cost of SGD on the model grows: CPU seconds against one size at a time, and the slope on log scales."""

from __future__ import annotations

import time
from typing import Any

from benchmarks import ratio  # noqa: F401  (first: it pins the process)

import numpy as np  # isort: skip

from benchmarks.statistics import quartiles  # isort: skip

from lrdecay_core import model, schedules  # isort: skip

AXES = {  # the others stay at the base
    "runs": [64, 128, 256, 512],
    "steps": [512, 1024, 2048, 4096],
    "features": [100, 200, 400, 800],
    "batch_size": [2, 4, 8, 16],
}
BASE = {"runs": 128, "steps": 1024, "features": 100, "batch_size": 4}


def seconds(*, runs: int, steps: int, features: int, batch_size: int) -> float:
    """Return the CPU seconds of one call, n = 40."""
    problem = model.Problem.sparse(num_samples=40, num_features=features, sparsity=3, seed=2)
    start = time.process_time()
    model.sgd(
        problem,
        schedule=schedules.constant(0.005),
        num_steps=steps,
        batch_size=batch_size,
        label_noise=0.1,
        init_scale=0.3,
        seeds=range(runs),
    )
    return time.process_time() - start


def compare(rounds: int) -> dict[str, Any]:
    """Return {axis: {"sizes", "seconds", "exponent"}}: medians over rounds, quartiles of the slope."""
    seconds(**BASE)
    found = {}
    for axis, sizes in AXES.items():
        times = np.array([[seconds(**{**BASE, axis: size}) for size in sizes] for _ in range(rounds)])
        slopes = [np.polyfit(np.log(sizes), np.log(row), 1)[0] for row in times]
        found[axis] = {
            "sizes": sizes,
            "seconds": np.median(times, axis=0).tolist(),
            "exponent": quartiles(slopes),
        }
    return found
