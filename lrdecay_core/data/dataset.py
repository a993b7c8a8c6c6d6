"""What a data set is, and how one is found by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np

from lrdecay_core import checks
from lrdecay_core.data.cifar10 import cifar10
from lrdecay_core.data.packaged import digits, mnist1d

__all__ = ["Dataset", "Split", "load", "register"]


@dataclass(frozen=True)
class Split:
    """Inputs (N, *shape) in float32 and class numbers (N,) in int64."""

    inputs: np.ndarray
    targets: np.ndarray

    def __post_init__(self) -> None:
        checks.instance("inputs", self.inputs, np.ndarray)
        checks.instance("targets", self.targets, np.ndarray)
        if (
            not (self.inputs.ndim and self.targets.ndim)
            or len(self.inputs) != len(self.targets)
            or not len(self.inputs)
        ):
            raise ValueError(
                "`inputs` and `targets` must have one length above 0, "
                f"got shapes {self.inputs.shape} and {self.targets.shape}"
            )
        if self.inputs.dtype.kind not in "biuf":
            raise ValueError(f"`inputs` must hold numbers, got an array of {self.inputs.dtype}")
        if not np.isfinite(self.inputs).all():
            bad = int((~np.isfinite(self.inputs)).sum())
            raise ValueError(f"`inputs` must be finite everywhere, got {bad} NaN or infinite entries")
        if self.targets.dtype.kind not in "iu" or self.targets.min() < 0:
            raise ValueError(
                f"`targets` must be class numbers 0, 1, ..., got {self.targets.dtype} from {self.targets.min()}"
            )


@dataclass(frozen=True)
class Dataset:
    """A training and a test split of one source; nothing of the test split is ever trained on."""

    name: str
    train: Split
    test: Split
    num_classes: int

    def __post_init__(self) -> None:
        checks.word("name", self.name)
        checks.instance("train", self.train, Split)
        checks.instance("test", self.test, Split)
        checks.integer("num_classes", self.num_classes, minimum=1)
        if self.train.inputs.shape[1:] != self.test.inputs.shape[1:]:
            raise ValueError(
                f"`test` inputs must have the shape of `train` inputs {self.train.inputs.shape[1:]}, "
                f"got {self.test.inputs.shape[1:]}"
            )
        top = max(int(self.train.targets.max()), int(self.test.targets.max()))
        if top >= self.num_classes:
            raise ValueError(f"`num_classes` must exceed every class number, got {self.num_classes} with class {top}")

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one input."""
        return self.train.inputs.shape[1:]


_SOURCES: dict[str, Callable[[], Dataset]] = {}


def register(name: str, source: Callable[[], Dataset]) -> None:
    """Make ``load(name)`` return ``source()``: how your own data set gets a name that a TrainConfig can hold."""
    checks.word("name", name)
    checks.function("source", source)
    if name in _SOURCES:
        raise ValueError(f"`name` must be new, got {name!r}, which is taken")
    _SOURCES[name] = source


def load(name: str) -> Dataset:
    """Return the data set called ``name``.

    ``"digits"``: 1,797 real scans of handwritten digits, 8 x 8, from scikit-learn; 1,000 to train, 797 to test.
    ``"mnist1d"``: the procedural benchmark MNIST-1D, 40 samples per signal; 4,000 to train, 1,000 to test.
    ``"cifar10"``: 60,000 colour photographs, 3 x 32 x 32; 50,000 to train, 10,000 to test. Downloaded at first use.

    >>> load("digits").train.inputs.shape
    (1000, 8, 8)
    """
    return _load(checks.one_of("dataset", name, _SOURCES))


@cache
def _load(name: str) -> Dataset:
    return _SOURCES[name]()


def _digits() -> Dataset:
    (train_x, train_y), (test_x, test_y) = digits()
    return Dataset("digits", Split(train_x, train_y), Split(test_x, test_y), num_classes=10)


def _mnist1d() -> Dataset:
    (train_x, train_y), (test_x, test_y) = mnist1d()
    return Dataset("mnist1d", Split(train_x, train_y), Split(test_x, test_y), num_classes=10)


def _cifar10() -> Dataset:
    (train_x, train_y), (test_x, test_y) = cifar10()
    return Dataset("cifar10", Split(train_x, train_y), Split(test_x, test_y), num_classes=10)


register("digits", _digits)
register("mnist1d", _mnist1d)
register("cifar10", _cifar10)
