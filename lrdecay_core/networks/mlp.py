"""Multi-layer perceptron."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar

from torch import Tensor, nn

from lrdecay_core.networks import stacked
from lrdecay_core.networks.stacked import Layers

__all__ = ["MLP"]


class MLP(nn.Module):
    """Two hidden layers with ReLU on the flattened input: ``width`` units each (default 100)."""

    layers: ClassVar[Layers] = {"first": None, "second": None, "head": None}

    def __init__(self, input_shape: tuple[int, ...], num_classes: int, width: int = 100) -> None:
        super().__init__()
        self.first = nn.Linear(math.prod(input_shape), width)
        self.second = nn.Linear(width, width)
        self.head = nn.Linear(width, num_classes)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return logits (B, classes) for inputs (B, *input_shape)."""
        hidden = self.first(inputs.flatten(1)).relu()
        return self.head(self.second(hidden).relu())

    @staticmethod
    def stacked(weights: Mapping[str, Tensor], inputs: Tensor) -> Tensor:
        """Return logits (R, classes, B) of R networks for inputs (R, B, *input_shape)."""
        hidden = inputs.flatten(2).transpose(1, 2)
        for layer in ("first", "second"):
            hidden = stacked.linear(hidden, weights[f"{layer}.weight"], weights[f"{layer}.bias"]).relu()
        return stacked.linear(hidden, weights["head.weight"], weights["head.bias"])
