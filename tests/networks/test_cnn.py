import pytest
import torch
from torch import nn

from lrdecay_core import networks


@pytest.mark.parametrize("name", ["cnn1d", "cnn1d-depth2", "cnn1d-depth4"])
@pytest.mark.parametrize("length", [40, 17])
def test_stacked_equals_plain_on_signals(stacked_equals_plain, name, length):
    stacked_equals_plain(name, (length,))


@pytest.mark.parametrize(("name", "depth", "sites"), [("cnn1d-depth2", 2, 10), ("cnn1d", 3, 5), ("cnn1d-depth4", 4, 3)])
def test_every_convolution_halves_the_length(name, depth, sites):
    net = networks.build(name, input_shape=(40,), num_classes=10, width=6)
    assert sum(isinstance(m, nn.Conv1d) for m in net.modules()) == depth
    assert net.head.in_features == 6 * sites


def test_a_network_shares_its_first_draws_with_the_deeper_one():
    two, four = (networks.build(f"cnn1d-depth{d}", input_shape=(40,), num_classes=10, seed=3) for d in (2, 4))
    assert all(torch.equal(two.get_parameter(n), four.get_parameter(n)) for n in ("first.weight", "second.bias"))


def test_a_network_for_signals_refuses_images():
    with pytest.raises(ValueError, match=r"`network`='cnn1d' needs inputs of shape \(length,\), got \(8, 8\); use"):
        networks.build("cnn1d", input_shape=(8, 8), num_classes=2)


@pytest.mark.parametrize("shape", [(8, 8), (5, 9)])
def test_stacked_equals_plain_on_images(stacked_equals_plain, shape):
    stacked_equals_plain("cnn2d", shape)


def test_a_network_for_images_refuses_signals():
    with pytest.raises(
        ValueError, match=r"`network`='cnn2d' needs inputs of shape \(height, width\), got \(40,\); use"
    ):
        networks.build("cnn2d", input_shape=(40,), num_classes=2)
