import os
import time

import pytest

from lrdecay_core import executors
from lrdecay_core.experiments.networks import survival


def test_nothing_is_lost_whatever_happens(tmp_path, monkeypatch):
    monkeypatch.setenv("LRDECAY_STATIC", "1")
    with executors.dask(workers=2) as executor:
        worker, parent, two, disk = survival.disturb(executor, tmp_path, runs=30)
    for found in (worker, parent, two, disk):
        assert (found.runs, found.lost, found.differing) == (30, 0, 0)
    assert (worker.again, parent.again, disk.again) == (0, 0, 0)
    assert 0 <= two.again <= 30
    assert parent.times == 1  # it was alive when the kill came
    table = survival.describe((worker, parent, two, disk), (5, 4))
    assert table.count("| 30 | 1 | 0 | 0 |") == 4
    assert "Of 5 malformed inputs, 4 got an error" in table


def test_losses_and_differences_are_counted(tmp_path):
    trial = survival.Trial(folder=tmp_path, runs=3)
    for name, contents in {"undisturbed": ("1", "2", "3"), "disturbed": ("1", "x")}.items():
        (tmp_path / name).mkdir()
        for i, text in enumerate(contents):
            (tmp_path / name / f"{i}.safetensors").write_text(text)
    found = trial.judge("a test", "disturbed", times=1, again=2)
    assert (found.lost, found.differing, found.again) == (1, 1, 2)


def test_a_disk_that_fills_up_stops_the_sweep_halfway(tmp_path, monkeypatch):
    counts = []
    monkeypatch.setenv("LRDECAY_STATIC", "1")
    monkeypatch.setattr(survival, "SECONDS", 0.0)
    sweep = survival._sweep

    def counted(*arguments):
        try:
            return sweep(*arguments)
        finally:
            counts.append(len(survival._results(arguments[0])))

    trial = survival.Trial.begin(tmp_path, runs=10)
    monkeypatch.setattr(survival, "_sweep", counted)
    assert survival.disk_full(trial).lost == 0
    assert counts == [5, 10]


def test_nonsense_is_refused_and_what_is_not_is_counted(tmp_path, monkeypatch):
    tried, refused = survival.malformed(tmp_path / "store")
    assert tried == refused >= 200
    assert not (tmp_path / "store").exists()
    monkeypatch.setattr(survival, "branches", lambda *_, **__: None)
    assert survival.malformed(tmp_path / "store") == (tried, tried - 20)


def test_nonsense_in_the_store_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(survival, "_refused", lambda call: bool((tmp_path / f"{time.time_ns()}.safetensors").touch()))
    with pytest.raises(RuntimeError, match="must stay as it was"):
        survival.malformed(tmp_path)


def test_this_process_is_not_to_be_killed(tmp_path):
    trial = survival.Trial(folder=tmp_path, runs=1)
    with pytest.raises(ValueError, match="`executor` must run its work in other processes"):
        survival.worker_killed(trial, executors.Serial())
    assert os.getpid()
