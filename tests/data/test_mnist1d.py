import sys

import numpy as np
import pytest

from lrdecay_core import data


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
    sys.modules["lrdecay_core.data.mnist1d"].mnist1d()
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_other_numbers_are_refused(monkeypatch):
    import mnist1d.data

    module = sys.modules["lrdecay_core.data.mnist1d"]
    true = mnist1d.data.make_dataset

    def altered(args):
        raw = true(args)
        raw["x"][7, 3] += 1e-3
        return raw

    monkeypatch.setattr(mnist1d.data, "make_dataset", altered)
    with pytest.raises(RuntimeError, match="MNIST-1D must have the SHA-256"):
        module.mnist1d()
