"""The fast loop against the plain one, through the one place that chooses between them."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from lrdecay_core import landscape
from lrdecay_core.landscape import affine, evaluate

ENTROPY = functional.cross_entropy


def losses_of(net, draw, shape, criterion=ENTROPY):
    return {
        "train": landscape.loss_of(net, criterion, *draw(40, *shape)),
        "test": landscape.loss_of(net, criterion, *draw(23, *shape, seed=1)),
    }


@pytest.mark.parametrize(("name", "shape"), [("mlp", (3, 4)), ("cnn1d", (40,)), ("cnn2d", (8, 8))])
@pytest.mark.parametrize("criterion", [ENTROPY, nn.MultiMarginLoss()])
def test_the_fast_loop_equals_the_plain_one(stack, draw, monkeypatch, name, shape, criterion):
    monkeypatch.setattr(affine, "ACTIVATIONS", 1600)  # several blocks, the last one smaller
    net, vectors = stack(name, shape, init_gain=2.0)
    plane = landscape.plane_through(*vectors)
    points = np.random.default_rng(0).uniform(plane.box[:, 0], plane.box[:, 1], (20, 2)) * 1.5
    fast, size = evaluate.evaluator(plane, losses_of(net, draw, shape, criterion))
    plain, one = evaluate.evaluator(plane, losses_of(nn.Sequential(net), draw, shape, criterion))
    assert (size, one) == (evaluate.POINTS, 1)
    ours, theirs = fast(points), plain(points)
    for key in ("train", "test"):
        np.testing.assert_allclose(ours[key], theirs[key], rtol=1e-6)  # float32


def test_a_point_does_not_depend_on_its_neighbours(stack, draw):
    net, vectors = stack("cnn1d", (40,))
    fast, _ = evaluate.evaluator(landscape.plane_through(*vectors), losses_of(net, draw, (40,)))
    points = np.random.default_rng(0).uniform(-1, 3, (5, 2))
    np.testing.assert_array_equal(fast(points)["test"][2:3], fast(points[2:3])["test"])


def test_the_fast_loop_does_not_depend_on_the_nets_own_weights(stack, draw):
    (one, vectors), (other, _) = stack("mlp", (6,)), stack("mlp", (6,), seeds=[8, 9, 10])
    plane, points = landscape.plane_through(*vectors), np.array([[0.3, 0.4]])
    a, b = (evaluate.evaluator(plane, losses_of(net, draw, (6,)))[0](points) for net in (one, other))
    assert a["train"] == b["train"]


def test_the_fast_loop_makes_no_tensor_on_another_device(stack, draw):
    net, vectors = stack("cnn2d", (8, 8))
    run, _ = evaluate.evaluator(landscape.plane_through(*vectors), losses_of(net, draw, (8, 8)))
    with torch.device("meta"):  # poison: whatever does not name its device lands there
        assert np.isfinite(run(np.zeros((2, 2)))["train"]).all()
