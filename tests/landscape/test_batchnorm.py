import pytest
import torch
from torch import nn
from torch.optim.swa_utils import update_bn

from lrdecay_core.landscape import batchnorm


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv1d(2, 3, 2), nn.BatchNorm1d(3), nn.ReLU(), nn.BatchNorm1d(3), nn.Flatten())


@pytest.mark.parametrize("size", [40, 10])
def test_recomputed_statistics_are_those_of_update_bn(size):
    ours, theirs = network(), network()
    inputs = torch.randn(40, 2, 5)
    batchnorm.recompute(batchnorm.layers(ours), ours, inputs.split(size))
    update_bn(inputs.split(size), theirs)
    for a, b in zip(ours.buffers(), theirs.buffers(), strict=True):
        torch.testing.assert_close(a, b)
    assert not any(m.training for m in batchnorm.layers(ours))


def test_statistics_do_not_depend_on_those_before():
    net, inputs = network(), torch.randn(20, 2, 5)
    batchnorm.recompute(batchnorm.layers(net), net, [inputs])
    before = [b.clone() for b in net.buffers()]
    batchnorm.recompute(batchnorm.layers(net), net, [inputs])
    assert all(torch.equal(a, b) for a, b in zip(before, net.buffers(), strict=True))


def test_layers_without_running_statistics_need_no_policy():
    assert batchnorm.layers(nn.Sequential(nn.BatchNorm1d(3, track_running_stats=False), nn.LayerNorm(3))) == []


@pytest.mark.parametrize(
    ("net", "policy", "inputs", "message"),
    [
        (network(), None, None, "`batch_norm` must say what batch normalisation does .* got None"),
        (network(), "frozen", None, "`batch_norm` must say .* got 'frozen'"),
        (network(), "recompute", None, "`statistics_inputs` must hold the training inputs"),
        (network(), "eval", torch.ones(3), "`statistics_inputs` must hold .* None otherwise"),
        (nn.Linear(2, 2), "eval", None, "`batch_norm` and `statistics_inputs` must stay None"),
    ],
)
def test_refuses(net, policy, inputs, message):
    with pytest.raises(ValueError, match=message):
        batchnorm.check_policy(net, policy, inputs)
