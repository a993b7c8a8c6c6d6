import os
import re
import sys
import time
import types
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pytest

from lrdecay_core import executors, rng, storage, sweeps
from lrdecay_core.sweeps import runner

SPECS = sweeps.grid(rate=[0.1, 0.2], seed=range(4))
CALLS = []
BUFFER = np.zeros(2)


def work(spec):
    CALLS.append(dict(spec))
    noise = rng.stream(spec["seed"], "sweep test").standard_normal(3)
    return {"values": spec["rate"] * noise, "seed": spec["seed"]}


def picky(spec):
    if spec["seed"] == 2:
        raise KeyError("seed 2")
    return work(spec)


def unpicklable(spec):
    class Local(Exception):
        def __reduce__(self):
            raise TypeError("does not travel")

    raise Local("here")


def dies(spec):
    if spec["seed"] == 1:
        os.kill(os.getpid(), 9)
    return {"x": 1}


def spoils_its_spec(spec):
    spec["x"].append(0)
    return {"x": spec.pop("x")}


def exits(spec):
    if spec["seed"] == 1:
        sys.exit(3)
    return {"x": 1}


def fills_again(spec):
    BUFFER.fill(spec["seed"])
    return {"x": BUFFER}


@dataclass(frozen=True)
class Config:
    rate: float
    seed: int


def from_config(config):
    return {"sum": config.rate + config.seed}


@pytest.fixture(autouse=True)
def forget():
    CALLS.clear()


def contents(folder):
    """What a store holds, apart from where and how fast it was computed."""
    return {path.name: path.read_bytes() for path in folder.glob("*") if path.suffix != ".json"}


def reference():
    return np.array([s["rate"] * rng.stream(s["seed"], "sweep test").standard_normal(3) for s in SPECS])


def test_results_come_in_order_from_every_executor(tmp_path):
    stores = []
    with ThreadPoolExecutor(3) as threads, executors.local_processes(2) as processes:
        for name, executor in {"serial": None, "threads": threads, "processes": processes}.items():
            found = sweeps.run(work, SPECS, executor=executor, store=tmp_path / name)
            np.testing.assert_array_equal(found.column("values"), reference())
            assert found.computed == len(SPECS)
            assert (found.seconds > 0).all()
            stores.append(contents(tmp_path / name))
    assert len(stores[0]) == len(SPECS)
    assert stores[0] == stores[1] == stores[2]


def test_a_rerun_does_only_what_is_missing(tmp_path):
    sweeps.run(work, SPECS[:5], store=tmp_path)
    CALLS.clear()
    found = sweeps.run(work, SPECS, store=tmp_path)
    assert [*SPECS[5:]] == CALLS
    assert found.computed == 3
    np.testing.assert_array_equal(found.column("values"), reference())
    assert (found.seconds > 0).all()
    assert sweeps.run(work, SPECS, store=tmp_path).computed == 0


def test_without_a_store_everything_is_computed():
    assert sweeps.run(lambda spec: {"x": 1}, SPECS).computed == len(SPECS)


def test_other_code_finds_nothing_of_the_old(tmp_path):
    sweeps.run(work, SPECS, store=tmp_path, version="1")
    assert sweeps.run(work, SPECS, store=tmp_path, version="1").computed == 0
    assert sweeps.run(work, SPECS, store=tmp_path, version="2").computed == len(SPECS)
    assert sweeps.run(work, SPECS, store=tmp_path).computed == len(SPECS)


def test_dataclasses_are_specs(tmp_path):
    found = sweeps.run(from_config, [Config(0.5, 1), Config(0.5, 2)], store=tmp_path)
    np.testing.assert_array_equal(found.column("sum"), [1.5, 2.5])
    assert found.specs[1] == {"rate": 0.5, "seed": 2}


def test_failures_carry_their_spec_and_traceback_and_the_rest_goes_on(tmp_path):
    with pytest.warns(RuntimeWarning, match=r"2 of 8 runs failed, such as \{'rate': 0.1, 'seed': 2\}: KeyError"):
        found = sweeps.run(picky, SPECS, store=tmp_path)
    assert [f.spec for f in found.failures] == [{"rate": 0.1, "seed": 2}, {"rate": 0.2, "seed": 2}]
    assert all("in picky" in f.traceback for f in found.failures)
    assert [r is None for r in found.results] == [s["seed"] == 2 for s in SPECS]
    assert np.isnan(found.seconds[2])
    assert found.computed == 6
    CALLS.clear()
    with pytest.warns(RuntimeWarning, match="2 of 8"):
        sweeps.run(picky, SPECS, store=tmp_path)
    assert CALLS == []


def test_an_exception_that_cannot_travel_is_reported_as_it_was():
    with executors.local_processes(2) as pool, pytest.warns(RuntimeWarning, match="1 of 1"):
        found = sweeps.run(unpicklable, SPECS[:1], executor=pool)
    assert found.failures[0].error.endswith("Local: here")


