"""Layers for R networks at once, feature-major: activations are (R, features, ..., batch).

With the batch on the last axis every layer is one batched matrix product in the layout that is fast on a CPU, and the
weights keep the shape that ``nn.Module`` gives them, with the run axis in front.
"""

from __future__ import annotations

from itertools import product
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["convolution", "linear"]


def linear(inputs: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Return W x + b: inputs (R, in, B), weight (R, out, in), bias (R, out) -> (R, out, B)."""
    return torch.bmm(weight, inputs) + bias.unsqueeze(-1)


def convolution(inputs: Tensor, weight: Tensor, bias: Tensor, *, stride: int, padding: int) -> Tensor:
    """Return the convolution of inputs (R, in, *space, B) with weight (R, out, in, *kernel): (R, out, *space', B)."""
    kernel = weight.shape[3:]
    padded = functional.pad(inputs, (0, 0) + (padding, padding) * len(kernel))
    patches = _Patches.apply(padded, tuple(kernel), stride)
    flat = linear(patches.flatten(3).flatten(1, 2), weight.flatten(2), bias)
    return flat.view(*weight.shape[:2], *patches.shape[3:])


class _Patches(torch.autograd.Function):
    """What each kernel position sees: (R, in, *space, B) -> (R, in, positions, *space', B)."""

    @staticmethod
    def forward(ctx: Any, inputs: Tensor, kernel: tuple[int, ...], stride: int) -> Tensor:
        windows = [
            [slice(o, n - k + o + 1, stride) for o in range(k)] for n, k in zip(inputs.shape[2:-1], kernel, strict=True)
        ]
        ctx.shape, ctx.windows = inputs.shape, [(slice(None), slice(None), *w) for w in product(*windows)]
        return torch.stack([inputs[window] for window in ctx.windows], dim=2)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        """Add every position's gradient where it was read: one buffer, where autograd would make one per slice."""
        total = gradients[0].new_zeros(ctx.shape)
        for position, window in enumerate(ctx.windows):
            total[window] += gradients[0][:, :, position]
        return total, None, None
