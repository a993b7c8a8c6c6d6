import numpy as np
import pytest
import torch
from torch import nn

from lrdecay_core import landscape
from lrdecay_core.landscape.vectors import as_vector, common_layout, trainable
from lrdecay_core.parameters import Layout


def test_tied_parameters_are_there_once_and_frozen_ones_not_at_all(tied):
    layout = trainable(tied[0])
    assert layout.names == ("first.weight", "again.bias", "norm.weight", "norm.bias", "head.weight", "head.bias")
    assert layout.size == 16 + 4 + 4 + 4 + 12 + 3
    vector = as_vector("a", tied[0])
    assert torch.equal(vector[:16], tied[0].again.weight.flatten())
    assert torch.equal(vector, as_vector("a", tied[0].state_dict(), layout))
    assert not vector.requires_grad


def test_what_comes_as_a_vector_stays_one():
    array = np.arange(4.0)
    assert as_vector("a", array).tolist() == [0, 1, 2, 3]
    net = nn.Linear(2, 1)
    assert torch.equal(as_vector("a", net.state_dict()), as_vector("a", net))


def test_one_order_serves_all_sources():
    net = nn.Linear(2, 1)
    backwards = dict(reversed(net.state_dict().items()))
    layout = common_layout({"a": net.state_dict(), "b": backwards})
    assert layout == Layout.of(net)
    assert torch.equal(as_vector("b", backwards, layout), as_vector("a", net))
    assert common_layout({"a": torch.zeros(3)}) is None


@pytest.mark.parametrize(
    ("source", "layout", "message"),
    [
        (
            nn.Linear(2, 2),
            Layout.of(nn.Linear(2, 1)),
            r"`a` must have a parameter weight of shape \(1, 2\), got \(2, 2\)",
        ),
        (nn.Linear(2, 1, bias=False), Layout.of(nn.Linear(2, 1)), "parameter bias of shape .* got no such entry"),
        (nn.BatchNorm1d(2).state_dict(), None, "`a` is a state dict with buffers"),
        (torch.zeros(2, 3), None, r"`a` must be a floating point vector \(P,\), got \(2, 3\)"),
        (torch.zeros(4), Layout.of(nn.Linear(2, 1)), r"vector \(3,\), got \(4,\)"),
        (torch.zeros(4, dtype=torch.int64), None, r"floating point vector .* torch\.int64"),
        (torch.tensor([1.0, torch.nan]), None, "`a` must be finite, got 1 NaN or infinite of 2"),
    ],
)
def test_refuses(source, layout, message):
    with pytest.raises(ValueError, match=message):
        as_vector("a", source, layout)


def test_a_network_all_frozen_has_no_landscape():
    with pytest.raises(ValueError, match="`net` must have a parameter with requires_grad=True"):
        trainable(nn.Linear(2, 1).requires_grad_(False))


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


def test_directions_refuse():
    with pytest.raises(ValueError, match="`vectors` must be one of 'scale', 'zero', got 'ignore'"):
        landscape.filter_normalised(torch.ones(3), torch.ones(3), Layout.of(nn.Linear(2, 1)), vectors="ignore")
    with pytest.raises(ValueError, match="`num` must be a whole number at least 1"):
        landscape.random_directions(torch.ones(3), num=0)
