"""Measure everything, print the table, write ``benchmarks/results.json``: ``make bench``."""

from __future__ import annotations

import argparse
import json
import multiprocessing
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

from benchmarks.alone import alone

RESULTS = Path(__file__).with_name("results.json")
PACKAGES = ("torch", "numpy", "numba", "jax", "jaxlib", "loss-landscapes")
MODULES, PEER_SURFACE = "nn.Module and optim.SGD", "loss-landscapes"
MODEL_GOALS = {MODULES: 1000, "torch by hand": 200, "JAX": 1.5}
LARGE_GOALS = {MODULES: 100, "torch by hand": 20, "JAX": 1.4}
GOALS = {
    "model, d=40, n=20, B=4": MODEL_GOALS,
    "model, d=100, n=40, B=4": MODEL_GOALS,
    "model, d=1000, n=200, B=8": LARGE_GOALS,
    "model, full batch": {"torch by hand": 40, "peak": 0.45},
    "cnn1d, batch 25": {MODULES: 6},
    "cnn1d, batch 100": {MODULES: 3},
    "mlp, batch 25": {MODULES: 5},
    "mlp, batch 100": {MODULES: 3},
    "cnn1d, batch 25, by autograd": {MODULES: 3.5},
    "cnn1d, batch 100, by autograd": {MODULES: 2},
    "mlp, batch 25, by autograd": {MODULES: 3.5},
    "mlp, batch 100, by autograd": {MODULES: 2},
    "surface, mlp, same points": {PEER_SURFACE: 1.7},
    "surface, cnn1d, same points": {PEER_SURFACE: 1.5},
    "surface, mlp, 101 x 101 map": {PEER_SURFACE: 25},
    "surface, cnn1d, 101 x 101 map": {PEER_SURFACE: 25},
    "processes": {"two processes over one": 1.7},
}


def measure(rounds: int) -> dict[str, Any]:
    """Return all jobs by name."""
    jobs = {
        f"model, {size}": alone("benchmarks.j1", "stochastic", size, rounds)
        for size in ("d=40, n=20, B=4", "d=100, n=40, B=4", "d=1000, n=200, B=8")
    }
    jobs["model, full batch"] = alone("benchmarks.j1", "tail", rounds)
    for network in ("cnn1d", "mlp"):
        for batch in (25, 100):
            name = f"{network}, batch {batch}"
            jobs[name] = alone("benchmarks.j2", "compare", network, batch, rounds)
            jobs[f"{name}, by autograd"] = alone("benchmarks.j2", "compare", network, batch, rounds, "ours, autograd")
        jobs[f"surface, {network}, same points"] = alone("benchmarks.j3", "compare", network, rounds)
        jobs[f"surface, {network}, 101 x 101 map"] = alone("benchmarks.j3", "compare_map", network, rounds)
    jobs["processes"] = alone("benchmarks.two_processes", "compare", rounds)
    return jobs


def machine() -> dict[str, Any]:
    """Return processor, system and versions."""
    cpu = Path("/proc/cpuinfo")
    lines = cpu.read_text(encoding="utf8").splitlines() if cpu.is_file() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return {
        "processor": names[0] if names else platform.processor(),
        "cores": multiprocessing.cpu_count(),
        "system": platform.system(),
        "python": platform.python_version(),
        "versions": {name: metadata.version(name) for name in PACKAGES},
    }


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    jobs = measure(rounds)
    results = {
        "machine": machine(),
        "rounds": rounds,
        "jobs": jobs,
        "goals": GOALS,
        "growth": alone("benchmarks.growth", "compare", rounds),
    }
    RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf8")
    from tools import performance

    print(performance.against_peers(results))
