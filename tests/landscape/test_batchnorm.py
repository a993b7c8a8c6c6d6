import pytest
import torch
from torch import nn
from torch.func import functional_call
from torch.optim.swa_utils import update_bn

from lrdecay_core.landscape import batchnorm


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv1d(2, 3, 2), nn.BatchNorm1d(3), nn.ReLU(), nn.BatchNorm1d(3), nn.Flatten())


def measured(net, chunks):
    return batchnorm.statistics(net, lambda chunk, found: functional_call(net, found, (chunk,)), chunks)


@pytest.mark.parametrize("size", [40, 10])
def test_statistics_are_those_of_update_bn(size):
    ours, theirs = network(), network()
    inputs = torch.randn(40, 2, 5)
    found = measured(ours, inputs.split(size))
    update_bn(inputs.split(size), theirs)
    expected = dict(theirs.named_buffers())
    assert set(found) == set(expected)
    for name, value in found.items():
        torch.testing.assert_close(value, expected[name])


def test_the_network_is_left_as_it_was():
    net, inputs = network(), torch.randn(20, 2, 5)
    net(inputs)
    net.eval()
    net[1].momentum = 0.3
    before = {name: b.clone() for name, b in net.named_buffers()}
    first = measured(net, [inputs])
    assert all(torch.equal(b, before[name]) for name, b in net.named_buffers())
    assert not any(m.training for m in net.modules())
    assert net[1].momentum == 0.3
    assert net[3].momentum == 0.1
    for buffer in net.buffers():
        buffer.fill_(7)
    again = measured(net, [inputs])
    assert all(torch.equal(value, again[name]) for name, value in first.items())


def test_a_failure_leaves_it_so_as_well():
    net = network().eval()
    with pytest.raises(RuntimeError):
        measured(net, [torch.randn(4, 7, 5)])
    assert not any(m.training for m in net.modules())
    assert net[1].momentum == 0.1


def test_measuring_never_waits_for_the_device(kernels):
    with kernels():
        measured(network(), torch.randn(20, 2, 5).split(10))


def test_layers_without_running_statistics_need_no_policy():
    assert batchnorm.layers(nn.Sequential(nn.BatchNorm1d(3, track_running_stats=False), nn.LayerNorm(3))) == {}


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
