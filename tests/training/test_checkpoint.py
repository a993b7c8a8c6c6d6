import pytest
import torch

from lrdecay_core.training import checkpoint

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

    monkeypatch.setattr(checkpoint, "save_file", full)
    with pytest.raises(OSError, match="No space"):
        checkpoint.save(path, {"weights": torch.zeros(1)}, key="abc")
    assert torch.equal(checkpoint.load(path, key="abc")["weights"], STATE["weights"])
    assert len(list(tmp_path.iterdir())) == 1
