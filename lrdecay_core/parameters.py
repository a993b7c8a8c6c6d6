"""The one bijection between named parameter tensors and flat vectors."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

__all__ = ["Layout"]


@dataclass(frozen=True)
class Layout:
    """Names and shapes of a network's parameters, in the order in which they fill a flat vector.

    >>> layout = Layout.of(nn.Linear(3, 2))
    >>> layout.size
    8
    >>> layout.unflatten(torch.zeros(5, 8))["weight"].shape
    torch.Size([5, 2, 3])
    """

    names: tuple[str, ...]
    shapes: tuple[torch.Size, ...]

    @classmethod
    def of(cls, source: nn.Module | Mapping[str, Tensor]) -> Layout:
        """Return the layout of a module's parameters (tied ones once), or of named tensors."""
        items = dict(source.named_parameters()) if isinstance(source, nn.Module) else dict(source)
        if not items:
            raise ValueError("`source` must hold at least one parameter, got none")
        return cls(tuple(items), tuple(t.shape for t in items.values()))

    @property
    def sizes(self) -> list[int]:
        """Entries per parameter."""
        return [math.prod(shape) for shape in self.shapes]

    @property
    def size(self) -> int:
        """P, the length of the flat vector."""
        return sum(self.sizes)

    def flatten(self, named: Mapping[str, Tensor]) -> Tensor:
        """Return the flat tensor (..., P) of named tensors (..., *shape); leading axes must agree."""
        missing, unknown = set(self.names) - set(named), set(named) - set(self.names)
        if missing or unknown:
            raise ValueError(f"`named` must hold exactly {list(self.names)}; missing {missing}, unknown {unknown}")
        parts = []
        for name, shape in zip(self.names, self.shapes, strict=True):
            tensor = named[name]
            lead = tensor.shape[: tensor.ndim - len(shape)]
            if tensor.shape != lead + shape:
                raise ValueError(f"`{name}` must end in shape {tuple(shape)}, got {tuple(tensor.shape)}")
            parts.append(tensor.reshape(*lead, -1))
        return torch.cat(parts, dim=-1)

    def unflatten(self, flat: Tensor) -> dict[str, Tensor]:
        """Return views (..., *shape) into the flat tensor (..., P); one split, so gradients come back in one piece."""
        if flat.shape[-1] != self.size:
            raise ValueError(f"`flat` must end in {self.size} entries, got shape {tuple(flat.shape)}")
        parts = flat.split(self.sizes, dim=-1)
        return {
            name: part.view((*flat.shape[:-1], *shape))
            for name, shape, part in zip(self.names, self.shapes, parts, strict=True)
        }