def test_a_run_that_kills_its_process_fails_alone(tmp_path):
    with executors.local_processes(2) as pool, pytest.warns(RuntimeWarning, match="BrokenProcessPool"):
        found = sweeps.run(dies, SPECS, executor=pool, store=tmp_path)
    assert [failure.spec["seed"] for failure in found.failures] == [1, 1]
    assert found.computed == len(sweeps.Store(tmp_path).keys()) == len(SPECS) - 2


def test_a_broken_pool_fails_what_it_was_given_and_the_rest(tmp_path):
    """Not ours: a ``ProcessPoolExecutor`` takes no more calls then."""
    with ProcessPoolExecutor(1) as pool, pytest.warns(RuntimeWarning, match="BrokenProcessPool"):
        found = sweeps.run(dies, SPECS, executor=pool, store=tmp_path)
    assert found.failures
    assert len(found.failures) + found.computed == len(SPECS)


def test_an_interrupt_keeps_what_is_done_and_cancels_the_rest(tmp_path, monkeypatch):
    class Later(executors.Serial):
        def submit(self, fn, /, *args, **kwargs):
            futures.append(Future())
            return futures[-1]

    futures = []
    monkeypatch.setattr(runner, "as_completed", lambda pending: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        sweeps.run(work, SPECS, executor=Later(), store=tmp_path)
    assert len(futures) == len(SPECS)
    assert all(future.cancelled() for future in futures)


def test_a_full_disk_stops_the_sweep_and_leaves_the_store_readable(tmp_path, monkeypatch):
    save, room = storage.save_file, 3

    def filling(*args, **options):
        nonlocal room
        if not room:
            raise OSError(28, "No space left on device")
        room -= 1
        save(*args, **options)

    with monkeypatch.context() as patch:
        patch.setattr(storage, "save_file", filling)
        with pytest.raises(OSError, match="No space"):
            sweeps.run(work, SPECS, store=tmp_path / "a")
    assert len(sweeps.Store(tmp_path / "a").keys()) == 3
    assert sweeps.run(work, SPECS, store=tmp_path / "a").computed == len(SPECS) - 3
    sweeps.run(work, SPECS, store=tmp_path / "b")
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_what_another_call_stored_meanwhile_is_not_done_again(tmp_path):
    class Meddling(executors.Serial):
        def submit(self, fn, /, *args, **kwargs):
            if not CALLS:
                sweeps.run(work, SPECS[4:], store=tmp_path)
            return super().submit(fn, *args, **kwargs)

    found = sweeps.run(work, SPECS, executor=Meddling(), store=tmp_path)
    assert len(CALLS) == len(SPECS)
    assert found.computed == 4
    np.testing.assert_array_equal(found.column("values"), reference())


def test_a_worker_with_other_code_is_refused():
    library, loaded = runner._loaded(work)
    for stamps, what in ((("another", loaded), "lrdecay_core"), ((library, "another"), f"the module {__name__}")):
        assert f"another version of {what}" in runner._call(work, stamps, SPECS[0])
    assert CALLS == []
    assert not isinstance(runner._call(work, (library, loaded), SPECS[0]), str)


def test_what_a_run_does_to_its_spec_stays_in_the_run(tmp_path):
    found = sweeps.run(spoils_its_spec, [{"x": [1]}, {"x": [2]}], store=tmp_path)
    assert found.specs == ({"x": [1]}, {"x": [2]})
    assert sweeps.run(spoils_its_spec, [{"x": [1]}, {"x": [2]}], store=tmp_path).computed == 0


def test_a_run_that_exits_is_a_failure():
    with pytest.warns(RuntimeWarning, match="SystemExit: 3"):
        found = sweeps.run(exits, SPECS)
    assert len(found.failures) == 2
    assert found.computed == len(SPECS) - 2


def test_memory_that_is_used_again_does_not_change_earlier_results():
    assert sweeps.run(fills_again, SPECS).column("x").tolist() == [[float(s["seed"])] * 2 for s in SPECS]


def test_a_function_of_a_notebook_needs_dask(monkeypatch):
    main = types.ModuleType("__main__")
    monkeypatch.setitem(sys.modules, "__main__", main)
    monkeypatch.setattr(work, "__module__", "__main__")
    with executors.local_processes(2) as pool, pytest.raises(ValueError, match="`fn` must be defined in a file"):
        sweeps.run(work, SPECS, executor=pool, version="1")


def test_what_cannot_be_sent_to_a_worker_is_refused():
    class Picky(executors.Serial):
        def submit(self, fn, /, *args, **kwargs):
            raise TypeError("cannot pickle '_thread.lock' object")

    with pytest.raises(ValueError, match="`fn` and `specs` must be of a kind that can be sent to a worker, but cannot"):
        sweeps.run(work, SPECS, executor=Picky())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((work, []), "`specs` must hold mappings or dataclasses, at least one, got none"),
        ((work, [1]), "`specs` must hold mappings or dataclasses, at least one, got 1"),
        ((work, [{"seed": 1}, {"seed": 1}]), "`specs` must be distinct"),
        ((work, [{"seed": {1}}]), "got set"),
        ((work, SPECS, "threads"), "`executor` must be a concurrent.futures.Executor or None, got str"),
        ((lambda spec: {}, SPECS, None, "store"), "`fn` must be a function defined by name"),
    ],
)
def test_bad_arguments(arguments, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=message):
        sweeps.run(*arguments)
    assert list(tmp_path.iterdir()) == []


