"""Turn ``benchmarks/results.json`` into the tables of the page on performance. No number is typed here."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from tools import chapters, tables

STUDY = {"seeds": 20, "decay times": 6, "epochs": 200, "samples": 4000}  # one architecture, one pair of rates
MAP = "map"  # the entry of a job that tells its factors apart
PEAK = "peak"  # a goal for our share of the core's peak, not for a ratio
GPU_PEAK = 20e12  # flop/s in float32, the order of a data-centre card


def load() -> dict[str, Any]:
    """Return the results of the last ``make bench``."""
    return json.loads((chapters.ROOT / "benchmarks" / "results.json").read_text(encoding="utf8"))


def goal_of(goals: Mapping[str, float], name: str) -> float | None:
    """Return the goal for a comparison: its own, or that of the family its name begins with.

    >>> goal_of({"JAX": 1.5}, "JAX, scan"), goal_of({"JAX": 1.5}, "ours")
    (1.5, None)
    """
    return next((goal for family, goal in goals.items() if name.split(",")[0] == family), None)


def goals(results: Mapping[str, Any]) -> str:
    """Return the table of what was aimed at: our speed over a peer's, or share of the core's peak, and the verdict."""
    rows = []
    for job, aims in results["goals"].items():
        for name, found in results["jobs"][job].items():
            goal = goal_of(aims, name)
            if goal is not None and name != MAP:
                rows.append([job, name, _spread(found["ratio"]), tables.number(goal), _verdict(found["ratio"], goal)])
        if PEAK in aims:
            share, goal = results["jobs"][job]["ours"]["peak_share"], aims[PEAK]
            rows.append([job, "share of the core's peak", _spread(share), tables.number(goal), _verdict(share, goal)])
    return tables.table(["job", "against", "measured", "goal", ""], rows)


def against_peers(results: Mapping[str, Any]) -> str:
    """Return the table of every way: its speed, its shares of the core's limits, and our speed over it."""
    rows = []
    for job, variants in results["jobs"].items():
        label = job
        for name, found in variants.items():
            if name != MAP:
                shares = [f"{found[s][1]:.1%}" if s in found else "–" for s in ("gemm_share", "peak_share")]
                rows.append([label, name, f"{found['rate'][1]:.2e}", *shares, _spread(found["ratio"])])
                label = ""
    head = ["job", "way", "units per second", "of the GEMM rate", "of the peak", "our speed over it"]
    return tables.table(head, rows)


def _spread(quartiles: Sequence[float]) -> str:
    low, middle, high = map(tables.number, quartiles)
    return f"{middle} [{low}, {high}]"


def _verdict(quartiles: Sequence[float], goal: float) -> str:
    return "met" if quartiles[1] >= goal else f"missed, {quartiles[1] / goal:.0%} of it"


def maps(results: Mapping[str, Any]) -> str:
    """Return, for maps that are interpolated, the two factors of their speed apart, and their errors."""
    rows = []
    for job, variants in results["jobs"].items():
        if MAP in variants:
            found = variants[MAP]
            factors = [tables.number(found[f"{name}_factor"]) for name in ("code", "sampling")]
            errors = [
                tables.number(max(found[name].values()), 2) for name in ("held_out_error", "error_at_64_grid_points")
            ]
            rows.append([job, *factors, *errors])
    head = ["job", "code", "fewer points", "largest error of log-loss, held-out points", "same, 64 grid points"]
    return tables.table(head, rows)


def growth(results: Mapping[str, Any]) -> str:
    """Return how the cost grows with each size: CPU seconds, the fitted exponent, peak memory."""
    rows = []
    for found in results["growth"]:
        lists = [", ".join(map(tables.number, found[name])) for name in ("values", "seconds", "peak_mib")]
        rows.append([found["job"], found["size"], *lists[:2], _spread(found["exponent"]), lists[2]])
    return tables.table(["job", "size", "values", "CPU seconds", "exponent", "peak memory, MiB"], rows)


def study(results: Mapping[str, Any]) -> str:
    """Return what a study costs, from the measured rates: every arm in full, without the saving of shared trunks."""
    samples, speedup = math.prod(STUDY.values()), results["jobs"]["processes"]["two processes over one"]["ratio"][1]
    rows = []
    for job, variants in results["jobs"].items():
        if "batch" in job and not job.startswith("model") and "by" not in job:
            ours = variants["ours"]
            alone = samples / ours["rate"][1]
            on_paper = samples * ours["flop"] / (GPU_PEAK * ours["peak_share"][1])
            rows.append(
                [job, *(f"{tables.number(s)} s" for s in (alone, alone / speedup, alone / (8 * speedup), on_paper))]
            )
    head = ["network", "one core", "two cores", "16 cores, if they scale as two do", "one GPU, on paper"]
    text = ", ".join(f"{value} {name}" for name, value in STUDY.items())
    paper = (
        f"On paper means: a device of {GPU_PEAK / 1e12:g} TFLOP/s in float32 that reaches the share of its peak which "
        "this core reaches. Nothing was run on one.\n"
    )
    return f"A study here is {text}.\n\n" + tables.table(head, rows) + "\n" + paper


def machine(results: Mapping[str, Any]) -> str:
    """Return where it was measured."""
    found = results["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in found["versions"].items())
    return (
        f"Measured on {found['processor']}, {found['cores']} cores, Python {found['python']}, {versions}; "
        f"{results['rounds']} rounds.\n"
    )


def page_parts() -> dict[str, str]:
    """Return the files the page includes, by name."""
    results = load()
    parts = {"goals": goals, "peers": against_peers, "maps": maps, "growth": growth, "study": study, "machine": machine}
    return {f"performance-{name}.md": part(results) for name, part in parts.items()}
