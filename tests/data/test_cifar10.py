import gzip
import io
import os
import pickle
import struct
import tarfile
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lrdecay_core import data
from lrdecay_core.data import cifar10, download

N = 4
BINARY, PYTHON = cifar10.ARCHIVES


class Python2(pickle._Pickler):
    """Pickles as the published batches are: protocol 2, byte strings as Python 2 wrote them, NumPy's old names."""

    def save_bytes(self, value):
        self.write(pickle.BINSTRING + struct.pack("<i", len(value)) + value)

    def save_global(self, value, name=None):
        module = value.__module__.replace("numpy._core", "numpy.core")
        self.write(pickle.GLOBAL + f"{module}\n{value.__name__}\n".encode())

    def save_text(self, value):
        self.save_bytes(value.encode())

    dispatch = {  # noqa: RUF012  (pickle's own table is one of the class, too)
        **pickle._Pickler.dispatch,
        bytes: save_bytes,
        str: save_text,
        type: save_global,
        type(len): save_global,
    }


def pickled(value):
    buffer = io.BytesIO()
    Python2(buffer, protocol=2).dump(value)
    return buffer.getvalue()


def draw(i):
    stream = np.random.default_rng(i)
    return stream.integers(0, 256, (N, 3072), dtype=np.uint8), stream.integers(0, 10, N)


def batch(archive, i):
    pixels, labels = draw(i)
    if archive is BINARY:
        return np.concatenate([labels[:, None].astype(np.uint8), pixels], axis=1).tobytes()
    return pickled({b"data": pixels, b"labels": labels.tolist(), b"batch_label": b"batch", b"filenames": [b"a.png"]})


def members(archive):
    return {name: batch(archive, i) for i, name in enumerate((*archive.train, archive.test))}


def write(path, files, *extra):
    with tarfile.open(path, "w:gz") as tar:
        top = tarfile.TarInfo(next(iter(files)).split("/")[0])
        top.type = tarfile.DIRTYPE
        tar.addfile(top)
        for name, content in {**files, f"{top.name}/readme.html": b"<html>"}.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
        for member in extra:
            tar.addfile(member)
    return path


@pytest.fixture(autouse=True)
def small(monkeypatch, tmp_path):
    monkeypatch.setattr(cifar10, "PER_BATCH", N)
    monkeypatch.setattr(download, "PAUSE", 0.0)
    monkeypatch.setenv("LRDECAY_DATA", str(tmp_path / "data"))
    (tmp_path / "data").mkdir()


@pytest.mark.parametrize("archive", [BINARY, PYTHON])
def test_every_pixel_and_label_arrives(tmp_path, archive):
    (train_x, train_y), (test_x, test_y) = cifar10.decode(write(tmp_path / "a", members(archive)), archive)
    expected = [draw(i) for i in range(6)]
    np.testing.assert_array_equal(train_x, np.concatenate([x for x, _ in expected[:5]]).reshape(5 * N, 3, 32, 32))
    np.testing.assert_array_equal(train_y, np.concatenate([y for _, y in expected[:5]]))
    np.testing.assert_array_equal(test_x.reshape(N, -1), expected[5][0])
    np.testing.assert_array_equal(test_y, expected[5][1])


def test_the_pickle_of_the_tests_is_one_that_pickle_itself_reads():
    """Otherwise the fixture would prove nothing about the published form."""
    pixels, labels = draw(0)
    found = pickle.loads(batch(PYTHON, 0).replace(b"numpy.core.", b"numpy._core."), encoding="bytes")
    np.testing.assert_array_equal(found[b"data"], pixels)
    assert found[b"labels"] == labels.tolist()


def test_a_found_archive_is_checked_and_standardised(tmp_path, monkeypatch):
    path = write(tmp_path / "data" / PYTHON.name, members(PYTHON))
    with pytest.raises(ValueError, match="`archive` .* must have the SHA-256 6d958be0"):
        cifar10.cifar10()
    ours = replace(PYTHON, checksum=download.sha256(path))
    monkeypatch.setattr(cifar10, "ARCHIVES", (BINARY, ours))
    data.dataset._load.cache_clear()
    found = data.load("cifar10")
    data.dataset._load.cache_clear()
    assert found.train.inputs.shape == (5 * N, 3, 32, 32)
    pixel = draw(0)[0][1].reshape(3, 32, 32)[2, 5, 7]
    # float32 rounds each of three operations
    np.testing.assert_allclose(found.train.inputs[1, 2, 5, 7], (pixel / 255 - 0.4465) / 0.2616, rtol=1e-5, atol=1e-6)


