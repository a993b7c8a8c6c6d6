import copy

import pytest
import torch
from torch import nn
from torch.nn import functional

from lrdecay_core import landscape, networks
from lrdecay_core.landscape.loss import is_ours, score
from lrdecay_core.landscape.loss import logits as logits_of
from lrdecay_core.landscape.vectors import trainable

ENTROPY = functional.cross_entropy


def plain(net, inputs, targets, vector, layout):
    """A loop anyone would write: set the parameters of a copy, evaluate."""
    net = copy.deepcopy(net).eval()
    for name, value in layout.unflatten(vector).items():
        net.get_parameter(name).data.copy_(value)
    with torch.no_grad():
        return ENTROPY(net(inputs), targets)


@pytest.mark.parametrize("batch_size", [None, 1, 7, 100])
def test_equals_a_plain_loop_at_random_points(tied, draw, batch_size):
    inputs, targets = draw(20, 4)
    loss = landscape.loss_of(tied[0], ENTROPY, inputs, targets, batch_size=batch_size, batch_norm="eval")
    points = torch.randn(5, loss.layout.size, generator=torch.Generator().manual_seed(0))
    expected = torch.stack([plain(tied[0], inputs, targets, v, loss.layout) for v in points])
    torch.testing.assert_close(loss(points), expected, rtol=1e-6, atol=0)  # float32
    torch.testing.assert_close(loss(points[3]), expected[3], rtol=1e-6, atol=0)


@pytest.mark.parametrize(("name", "shape"), [("mlp", (3, 4)), ("cnn1d", (11,)), ("cnn2d", (5, 7))])
def test_own_networks_equal_the_same_networks_wrapped(stack, draw, name, shape):
    net, vectors = stack(name, shape)
    ours, theirs = (landscape.loss_of(n, ENTROPY, *draw(40, *shape)) for n in (net, nn.Sequential(net)))
    assert ours.is_ours
    assert not theirs.is_ours
    torch.testing.assert_close(ours(vectors), theirs(vectors), rtol=1e-6, atol=0)  # float32
    torch.testing.assert_close(ours.gradient(vectors), theirs.gradient(vectors), rtol=1e-4, atol=1e-7)


def test_the_callers_network_mode_and_random_numbers_stay(tied, draw):
    net = tied[0]
    before, state = copy.deepcopy(net.state_dict()), torch.get_rng_state()
    inputs, targets = draw(20, 4)
    options = {"batch_norm": "recompute", "statistics_inputs": draw(30, 4)[0], "dropout_seed": 3}
    loss = landscape.loss_of(net, ENTROPY, inputs, targets, **options)
    loss(torch.randn(loss.layout.size, generator=torch.Generator().manual_seed(0)))
    loss_eval = landscape.loss_of(net, ENTROPY, inputs, targets, batch_norm="eval")
    loss_eval.gradient(loss_eval.vector(net))
    assert torch.equal(torch.get_rng_state(), state)
    assert net.training
    assert not net.first.bias.requires_grad
    assert net.first.weight.requires_grad
    assert net.first.weight.grad is None
    assert all(torch.equal(before[k], v) for k, v in net.state_dict().items())


def test_later_training_of_the_caller_does_not_move_the_landscape(draw):
    net = nn.Linear(4, 3)
    loss = landscape.loss_of(net, ENTROPY, *draw(20, 4))
    v = loss.vector(net)
    before = loss(v)
    with torch.no_grad():
        net.weight.add_(1.0)
    assert loss(v) == before


def test_a_tied_matrix_moves_both_its_places(tied, draw):
    inputs, targets = draw(20, 4)
    loss = landscape.loss_of(tied[0], ENTROPY, inputs, targets, batch_norm="eval")
    v = loss.vector(tied[0])
    moved = v.clone()
    moved[:16] += 0.1
    net = copy.deepcopy(tied[0]).eval()
    with torch.no_grad():
        net.first.weight += 0.1
        assert net.again.weight is net.first.weight
        torch.testing.assert_close(loss(moved), ENTROPY(net(inputs), targets), rtol=1e-6, atol=0)


