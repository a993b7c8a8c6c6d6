"""ResNet-18 for images of 32 x 32.

Source: K. He et al., Deep Residual Learning for Image Recognition, 2016, in the form usual for CIFAR-10: the first
convolution is 3 x 3 with stride 1, and no pooling follows it.
"""

from __future__ import annotations

import math
from functools import partial

import torch
from torch import Tensor, nn

from lrdecay_core import checks

__all__ = ["ResNet18", "ResNet18ChannelsLast"]

NORMS = ("batch", "group")
GROUPS = 32  # or as many as divide the channels


def _norm(kind: str, channels: int) -> nn.Module:
    return nn.BatchNorm2d(channels) if kind == "batch" else nn.GroupNorm(math.gcd(GROUPS, channels), channels)


class _Block(nn.Module):
    """Two 3 x 3 convolutions, and a way around them: the identity, or 1 x 1 where shapes differ."""

    def __init__(self, entering: int, leaving: int, stride: int, norm: str) -> None:
        super().__init__()
        conv = partial(nn.Conv2d, bias=False)
        self.conv1, self.norm1 = conv(entering, leaving, 3, stride=stride, padding=1), _norm(norm, leaving)
        self.conv2, self.norm2 = conv(leaving, leaving, 3, padding=1), _norm(norm, leaving)
        same = stride == 1 and entering == leaving
        self.around = (
            nn.Identity() if same else nn.Sequential(conv(entering, leaving, 1, stride=stride), _norm(norm, leaving))
        )

    def forward(self, inputs: Tensor) -> Tensor:
        hidden = self.norm1(self.conv1(inputs)).relu()
        return (self.norm2(self.conv2(hidden)) + self.around(inputs)).relu()


class ResNet18(nn.Module):
    """Four stages of two residual blocks, ``width``, 2, 4 and 8 times ``width`` channels (default 64), linear head.

    Args:
        input_shape: (channels, height, width) of one image.
        num_classes: number of logits.
        width: channels of the first stage.
        norm: ``"group"`` (default): every sample has the same logits alone as in a batch, so an ensemble can train it.
            ``"batch"``: for networks trained elsewhere; ``landscape.loss_of`` then asks what normalisation does away
            from the network (``batch_norm="eval"`` or ``"recompute"``), and ``training`` refuses it.

    >>> sum(p.numel() for p in ResNet18((3, 32, 32), 10).parameters())
    11173962
    """

    def __init__(self, input_shape: tuple[int, ...], num_classes: int, width: int = 64, *, norm: str = "group") -> None:
        super().__init__()
        if len(input_shape) != 3:
            raise ValueError(
                f"`network`='resnet18' needs inputs of shape (channels, height, width), got {input_shape}; "
                "use 'cnn1d', 'cnn2d' or 'mlp'"
            )
        checks.one_of("norm", norm, NORMS)
        self.first = nn.Conv2d(input_shape[0], width, 3, padding=1, bias=False)
        self.norm = _norm(norm, width)
        sizes = [width, width, 2 * width, 4 * width, 8 * width]
        blocks = []
        for stage in range(4):
            blocks.append(_Block(sizes[stage], sizes[stage + 1], 1 if stage == 0 else 2, norm))
            blocks.append(_Block(sizes[stage + 1], sizes[stage + 1], 1, norm))
        self.blocks = nn.Sequential(*blocks)
        self.head = nn.Linear(sizes[-1], num_classes)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return logits (B, classes) for images (B, channels, height, width)."""
        hidden = self.blocks(self.norm(self.first(inputs)).relu())
        return self.head(hidden.mean(dim=(2, 3)))


class ResNet18ChannelsLast(ResNet18):
    """The same network with its images in memory as height, width, channels: what a GPU's matrix units read in bf16.

    On a CPU it is the slower order; the chapter "From a laptop to a study" measures both. Group normalisation on CUDA
    gives images back in the usual order in releases of torch that lack its pull request 191945 (August 2026), so
    measure on your machine before a long run.
    """

    def forward(self, inputs: Tensor) -> Tensor:
        """Return logits (B, classes) for images (B, channels, height, width), which may lie in memory in any order."""
        return super().forward(inputs.contiguous(memory_format=torch.channels_last))
