import numpy as np
import pytest
import torch

from lrdecay_core import checks


@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf"), "1", None, True, 1j])
def test_positive_refuses(value):
    with pytest.raises(ValueError, match=r"`rate` must be a finite number above 0"):
        checks.positive("rate", value)


@pytest.mark.parametrize(
    ("check", "value"), [(checks.non_negative, -1e-300), (checks.fraction, 1.0), (checks.fraction, -0.1)]
)
def test_ranges_refuse_just_outside(check, value):
    with pytest.raises(ValueError, match="`share`"):
        check("share", value)


def test_ranges_take_their_ends():
    assert checks.non_negative("share", 0) == 0.0
    assert checks.fraction("share", 0) == 0.0


@pytest.mark.parametrize("value", [1.0, "3", True, -1, 11])
def test_integer_refuses(value):
    with pytest.raises(ValueError, match=r"`epochs` must be a whole number in \[0, 10\]"):
        checks.integer("epochs", value, maximum=10)


def test_integer_takes_numpy():
    assert checks.integer("epochs", np.int64(4)) == 4


@pytest.mark.parametrize(
    ("values", "message"),
    [([], "at least one"), ([2, 1], "increase strictly"), ([1, 1], "increase strictly"), ([1, 9], r"`decays\[1\]`")],
)
def test_increasing_refuses(values, message):
    with pytest.raises(ValueError, match=message):
        checks.increasing("decays", values, minimum=0, maximum=8)


def test_distinct_names_the_repeated():
    with pytest.raises(ValueError, match=r"repeated: \[3\]"):
        checks.distinct_integers("seeds", [1, 3, 3])


def test_finite_array_counts_what_is_wrong():
    with pytest.raises(ValueError, match="2 NaN or infinite of 3"):
        checks.finite_array("X", [1.0, np.nan, np.inf])
    with pytest.raises(ValueError, match=r"shape \(any, 3\), got \(2, 2\)"):
        checks.finite_array("X", np.zeros((2, 2)), shape=(None, 3))


def test_device():
    assert checks.torch_device("device", "cpu") == torch.device("cpu")
    for wrong in ("gpu", "meta", "tpu:0"):
        with pytest.raises(ValueError, match="`device` must be"):
            checks.torch_device("device", wrong)


@pytest.mark.skipif(torch.cuda.is_available(), reason="tells what happens without a CUDA device")
def test_absent_device_is_not_replaced():
    with pytest.raises(RuntimeError, match="`device`='cuda' was asked for, but 0 usable"):
        checks.torch_device("device", "cuda")


def test_unknown_name_lists_the_known():
    with pytest.raises(ValueError, match="`loss` must be one of 'a', 'b', got 'c'"):
        checks.one_of("loss", "c", ("b", "a"))


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        (np.ones((2, 2)), np.ones(2), "fewer rows"),
        (np.ones((2, 3)), np.ones(2), "full row rank 2, got rank 1"),
        (np.eye(2, 3), np.ones(3), "one label per row of `X`, 2"),
        (np.full((2, 3), np.inf), np.ones(2), "`X` must be finite"),
    ],
)
def test_design_wants_many_exact_solutions(X, y, message):
    with pytest.raises(ValueError, match=message):
        checks.design(X, y)
