"""What a sweep costs beside its runs, and what a second worker brings; each round again where the machine was busy."""

import hashlib
import time
from contextlib import nullcontext

import pytest

from lrdecay_core import executors, sweeps

pytestmark = pytest.mark.slow
EXECUTORS = {
    "serial": lambda: nullcontext(executors.Serial()),
    "processes": lambda: executors.Processes(1),
    "dask": lambda: executors.dask(workers=1),
}


def burn(spec):
    digest = b""
    for _ in range(spec["rounds"]):
        digest = hashlib.sha256(digest).digest()
    return {"first": digest[0]}


@pytest.fixture(scope="module")
def rounds():
    """How many take one second here."""
    started = time.perf_counter()
    burn({"rounds": 200_000})
    return int(200_000 / (time.perf_counter() - started))


def _wall(specs, executor, store):
    started = time.perf_counter()
    found = sweeps.run(burn, specs, executor=executor, store=store)
    assert found.computed == len(specs)
    return time.perf_counter() - started, found.seconds.sum()


def _warm(executor):
    for future in [executor.submit(time.sleep, 0.5) for _ in range(2)]:
        future.result()


@pytest.mark.parametrize("where", EXECUTORS)
def test_a_sweep_costs_three_percent_of_one_second_runs_at_most(tmp_path, rounds, where):
    specs = sweeps.grid(rounds=[rounds], seed=range(6))
    with EXECUTORS[where]() as executor:
        _warm(executor)
        sweeps.run(burn, [{"rounds": 1}], executor=executor, store=tmp_path / "warm")
        pairs = [_wall(specs, executor, tmp_path / str(i)) for i in range(3)]
    assert min(wall / inside - 1 for wall, inside in pairs) <= 0.03


@pytest.mark.skipif(executors.available_cores() < 2, reason="two workers need two cores")
def test_two_workers_do_the_work_of_1_7(tmp_path, rounds):
    specs = sweeps.grid(rounds=[rounds], seed=range(6))
    with executors.local_processes(2) as two:
        _warm(two)
        gains = [
            _wall(specs, None, tmp_path / f"one{i}")[0] / _wall(specs, two, tmp_path / f"two{i}")[0] for i in range(3)
        ]
    assert max(gains) >= 1.7
