"""Chains of linear maps and ReLU, forward and backward written out, for R networks at once.

A layer is z = [W b] [x; 1], and the next layer's x is relu(z), read through windows where that layer is a convolution.
Arrays are feature-major, (R, features, columns); a column is one sample at one site. The row of ones carries the bias,
so value, gradient and update of a layer are one batched matrix product each, into buffers that are made once.
The ``stacked`` functions of the architectures, with autograd, say the same in plain words; tests hold the two together.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence

import torch
from torch import Tensor

from lrdecay_core.networks.stacked import Layers, Windows

__all__ = ["Chain", "columns", "from_blocks", "to_blocks", "unfold"]

_threshold_backward = torch.ops.aten.threshold_backward.grad_input


def to_blocks(layers: Layers, named: Mapping[str, Tensor]) -> list[Tensor]:
    """Return [W b] of every layer, (R, out, in + 1), from weights (R, out, in, *kernel) and biases (R, out)."""
    return [torch.cat([named[f"{n}.weight"].flatten(2), named[f"{n}.bias"].unsqueeze(2)], dim=2) for n in layers]


def from_blocks(layers: Layers, blocks: Sequence[Tensor]) -> dict[str, Tensor]:
    """Return weights (R, out, in, *kernel) and biases (R, out) by name: the inverse of :func:`to_blocks`."""
    named = {}
    for (name, windows), block in zip(layers.items(), blocks, strict=True):
        weight = block[:, :, :-1]
        named[f"{name}.weight"] = weight if windows is None else weight.unflatten(2, (-1, *windows.kernel))
        named[f"{name}.bias"] = block[:, :, -1]
    return named


def unfold(layers: Layers, inputs: Tensor) -> Tensor:
    """Return what the first layer multiplies for each sample: inputs (N, *input_shape) -> (N, in + 1, sites).

    Before a convolution the first layer works at every place that one reads, a site once per window that holds it:
    its output then needs no copying, and reading a padding zero is a column without its one, which gives relu(0).
    """
    first, second = [*layers.values()][:2]
    last = inputs.movedim(0, -1)[None, None]
    seen = last.flatten(1, -2).unsqueeze(2) if first is None else first.read(first.pad(last)).flatten(1, 2)
    seen = torch.cat([seen, torch.ones_like(seen[:, :1])], dim=1)
    if second is not None:
        seen = second.read(second.pad(seen))
    return seen.flatten(2, -2).squeeze(0).movedim(-1, 0).contiguous()


def columns(samples: Tensor) -> Tensor:
    """Return batches (G, B, in + 1, sites) of unfolded samples as (G, in + 1, sites * B)."""
    if samples.shape[3] == 1:
        return samples.squeeze(3).mT
    return samples.movedim(1, -1).flatten(2)


class Chain:
    """Buffers for R networks on G batches of B samples; rows g R / G ... (g + 1) R / G - 1 share batch g.

    Dense chains keep the features of a sample together in memory, convolutional ones the columns of a feature: matrix
    products with few columns are several times faster that way round.

    Args:
        layers: the architecture.
        input_shape: shape of one input.
        blocks: (R, out, in + 1) of every layer; they set shapes, type and device, their values are not kept.
        groups: G, a divisor of R.
        batch: B.
    """

    def __init__(
        self, layers: Layers, input_shape: tuple[int, ...], blocks: Sequence[Tensor], *, groups: int, batch: int
    ) -> None:
        windows, self.groups = [*layers.values()], groups
        dense = not any(windows)
        spaces = [input_shape]
        for w in windows:
            spaces.append(() if w is None else w.space(spaces[-1]))
        self._links: list[_Direct | _Read] = []
        for i, (block, w) in enumerate(zip(blocks[1:], windows[1:], strict=True), start=1):
            below, rows = blocks[i - 1], len(block)
            x = _buffer(block, rows, block.shape[2], math.prod(spaces[i + 1]) * batch, samples_first=dense).fill_(1.0)
            if w is None or i == 1:
                lead = groups if i == 1 else rows
                columns = x[0, :-1].numel() // below.shape[1]
                z = _buffer(block, lead, rows // lead * below.shape[1], columns, samples_first=dense)
                self._links.append(_Direct(z, x))
            else:
                z = _buffer(block, rows, below.shape[1], math.prod(spaces[i]) * batch)
                self._links.append(_Read(z, x, w, spaces[i]))
        self._logits = _buffer(blocks[-1], len(blocks[-1]), blocks[-1].shape[1], batch)

    def forward(self, blocks: Sequence[Tensor], inputs: Tensor) -> Tensor:
        """Return logits (R, classes, B), in a buffer that the next call overwrites, for inputs from :func:`columns`."""
        x, lead = inputs, self.groups
        for block, link in zip(blocks, self._links, strict=False):
            _product(block.view(lead, -1, block.shape[2]), x, out=link.z)
            link.forward()
            x, lead = link.x, len(link.x)
        _product(blocks[-1], x, out=self._logits)
        return self._logits

    def backward(
        self,
        blocks: Sequence[Tensor],
        inputs: Tensor,
        gradient: Tensor,
        use: Callable[[int, Tensor, Tensor], object],
    ) -> None:
        """Call ``use(i, d, x)`` for every layer, last to first, once ``blocks[i]`` is no longer needed.

        The layer's gradient is d x^T, with d (R, out, columns) and x (R, in + 1, columns); the first layer's come by
        group, (G, R / G out, columns) and (G, in + 1, columns), and its inputs have no gradient.

        Args:
            blocks: as in :meth:`forward`, which must have run on ``inputs`` before.
            inputs: as in :meth:`forward`.
            gradient: of the sum over runs, with respect to the logits.
            use: what to do with a layer's gradient; it may change ``blocks[i]``.
        """
        d = gradient
        for i in reversed(range(1, len(blocks))):
            link = self._links[i - 1]
            _product(blocks[i][:, :, :-1].mT, d, out=link.dx)
            use(i, d, link.x)
            d = link.backward()
        use(0, d, inputs)


class _Direct:
    """x = relu(z) where z already has the order of x."""

    def __init__(self, z: Tensor, x: Tensor) -> None:
        self.z, self.x = z, x
        self.dx = torch.empty_like(x[:, :-1]) if x.stride(2) == 1 else torch.empty_like(x.mT[:, :, :-1]).mT
        if x.stride(2) == 1:
            self._z, self._x, self._dx = z.view(self.dx.shape), x[:, :-1], self.dx
        else:
            share = (len(z), len(x) // len(z))
            self._z = z.unflatten(1, (share[1], -1))
            self._x, self._dx = x[:, :-1].unflatten(0, share), self.dx.unflatten(0, share)

    def forward(self) -> None:
        torch.clamp_min(self._z, 0.0, out=self._x)

    def backward(self) -> Tensor:
        """Return the gradient at z, in the buffer of z."""
        _threshold_backward(self._dx, self._x, 0.0, grad_input=self._z)
        return self.z


class _Read:
    """x = relu(z) as the windows of a convolution see it."""

    def __init__(self, z: Tensor, x: Tensor, windows: Windows, space: tuple[int, ...]) -> None:
        self.z, self.x, self.dx = z, x, torch.empty_like(x[:, :-1])
        self._z = z.unflatten(2, (*space, -1))
        self._padded = windows.pad(torch.zeros_like(self._z))
        self._dpadded = torch.zeros_like(self._padded)
        self._inner, self._dinner = windows.inner(self._padded), windows.inner(self._dpadded)
        places = (z.shape[1], math.prod(windows.kernel), *windows.space(space), -1)
        self._reads = _pairs(windows.slices(self._padded), x[:, :-1], places)
        self._adds = _pairs(windows.slices(self._dpadded), self.dx, places)

    def forward(self) -> None:
        torch.clamp_min(self._z, 0.0, out=self._inner)
        for seen, place in self._reads:
            place.copy_(seen)

    def backward(self) -> Tensor:
        """Return the gradient at z, in the buffer of z: every place adds its share to the site it was read from."""
        self._dpadded.zero_()
        for seen, place in self._adds:
            seen.add_(place)
        _threshold_backward(self._dinner, self._inner, 0.0, grad_input=self._z)
        return self.z


def _pairs(seen: Iterable[Tensor], x: Tensor, places: tuple[int, ...]) -> list[tuple[Tensor, Tensor]]:
    """Return, for every kernel position, what it sees and its place in x (R, channels * positions, columns)."""
    return [*zip(seen, x.unflatten(2, places[2:]).unflatten(1, places[:2]).unbind(2), strict=True)]


def _buffer(like: Tensor, rows: int, features: int, columns: int, samples_first: bool = False) -> Tensor:
    """Return an empty (rows, features, columns)."""
    if samples_first:
        return like.new_empty(rows, columns, features).mT
    return like.new_empty(rows, features, columns)


def _product(a: Tensor, b: Tensor, *, out: Tensor) -> None:
    """Write a b to ``out``; as the transpose of b^T a^T where that is how ``out`` lies in memory."""
    if out.stride(2) == 1:
        torch.bmm(a, b, out=out)
    else:
        torch.bmm(b.mT, a.mT, out=out.mT)
