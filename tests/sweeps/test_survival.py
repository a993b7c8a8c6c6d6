"""Processes killed at random moments: nothing stored is lost or done twice, the store ends with the same bytes."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

RUNS = 100
VICTIM = Path(__file__).with_name("victim.py")


def start(store, mode):
    command = [sys.executable, "-W", "error", str(VICTIM), str(store), mode, str(RUNS)]
    environment = {**os.environ, "LRDECAY_STATIC": "1", "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment, start_new_session=True)
    word, *pids = process.stdout.readline().split()
    assert word == "begin"
    return process, [int(pid) for pid in pids]


def finish(process):
    """Let it end and return how many runs it computed."""
    last = process.communicate(timeout=120)[0].split()
    assert process.returncode == 0
    assert last[0] == "end"
    return int(last[1])


def bury(process):
    """End the process and whatever it started, at once."""
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def contents(store):
    return {path.name: path.read_bytes() for path in store.iterdir() if path.suffix != ".json"}


def done(store):
    return len([*store.glob("*.safetensors")]) if store.exists() else 0


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    store = tmp_path_factory.mktemp("survival") / "undisturbed"
    assert finish(start(store, "serial")[0]) == RUNS
    assert len(contents(store)) == RUNS
    return contents(store)


@pytest.mark.parametrize("kills", [5, pytest.param(20, marks=pytest.mark.slow)])
def test_the_parent_killed_at_random_moments(tmp_path, undisturbed, kills):
    store, moments, before = tmp_path / "store", random.Random(kills), 0
    for _ in range(kills):
        process, _ = start(store, "serial")
        time.sleep(moments.uniform(0, 4.0 / kills))
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        assert done(store) >= before
        before = done(store)
    assert 0 < before < RUNS
    assert finish(start(store, "serial")[0]) == RUNS - before
    assert contents(store) == undisturbed


def test_a_worker_and_the_parent_killed_on_a_cluster(tmp_path, undisturbed):
    store, moments = tmp_path / "store", random.Random(0)
    process, workers = start(store, "dask")
    try:
        while done(store) < 10:
            time.sleep(0.01)
        os.kill(workers[0], signal.SIGKILL)
        time.sleep(moments.uniform(0, 0.5))
    finally:
        os.kill(process.pid, signal.SIGKILL)  # the parent alone: its workers have to notice by themselves
        process.communicate()
    survived = done(store)
    assert 10 <= survived < RUNS
    process, _ = start(store, "dask")
    assert finish(process) == RUNS - survived
    assert contents(store) == undisturbed
    _wait_until_gone(workers)


def _wait_until_gone(pids):
    """Workers whose parent is dead end by themselves, within the seconds their connection takes to close."""
    deadline = time.monotonic() + 30
    while any(Path(f"/proc/{pid}").exists() for pid in pids):
        assert time.monotonic() < deadline, "a worker outlived its parent"
        time.sleep(0.1)


def _kill_workers(store, kills):
    """Kill a worker at ``kills`` random stages of the sweep; return how many runs it computed."""
    moments = random.Random(kills)
    process, _ = start(store, "dask")
    try:
        for stage in sorted(moments.sample(range(RUNS - 20), kills)):
            while done(store) < stage or not (workers := _workers(process.pid)):
                assert process.poll() is None
                time.sleep(0.005)
            time.sleep(moments.uniform(0, 0.03))
            os.kill(moments.choice(workers), signal.SIGKILL)
        return finish(process)
    finally:
        if process.poll() is None:
            bury(process)


def _workers(parent):
    """Return the spawned processes of a parent, as the kernel lists them."""
    listed = Path(f"/proc/{parent}/task")
    children = [c for task in listed.glob("*/children") for c in task.read_text().split()]
    return [int(c) for c in children if b"spawn_main" in Path(f"/proc/{c}/cmdline").read_bytes()]


def test_workers_killed_at_random_moments(tmp_path, undisturbed):
    assert _kill_workers(tmp_path / "store", 5) == RUNS
    assert contents(tmp_path / "store") == undisturbed


@pytest.mark.slow
def test_workers_killed_at_twenty_random_moments(tmp_path, undisturbed):
    for i in range(7):
        assert _kill_workers(tmp_path / f"store{i}", 3) == RUNS
        assert contents(tmp_path / f"store{i}") == undisturbed


def test_two_sweeps_at_once_on_one_store(tmp_path, undisturbed):
    pair = [start(tmp_path / "store", "serial")[0] for _ in range(2)]
    computed = [finish(process) for process in pair]
    assert max(computed) <= RUNS <= sum(computed)
    assert contents(tmp_path / "store") == undisturbed
