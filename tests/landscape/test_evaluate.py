import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from lrdecay_core import landscape
from lrdecay_core.landscape import evaluate

ENTROPY = functional.cross_entropy


def losses_of(net, draw, shape, criterion=ENTROPY):
    return {
        "train": landscape.loss_of(net, criterion, *draw(40, *shape)),
        "test": landscape.loss_of(net, criterion, *draw(23, *shape, seed=1)),
    }


def test_one_strange_loss_sends_all_to_the_plain_loop(stack, draw):
    net, vectors = stack("mlp", (6,))
    losses = losses_of(net, draw, (6,)) | {"norm": lambda v: v @ v}
    run, size = evaluate.evaluator(landscape.plane_through(*vectors), losses)
    assert size == 1
    np.testing.assert_allclose(run(np.zeros((1, 2)))["norm"], vectors[0] @ vectors[0], rtol=1e-6)


@pytest.mark.parametrize("ours", [True, False])
def test_not_a_number_becomes_infinite(stack, draw, ours):
    net, vectors = stack("mlp", (6,))
    losses = losses_of(net if ours else nn.Sequential(net), draw, (6,), lambda z, y: (z * torch.inf * 0).sum())
    found = evaluate.evaluator(landscape.plane_through(*vectors), losses)[0](np.zeros((2, 2)))
    assert found["train"].tolist() == [np.inf, np.inf]


@pytest.mark.parametrize("bad", [{}, {"train": 3}, [lambda v: v]])
def test_refuses_losses(bad):
    with pytest.raises(ValueError, match="`losses` must map names to functions of a flat vector"):
        evaluate.check_losses(bad)


def test_refuses_what_is_not_one_number(stack, draw):
    net, vectors = stack("mlp", (6,))
    plane = landscape.plane_through(*vectors)
    with pytest.raises(ValueError, match=r"`losses`\['x'\] must return one number, got shape"):
        evaluate.evaluator(plane, {"x": lambda v: v})[0](np.zeros((1, 2)))
    run, _ = evaluate.evaluator(plane, losses_of(net, draw, (6,), nn.CrossEntropyLoss(reduction="none")))
    with pytest.raises(ValueError, match=r"`criterion` must return one number, got shape \(1, 40\)"):
        run(np.zeros((1, 2)))
    with pytest.raises(ValueError, match="`plane` must have .* parameters, got 4"):
        evaluate.evaluator(landscape.plane_through(*torch.eye(4)[:3]), losses_of(net, draw, (6,)))
