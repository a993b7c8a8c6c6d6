"""CIFAR-10: 60,000 colour photographs of 32 x 32 pixels in ten classes, read from the published archives.

Source: A. Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009. The archive is found, or
downloaded once, checked, and read in memory: nothing is unpacked to disk, and no pickle is executed.
"""

from __future__ import annotations

import io
import os
import pickle
import tarfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lrdecay_core.data import download

__all__ = ["ARCHIVES", "Archive", "cifar10", "decode", "find", "folder"]

Arrays = tuple[np.ndarray, np.ndarray]
PER_BATCH = 10_000
PIXELS = 3 * 32 * 32
LARGEST = 2 * PER_BATCH * (PIXELS + 200)  # bytes: no batch file is half as long
# of the 50,000 training images, per channel, as published widely
MEAN, STD = np.array([0.4914, 0.4822, 0.4465], np.float32), np.array([0.2470, 0.2435, 0.2616], np.float32)


@dataclass(frozen=True)
class Archive:
    """One published form of the data."""

    name: str
    url: str
    checksum: str
    """SHA-256 of the file."""
    train: tuple[str, ...]
    """Its five training batches."""
    test: str
    """Its test batch."""


_SITE = "https://www.cs.toronto.edu/~kriz"
ARCHIVES = (
    Archive(
        "cifar-10-binary.tar.gz",
        f"{_SITE}/cifar-10-binary.tar.gz",
        "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
        tuple(f"cifar-10-batches-bin/data_batch_{i}.bin" for i in range(1, 6)),
        "cifar-10-batches-bin/test_batch.bin",
    ),
    Archive(
        "cifar-10-python.tar.gz",
        f"{_SITE}/cifar-10-python.tar.gz",
        "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
        tuple(f"cifar-10-batches-py/data_batch_{i}" for i in range(1, 6)),
        "cifar-10-batches-py/test_batch",
    ),
)


def folder() -> Path:
    """Return where data sets are kept: ``LRDECAY_DATA``, or ``~/.cache/lrdecay``."""
    return Path(os.environ.get("LRDECAY_DATA") or Path.home() / ".cache" / "lrdecay")


def cifar10() -> tuple[Arrays, Arrays]:
    """Return ((train inputs, targets), (test inputs, targets)); inputs (N, 3, 32, 32), each channel standardised.

    Raises:
        OSError: the archive is absent and cannot be downloaded; the message says what to put where.
        ValueError: the archive is not the published one.
    """
    archive, path = find()
    try:
        if not path.exists():
            download.fetch(archive.url, path, checksum=archive.checksum)
    except (OSError, ValueError) as error:
        raise OSError(
            f"CIFAR-10 is not here and cannot be downloaded ({error}). Put {' or '.join(a.name for a in ARCHIVES)} "
            f"from {_SITE}/cifar.html into the folder {path.parent}, or name its folder in LRDECAY_DATA"
        ) from error
    found = download.sha256(path)
    if found != archive.checksum:
        raise ValueError(
            f"`archive` {path} must have the SHA-256 {archive.checksum}, got {found} at {path.stat().st_size} bytes; "
            "delete it, and it is downloaded again"
        )
    (train_x, train_y), (test_x, test_y) = decode(path, archive)
    return (_standard(train_x), train_y), (_standard(test_x), test_y)


def find() -> tuple[Archive, Path]:
    """Return the first archive that is here, or where the binary one would be."""
    places = [(archive, folder() / archive.name) for archive in ARCHIVES]
    return next((place for place in places if place[1].exists()), places[0])


def _standard(images: np.ndarray) -> np.ndarray:
    inputs = images.astype(np.float32)
    inputs /= 255
    inputs -= MEAN[:, None, None]
    inputs /= STD[:, None, None]
    return inputs


