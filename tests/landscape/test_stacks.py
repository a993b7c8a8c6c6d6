import pytest
import torch
from torch import nn
from torch.nn import functional

from lrdecay_core import networks
from lrdecay_core.landscape import stacks
from lrdecay_core.landscape.vectors import trainable


@pytest.mark.parametrize(("name", "shape"), [("mlp", (3, 4)), ("cnn1d", (11,)), ("cnn2d", (5, 7))])
def test_logits_are_the_plain_networks_in_blocks(stack, draw, monkeypatch, name, shape):
    monkeypatch.setattr(stacks, "BLOCK", 4)
    net, vectors = stack(name, shape)
    inputs, _ = draw(10, *shape)
    logits = stacks.logits(net, trainable(net), vectors, inputs)
    for row, vector in zip(logits, vectors, strict=True):
        nn.utils.vector_to_parameters(vector, net.parameters())
        # float32, sums of some ten products of order one
        torch.testing.assert_close(row.T, net(inputs).detach(), rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    "criterion",
    [
        functional.cross_entropy,
        nn.CrossEntropyLoss(label_smoothing=0.1, weight=torch.tensor([1.0, 2.0, 0.5])),
        nn.MultiMarginLoss(),
    ],
)
def test_scores_are_the_criterions(draw, criterion):
    outputs, targets = draw(9, 3)
    torch.testing.assert_close(stacks.score(criterion, outputs.T.contiguous(), targets), criterion(outputs, targets))


def test_probabilities_as_targets(draw):
    outputs, means = draw(9, 3)[0], draw(9, 3, seed=1)[0].softmax(dim=1)
    found = stacks.score(functional.cross_entropy, outputs.T.contiguous(), means)
    torch.testing.assert_close(found, functional.cross_entropy(outputs, means))


def test_only_whole_networks_of_this_library_are_ours(stack, monkeypatch):
    net, _ = stack("mlp", (3,))
    assert stacks.is_ours(net, trainable(net))
    assert not stacks.is_ours(nn.Sequential(net), trainable(nn.Sequential(net)))
    other = type("Other", (type(net),), {})((3,), 3)
    monkeypatch.setitem(networks.ARCHITECTURES, "other", type(other))
    assert not stacks.is_ours(other, trainable(other))
    net.first.bias.requires_grad_(False)
    assert not stacks.is_ours(net, trainable(net))
