import os
import signal
import subprocess
import sys
import time
from concurrent.futures.process import BrokenProcessPool

import pytest
import torch

from lrdecay_core import executors


def _square(x):
    return x * x


def _where(_):
    time.sleep(0.2)  # long enough that both workers take one
    return os.getpid(), torch.get_num_threads(), os.environ.get("LRDECAY_STATIC")


def test_workers_are_other_processes_with_one_thread_and_no_bars():
    with executors.local_processes(2) as executor:
        found = [future.result() for future in [executor.submit(_where, i) for i in range(2)]]
    assert os.getpid() not in {pid for pid, _, _ in found}
    assert {threads for _, threads, _ in found} == {1}
    assert {static for _, _, static in found} == {"1"}


def test_one_worker_is_this_process():
    with executors.local_processes(1) as executor:
        assert executor.submit(os.getpid).result() == os.getpid()


def test_bad_worker_count():
    with pytest.raises(ValueError, match="`workers`"):
        executors.local_processes(0)


def test_a_program_from_standard_input_is_told_what_to_do():
    program = "from lrdecay_core import executors\nexecutors.local_processes(2)"
    done = subprocess.run([sys.executable, "-"], input=program, capture_output=True, text=True, timeout=60)
    assert "ValueError: `workers` above 1 need a program in a file or a notebook, got" in done.stderr
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr  # there is no file to read again


def test_dask_workers_are_other_processes_with_one_thread_and_no_bars(monkeypatch, capsys):
    monkeypatch.delenv("LRDECAY_STATIC", raising=False)  # workers inherit it
    with executors.dask(workers=2) as executor:
        found = [executor.submit(_where, i) for i in range(4)]
        assert {future.result()[1:] for future in found} == {(1, "1")}
        assert os.getpid() not in {future.result()[0] for future in found}
        address = executor._client.scheduler.address
        assert "Dask's dashboard: http://" in capsys.readouterr().out
        with executors.dask(address) as same:
            assert same.submit(_square, 3).result() == 9
            assert set(_plugins(executor)) == {2}
        assert set(_plugins(executor)) == {1}  # nothing of the guest stays
        assert executor.submit(_square, 4).result() == 16  # whoever borrows a scheduler leaves it running


def _plugins(executor):
    def count(dask_worker):
        return sum(name.startswith("lrdecay-") for name in dask_worker.plugins)

    return executor._client.run(count).values()


def _dies(x):
    if x == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return os.getpid()


def test_a_call_that_kills_its_process_fails_alone():
    with executors.local_processes(2) as executor:
        futures = [executor.submit(_dies, x) for x in (0, 1, 2, 3, 1, 4)]
        lost = [i for i, future in enumerate(futures) if isinstance(future.exception(), BrokenProcessPool)]
        assert lost == [1, 4]
        os.kill(futures[-1].result(), signal.SIGKILL)  # between two calls
        while not any(pool._broken for pool in executor._pools):
            time.sleep(0.01)
        assert futures[-1].result() not in [executor.submit(_dies, x).result() for x in (2, 3, 4)]


def test_calls_that_wait_are_cancelled_or_done(tmp_path):
    for cancel in (True, False):
        executor = executors.Processes(1)
        futures = [executor.submit(_square, x) for x in range(4)]
        executor.shutdown(wait=False, cancel_futures=cancel)
        done = [future for future in futures if not future.cancelled()]
        assert len(done) == 4 if not cancel else len(done) < 4
        assert [future.result() for future in done] == [0, 1, 4, 9][: len(done)]


def test_dask_arguments():
    for address in ("garbage", 5, ""):
        with pytest.raises(ValueError, match="`address` must be that of a scheduler"), executors.dask(address):
            pass
    with pytest.raises(ValueError, match="`workers` must stay None"), executors.dask("tcp://x:1", workers=2):
        pass
    with pytest.raises(ValueError, match="`workers`"), executors.dask(workers=0):
        pass


def test_dask_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ImportError, match=r"pip install lrdecay-core\[dask\]"), executors.dask():
        pass
