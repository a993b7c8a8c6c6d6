"""The library's own architectures, feature-major: logits (R, classes, N) of R weight vectors on the same inputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from lrdecay_core.networks import MLP, CNN1d, CNN2d
from lrdecay_core.parameters import Layout

__all__ = ["BLOCK", "OURS", "is_ours", "logits", "score"]

OURS = (MLP, CNN1d, CNN2d)  # a registered architecture is a stranger's module
BLOCK = 1000  # samples; activations of one block stay in a core's cache


def is_ours(net: nn.Module, layout: Layout) -> bool:
    """Return True where the stacked forward pass computes what ``net`` does, with every parameter in ``layout``."""
    return type(net) in OURS and set(layout.names) == {n for n, _ in net.named_parameters()}


def logits(net: nn.Module, layout: Layout, vectors: Tensor, inputs: Tensor) -> Tensor:
    """Return logits (R, classes, N) for ``vectors`` (R, P) and ``inputs`` (N, *shape)."""
    weights, forward = layout.unflatten(vectors), type(net).stacked  # type: ignore[attr-defined]
    blocks = [forward(weights, x.expand(len(vectors), *x.shape)) for x in inputs.split(BLOCK)]
    return blocks[0] if len(blocks) == 1 else torch.cat(blocks, dim=-1)


def score(criterion: Callable[..., Any], rows: Tensor, targets: Tensor) -> Any:
    """Return the criterion of one network's logits (classes, N).

    Cross-entropy takes classes on the second of three axes as well, which spares a transposition as dear as a layer.
    """
    if (criterion is functional.cross_entropy or type(criterion) is nn.CrossEntropyLoss) and targets.ndim == 1:
        return criterion(rows[None], targets[None])
    return criterion(rows.T, targets)
