"""Layers for R networks at once, feature-major: activations are (R, features, ..., batch).

With the batch on the last axis every layer is one batched matrix product in the layout that is fast on a CPU, and the
weights keep the shape that ``nn.Module`` gives them, with the run axis in front.

A module that is nobody's stack is run by :func:`mapped`: at once by ``torch.func.vmap``, or one by one if it convolves.
Convolutions with a kernel per run become one grouped convolution under vmap, which is the slower way. Run by run, a
module may keep its images in the order it likes, such as ``torch.channels_last``, which vmap refuses to normalise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["Layers", "Windows", "convolution", "linear", "mapped"]


@dataclass(frozen=True)
class Windows:
    """How a convolution reads its input: a kernel of this shape, moved by ``stride`` over a border of zeros."""

    kernel: tuple[int, ...]
    stride: int = 2
    padding: int = 1

    def space(self, space: Sequence[int]) -> tuple[int, ...]:
        """Return the shape of the output for inputs of shape ``space``."""
        sizes = zip(space, self.kernel, strict=True)
        return tuple((n + 2 * self.padding - k) // self.stride + 1 for n, k in sizes)

    def pad(self, inputs: Tensor) -> Tensor:
        """Return (R, in, *space, B) within its border."""
        return functional.pad(inputs, (0, 0) + (self.padding, self.padding) * len(self.kernel))

    def inner(self, padded: Tensor) -> Tensor:
        """Return the view without the border."""
        inside = [slice(self.padding, n - self.padding) for n in padded.shape[2:-1]]
        return padded[:, :, *inside]

    def slices(self, padded: Tensor) -> Iterator[Tensor]:
        """Yield, for every kernel position, the view (R, in, *space', B) of what it sees."""
        ranges = [
            [slice(o, n - k + o + 1, self.stride) for o in range(k)]
            for n, k in zip(padded.shape[2:-1], self.kernel, strict=True)
        ]
        yield from (padded[:, :, *window] for window in product(*ranges))

    def read(self, padded: Tensor) -> Tensor:
        """Return what the kernel positions see, (R, in, positions, *space', B)."""
        return _Patches.apply(padded, self)


Layers = Mapping[str, Windows | None]
"""Layer names in order -> the windows of a convolution, None for a dense layer."""


def linear(inputs: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Return W x + b: inputs (R, in, B), weight (R, out, in), bias (R, out) -> (R, out, B)."""
    return torch.bmm(weight, inputs) + bias.unsqueeze(-1)


def convolution(inputs: Tensor, weight: Tensor, bias: Tensor, windows: Windows) -> Tensor:
    """Return the convolution of inputs (R, in, *space, B) with weight (R, out, in, *kernel): (R, out, *space', B)."""
    patches = windows.read(windows.pad(inputs))
    flat = linear(patches.flatten(3).flatten(1, 2), weight.flatten(2), bias)
    return flat.view(*weight.shape[:2], *patches.shape[3:])


class _Patches(torch.autograd.Function):
    """Reading through windows, with one buffer for the gradient where autograd would make one per kernel position."""

    @staticmethod
    def forward(ctx: Any, padded: Tensor, windows: Windows) -> Tensor:
        ctx.shape, ctx.windows = padded.shape, windows
        return torch.stack([*windows.slices(padded)], dim=2)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        """Add every position's gradient where it was read; each view is made after the last sum, as autograd asks."""
        total = gradients[0].new_zeros(ctx.shape)
        for seen, share in zip(ctx.windows.slices(total), gradients[0].unbind(2), strict=True):
            seen += share
        return total, None


def mapped(nets: Sequence[nn.Module], device: torch.device) -> Callable[[Mapping[str, Tensor], Tensor], Tensor]:
    """Return the function of weights {name: (R, *shape)} and inputs (R, B, *input_shape) to logits (R, classes, B).

    Args:
        nets: networks of one architecture; their buffers, which are not trained, must agree.
        device: where the buffers are kept.

    Raises:
        ValueError: a layer works on batch statistics or draws random numbers, or buffers differ.

    >>> nets = [nn.Sequential(nn.Linear(4, 3), nn.Tanh()) for _ in range(2)]
    >>> weights = {name: torch.zeros(2, *p.shape) for name, p in nets[0].named_parameters()}
    >>> mapped(nets, torch.device("cpu"))(weights, torch.zeros(2, 5, 4)).shape
    torch.Size([2, 3, 5])
    """
    for name, layer in nets[0].named_modules():
        _refuse(name, layer)
    buffers = {name: b.to(device) for name, b in nets[0].named_buffers()}
    for net in nets[1:]:
        for name, b in net.named_buffers():
            if not torch.equal(b.to(device), buffers[name]):
                raise ValueError(f"`network` buffer {name!r} must be the same for every seed, got other values")

    def one(weights: Mapping[str, Tensor], inputs: Tensor) -> Tensor:
        return torch.func.functional_call(nets[0], {**weights, **buffers}, (inputs,)).mT

    def each(weights: Mapping[str, Tensor], inputs: Tensor) -> Tensor:
        rows = zip(*(w.unbind() for w in weights.values()), strict=True)
        runs = zip(rows, inputs, strict=True)
        return torch.stack([one(dict(zip(weights, row, strict=True)), x) for row, x in runs])

    convolves = any(isinstance(layer, nn.modules.conv._ConvNd) for layer in nets[0].modules())
    return each if convolves else torch.func.vmap(one)


def _refuse(name: str, layer: nn.Module) -> None:
    if isinstance(layer, nn.modules.batchnorm._BatchNorm) and (layer.training or layer.running_mean is None):
        raise ValueError(
            f"`network` layer {name!r} must not depend on the batch, got {layer} in training mode; "
            "use GroupNorm or LayerNorm, or return the module with this layer in eval() mode"
        )
    if isinstance(layer, nn.modules.dropout._DropoutNd) and layer.training and layer.p:
        raise ValueError(
            f"`network` layer {name!r} must draw no random numbers, got {layer}; "
            "use `input_noise` or `label_noise` of the configuration, which are drawn at addresses of their own"
        )
