"""Random directions, and directions scaled like the filters they move."""

from __future__ import annotations

import torch
from torch import Tensor

from lrdecay_core import checks, rng
from lrdecay_core.parameters import Layout

__all__ = ["filter_normalised", "random_directions"]


def random_directions(like: Tensor, *, num: int = 2, seed: int = 0) -> Tensor:
    """Return ``num`` directions (num, P) of length one, uniform on the sphere, in the precision of ``like`` (P,).

    Direction k is the same however many are drawn.

    >>> random_directions(torch.zeros(7), num=3).norm(dim=1)
    tensor([1.0000, 1.0000, 1.0000])
    """
    num = checks.integer("num", num, minimum=1)
    checks.instance("like", like, Tensor)
    rows = [rng.stream(seed, "direction in weight space", k).standard_normal(like.numel()) for k in range(num)]
    drawn = torch.stack([torch.from_numpy(row) for row in rows])
    return (drawn / drawn.norm(dim=1, keepdim=True)).to(like)


def filter_normalised(directions: Tensor, vector: Tensor, layout: Layout, *, vectors: str = "zero") -> Tensor:
    """Return the directions with every filter scaled to the length of the network's own: d_f <- d_f |w_f| / |d_f|.

    Source: Li, Xu, Taylor, Studer and Goldstein (NeurIPS 2018). A filter is what feeds one output unit or channel, a
    row of a weight tensor. Without this, a network whose weights are larger looks flatter, for ReLU layers rescale.

    Args:
        directions: (..., P).
        vector: (P,) weights.
        layout: where the filters are: ``loss.layout``.
        vectors: biases and the scales and shifts of normalising layers, which are no filters: ``"zero"`` keeps them
            where they are (Li et al.), ``"scale"`` gives each such parameter the length of the network's own.

    Raises:
        ValueError: shapes differ, or ``vectors`` is neither word.
    """
    checks.one_of("vectors", vectors, ("zero", "scale"))
    weights, scaled = layout.unflatten(vector[None]), {}
    for name, part in layout.unflatten(directions).items():
        w = weights[name][0]
        if w.ndim < 2 and vectors == "zero":
            scaled[name] = torch.zeros_like(part)
            continue
        filters = w.shape[0] if w.ndim >= 2 else 1
        own = w.reshape(filters, -1).norm(dim=-1, keepdim=True)
        rows = part.reshape(*directions.shape[:-1], filters, -1)
        length = rows.norm(dim=-1, keepdim=True)
        scaled[name] = torch.where(length > 0, rows * (own / length), rows).reshape(part.shape)
    return layout.flatten(scaled)
