import pytest
import torch

from lrdecay_core import networks
from lrdecay_core.networks import chain
from lrdecay_core.parameters import Layout

CASES = [
    ("mlp", (7, 3)),
    ("cnn1d", (40,)),
    ("cnn1d", (17,)),
    ("cnn1d-depth2", (17,)),
    ("cnn1d-depth4", (40,)),
    ("cnn2d", (8, 8)),
    ("cnn2d", (5, 9)),
]


def set_up(name, shape, runs):
    nets = [networks.build(name, input_shape=shape, num_classes=4, width=5, seed=s).double() for s in range(runs)]
    layout = Layout.of(nets[0])
    weights = torch.stack([layout.flatten(dict(net.named_parameters())) for net in nets]).detach()
    return networks.ARCHITECTURES[name], layout, weights


@pytest.mark.parametrize(("name", "shape"), CASES)
@pytest.mark.parametrize(("groups", "share"), [(3, 1), (2, 3), (1, 4)])
def test_values_and_gradients_equal_stacked_with_autograd(name, shape, groups, share):
    architecture, layout, weights = set_up(name, shape, groups * share)
    blocks = chain.to_blocks(architecture.layers, layout.unflatten(weights))
    net = chain.Chain(architecture.layers, shape, blocks, groups=groups, batch=6)
    for _ in range(2):  # the second pass meets the buffers of the first
        inputs = torch.randn(groups, 6, *shape, dtype=torch.float64)
        x = chain.columns(chain.unfold(architecture.layers, inputs.flatten(0, 1)).unflatten(0, (groups, 6)))
        logits = net.forward(blocks, x)
        plain = weights.clone().requires_grad_()
        expected = architecture.stacked(layout.unflatten(plain), inputs.repeat_interleave(share, dim=0))
        # The same sums in another order, float64: a few units in the last place of numbers of order one.
        torch.testing.assert_close(logits, expected, rtol=0, atol=1e-14)
        found = [torch.zeros_like(b) for b in blocks]

        def use(i, d, x, found=found):
            found[i].view(len(d), -1, x.shape[1]).baddbmm_(d, x.mT)

        net.backward(blocks, x, logits.cos(), use)
        (gradient,) = torch.autograd.grad(expected.sin().sum(), plain)
        named = chain.from_blocks(architecture.layers, found)
        torch.testing.assert_close(layout.flatten(named), gradient, rtol=0, atol=1e-13)  # gradients reach 10


@pytest.mark.parametrize(("name", "shape"), CASES)
def test_blocks_hold_the_weights_and_give_them_back(name, shape):
    architecture, layout, weights = set_up(name, shape, 2)
    blocks = chain.to_blocks(architecture.layers, layout.unflatten(weights))
    assert sum(b[0].numel() for b in blocks) == layout.size
    assert torch.equal(layout.flatten(chain.from_blocks(architecture.layers, blocks)), weights)


def test_a_layer_may_be_changed_as_soon_as_its_gradient_is_used():
    architecture, layout, weights = set_up("cnn1d", (40,), 2)
    samples = chain.unfold(architecture.layers, torch.randn(12, 40, dtype=torch.float64))
    x = chain.columns(samples.unflatten(0, (2, 6)))
    found = []
    for spoil in (False, True):
        blocks = chain.to_blocks(architecture.layers, layout.unflatten(weights))
        net = chain.Chain(architecture.layers, (40,), blocks, groups=2, batch=6)
        seen = {}

        def use(i, d, x, blocks=blocks, seen=seen, spoil=spoil):
            seen[i] = d @ x.mT
            if spoil:
                blocks[i].fill_(torch.nan)

        net.backward(blocks, x, net.forward(blocks, x).clone(), use)
        found.append(seen)
    assert [*found[0]] == [3, 2, 1, 0]
    assert all(torch.equal(found[0][i], found[1][i]) for i in range(4))