def test_provenance_says_where_a_result_comes_from(tmp_path):
    sweeps.run(work, SPECS[:1], store=tmp_path)
    _, origin = sweeps.Store(tmp_path).get(sweeps.key(work, SPECS[0]))
    assert origin["spec"] == {"rate": 0.1, "seed": 0}
    assert origin["function"].endswith("test_runner.work")
    assert {"commit", "versions", "device", "seconds", "version"} <= set(origin)
    assert os.uname().nodename not in str(origin)


def test_overhead_stays_below_three_percent_of_one_second(tmp_path):
    """The budget is 30 ms a run; storing one takes two flushes to disk."""
    specs = sweeps.grid(rate=[0.1], seed=range(50))
    sweeps.run(work, specs[:1], store=tmp_path / "warm")
    started = time.perf_counter()
    sweeps.run(work, specs, store=tmp_path / "a")
    with_store = time.perf_counter() - started
    started = time.perf_counter()
    for spec in specs:
        work(spec)
    bare = time.perf_counter() - started
    assert (with_store - bare) / len(specs) < 0.03


def slow_work(spec):
    time.sleep(0.15)
    return {"x": spec["seed"]}


def test_the_bar_of_a_rerun_begins_where_the_store_ends_and_says_the_time_left(tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("LRDECAY_STATIC", raising=False)
    sweeps.run(slow_work, SPECS[:5], store=tmp_path)
    capsys.readouterr()
    sweeps.run(slow_work, SPECS, store=tmp_path, description="rest")
    shown = capsys.readouterr().err
    assert "rest:  62%" in shown
    assert "0/8" not in shown
    assert re.search(r"[67]/8 \[\d\d:\d\d<\d\d:\d\d", shown)


def test_two_sweeps_at_once_on_one_cluster_and_one_store(tmp_path):
    sweeps.run(work, SPECS, store=tmp_path / "alone")
    with executors.dask(workers=2) as ours, executors.dask(ours._client.scheduler.address) as theirs:
        with ThreadPoolExecutor(2) as threads:
            calls = [threads.submit(sweeps.run, work, SPECS, executor, tmp_path / "b") for executor in (ours, theirs)]
        for call in calls:
            np.testing.assert_array_equal(call.result().column("values"), reference())
    assert contents(tmp_path / "b") == contents(tmp_path / "alone")


@pytest.mark.parametrize("workers", [1, 2])
def test_here_results_come_in_order(workers):
    found = sweeps.run_here(work, SPECS, workers=workers)
    np.testing.assert_array_equal(found.column("values"), reference())
    assert len(CALLS) == (len(SPECS) if workers == 1 else 0)  # two: in processes of their own


def test_here_a_failure_is_raised_with_its_traceback_when_the_rest_is_kept(tmp_path):
    with pytest.raises(RuntimeError, match="in picky\n(.*\n)+KeyError: 'seed 2'"):
        sweeps.run_here(picky, SPECS, workers=1, store=tmp_path)
    assert len(sweeps.Store(tmp_path).keys()) == len(SPECS) - 2


def test_here_the_variable_names_the_store_unless_the_call_does(tmp_path, monkeypatch):
    monkeypatch.delenv("LRDECAY_STORE", raising=False)
    assert sweeps.run_here(work, SPECS, workers=1).computed == len(SPECS)
    monkeypatch.setenv("LRDECAY_STORE", str(tmp_path / "a"))
    assert sweeps.run_here(work, SPECS[:5], workers=1).computed == 5
    assert sweeps.run_here(work, SPECS, workers=1).computed == 3
    assert sweeps.run_here(work, SPECS, workers=1, store=tmp_path / "b").computed == len(SPECS)
    assert sweeps.run(work, SPECS).computed == len(SPECS)  # keeps to what it is told


def test_arrays_in_a_spec_name_a_run_too(tmp_path):
    specs = [{"rate": 0.1, "seed": 1, "ends": np.arange(3.0) + k} for k in range(2)]
    assert sweeps.run(work, specs, store=tmp_path).computed == 2
    assert sweeps.run(work, specs[::-1], store=tmp_path).computed == 0
