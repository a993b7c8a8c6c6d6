"""Ratios of variants measured side by side: process CPU time on one core, interleaved rounds, in rotated order.

Import this first: it pins the process to one core and one thread before any numerical library starts its own.
Absolute times drift with the machine's load and clock; a ratio inside one round drifts far less.
"""

from __future__ import annotations

import os

CORE = max(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None
if CORE is not None:
    os.sched_setaffinity(0, {CORE})
for _name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[_name] = "1"
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")
os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ["JAX_ENABLE_X64"] = "1"
os.environ["LRDECAY_STATIC"] = "1"

# what follows starts numerical libraries, so it comes after the pinning
import time  # noqa: E402
from collections.abc import Callable, Mapping  # noqa: E402
from dataclasses import dataclass  # noqa: E402
from typing import Any  # noqa: E402

import numpy as np  # noqa: E402
import torch  # noqa: E402
from numba import njit  # noqa: E402

from benchmarks.statistics import quartiles  # noqa: E402

torch.set_num_threads(1)
GEMM = 512
LANES, TURNS = 128, 200_000  # of the loop that only multiplies and adds: more lanes than a pipeline holds


@dataclass(frozen=True)
class Variant:
    """One way to do a job: ``run()`` does ``units`` of work that cost ``flop`` floating point operations each."""

    run: Callable[[], Any]
    units: int


def gemm_rate(dtype: torch.dtype) -> Callable[[], float]:
    """Return a function that measures the core's matrix product rate, in flop/s."""
    a, b = torch.ones(GEMM, GEMM, dtype=dtype), torch.ones(GEMM, GEMM, dtype=dtype)
    out = torch.empty_like(a)

    def measure() -> float:
        torch.mm(a, b, out=out)
        start = time.process_time()
        for _ in range(4):
            torch.mm(a, b, out=out)
        return 8 * GEMM**3 / (time.process_time() - start)

    return measure


@njit(fastmath=True)
def _multiply_and_add(lanes: np.ndarray, factor: Any, term: Any, turns: int) -> np.ndarray:
    found = lanes.copy()
    for _ in range(turns):
        for j in range(LANES):
            found[j] = found[j] * factor + term
    return found


def peak_rate(dtype: torch.dtype) -> Callable[[], float]:
    """Return a function that measures the core's rate of fused multiply-adds without memory, in flop/s."""
    lanes = torch.ones(LANES, dtype=dtype).numpy()
    factor, term = lanes.dtype.type(0.5), lanes.dtype.type(0.3)
    _multiply_and_add(lanes, factor, term, 1)

    def measure() -> float:
        start = time.process_time()
        _multiply_and_add(lanes, factor, term, TURNS)
        return 2 * LANES * TURNS / (time.process_time() - start)

    return measure


def compare(
    variants: Mapping[str, Variant], *, ours: str, flop: float, dtype: torch.dtype, rounds: int
) -> dict[str, Any]:
    """Return, per variant, units of work per CPU second, ``ours``' speed over it, and its shares of the core's limits.

    Args:
        variants: name -> work; each is run once before the clock starts.
        ours: the variant whose speed is divided by the others'.
        flop: floating point operations of one unit.
        dtype: of the calibrating loops, measured in every round.
        rounds: number of rounds.

    Returns:
        {name: {"rate", "ratio", "flop", "gemm_share", "peak_share"}}, all but ``flop`` three quartiles over rounds.
    """
    names, gemm, peak = list(variants), gemm_rate(dtype), peak_rate(dtype)
    for variant in variants.values():
        variant.run()
    rates: dict[str, list[float]] = {name: [] for name in names}
    limits: dict[str, list[float]] = {"gemm_share": [], "peak_share": []}
    for k in range(rounds):
        turn = k % len(names)
        limits["gemm_share"].append(gemm())
        limits["peak_share"].append(peak())
        for name in names[turn:] + names[:turn]:
            start = time.process_time()
            variants[name].run()
            rates[name].append(variants[name].units / (time.process_time() - start))
    table = {name: np.array(values) for name, values in rates.items()}
    return {
        name: {
            "rate": quartiles(rate),
            "ratio": quartiles(table[ours] / rate),
            "flop": flop,
            **{share: quartiles(rate * flop / np.array(limit)) for share, limit in limits.items()},
        }
        for name, rate in table.items()
    }
