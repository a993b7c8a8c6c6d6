"""A module that is nobody's stack, run for R networks: at once by ``torch.func.vmap``, or one by one if it convolves.

Convolutions with a kernel per run become one grouped convolution under vmap, which is the slower way. Run by run, a
module may keep its images in the order it likes, such as ``torch.channels_last``, which vmap refuses to normalise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn

__all__ = ["stacked"]


def stacked(nets: Sequence[nn.Module], device: torch.device) -> Callable[[Mapping[str, Tensor], Tensor], Tensor]:
    """Return the function of weights {name: (R, *shape)} and inputs (R, B, *input_shape) to logits (R, classes, B).

    Args:
        nets: networks of one architecture; their buffers, which are not trained, must agree.
        device: where the buffers are kept.

    Raises:
        ValueError: a layer works on batch statistics or draws random numbers, or buffers differ.

    >>> nets = [nn.Sequential(nn.Linear(4, 3), nn.Tanh()) for _ in range(2)]
    >>> weights = {name: torch.zeros(2, *p.shape) for name, p in nets[0].named_parameters()}
    >>> stacked(nets, torch.device("cpu"))(weights, torch.zeros(2, 5, 4)).shape
    torch.Size([2, 3, 5])
    """
    for name, layer in nets[0].named_modules():
        _refuse(name, layer)
    buffers = {name: b.to(device) for name, b in nets[0].named_buffers()}
    for net in nets[1:]:
        for name, b in net.named_buffers():
            if not torch.equal(b.to(device), buffers[name]):
                raise ValueError(f"`network` buffer {name!r} must be the same for every seed, got other values")

    def one(weights: Mapping[str, Tensor], inputs: Tensor) -> Tensor:
        return torch.func.functional_call(nets[0], {**weights, **buffers}, (inputs,)).mT

    def each(weights: Mapping[str, Tensor], inputs: Tensor) -> Tensor:
        rows = zip(*(w.unbind() for w in weights.values()), strict=True)
        runs = zip(rows, inputs, strict=True)
        return torch.stack([one(dict(zip(weights, row, strict=True)), x) for row, x in runs])

    convolves = any(isinstance(layer, nn.modules.conv._ConvNd) for layer in nets[0].modules())
    return each if convolves else torch.func.vmap(one)


def _refuse(name: str, layer: nn.Module) -> None:
    if isinstance(layer, nn.modules.batchnorm._BatchNorm) and (layer.training or layer.running_mean is None):
        raise ValueError(
            f"`network` layer {name!r} must not depend on the batch, got {layer} in training mode; "
            "use GroupNorm or LayerNorm, or return the module with this layer in eval() mode"
        )
    if isinstance(layer, nn.modules.dropout._DropoutNd) and layer.training and layer.p:
        raise ValueError(
            f"`network` layer {name!r} must draw no random numbers, got {layer}; "
            "use `input_noise` or `label_noise` of the configuration, which are drawn at addresses of their own"
        )
