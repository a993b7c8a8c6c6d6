"""Two processes, one thread each, against one: wall time of the same work, rounds taken in turn."""

from __future__ import annotations

import time
from typing import Any

from lrdecay_core import executors, model, schedules

RUNS, STEPS = 256, 16 * 1024


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
    """Return the speed of two processes over one, as quartiles over rounds; workers are started before the clock."""
    from benchmarks.ratio import quartiles

    ratios, rates = [], []
    with executors.local_processes(2) as two:
        expected = [work(0), work(1)]
        assert list(two.map(work, [0, 1])) == expected
        for _ in range(rounds):
            start = time.perf_counter()
            assert [work(0), work(1)] == expected
            middle = time.perf_counter()
            assert list(two.map(work, [0, 1])) == expected
            end = time.perf_counter()
            ratios.append((middle - start) / (end - middle))
            rates.append(2 * RUNS * STEPS / (end - middle))
    return {"two processes over one": {"ratio": quartiles(ratios), "rate": quartiles(rates)}}
