import pytest
import torch
from torch.nn import functional

from lrdecay_core.networks import stacked

CONVOLUTIONS = {1: functional.conv1d, 2: functional.conv2d}


@pytest.mark.parametrize(
    ("space", "kernel", "stride", "padding"), [((11,), (4,), 3, 0), ((5, 8), (3, 2), 2, 1), ((6,), (1,), 1, 2)]
)
def test_convolution_equals_torch_with_gradients(space, kernel, stride, padding):
    inputs = torch.randn(2, 3, *space, 4, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(2, 5, 3, *kernel, dtype=torch.float64, requires_grad=True)
    bias = torch.randn(2, 5, dtype=torch.float64)
    windows = stacked.Windows(kernel, stride=stride, padding=padding)
    ours = stacked.convolution(inputs, weight, bias, windows)
    assert windows.space(space) == ours.shape[2:-1]
    plain = CONVOLUTIONS[len(space)]
    theirs = torch.stack(
        [
            plain(x.movedim(-1, 0), w, b, stride=stride, padding=padding).movedim(0, -1)
            for x, w, b in zip(inputs, weight, bias, strict=True)
        ]
    )
    # Sums of at most 18 products of order one in another order.
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-13)
    ours_gradients = torch.autograd.grad(ours.square().sum(), (inputs, weight))
    theirs_gradients = torch.autograd.grad(theirs.square().sum(), (inputs, weight))
    for a, b in zip(ours_gradients, theirs_gradients, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-11)  # gradients reach 1e2


def test_linear_equals_torch():
    inputs, weight, bias = torch.randn(2, 3, 7), torch.randn(2, 4, 3), torch.randn(2, 4)
    expected = torch.stack([functional.linear(x.T, w, b).T for x, w, b in zip(inputs, weight, bias, strict=True)])
    torch.testing.assert_close(stacked.linear(inputs, weight, bias), expected)


def test_inner_undoes_the_border():
    inputs = torch.randn(2, 3, 4, 5, 6)
    for padding in (0, 2):
        windows = stacked.Windows((3, 3), padding=padding)
        assert torch.equal(windows.inner(windows.pad(inputs)), inputs)


def test_convolution_has_second_derivatives():
    inputs = torch.randn(1, 2, 5, 2, dtype=torch.float64)
    weight = torch.randn(1, 2, 2, 3, dtype=torch.float64, requires_grad=True)
    bias = torch.randn(1, 2, dtype=torch.float64)
    first = stacked.Windows((3,))

    def twice(weight):
        return stacked.convolution(stacked.convolution(inputs, weight, bias, first).tanh(), weight, bias, first)

    assert torch.autograd.gradgradcheck(twice, (weight,))
