import sys

import numpy as np
import pytest
from sklearn.datasets import load_digits

from lrdecay_core import data


def test_every_scan_is_in_exactly_one_part():
    ds = data.load("digits")
    whole = np.concatenate([ds.train.inputs, ds.test.inputs]).reshape(1797, 64) * 16
    source = load_digits()
    labels = np.concatenate([ds.train.targets, ds.test.targets])
    ours = sorted(map(tuple, np.column_stack([whole, labels]).astype(int)))
    assert ours == sorted(map(tuple, np.column_stack([source.data, source.target]).astype(int)))


def test_parts_and_ranges():
    ds = data.load("digits")
    assert (len(ds.train.targets), len(ds.test.targets)) == (1000, 797)
    assert ds.train.inputs.dtype == np.float32
    assert (ds.train.inputs.min(), ds.train.inputs.max()) == (0.0, 1.0)
    assert np.bincount(ds.train.targets).min() > 80  # every class is there; 100 each on average


def test_shapes_and_scale():
    ds = data.load("mnist1d")
    assert ds.train.inputs.shape == (4000, 40)
    assert ds.test.inputs.shape == (1000, 40)
    assert sorted(np.unique(ds.train.targets)) == list(range(10))
    whole = np.concatenate([ds.train.inputs, ds.test.inputs])
    assert abs(whole.mean()) < 1e-6  # standardised by its package; float32 rounding of 2e5 numbers
    assert abs(whole.std() - 1) < 1e-6


def test_numpy_global_state_is_put_back():
    np.random.seed(1)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    sys.modules["lrdecay_core.data.packaged"].mnist1d()
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_other_numbers_are_refused(monkeypatch):
    import mnist1d.data

    module = sys.modules["lrdecay_core.data.packaged"]
    true = mnist1d.data.make_dataset

    def altered(args):
        raw = true(args)
        raw["x"][7, 3] += 1e-3
        return raw

    monkeypatch.setattr(mnist1d.data, "make_dataset", altered)
    with pytest.raises(RuntimeError, match="MNIST-1D must have the SHA-256"):
        module.mnist1d()
