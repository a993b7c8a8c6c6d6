"""The benchmark harness and the page it feeds."""

import os
import subprocess
import sys

import pytest

from tools import chapters, performance

HARNESS = """
import torch
from benchmarks import ratio
import os
def work(size):
    a = torch.ones(size, size)
    return lambda: [a @ a for _ in range(40)]
found = ratio.compare(
    {"ours": ratio.Variant(work(128), 40), "peer": ratio.Variant(work(512), 40)},
    ours="ours", flop=2 * 128**3, dtype=torch.float32, rounds=3,
)
assert found["ours"]["ratio"] == [1.0, 1.0, 1.0]
low, middle, high = found["peer"]["ratio"]
assert low <= middle <= high
assert middle > 8  # 64 times the arithmetic, at up to several times the rate
assert 0.05 < found["ours"]["gemm_share"][1] < 3
assert 0.05 < found["ours"]["peak_share"][1] < 1.1  # no product beats the multiply-adds it is made of, but for noise
assert len(os.sched_getaffinity(0)) == 1
assert torch.get_num_threads() == 1
"""
SHARES = {"gemm_share": [0.1, 0.2, 0.3], "peak_share": [0.1, 0.15, 0.3]}
FOUND = {"rate": [1.0, 2.0, 3.0], "ratio": [8.0, 10.0, 11.0], "flop": 1e6, **SHARES}
GROWTH = {"job": "model", "size": "runs", "values": [1, 2], "seconds": [0.5, 1.0], "exponent": [0.9, 1.0, 1.1]}
RESULTS = {
    "machine": {"processor": "a processor", "cores": 2, "python": "3.11", "versions": {"torch": "2"}},
    "rounds": 3,
    "goals": {"mlp, batch 25": {"JAX": 5, "torch by hand": 20, "peak": 0.1}},
    "growth": [{**GROWTH, "peak_mib": [400.0, 410.0]}],
    "jobs": {
        "mlp, batch 25": {"ours": FOUND, "JAX, scan": FOUND, "torch by hand": FOUND},
        "processes": {"two processes over one": {"rate": [1.0, 2.0, 3.0], "ratio": [1.0, 2.0, 2.0]}},
    },
}


def test_the_harness_pins_the_process_and_compares_within_rounds():
    subprocess.run([sys.executable, "-c", HARNESS], check=True, cwd=chapters.ROOT)


TWO_WORKERS = """
import os
from benchmarks import two_processes
assert "benchmarks.ratio" not in __import__("sys").modules  # it pins the process, and workers inherit that
assert len(os.sched_getaffinity(0)) == os.cpu_count()
"""


def test_two_workers_are_not_pinned_to_one_core():
    if len(os.sched_getaffinity(0)) < os.cpu_count():
        pytest.skip("this process is already pinned")
    subprocess.run([sys.executable, "-c", TWO_WORKERS], check=True, cwd=chapters.ROOT)


def test_the_goals_say_what_was_met_and_by_how_much_it_was_missed():
    lines = performance.goals(RESULTS).splitlines()
    assert lines[2:] == [
        "| mlp, batch 25 | JAX, scan | 10 [8, 11] | 5 | met |",
        "| mlp, batch 25 | torch by hand | 10 [8, 11] | 20 | missed, 50% of it |",
        "| mlp, batch 25 | share of the core's peak | 0.15 [0.1, 0.3] | 0.1 | met |",
    ]


def test_every_way_is_shown_with_its_shares_of_the_limits():
    lines = performance.against_peers(RESULTS).splitlines()
    assert lines[2] == "| mlp, batch 25 | ours | 2.00e+00 | 20.0% | 15.0% | 10 [8, 11] |"
    assert lines[3].startswith("|  | JAX, scan |")
    assert len(lines) == 6
    assert "| – | – | 2 [1, 2] |" in lines[5]


def test_growth_study_and_machine_are_filled_from_the_results():
    assert "| model | runs | 1, 2 | 0.5, 1 | 1 [0.9, 1.1] | 400, 410 |" in performance.growth(RESULTS)
    samples = 20 * 6 * 200 * 4000
    study = performance.study(RESULTS)
    assert f"{samples / 2:.3g} s | {samples / 4:.3g} s" in study
    assert f"{samples * 1e6 / (20e12 * 0.15):.3g} s |" in study
    assert "a processor, 2 cores" in performance.machine(RESULTS)


def test_the_kept_results_fill_the_page_and_have_no_goal_without_a_job():
    parts = performance.page_parts()
    assert all(text.strip() for text in parts.values())
    page = (chapters.ROOT / "chapters" / "performance.md").read_text(encoding="utf8")
    assert all(name in page for name in parts)
    results = performance.load()
    assert set(results["goals"]) <= set(results["jobs"])
