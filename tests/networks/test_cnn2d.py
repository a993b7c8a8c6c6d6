import pytest

from lrdecay_core import networks


@pytest.mark.parametrize("shape", [(8, 8), (5, 9)])
def test_stacked_equals_plain(stacked_equals_plain, shape):
    stacked_equals_plain("cnn2d", shape)


def test_signals_are_refused():
    with pytest.raises(
        ValueError, match=r"`network`='cnn2d' needs inputs of shape \(height, width\), got \(40,\); use"
    ):
        networks.build("cnn2d", input_shape=(40,), num_classes=2)
