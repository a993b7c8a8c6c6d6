"""The library's own networks on a plane, where the first layer is affine in the coordinates.

The first layer's response at a point is Z_0 + alpha Z_1 + beta Z_2, with Z the responses of the origin and of the two
axes: three products per block of samples serve all points. Activations are (*positions, features, samples), so that
what a kernel sees is a stretch of memory and a convolution is matrix products without a copy.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from lrdecay_core.landscape.loss import Loss, number, score
from lrdecay_core.landscape.plane import Plane

__all__ = ["values"]

ACTIVATIONS = 500_000  # numbers: two megabytes; smaller blocks spend more on calls, larger ones leave the cache
Weights = list[tuple[Tensor, Tensor]]


@torch.no_grad()
def values(plane: Plane, losses: Mapping[str, Loss], points: np.ndarray) -> dict[str, np.ndarray]:
    """Return {name: (G,)} at points (G, 2); inf where a loss is not finite."""
    first = next(iter(losses.values()))
    axes = [_weights(first, v) for v in (plane.origin, *plane.basis)]
    weights = [_weights(first, v) for v in plane.point(*points.T)]
    found = {}
    for name, loss in losses.items():
        logits = torch.empty(
            len(points), len(weights[0][-1][1]), len(loss.inputs), dtype=loss.dtype, device=loss.device
        )
        start = 0
        for inputs in loss.inputs.split(_samples(loss)):
            block = _Block(list(loss.net.children()), axes, inputs)
            for row, w, point in zip(logits, weights, points.tolist(), strict=True):
                row[:, start : start + len(inputs)] = block.logits(w, *point)
            start += len(inputs)
        scores = torch.stack([number(score(loss.criterion, row, loss.targets)) for row in logits])
        found[name] = scores.double().nan_to_num(nan=torch.inf, posinf=torch.inf, neginf=-torch.inf).cpu().numpy()
    return found


def _samples(loss: Loss) -> int:
    """Return how many samples keep the first layer's response within ``ACTIVATIONS``."""
    layer: Any = next(loss.net.children())
    shape = loss.inputs.shape[1:]
    positions = 1 if isinstance(layer, nn.Linear) else shape.numel() // layer.stride[0] ** len(shape)
    return max(1, ACTIVATIONS // (len(layer.weight) * positions))


def _weights(loss: Loss, vector: Tensor) -> Weights:
    """Return weight and bias per layer, dense columns in the order of the features: position, then unit."""
    named = loss.layout.unflatten(vector.to(loss.device, loss.dtype))
    found: Weights = []
    for name, _ in loss.net.named_children():
        weight = named[f"{name}.weight"]
        if weight.ndim == 2 and found and found[-1][0].ndim > 2:
            weight = weight.unflatten(1, (len(found[-1][0]), -1)).transpose(1, 2).flatten(1)
        found.append((weight, named[f"{name}.bias"]))
    return found


class _Block:
    """A block of samples: its first-layer responses, and one set of activations that all points overwrite.

    Fresh memory of this size comes from the system and goes back to it, at the price of a layer.
    """

    def __init__(self, layers: list[Any], axes: list[Weights], inputs: Tensor) -> None:
        paddings = [0 if isinstance(layer, nn.Linear) else layer.padding[0] for layer in layers]
        padded = functional.pad(inputs, (paddings[0],) * 2 * (inputs.ndim - 1))
        features = padded.movedim(0, -1).unsqueeze(-2).contiguous()
        self._z = [_layer(layers[0], *w[0], features, paddings[1], None) for w in axes]
        self._layers, self._paddings = layers[1:], [*paddings[2:], 0]
        self._first = torch.empty_like(self._z[0])
        self._rest: list[Tensor | None] = [None] * len(self._layers)

    def logits(self, weights: Weights, alpha: float, beta: float) -> Tensor:
        """Return (classes, N); overwritten by the next call."""
        hidden = torch.add(self._z[0], self._z[1], alpha=alpha, out=self._first).add_(self._z[2], alpha=beta)
        for k, layer in enumerate(self._layers):
            hidden = _layer(layer, *weights[k + 1], hidden.relu_(), self._paddings[k], self._rest[k])
            self._rest[k] = hidden
        return hidden


def _layer(layer: Any, weight: Tensor, bias: Tensor, features: Tensor, padding: int, out: Tensor | None) -> Tensor:
    """Return (*positions', out, N) for features (*positions, in, N); dense layers flatten all but the samples.

    Features come padded with zeros as this layer needs them and leave with the ``padding`` of the next. What an
    earlier call returned may be passed as ``out``, to be overwritten: its border is zero already.
    """
    units, samples = features.shape[-2:]
    if isinstance(layer, nn.Linear):
        out = features.new_empty(len(weight), samples) if out is None else out
        return torch.addmm(bias.unsqueeze(-1), weight, features.flatten(0, -2), out=out)
    kernel, stride = weight.shape[2:], layer.stride[0]
    places = [(n - k) // stride + 1 for n, k in zip(features.shape, kernel, strict=False)]
    window = (places[-1], kernel[-1] * units, samples), (stride * units * samples, samples, 1)
    out = features.new_zeros(*(n + 2 * padding for n in places), len(weight), samples) if out is None else out
    inner = out[tuple(slice(padding, padding + n) for n in places)]
    for offset in product(*(range(k) for k in kernel[:-1])):
        tap: tuple[Any, ...] = (slice(None), slice(None), *offset)
        taps = weight[tap].transpose(1, 2).flatten(1).expand(places[-1], -1, -1)
        for place in product(*(range(n) for n in places[:-1])):
            where: tuple[Any, ...] = tuple(stride * p + o for p, o in zip(place, offset, strict=True))
            line = features[where]
            inner[place].baddbmm_(taps, line.as_strided(*window), beta=float(any(offset)))
    inner.add_(bias.unsqueeze(-1))
    return out
