from types import SimpleNamespace

import pytest

from lrdecay_core import executors
from lrdecay_core.experiments.networks import survival


def test_a_killed_worker_costs_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("LRDECAY_STATIC", "1")
    with executors.dask(workers=2) as executor:
        found = survival.disturb(executor, tmp_path, runs=30, after=0.2)
    assert found == survival.Survival(runs=30, stored=30, lost=0, differing=0, again=0)


def test_losses_and_differences_are_counted(tmp_path, monkeypatch):
    def results(folder):
        return {"a": b"1", "b": b"2", "c": b"3"} if folder.name == "undisturbed" else {"a": b"1", "b": b"x"}

    monkeypatch.setattr(survival, "_results", results)
    pids = iter((1, 2))  # as if the executor worked elsewhere
    monkeypatch.setattr(survival, "os", SimpleNamespace(getpid=lambda: next(pids), kill=lambda *_: None))
    found = survival.disturb(executors.Serial(), tmp_path, runs=2, after=0.0)
    assert (found.stored, found.lost, found.differing) == (2, 1, 1)


def test_this_process_is_not_to_be_killed(tmp_path):
    with pytest.raises(ValueError, match="`executor` must run its work in other processes"):
        survival.disturb(executors.Serial(), tmp_path, runs=1)
