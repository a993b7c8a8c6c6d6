"""Flat vectors out of what people have at hand: vectors, modules, state dicts, and directions among them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from lrdecay_core import checks, rng
from lrdecay_core.parameters import Layout

__all__ = ["Source", "as_vector", "common_layout", "filter_normalised", "random_directions", "tensor", "trainable"]


Source = Tensor | np.ndarray | nn.Module | Mapping[str, Tensor]
BUFFERS = ("running_mean", "running_var", "num_batches_tracked")


def tensor(values: Tensor | np.ndarray, name: str = "vectors") -> Tensor:
    """Return ``values`` as a tensor. A tensor stays where it is, whatever the default device."""
    if isinstance(values, Tensor):
        return values
    try:
        return torch.as_tensor(values)
    except (TypeError, ValueError, OverflowError, RuntimeError) as error:
        raise ValueError(f"`{name}` must be numbers in rows of one length, got {checks.shown(values)}") from error


def trainable(net: nn.Module) -> Layout:
    """Return the layout of the parameters that training may move: tied ones once, frozen ones not at all.

    >>> net = nn.Linear(3, 2)
    >>> _ = net.bias.requires_grad_(False)
    >>> trainable(net).names
    ('weight',)
    """
    named = {name: p for name, p in net.named_parameters() if p.requires_grad}
    if not named:
        raise ValueError(
            "`net` must have a parameter with requires_grad=True, since frozen ones are no axes of the landscape; "
            "got none, call net.requires_grad_() on a copy"
        )
    return Layout.of(named)


def as_vector(name: str, source: Source, layout: Layout | None = None) -> Tensor:
    """Return ``source`` as a flat tensor (P,), detached.

    Args:
        name: the argument's name, for messages.
        source: a flat vector, a module (its trainable parameters), or a state dict.
        layout: names and shapes that a module or state dict must have. A state dict does not tell parameters from
            buffers and lists tied ones twice: where it has such entries the layout (``loss.layout``) is needed.

    Raises:
        ValueError: a parameter is missing or has another shape, or an entry is not finite.
    """
    if isinstance(source, nn.Module):
        named: Any = dict(source.named_parameters(remove_duplicate=False))
        layout = layout or trainable(source)
    elif isinstance(source, Mapping):
        named = source
        if not all(isinstance(key, str) and isinstance(value, Tensor) for key, value in named.items()):
            raise ValueError(f"`{name}` must map names to tensors, got {checks.shown(named)}")
        if layout is None and any(key.endswith(BUFFERS) for key in named):
            raise ValueError(
                f"`{name}` is a state dict with buffers, which are not parameters; pass the module, layout=loss.layout "
                "or loss.vector(state_dict)"
            )
        layout = layout or Layout.of(named)
    else:
        return _finite(name, tensor(source, name).detach(), layout)
    for key, shape in zip(layout.names, layout.shapes, strict=True):
        found = tuple(named[key].shape) if key in named else "no such entry"
        if found != tuple(shape):
            raise ValueError(f"`{name}` must have a parameter {key} of shape {tuple(shape)}, got {found}")
    return _finite(name, layout.flatten({key: named[key] for key in layout.names}).detach(), layout)


def common_layout(sources: Mapping[str, Source]) -> Layout | None:
    """Return the layout of the first module or state dict among ``sources``; None where all are flat vectors."""
    for name, source in sources.items():
        if isinstance(source, nn.Module):
            return trainable(source)
        if isinstance(source, Mapping):
            as_vector(name, source)
            return Layout.of(source)
    return None


def _finite(name: str, vector: Tensor, layout: Layout | None) -> Tensor:
    wanted = "P" if layout is None else str(layout.size)
    if vector.ndim != 1 or not vector.is_floating_point() or (layout is not None and len(vector) != layout.size):
        raise ValueError(
            f"`{name}` must be a floating point vector ({wanted},), got {tuple(vector.shape)} {vector.dtype}"
        )
    bad = int((~vector.isfinite()).sum())
    if bad:
        raise ValueError(f"`{name}` must be finite, got {bad} NaN or infinite of {len(vector)} entries")
    return vector


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
