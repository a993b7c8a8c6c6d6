import pytest
import torch
from torch import nn
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


CPU = torch.device("cpu")


class Tied(nn.Module):
    """Shared weights, a buffer and GroupNorm: nothing that a chain of layers could say."""

    def __init__(self) -> None:
        super().__init__()
        self.layer, self.norm = nn.Linear(4, 4), nn.GroupNorm(2, 4)
        self.register_buffer("scale", torch.tensor([1.0, 2.0, 3.0, 4.0]))

    def forward(self, inputs):
        return self.layer(self.norm(self.layer(inputs)).tanh()) * self.scale


def test_mapped_equals_the_modules_one_by_one_with_gradients():
    nets = [Tied().double() for _ in range(3)]
    weights = {
        name: torch.stack([dict(net.named_parameters())[name] for net in nets]).detach().requires_grad_()
        for name, _ in nets[0].named_parameters()
    }
    inputs = torch.randn(3, 5, 4, dtype=torch.float64)
    logits = stacked.mapped(nets, CPU)(weights, inputs)
    plain = torch.stack([net(x).T for net, x in zip(nets, inputs, strict=True)])
    torch.testing.assert_close(logits, plain, rtol=0, atol=1e-13)  # float64 rounding of numbers of order 1 to 10
    gradients = torch.autograd.grad(logits.sin().sum(), [*weights.values()])
    plain.sin().sum().backward()
    for name, gradient in zip(weights, gradients, strict=True):
        expected = torch.stack([dict(net.named_parameters())[name].grad for net in nets])
        # float64 rounding, of the largest: group normalisation divides by a spread that may be small
        torch.testing.assert_close(gradient, expected, rtol=0, atol=1e-13 * float(expected.abs().max()))


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (nn.BatchNorm1d(4), r"layer '1' must not depend on the batch, got BatchNorm1d.* use GroupNorm"),
        (nn.BatchNorm1d(4, track_running_stats=False).eval(), "must not depend on the batch"),
        (nn.Dropout(0.5), "layer '1' must draw no random numbers, got Dropout"),
    ],
)
def test_layers_that_mix_samples_or_draw_are_refused(layer, message):
    with pytest.raises(ValueError, match=message):
        stacked.mapped([nn.Sequential(nn.Linear(4, 4), layer)], CPU)


def test_frozen_batch_norm_and_idle_dropout_are_welcome():
    net = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Dropout(0.5)).eval()
    weights = {name: p.detach()[None] for name, p in net.named_parameters()}
    inputs = torch.randn(1, 5, 4)
    torch.testing.assert_close(stacked.mapped([net], CPU)(weights, inputs)[0].T, net(inputs[0]).detach())


def test_buffers_that_differ_between_seeds_are_refused():
    nets = [Tied(), Tied()]
    nets[1].scale[0] = 7.0
    with pytest.raises(ValueError, match="buffer 'scale' must be the same for every seed"):
        stacked.mapped(nets, CPU)


def convolving():
    return nn.Sequential(nn.Conv2d(2, 4, 3), nn.GroupNorm(2, 4), nn.ReLU(), nn.Flatten(), nn.Linear(36, 3))


def test_networks_that_convolve_go_one_by_one_and_give_the_same():
    nets = [convolving().double() for _ in range(3)]
    weights = {n: torch.stack([dict(net.named_parameters())[n] for net in nets]) for n, _ in nets[0].named_parameters()}
    inputs = torch.randn(3, 4, 2, 5, 5, dtype=torch.float64)
    logits = stacked.mapped(nets, CPU)(weights, inputs)
    plain = torch.stack([net(x).T for net, x in zip(nets, inputs, strict=True)])
    assert torch.equal(logits, plain)
    alone = stacked.mapped(nets, CPU)({n: w[1:2] for n, w in weights.items()}, inputs[1:2])
    assert torch.equal(alone, plain[1:2])
    kernels = torch.func.vmap(lambda w, x: torch.func.functional_call(nets[0], w, (x,)).mT)(weights, inputs)
    torch.testing.assert_close(kernels, plain, rtol=0, atol=1e-12)  # one grouped convolution: other sums, float64


def test_vmap_refuses_images_with_their_channels_last():
    """One more reason to take networks that convolve one by one; should it ever pass, measure anew."""
    net, images = nn.GroupNorm(2, 4), torch.randn(6, 4, 5, 5).to(memory_format=torch.channels_last)
    with pytest.raises(RuntimeError, match="memory_format other than torch.contiguous_format"):
        torch.func.vmap(net)(images.unflatten(0, (2, 3)))
