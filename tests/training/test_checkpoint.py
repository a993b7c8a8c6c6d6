from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from lrdecay_core import storage
from lrdecay_core.training import branches, checkpoint
from lrdecay_core.training.loop import Loop

STATE = {"weights": torch.arange(6.0).view(2, 3), "epoch": torch.tensor(4)}


def test_what_is_saved_is_what_is_loaded(tmp_path):
    path = tmp_path / "deep" / "state"
    checkpoint.save(path, STATE, key="abc")
    loaded = checkpoint.load(path, key="abc")
    assert set(loaded) == set(STATE)
    assert all(torch.equal(loaded[name], STATE[name]) for name in STATE)
    assert [p.name for p in path.parent.iterdir()] == ["state"]


def test_loaded_tensors_are_aligned_wherever_they_lay_in_the_file(tmp_path):
    """Sums of a matrix product may depend on it, and a resumed run is to equal an uninterrupted one bit for bit."""
    path = tmp_path / "state"
    for size in range(1, 20):
        checkpoint.save(path, {"a": torch.zeros(size, dtype=torch.uint8), "b": torch.ones(5, 3)}, key="abc")
        assert all(tensor.data_ptr() % 64 == 0 for tensor in checkpoint.load(path, key="abc").values())


@pytest.mark.parametrize("damage", [lambda b: b[:40], lambda b: b"", lambda b: b"PK\x03\x04" + b[4:], lambda b: b[:-3]])
def test_damaged_files_are_named(tmp_path, damage):
    path = tmp_path / "state"
    checkpoint.save(path, STATE, key="abc")
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ValueError, match="`store` .* cannot be read as a checkpoint"):
        checkpoint.load(path, key="abc")


def test_a_failed_write_leaves_the_last_good_state(tmp_path, monkeypatch):
    path = tmp_path / "state"
    checkpoint.save(path, STATE, key="abc")

    def full(*args, **options):
        raise OSError("No space left on device")

    monkeypatch.setattr(storage, "save_file", full)
    with pytest.raises(OSError, match="No space"):
        checkpoint.save(path, {"weights": torch.zeros(1)}, key="abc")
    assert torch.equal(checkpoint.load(path, key="abc")["weights"], STATE["weights"])
    assert not list(tmp_path.glob("*.tmp"))


def _second_of_two(path):
    checkpoint.save(path, STATE, key="abc")
    checkpoint.save(path, {**STATE, "epoch": torch.tensor(5)}, key="abc")


DAMAGES = [lambda b: b[:40], lambda b: b"", lambda b: b"PK\x03\x04" + b[4:], lambda b: b[:-1] + b"\x7f"]


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_costs_one_save_and_is_said(tmp_path, damage):
    path = tmp_path / "state"
    _second_of_two(path)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.warns(RuntimeWarning, match="cannot be read as a checkpoint .*going on from state.previous"):
        state = checkpoint.load(path, key="abc")
    assert state["epoch"] == 4


def test_a_foreign_file_in_the_place_of_ours(tmp_path):
    path = tmp_path / "state"
    _second_of_two(path)
    storage.save(path, {"epoch": torch.tensor(9)}, {"key": "other"})
    with pytest.raises(ValueError, match="holds experiment other, this one is third"):
        checkpoint.load(path, key="third")
    with pytest.warns(RuntimeWarning, match="holds experiment other, this one is abc"):
        assert checkpoint.load(path, key="abc")["epoch"] == 4


def test_the_state_of_other_code_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "state"
    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "CODE", "old")
        _second_of_two(path)
    with pytest.raises(ValueError, match="`store` .* was begun by another version of lrdecay_core, torch or numpy"):
        checkpoint.load(path, key="abc")
    checkpoint.remove(path)
    assert checkpoint.load(path, key="abc") is None
    assert not list(tmp_path.iterdir())


ALTERED = {
    "a part is missing": lambda s: {n: t for n, t in s.items() if n != "weights"},
    "a part is foreign": lambda s: {**s, "scale": torch.ones(1)},
    "fewer parameters": lambda s: {**s, "weights": s["weights"][:, :-1]},
    "fewer rows": lambda s: {n: t[:-1] if n in ("weights", "momentum", "diverged") else t for n, t in s.items()},
    "another type": lambda s: {**s, "weights": s["weights"].double()},
    "other arms": lambda s: {**s, "arms": s["arms"] + 1},
    "beyond the end": lambda s: {**s, "epoch": torch.tensor(6)},
    "no epoch": lambda s: {**s, "epoch": s["epoch"].float()},
    "no trunk": lambda s: {n: t for n, t in s.items() if n != "trunk"},
}


