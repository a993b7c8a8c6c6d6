import numpy as np
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