def decode(path: Path, archive: Archive) -> tuple[Arrays, Arrays]:
    """Return ((train images, targets), (test images, targets)): bytes (N, 3, 32, 32) and class numbers (N,).

    Raises:
        ValueError: the archive is cut short, or holds other than the published batches.
    """
    read = _binary if archive.test.endswith(".bin") else _pickled
    wanted = (*archive.train, archive.test)
    batches = {name: _checked(name, *read(name, raw)) for name, raw in _members(path, wanted).items()}
    train = [batches[name] for name in archive.train]
    return (np.concatenate([x for x, _ in train]), np.concatenate([y for _, y in train])), batches[archive.test]


def _members(path: Path, wanted: tuple[str, ...]) -> dict[str, bytes]:
    top, found = wanted[0].split("/")[0], {}
    try:
        with tarfile.open(path, "r:gz") as tar:
            for member in tar:
                parts = member.name.split("/")
                if parts[0] != top or ".." in parts or not (member.isfile() or member.isdir()):
                    raise ValueError(f"`archive` {path} must hold files below {top}/ alone, got {member.name!r}")
                if member.name in wanted:
                    if member.size > LARGEST:
                        raise ValueError(f"`archive` {path}: {member.name} must be a batch, got {member.size} bytes")
                    content = tar.extractfile(member)
                    found[member.name] = content.read() if content else b""
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        raise ValueError(f"`archive` {path} is cut short or no gzipped tar file: {error}") from error
    missing = sorted(set(wanted) - set(found))
    if missing:
        raise ValueError(f"`archive` {path} must hold {missing[0]}, which is missing")
    return found


def _binary(name: str, raw: bytes) -> tuple[bytes, Any]:
    """Read records of one byte of class and 3,072 of pixels: red, green, blue, each row by row."""
    if len(raw) != PER_BATCH * (1 + PIXELS):
        raise ValueError(f"`archive`: {name} must hold {PER_BATCH * (1 + PIXELS)} bytes, got {len(raw)}")
    records = np.frombuffer(raw, np.uint8).reshape(PER_BATCH, 1 + PIXELS)
    return records[:, 1:].tobytes(), records[:, 0].tolist()


class _Inert:
    """Stands for an array or its type inside a pickle: keeps what it is given and does nothing."""

    def __init__(self, *arguments: Any) -> None:
        self.state: Any = None

    def __setstate__(self, state: Any) -> None:
        self.state = state


class _Reader(pickle.Unpickler):
    """Reads the three names that an array is pickled by, as inert stand-ins; any other name stops it."""

    names = frozenset({("numpy.core.multiarray", "_reconstruct"), ("numpy", "ndarray"), ("numpy", "dtype")})

    def find_class(self, module: str, name: str) -> Any:
        """Return the stand-in."""
        if (module, name) not in self.names:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}")
        return _Inert


def _pickled(name: str, raw: bytes) -> tuple[bytes, Any]:
    """Read the pickle of {data: array (N, 3072), labels: list} that Python 2 wrote."""
    try:
        batch = _Reader(io.BytesIO(raw), encoding="bytes").load()
        pixels = batch[b"data"].state[4]
        return pixels, batch[b"labels"]
    except Exception as error:  # a hostile pickle may stop anywhere; nothing of it has been executed
        raise ValueError(f"`archive`: {name} must be a batch of pixels and labels, but {error}") from error


def _checked(name: str, pixels: Any, labels: Any) -> Arrays:
    if not isinstance(pixels, bytes) or len(pixels) != PER_BATCH * PIXELS:
        raise ValueError(f"`archive`: {name} must hold {PER_BATCH} images of {PIXELS} bytes, got another shape")
    whole = isinstance(labels, list) and all(type(label) is int and 0 <= label < 10 for label in labels)
    if not whole or len(labels) != PER_BATCH:
        raise ValueError(f"`archive`: {name} must hold {PER_BATCH} class numbers from 0 to 9, got others")
    return np.frombuffer(pixels, np.uint8).reshape(PER_BATCH, 3, 32, 32), np.array(labels, np.int64)