def test_recomputed_statistics_belong_to_the_point_and_not_to_the_order(tied, draw):
    inputs, targets = draw(20, 4)
    train = draw(50, 4, seed=5)[0]
    loss = landscape.loss_of(tied[0], ENTROPY, inputs, targets, batch_norm="recompute", statistics_inputs=train)
    a, b = loss.vector(tied[0]), torch.randn(loss.layout.size, generator=torch.Generator().manual_seed(0))
    alone = loss(b)
    assert torch.equal(loss(torch.stack([a, b, a]))[1], alone)
    net = copy.deepcopy(tied[0]).eval()
    with torch.no_grad():
        hidden = net.again(net.first(train).relu())  # the statistics by hand
        net.norm.running_mean.copy_(hidden.mean(dim=0))
        net.norm.running_var.copy_(hidden.var(dim=0))
        torch.testing.assert_close(loss(a), ENTROPY(net(inputs), targets), rtol=1e-6, atol=0)
    assert loss(a) != plain(tied[0], inputs, targets, a, loss.layout)
    with pytest.raises(ValueError, match="`batch_norm`='recompute' has no derivatives"):
        loss.gradient(a)


def test_dropout_is_off_unless_asked_and_then_the_same_at_every_point(tied, draw):
    inputs, targets = draw(20, 4)
    off, on, other = (
        landscape.loss_of(tied[0], ENTROPY, inputs, targets, batch_norm="eval", dropout_seed=s) for s in (None, 1, 2)
    )
    v = off.vector(tied[0])
    assert off(v) == off(v)
    assert on(v) == on(v)
    assert len({float(off(v)), float(on(v)), float(other(v))}) == 3


def test_gradient_is_that_of_the_quadratic(quadratic):
    w = torch.arange(12.0, dtype=torch.float64).reshape(2, 6)
    expected = quadratic.hessian @ w.T - 2 * quadratic.X.T @ quadratic.y / 30
    # float64 sums of 30 terms of order 100
    torch.testing.assert_close(quadratic.loss.gradient(w), expected.T, rtol=0, atol=1e-11)
    torch.testing.assert_close(quadratic.loss(w[1]), quadratic.value(w[1]), rtol=1e-14, atol=0)


def test_sums_do_not_depend_on_the_batch_size(draw):
    net, criterion = nn.Linear(4, 3), nn.CrossEntropyLoss(reduction="sum")
    values = [
        loss(loss.vector(net))
        for loss in (landscape.loss_of(net, criterion, *draw(20, 4), batch_size=b) for b in (None, 6))
    ]
    torch.testing.assert_close(*values, rtol=1e-6, atol=0)


def test_vector_refuses_another_frozen_parameter(tied, draw):
    loss = landscape.loss_of(tied[0], ENTROPY, *draw(20, 4), batch_norm="eval")
    torch.testing.assert_close(loss.vector(tied[1].state_dict()), loss.vector(tied[1]))
    tied[1].first.bias.data += 1
    for source in (tied[1], tied[1].state_dict()):
        with pytest.raises(ValueError, match=r"`source` must share the frozen parameter first\.bias"):
            loss.vector(source)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"inputs": torch.zeros(0, 4), "targets": torch.zeros(0, dtype=torch.int64)},
            r"one length above 0, got shapes \(0, 4\) and \(0,\)",
        ),
        ({"inputs": torch.zeros(19, 4)}, r"one length above 0, got shapes \(19, 4\) and \(20,\)"),
        ({"inputs": torch.zeros(20, 4, device="meta")}, "`net`, `inputs` and `targets` must be on one device, got cpu"),
        ({"net": nn.Linear(4, 3, device="meta")}, r"must be on one device, got meta and \{'cpu'\}"),
        ({"batch_size": 0}, "`batch_size` must be a whole number at least 1, got 0"),
        ({"device": "tpu"}, "`device` must be"),
        ({"net": nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3))}, "`batch_norm` must say"),
    ],
)
def test_refuses(draw, change, message):
    inputs, targets = draw(20, 4)
    arguments = {"net": nn.Linear(4, 3), "inputs": inputs, "targets": targets} | change
    with pytest.raises(ValueError, match=message):
        landscape.loss_of(criterion=ENTROPY, **arguments)


