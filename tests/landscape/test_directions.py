import pytest
import torch
from torch import nn

from lrdecay_core import landscape
from lrdecay_core.parameters import Layout


def test_random_directions_are_units_addressed_by_seed_and_number():
    like = torch.zeros(2000, dtype=torch.float64)
    drawn = landscape.random_directions(like, num=4, seed=5)
    torch.testing.assert_close(drawn.norm(dim=1), torch.ones(4, dtype=torch.float64))
    assert torch.equal(drawn[:2], landscape.random_directions(like, num=2, seed=5))
    assert not torch.equal(drawn, landscape.random_directions(like, num=4, seed=6))
    # independent unit directions: inner products of standard deviation 2000^-1/2 = .022
    assert (drawn @ drawn.T - torch.eye(4)).abs().max() < 0.1


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv1d(2, 3, 4), nn.BatchNorm1d(3), nn.Flatten(), nn.Linear(6, 5))


@pytest.mark.parametrize("vectors", ["zero", "scale"])
def test_every_filter_has_the_length_of_the_networks(vectors):
    net = network()
    layout = Layout.of(net)
    weights = layout.flatten(dict(net.named_parameters())).detach()
    drawn = landscape.random_directions(weights, num=3)
    found = landscape.filter_normalised(drawn, weights, layout, vectors=vectors)
    for k in range(3):
        parts, raw = layout.unflatten(found[k]), layout.unflatten(drawn[k])
        for name, w in layout.unflatten(weights).items():
            if w.ndim < 2 and vectors == "zero":
                assert (parts[name] == 0).all()
                continue
            filters = range(len(w)) if w.ndim >= 2 else [slice(None)]
            for f in filters:  # the loop of the paper
                expected = raw[name][f] * w[f].norm() / raw[name][f].norm()
                torch.testing.assert_close(parts[name][f], expected)
    one = landscape.filter_normalised(drawn[0], weights, layout, vectors=vectors)
    assert torch.equal(one, found[0])


def test_rescaling_a_relu_network_rescales_the_direction():
    net = network()
    layout = Layout.of(net)
    weights = layout.flatten(dict(net.named_parameters())).detach()
    drawn = landscape.random_directions(weights)
    a, b = (landscape.filter_normalised(drawn, s * weights, layout) for s in (1, 8))
    assert torch.equal(8 * a, b)


def test_a_scalar_parameter_and_a_zero_direction():
    layout = Layout(("scale", "w"), (torch.Size([]), torch.Size([2, 1])))
    found = landscape.filter_normalised(
        torch.tensor([[-5.0, 0.0, 2.0]]), torch.tensor([3.0, 1.0, 4.0]), layout, vectors="scale"
    )
    assert found.tolist() == [[-3, 0, 4]]


def test_refuses():
    with pytest.raises(ValueError, match="`vectors` must be one of 'scale', 'zero', got 'ignore'"):
        landscape.filter_normalised(torch.ones(3), torch.ones(3), Layout.of(nn.Linear(2, 1)), vectors="ignore")
    with pytest.raises(ValueError, match="`num` must be a whole number at least 1"):
        landscape.random_directions(torch.ones(3), num=0)
