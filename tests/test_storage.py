import json
import os
import subprocess
import sys
from contextlib import suppress

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from lrdecay_core import storage

ARRAYS = {"a": torch.arange(6.0).view(2, 3), "b": np.array([True, False]), "empty": np.zeros((0, 2)), "n": np.array(3)}
FACTS = {"key": "abc", "list": [1, None, "x"]}


@pytest.fixture
def path(tmp_path):
    storage.save(tmp_path / "state", ARRAYS, FACTS)
    return tmp_path / "state"


def test_what_is_saved_is_what_is_loaded(path):
    arrays, facts = storage.load(path)
    assert facts == FACTS
    assert set(arrays) == set(ARRAYS)
    for name, array in ARRAYS.items():
        expected = torch.as_tensor(array)
        assert arrays[name].dtype == expected.dtype
        assert torch.equal(arrays[name], expected)


def test_bfloat16_and_transposed_tensors_keep_their_values(tmp_path):
    tensor = torch.randn(3, 5, dtype=torch.bfloat16).mT
    storage.save(tmp_path / "s", {"t": tensor}, {})
    assert torch.equal(storage.load(tmp_path / "s")[0]["t"], tensor)


def test_equal_contents_equal_bytes_in_any_process(path, tmp_path):
    """Hash seeds differ between processes, and with them the order in which a mapping might be written."""
    code = (
        "import sys, numpy as np, torch; from pathlib import Path; from lrdecay_core import storage;"
        "storage.save(Path(sys.argv[1]), {'n': np.array(3), 'empty': np.zeros((0, 2)), 'b': np.array([True, False]),"
        "'a': torch.arange(6.0).view(2, 3)}, {'list': [1, None, 'x'], 'key': 'abc'})"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "again")], check=True)
    assert (tmp_path / "again").read_bytes() == path.read_bytes()


def test_every_altered_byte_and_every_cut_is_noticed(path):
    good = path.read_bytes()
    rng = np.random.default_rng(0)
    for place in rng.choice(len(good), size=200, replace=False):
        bad = bytearray(good)
        bad[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(bytes(bad))
        try:
            arrays, facts = storage.load(path)
        except storage.DamagedFile:
            continue
        # A space inside the header may become another blank, or the version of the format, which nobody reads.
        assert facts == FACTS
        assert all(torch.equal(arrays[name], torch.as_tensor(array)) for name, array in ARRAYS.items())
    for size in range(0, len(good), 7):
        path.write_bytes(good[:size])
        with pytest.raises(storage.DamagedFile):
            storage.load(path)


def test_a_file_of_another_writer_is_refused(tmp_path):
    for metadata in (None, {"key": "abc"}, {"lrdecay": "[]"}, {"lrdecay": json.dumps({"facts": 1, "sha256": ""})}):
        save_file({"a": torch.zeros(2)}, tmp_path / "s", metadata=metadata)
        with pytest.raises(storage.DamagedFile, match="something else"):
            storage.load(tmp_path / "s")


def test_a_missing_file_is_not_a_damaged_one(tmp_path):
    with pytest.raises(FileNotFoundError):
        storage.load(tmp_path / "none")


def test_words_are_no_array(tmp_path):
    with pytest.raises(ValueError, match="`a` must hold numbers"):
        storage.save(tmp_path / "s", {"a": np.array(["x"])}, {})


@pytest.mark.parametrize("stage", ["write", "flush", "rename"])
def test_a_full_disk_leaves_the_old_file_and_nothing_else(path, monkeypatch, stage):
    def full(*args, **options):
        raise OSError(28, "No space left on device")

    place = {"write": (storage, "save_file"), "flush": (os, "fsync"), "rename": (type(path), "replace")}[stage]
    good = path.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(*place, full)
        with pytest.raises(OSError, match="No space"):
            storage.save(path, {"a": torch.zeros(1)}, {})
    assert path.read_bytes() == good
    assert [p.name for p in path.parent.iterdir()] == ["state"]


def test_leftovers_of_the_dead_go_and_those_of_the_living_stay(tmp_path):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    with storage.replacing(tmp_path / "a.b") as living:
        living.touch()
        orphan = tmp_path / living.name.replace(f".{os.getpid()}.", f".{dead.pid}.")
        elsewhere = tmp_path / f"a.b.other-host.{dead.pid}.0.tmp"
        orphan.touch()
        elsewhere.touch()
        storage.remove_leftovers(tmp_path)
        assert not orphan.exists()
        assert living.exists()
        assert elsewhere.exists()


@pytest.mark.parametrize("error", [OSError(5, "Input/output error"), PermissionError(13, "x"), OSError(24, "x")])
def test_a_machine_in_trouble_is_not_a_damaged_file(path, monkeypatch, error):
    def trouble(*args, **options):
        raise error

    monkeypatch.setattr(storage, "safe_open", trouble)
    with pytest.raises(type(error)):
        storage.load(path)


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(storage.DamagedFile, match="is a folder"):
        storage.load(tmp_path)


def test_a_disk_that_is_really_full_raises_as_one(tmp_path):
    code = (
        "import resource, sys, torch; from pathlib import Path; from lrdecay_core import storage;"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY));"
        "storage.save(Path(sys.argv[1]), {'a': torch.zeros(1000)}, {})"
    )
    found = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "s")], capture_output=True, text=True, check=False
    )
    assert found.stderr.strip().splitlines()[-1].startswith("OSError: ")
    assert list(tmp_path.iterdir()) == []


def test_a_process_removes_what_the_dead_left_where_it_first_writes(tmp_path):
    with suppress(KeyboardInterrupt), storage.replacing(tmp_path / "elsewhere" / "a") as name:
        raise KeyboardInterrupt
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    orphan = tmp_path / name.name.replace(f".{os.getpid()}.", f".{dead.pid}.")
    orphan.touch()
    storage.save(tmp_path / "b", {"a": torch.zeros(1)}, {})
    assert [path.name for path in tmp_path.glob("*") if path.is_file()] == ["b"]


def test_a_writer_in_another_container_of_this_name_is_not_taken_for_a_dead_one(tmp_path, monkeypatch):
    """There, process numbers mean other processes."""
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    storage._host.cache_clear()
    stat = os.stat
    with monkeypatch.context() as patch:
        other = os.stat_result((0, 1, 0, 0, 0, 0, 0, 0, 0, 0))
        patch.setattr(os, "stat", lambda path, **o: other if path == "/proc/self/ns/pid" else stat(path, **o))
        theirs = storage._host()
    storage._host.cache_clear()
    living = tmp_path / f"a.{theirs}.{dead.pid}.0.tmp"
    living.touch()
    storage.remove_leftovers(tmp_path)
    assert living.exists()
