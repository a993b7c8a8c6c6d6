"""Two worker processes, one thread each, against one: wall time of the same work, rounds taken in turn.

``ratio`` must not be imported here: it pins the process to one core, and workers inherit that.
"""

from __future__ import annotations

import time
from typing import Any

from benchmarks.statistics import quartiles
from lrdecay_core import executors, model, schedules

RUNS, STEPS = 256, 32 * 1024


def work(part: int) -> float:
    """Advance 256 runs; return a number that depends on all of them."""
    problem = model.Problem.sparse(num_samples=40, num_features=100, sparsity=3, seed=2)
    path = model.sgd(
        problem,
        schedule=schedules.constant(0.02),
        num_steps=STEPS,
        batch_size=4,
        label_noise=0.5,
        init_scale=0.5,
        seeds=range(part * RUNS, (part + 1) * RUNS),
    )
    return float(path.beta.sum())


def compare(rounds: int) -> dict[str, Any]:
    """Return the speed of two workers over one, as quartiles over rounds; both are started before the clock."""
    ratios, rates = [], []
    with executors.local_processes(2) as two:
        expected = list(two.map(work, [0, 1]))
        for _ in range(rounds):
            start = time.perf_counter()
            one_by_one = [two.submit(work, part).result() for part in (0, 1)]
            middle = time.perf_counter()
            at_once = list(two.map(work, [0, 1]))
            end = time.perf_counter()
            if one_by_one != expected or at_once != expected:
                raise AssertionError("the same work gave different results")
            ratios.append((middle - start) / (end - middle))
            rates.append(2 * RUNS * STEPS / (end - middle))
    return {"two processes over one": {"ratio": quartiles(ratios), "rate": quartiles(rates)}}