def test_refuses_what_is_not_one_number_or_not_the_vector(draw):
    net = nn.Linear(4, 3)
    loss = landscape.loss_of(net, nn.CrossEntropyLoss(reduction="none"), *draw(20, 4))
    with pytest.raises(
        ValueError, match=r"`criterion` must return one number, got shape \(20,\); use reduction='mean'"
    ):
        loss(loss.vector(net))
    with pytest.raises(ValueError, match=r"`vectors` must be \(15,\) or \(G, 15\), got \(14,\)"):
        loss(torch.zeros(14))


def test_device_is_where_everything_goes(draw):
    loss = landscape.loss_of(nn.Linear(4, 3), ENTROPY, *draw(20, 4), device="auto")
    assert {loss.device.type} == {t.device.type for t in (loss.inputs, loss.targets, *loss.net.parameters())}


@pytest.mark.parametrize("policy", ["eval", "recompute"])
def test_batch_norm_on_cuda_is_that_on_the_cpu_and_the_network_keeps_its_statistics(same_on_cuda, draw, policy):
    net = networks.ResNet18((3, 8, 8), 3, width=2, norm="batch")
    inputs, targets = draw(12, 3, 8, 8)
    net(inputs)  # statistics of its own
    options = {"statistics_inputs": inputs} if policy == "recompute" else {}

    def found(device):
        loss = landscape.loss_of(
            net, functional.cross_entropy, inputs, targets, batch_norm=policy, batch_size=6, device=device, **options
        )
        before = [b.clone() for b in loss.net.buffers()]
        vector = loss.vector(net)
        values = [loss(vector), loss(1.1 * vector), loss(vector)]
        assert all(torch.equal(b, a) for b, a in zip(loss.net.buffers(), before, strict=True))
        assert values[0] == values[2]
        return values

    same_on_cuda(found)


@pytest.mark.parametrize(("name", "shape"), [("mlp", (3, 4)), ("cnn1d", (11,)), ("cnn2d", (5, 7))])
def test_logits_are_the_plain_networks_in_blocks(stack, draw, monkeypatch, name, shape):
    monkeypatch.setattr("lrdecay_core.landscape.loss.BLOCK", 4)
    net, vectors = stack(name, shape)
    inputs, _ = draw(10, *shape)
    logits = logits_of(net, trainable(net), vectors, inputs)
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
    torch.testing.assert_close(score(criterion, outputs.T.contiguous(), targets), criterion(outputs, targets))


def test_probabilities_as_targets(draw):
    outputs, means = draw(9, 3)[0], draw(9, 3, seed=1)[0].softmax(dim=1)
    found = score(functional.cross_entropy, outputs.T.contiguous(), means)
    torch.testing.assert_close(found, functional.cross_entropy(outputs, means))


def test_only_whole_networks_of_this_library_are_ours(stack, monkeypatch):
    net, _ = stack("mlp", (3,))
    assert is_ours(net, trainable(net))
    assert not is_ours(nn.Sequential(net), trainable(nn.Sequential(net)))
    other = type("Other", (type(net),), {})((3,), 3)
    monkeypatch.setitem(networks.ARCHITECTURES, "other", type(other))
    assert not is_ours(other, trainable(other))
    net.first.bias.requires_grad_(False)
    assert not is_ours(net, trainable(net))
