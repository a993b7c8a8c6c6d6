import numpy as np
import pytest
import torch
from torch import nn

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