@pytest.mark.parametrize("alter", ALTERED.values(), ids=ALTERED)
def test_a_state_with_the_right_key_and_the_wrong_contents(tmp_path, config, alter):
    """What an interrupted copy by hand, or another program, may leave: the one before it is used, or the error says."""
    path, arguments = tmp_path / "state", {"decay_epochs": [1, 3], "seeds": [1, 2]}
    whole = branches(config, **arguments, store=path)
    _, facts = storage.load(path)
    altered = alter(storage.load(path)[0])
    path.unlink()
    storage.save(path, altered, facts)
    with pytest.warns(RuntimeWarning, match="holds no state of this run .*going on from state.previous"):
        again = branches(config, **arguments, store=path)
    np.testing.assert_array_equal(again.weights, whole.weights)
    for name in ("state", "state.previous"):
        storage.save(tmp_path / name, altered, facts)
    with pytest.raises(ValueError, match=r"`store` .* holds no state of this run \(`.*` must be .*, got .*delete it"):
        branches(config, **arguments, store=path)


def test_nothing_saved_is_nothing_loaded(tmp_path):
    assert checkpoint.load(tmp_path / "state", key="abc") is None


def test_a_deleted_file_starts_anew(tmp_path):
    path = tmp_path / "state"
    _second_of_two(path)
    path.unlink()
    assert checkpoint.load(path, key="abc") is None


@pytest.mark.parametrize("stop", [0, 1, 2])
def test_a_kill_at_any_rename_leaves_a_whole_file(tmp_path, monkeypatch, stop):
    path, replace, calls = tmp_path / "state", Path.replace, []

    def dies(self, target):
        calls.append(target)
        if len(calls) > stop:
            raise KeyboardInterrupt
        return replace(self, target)

    _second_of_two(path)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", dies)
        with suppress(KeyboardInterrupt):
            checkpoint.save(path, {"epoch": torch.tensor(6)}, key="abc")
    assert checkpoint.load(path, key="abc")["epoch"] == (5 if stop < 2 else 6)


def test_after_damage_the_next_save_has_a_good_file_behind_it(tmp_path):
    path = tmp_path / "state"
    _second_of_two(path)
    path.write_bytes(b"x")
    with pytest.warns(RuntimeWarning, match="going on"):
        checkpoint.load(path, key="abc")
    assert checkpoint.load(path, key="abc")["epoch"] == 4
    assert (tmp_path / "state.damaged").read_bytes() == b"x"


def test_both_damaged_is_an_error(tmp_path):
    path = tmp_path / "state"
    _second_of_two(path)
    for name in ("state", "state.previous"):
        (tmp_path / name).write_bytes(b"x")
    with pytest.raises(ValueError, match="cannot be read as a checkpoint"):
        checkpoint.load(path, key="abc")


@pytest.mark.parametrize("optimiser", ["sgd", "adamw"])
@pytest.mark.parametrize(("first", "second"), [("cpu", "cuda:0"), ("cuda:0", "cpu")])
def test_a_run_goes_on_exactly_on_another_device(tmp_path, cuda, config, optimiser, first, second):
    config = replace(config, optimiser=optimiser, learning_rate=0.02, decayed_rate=0.002)
    whole = branches(config, decay_epochs=[1, 3], seeds=[1, 2], device="cpu")
    loop = Loop(config, (1, 3), (1, 2), torch.device(first))
    for _ in range(2):
        loop.run_epoch()
    checkpoint.save(tmp_path / "state", loop.state(), key="abc")
    again = Loop(config, (1, 3), (1, 2), torch.device(second))
    again.restore(checkpoint.load(tmp_path / "state", key="abc"))
    assert again.ensemble.weights.device.type == again.diverged.device.type == torch.device(second).type
    for _ in range(config.epochs - 2):
        again.run_epoch()
    np.testing.assert_array_equal(again.final_weights(), whole.weights)
    np.testing.assert_array_equal(again.records["test_loss"].numpy(), whole.test_loss)


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
def test_what_was_saved_on_cuda_is_loaded_without_it(tmp_path):
    checkpoint.save(tmp_path / "state", {"weights": STATE["weights"].cuda()}, key="abc")
    assert torch.equal(checkpoint.load(tmp_path / "state", key="abc")["weights"], STATE["weights"])
