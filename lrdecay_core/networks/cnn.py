"""Convolutional networks for signals and for small images."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor, nn

from lrdecay_core.networks import stacked
from lrdecay_core.networks.stacked import Layers, Windows

__all__ = ["CNN1d", "CNN1dDepth2", "CNN1dDepth4", "CNN2d"]


class CNN1d(nn.Module):
    """Three convolutions of stride 2 (kernels 5, 3, 3) with ``width`` channels (default 25), ReLU, and a linear head.

    The architecture of the MNIST-1D benchmark (Greydanus and Kobak, ICML 2024).
    """

    layers: ClassVar[Layers] = {"first": Windows((5,)), "second": Windows((3,)), "third": Windows((3,)), "head": None}

    def __init__(self, input_shape: tuple[int, ...], num_classes: int, width: int = 25) -> None:
        super().__init__()
        if len(input_shape) != 1:
            raise ValueError(
                f"`network`='cnn1d' needs inputs of shape (length,), got {input_shape}; use 'cnn2d' or 'mlp'"
            )
        channels = 1
        for name, windows in self.layers.items():
            if windows is not None:
                kernel, stride, padding = windows.kernel[0], windows.stride, windows.padding
                self.add_module(name, nn.Conv1d(channels, width, kernel, stride=stride, padding=padding))
                channels = width
        with torch.no_grad():
            features = self._body(torch.zeros(1, *input_shape)).shape[1]
        self.head = nn.Linear(features, num_classes)

    def _body(self, inputs: Tensor) -> Tensor:
        hidden = inputs.unsqueeze(1)
        for name, windows in self.layers.items():
            if windows is not None:
                hidden = self.get_submodule(name)(hidden).relu()
        return hidden.flatten(1)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return logits (B, classes) for inputs (B, length)."""
        return self.head(self._body(inputs))

    @classmethod
    def stacked(cls, weights: Mapping[str, Tensor], inputs: Tensor) -> Tensor:
        """Return logits (R, classes, B) of R networks for inputs (R, B, length)."""
        hidden = inputs.transpose(1, 2).unsqueeze(1)
        for layer, windows in cls.layers.items():
            if windows is not None:
                weight, bias = weights[f"{layer}.weight"], weights[f"{layer}.bias"]
                hidden = stacked.convolution(hidden, weight, bias, windows).relu()
        return stacked.linear(hidden.flatten(1, 2), weights["head.weight"], weights["head.bias"])


class CNN1dDepth2(CNN1d):
    """The same without its third convolution."""

    layers: ClassVar[Layers] = {"first": Windows((5,)), "second": Windows((3,)), "head": None}


class CNN1dDepth4(CNN1d):
    """The same with a fourth convolution, kernel 3."""

    layers: ClassVar[Layers] = {
        "first": Windows((5,)),
        "second": Windows((3,)),
        "third": Windows((3,)),
        "fourth": Windows((3,)),
        "head": None,
    }


class CNN2d(nn.Module):
    """Two 3 x 3 convolutions of stride 2, ``width`` and 2 ``width`` channels (default 16, 32), ReLU, linear head."""

    layers: ClassVar[Layers] = {"first": Windows((3, 3)), "second": Windows((3, 3)), "head": None}

    def __init__(self, input_shape: tuple[int, ...], num_classes: int, width: int = 16) -> None:
        super().__init__()
        if len(input_shape) != 2:
            raise ValueError(
                f"`network`='cnn2d' needs inputs of shape (height, width), got {input_shape}; use 'cnn1d' or 'mlp'"
            )
        self.first = nn.Conv2d(1, width, 3, stride=2, padding=1)
        self.second = nn.Conv2d(width, 2 * width, 3, stride=2, padding=1)
        with torch.no_grad():
            features = self._body(torch.zeros(1, *input_shape)).shape[1]
        self.head = nn.Linear(features, num_classes)

    def _body(self, inputs: Tensor) -> Tensor:
        hidden = self.first(inputs.unsqueeze(1)).relu()
        return self.second(hidden).relu().flatten(1)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return logits (B, classes) for inputs (B, height, width)."""
        return self.head(self._body(inputs))

    @staticmethod
    def stacked(weights: Mapping[str, Tensor], inputs: Tensor) -> Tensor:
        """Return logits (R, classes, B) of R networks for inputs (R, B, height, width)."""
        hidden = inputs.permute(0, 2, 3, 1).unsqueeze(1)
        for layer, windows in CNN2d.layers.items():
            if windows is not None:
                weight, bias = weights[f"{layer}.weight"], weights[f"{layer}.bias"]
                hidden = stacked.convolution(hidden, weight, bias, windows).relu()
        return stacked.linear(hidden.flatten(1, 3), weights["head.weight"], weights["head.bias"])
