import os
import sys
import time

import pytest
import torch

from lrdecay_core import executors


def _square(x):
    return x * x


def _fail(x):
    if x == 1:
        raise KeyError("item 1")
    return x


def _where(_):
    time.sleep(0.2)  # long enough that both workers take one
    return os.getpid(), torch.get_num_threads(), os.environ.get("LRDECAY_STATIC")


@pytest.mark.parametrize("workers", [1, 2])
def test_results_come_in_order(workers):
    assert executors.run_all(_square, [3, 1, 2], workers=workers) == [9, 1, 4]


@pytest.mark.parametrize("workers", [1, 2])
def test_the_first_failure_is_raised(workers):
    with pytest.raises(KeyError, match="item 1"):
        executors.run_all(_fail, [0, 1, 2], workers=workers)


def test_workers_are_other_processes_with_one_thread_and_no_bars():
    found = executors.run_all(_where, [0, 1], workers=2)
    assert os.getpid() not in {pid for pid, _, _ in found}
    assert {threads for _, threads, _ in found} == {1}
    assert {static for _, _, static in found} == {"1"}


def test_nothing_to_do():
    assert executors.run_all(_square, []) == []


def test_bad_worker_count():
    with pytest.raises(ValueError, match="`workers`"):
        executors.local_processes(0)


def test_dask_workers_are_other_processes_with_one_thread_and_no_bars(monkeypatch):
    monkeypatch.delenv("LRDECAY_STATIC", raising=False)  # workers inherit it
    with executors.dask(workers=2) as executor:
        found = [executor.submit(_where, i) for i in range(4)]
        assert {future.result()[1:] for future in found} == {(1, "1")}
        assert os.getpid() not in {future.result()[0] for future in found}
        address = executor._client.scheduler.address
        with executors.dask(address) as same:
            assert same.submit(_square, 3).result() == 9
        assert executor.submit(_square, 4).result() == 16  # whoever borrows a scheduler leaves it running


def test_dask_arguments():
    with pytest.raises(ValueError, match="`workers` must stay None"), executors.dask("tcp://x:1", workers=2):
        pass
    with pytest.raises(ValueError, match="`workers`"), executors.dask(workers=0):
        pass


def test_dask_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ImportError, match=r"pip install lrdecay-core\[dask\]"), executors.dask():
        pass
