"""The usual augmentation of small photographs: a crop at random after padding by four, and a mirror image or not."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["PADDING", "draw", "move"]

PADDING = 4


def draw(stream: np.random.Generator, count: int) -> np.ndarray:
    """Return (count, 3): rows and columns to skip, each uniform on 0 ... 8, and 1 where the image is mirrored."""
    return np.concatenate([stream.integers(0, 2 * PADDING + 1, (count, 2)), stream.integers(0, 2, (count, 1))], axis=1)


def move(images: Tensor, moves: Tensor) -> Tensor:
    """Return every image as its crop says: padded by zeros, cut out from where the move points, then mirrored.

    All at once and on the images' device; no wait for it.

    Args:
        images: (..., height, width) or (..., channels, height, width).
        moves: (..., 3), integers as :func:`draw` gives them; a move of (4, 4, 0) changes nothing. Its leading axes are
            those of the images.

    >>> move(torch.arange(4.0).view(1, 2, 2), torch.tensor([[4, 4, 1]]))
    tensor([[[1., 0.],
             [3., 2.]]])
    """
    lead = moves.ndim - 1
    height, width = images.shape[-2:]
    flat = images.reshape(moves.shape[:-1].numel(), -1, height, width)
    padded = functional.pad(flat, (PADDING,) * 4)
    top, left, mirrored = moves.reshape(-1, 3, 1).unbind(1)
    across = torch.arange(width, device=images.device)
    rows = top + torch.arange(height, device=images.device)
    columns = left + torch.where(mirrored.bool(), across.flip(0), across)
    sample = torch.arange(len(flat), device=images.device)[:, None, None, None]
    channel = torch.arange(flat.shape[1], device=images.device)[None, :, None, None]
    cut = padded[sample, channel, rows[:, None, :, None], columns[:, None, None, :]]
    return cut.reshape(*moves.shape[:lead], *images.shape[lead:])
