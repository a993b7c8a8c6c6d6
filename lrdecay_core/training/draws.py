"""What chance decides in a run: batch order, noise, corrupted labels, moves of images. Each at its own address."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from lrdecay_core import rng
from lrdecay_core.training.config import TrainConfig

__all__ = ["PADDING", "Epoch", "batches", "corrupted_labels", "draw_epoch", "draw_moves", "move"]

PADDING = 4  # of images, before a crop of their size is taken at random


@dataclass(frozen=True)
class Epoch:
    """The randomness of one epoch for S seeds.

    Sample order (S, N) and labels (S, N); input noise (S, N, ...) and moves of images (S, N, 3), or None.
    """

    order: Tensor
    labels: Tensor
    noise: Tensor | None
    moves: Tensor | None = None


def corrupted_labels(config: TrainConfig, seed: int, labels: np.ndarray, num_classes: int) -> np.ndarray:
    """Return the labels a run is given: a share ``label_corruption`` of them moved once to another class."""
    count = round(config.label_corruption * len(labels))
    stream = rng.stream(seed, "label corruption")
    chosen = stream.permutation(len(labels))[:count]
    given = labels.copy()
    given[chosen] = (given[chosen] + stream.integers(1, num_classes, size=count)) % num_classes
    return given


def draw_epoch(
    config: TrainConfig,
    seeds: Sequence[int],
    epoch: int,
    given: np.ndarray,
    input_shape: tuple[int, ...],
    num_classes: int,
    device: torch.device,
) -> Epoch:
    """Return the draws of ``epoch`` for each seed; ``given`` (S, N) are the labels before fresh noise."""
    size = given.shape[1]
    order = np.stack([rng.stream(seed, "batch order", epoch).permutation(size) for seed in seeds])
    labels = given
    if config.label_noise:
        labels = labels.copy()
        for i, seed in enumerate(seeds):
            stream = rng.stream(seed, "label noise", epoch)
            replaced = stream.random(size) < config.label_noise
            labels[i] = np.where(replaced, stream.integers(0, num_classes, size=size), labels[i])
    noise = None
    if config.input_noise:
        drawn = [
            rng.stream(seed, "input noise", epoch).standard_normal((size, *input_shape), dtype=np.float32)
            for seed in seeds
        ]
        noise = torch.as_tensor(config.input_noise * np.stack(drawn), device=device)
    moves = None
    if config.augment:
        drawn = [draw_moves(rng.stream(seed, "augmentation", epoch), size) for seed in seeds]
        moves = torch.as_tensor(np.stack(drawn), device=device)
    return Epoch(torch.as_tensor(order, device=device), torch.as_tensor(labels, device=device), noise, moves)


def batches(
    draw: Epoch,
    steps: range,
    size: int,
    *,
    inputs: Tensor,
    prepared: Tensor,
    targets: Tensor,
    prepare: Callable[[Tensor], Tensor],
) -> tuple[Tensor, Tensor]:
    """Return what steps of an epoch read, gathered once per seed: prepared samples, and targets (steps, S, K, B).

    Args:
        draw: the draws of the epoch.
        steps: consecutive steps, counted from the start of the epoch.
        size: samples per batch, B.
        inputs: (N, ...) raw samples, which moves and noise act on.
        prepared: the same samples prepared once, for epochs without either.
        targets: (K, K) the distribution over classes that stands for each label.
        prepare: (M, ...) raw samples -> prepared ones.
    """
    order = draw.order[:, steps.start * size : steps.stop * size].unflatten(1, (len(steps), size))
    order = order.transpose(0, 1).contiguous()  # the gathered batches lie in memory as their addresses do
    seed = torch.arange(len(draw.order), device=order.device).unsqueeze(1)
    if draw.noise is None and draw.moves is None:
        chosen = prepared[order]
    else:
        drawn = inputs[order]
        if draw.moves is not None:
            drawn = move(drawn, draw.moves[seed, order])
        if draw.noise is not None:
            drawn = drawn + draw.noise[seed, order]
        chosen = prepare(drawn.flatten(0, 2)).unflatten(0, order.shape)
    return chosen, targets[draw.labels[seed, order]].mT.contiguous()


def draw_moves(stream: np.random.Generator, count: int) -> np.ndarray:
    """Return the usual moves of small photographs (count, 3): a random crop after padding by four, mirrored or not.

    Rows and columns to skip, each uniform on 0 ... 8, and 1 where the image is mirrored.
    """
    return np.concatenate([stream.integers(0, 2 * PADDING + 1, (count, 2)), stream.integers(0, 2, (count, 1))], axis=1)


def move(images: Tensor, moves: Tensor) -> Tensor:
    """Return every image as its crop says: padded by zeros, cut out from where the move points, then mirrored.

    All at once and on the images' device; no wait for it.

    Args:
        images: (..., height, width) or (..., channels, height, width).
        moves: (..., 3), integers as :func:`draw_moves` gives them; a move of (4, 4, 0) changes nothing. Its leading
            axes are those of the images.

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