def test_offline_it_says_what_to_put_where(tmp_path, monkeypatch):
    dead = tuple(replace(a, url="http://127.0.0.1:9/x") for a in cifar10.ARCHIVES)
    monkeypatch.setattr(cifar10, "ARCHIVES", dead)
    with pytest.raises(OSError, match=r"Put cifar-10-binary.tar.gz or cifar-10-python.tar.gz from .* into the folder"):
        cifar10.cifar10()
    with pytest.raises(OSError, match=str(tmp_path / "data")):
        cifar10.cifar10()
    assert list((tmp_path / "data").iterdir()) == []


def link(name, target):
    member = tarfile.TarInfo(name)
    member.type, member.linkname = tarfile.SYMTYPE, target
    return member


@pytest.mark.parametrize(
    "extra",
    [
        tarfile.TarInfo("../escape"),
        tarfile.TarInfo("/etc/escape"),
        tarfile.TarInfo("cifar-10-batches-bin/../../escape"),
        link("cifar-10-batches-bin/link", "/etc/passwd"),
    ],
)
def test_members_that_would_leave_their_folder(tmp_path, extra):
    with pytest.raises(ValueError, match="must hold files below cifar-10-batches-bin/ alone"):
        cifar10.decode(write(tmp_path / "a", members(BINARY), extra), BINARY)


class Hostile:
    def __reduce__(self):
        return os.system, ("touch escaped",)


@pytest.mark.parametrize(
    "content",
    [
        pickle.dumps(Hostile(), protocol=2),
        pickle.dumps({b"data": Hostile(), b"labels": []}, protocol=4),
        b"cnumpy\nsave\n(S'escaped'\ntR.",
        b"",
        b"garbage",
        pickle.dumps([1, 2], protocol=2),
        pickle.dumps({b"data": 1, b"labels": []}, protocol=2),
    ],
)
def test_hostile_pickles_run_nothing(tmp_path, monkeypatch, content):
    monkeypatch.chdir(tmp_path)
    files = {**members(PYTHON), PYTHON.test: content}
    with pytest.raises(ValueError, match="`archive`: .*test_batch must be a batch"):
        cifar10.decode(write(tmp_path / "a", files), PYTHON)
    assert not (tmp_path / "escaped").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x, y: {b"data": x[1:], b"labels": y}, "images of 3072 bytes"),
        (lambda x, y: {b"data": x, b"labels": y[1:]}, "class numbers"),
        (lambda x, y: {b"data": x, b"labels": [10, *y[1:]]}, "class numbers"),
        (lambda x, y: {b"data": x, b"labels": ["a", *y[1:]]}, "class numbers"),
    ],
)
def test_batches_of_another_shape(tmp_path, change, message):
    pixels, labels = draw(0)
    files = {**members(PYTHON), PYTHON.train[0]: pickled(change(pixels, labels.tolist()))}
    with pytest.raises(ValueError, match=f"data_batch_1 must hold .*{message}"):
        cifar10.decode(write(tmp_path / "a", files), PYTHON)


def test_a_missing_or_short_binary_batch(tmp_path):
    files = members(BINARY)
    with pytest.raises(ValueError, match=f"must hold {N * 3073} bytes, got 5"):
        cifar10.decode(write(tmp_path / "a", {**files, BINARY.test: b"short"}), BINARY)
    del files[BINARY.train[2]]
    with pytest.raises(ValueError, match=r"must hold cifar-10-batches-bin/data_batch_3.bin, which is missing"):
        cifar10.decode(write(tmp_path / "b", files), BINARY)


def test_a_member_that_claims_more_than_a_batch_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(cifar10, "LARGEST", 100)
    with pytest.raises(ValueError, match="must be a batch, got"):
        cifar10.decode(write(tmp_path / "a", members(BINARY)), BINARY)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None)
@given(cut=st.floats(0, 0.999), flips=st.lists(st.tuples(st.floats(0, 0.999), st.integers(1, 255)), max_size=3))
def test_any_damage_is_a_clear_error_or_harmless(tmp_path, cut, flips):
    """Cut anywhere, or altered anywhere below gzip's own checksum: a ValueError that names the archive, or the data."""
    raw = bytearray(gzip.decompress(write(tmp_path / "good", members(PYTHON)).read_bytes()))
    for where, mask in flips:
        raw[int(where * len(raw))] ^= mask
    kept = raw if flips else raw[: int(cut * len(raw))]
    (tmp_path / "bad").write_bytes(gzip.compress(bytes(kept), 1))
    found = problem = None
    try:
        found = cifar10.decode(tmp_path / "bad", PYTHON)
    except ValueError as error:
        problem = str(error)
    assert found[0][0].shape == (5 * N, 3, 32, 32) if found else "`archive`" in problem
