import numpy as np
import pytest

from lrdecay_core import data

X, Y = np.zeros((4, 3), np.float32), np.array([0, 1, 2, 1])


def make(train=(X, Y), test=(X, Y), num_classes=3):
    return data.Dataset("mine", data.Split(*train), data.Split(*test), num_classes)


def test_a_data_set_of_your_own_gets_a_name():
    data.register("mine", make)
    assert data.load("mine").input_shape == (3,)
    with pytest.raises(ValueError, match="`name` must be new, got 'mine'"):
        data.register("mine", make)


def test_unknown_name():
    with pytest.raises(ValueError, match="`dataset` must be one of .*'digits', .*got 'cifar'"):
        data.load("cifar")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"train": (np.full((4, 3), np.nan), Y)}, "`inputs` must be finite everywhere, got 12"),
        ({"train": (X[:0], Y[:0])}, r"length above 0, got shapes \(0, 3\) and \(0,\)"),
        ({"train": (X, Y[:3])}, r"got shapes \(4, 3\) and \(3,\)"),
        ({"train": (X, Y - 1)}, "`targets` must be class numbers"),
        ({"train": (X, Y / 2)}, "`targets` must be class numbers"),
        ({"test": (X[:, :2], Y)}, r"shape of `train` inputs \(3,\), got \(2,\)"),
        ({"num_classes": 2}, "`num_classes` must exceed every class number, got 2 with class 2"),
    ],
)
def test_bad_data_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        make(**arguments)
