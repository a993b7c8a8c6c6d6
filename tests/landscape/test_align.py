import numpy as np
import pytest
import torch
from torch import nn

from lrdecay_core import landscape

NETS = [("mlp", (6,)), ("cnn1d", (40,)), ("cnn2d", (8, 8))]


def units(net):
    return [layer.weight.shape[0] for layer in list(net.children())[:-1]]


def outputs(net, vector, inputs):
    nn.utils.vector_to_parameters(vector, net.parameters())
    with torch.no_grad():
        return net(inputs)


@pytest.mark.parametrize(("name", "shape"), NETS)
@pytest.mark.parametrize("seed", range(5))
def test_a_permuted_copy_is_recovered(stack, draw, name, shape, seed):
    net, (vector, *_) = stack(name, shape, width=20)  # too many units for luck
    shuffle = np.random.default_rng(seed)
    orders = [shuffle.permutation(n) for n in units(net)]
    shuffled = landscape.permute(net, vector, orders)
    assert not torch.equal(shuffled, vector)
    found = landscape.align(net, vector, shuffled)
    assert torch.equal(found.vector, vector)
    assert found.distance == 0 < found.distance_before
    for order, back in zip(orders, found.permutations, strict=True):
        np.testing.assert_array_equal(order[back], np.arange(len(order)))
    inputs, _ = draw(20, *shape)
    # the same products, summed over hidden units in another order
    torch.testing.assert_close(outputs(net, shuffled, inputs), outputs(net, vector, inputs), rtol=0, atol=1e-6)


@pytest.mark.parametrize(("name", "shape"), NETS)
def test_independent_networks_come_closer_and_stay_themselves(stack, draw, name, shape):
    net, (a, b, _) = stack(name, shape)
    found = landscape.align(net, a, b)
    assert found.distance < found.distance_before
    np.testing.assert_allclose(found.distance, (found.vector - a).norm(), rtol=1e-6)
    inputs, _ = draw(20, *shape)
    torch.testing.assert_close(outputs(net, found.vector, inputs), outputs(net, b, inputs), rtol=0, atol=1e-6)
    # sweeps end where no single layer can be reordered for the better
    again = landscape.align(net, a, found.vector)
    assert again.distance <= found.distance * (1 + 1e-12)


def test_one_hidden_layer_at_a_time_is_optimal_by_enumeration(stack):
    from itertools import permutations

    net, (a, b, _) = stack("mlp", (3,))
    found = landscape.align(net, a, b)
    for layer in range(2):
        for order in permutations(range(5)):
            orders = [np.arange(5), np.arange(5)]
            orders[layer] = np.array(order)
            other = (landscape.permute(net, found.vector, orders).double() - a.double()).norm()
            assert other >= found.distance * (1 - 1e-12)


def test_refuses(stack):
    net, (a, *_) = stack("mlp", (6,))
    with pytest.raises(ValueError, match="`net` must be one of MLP, CNN1d, CNN2d, got Linear"):
        landscape.align(nn.Linear(2, 2), torch.zeros(6), torch.zeros(6))
    with pytest.raises(ValueError, match=r"`vector` must be a floating point vector \(83,\), got \(5,\)"):
        landscape.align(net, a, torch.zeros(5))
    with pytest.raises(ValueError, match="`permutations` must hold one per hidden layer, 2, got 1"):
        landscape.permute(net, a, [np.arange(5)])
    with pytest.raises(ValueError, match="`permutations` must reorder the 5 units of layer second"):
        landscape.permute(net, a, [np.arange(5), np.zeros(5, dtype=int)])
    net.head.bias.requires_grad_(False)
    with pytest.raises(ValueError, match="no frozen parameter"):
        landscape.permute(net, a, [np.arange(5)] * 2)
