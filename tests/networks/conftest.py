"""Every architecture is written twice; the stacked one must be the plain one, values and gradients."""

from collections.abc import Callable

import pytest
import torch

from lrdecay_core import networks
from lrdecay_core.parameters import Layout


@pytest.fixture
def stacked_equals_plain() -> Callable[[str, tuple[int, ...]], None]:
    return compare


def compare(name: str, shape: tuple[int, ...]) -> None:
    nets = [networks.build(name, input_shape=shape, num_classes=4, width=5, seed=s).double() for s in range(3)]
    layout = Layout.of(nets[0])
    weights = torch.stack([layout.flatten(dict(net.named_parameters())) for net in nets]).detach().requires_grad_()
    inputs = torch.randn(3, 6, *shape, dtype=torch.float64)
    stacked = networks.ARCHITECTURES[name].stacked(layout.unflatten(weights), inputs)
    plain = torch.stack([net(x).T for net, x in zip(nets, inputs, strict=True)])
    # The same sums in another order, float64: a few units in the last place of numbers of order one.
    torch.testing.assert_close(stacked, plain, rtol=0, atol=1e-14)
    (gradient,) = torch.autograd.grad(stacked.sin().sum(), weights, retain_graph=True)
    plain.sin().sum().backward()
    expected = torch.stack([layout.flatten({n: p.grad for n, p in net.named_parameters()}) for net in nets])
    torch.testing.assert_close(gradient, expected, rtol=0, atol=1e-14)
    (one,) = torch.autograd.grad(stacked[1].sum(), weights)
    assert one[[0, 2]].abs().max() == 0, "runs must not mix"
