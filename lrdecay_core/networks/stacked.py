"""Layers for R networks at once, feature-major: activations are (R, features, ..., batch).

With the batch on the last axis every layer is one batched matrix product in the layout that is fast on a CPU, and the
weights keep the shape that ``nn.Module`` gives them, with the run axis in front.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["Layers", "Windows", "convolution", "linear"]


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
