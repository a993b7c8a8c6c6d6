import pytest

from lrdecay_core import networks


@pytest.mark.parametrize("length", [40, 17])
def test_stacked_equals_plain(stacked_equals_plain, length):
    stacked_equals_plain("cnn1d", (length,))


def test_images_are_refused():
    with pytest.raises(ValueError, match=r"`network`='cnn1d' needs inputs of shape \(length,\), got \(8, 8\); use"):
        networks.build("cnn1d", input_shape=(8, 8), num_classes=2)
