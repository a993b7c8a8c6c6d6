"""Networks by name, with their starting weights at an address of their own."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

from lrdecay_core import checks, rng
from lrdecay_core.networks.cnn import CNN1d, CNN1dDepth2, CNN1dDepth4, CNN2d
from lrdecay_core.networks.mlp import MLP
from lrdecay_core.networks.resnet import ResNet18, ResNet18ChannelsLast

__all__ = ["ARCHITECTURES", "build", "register"]

Factory = Callable[..., nn.Module]
ARCHITECTURES: dict[str, Factory] = {
    "mlp": MLP,
    "cnn1d": CNN1d,
    "cnn1d-depth2": CNN1dDepth2,
    "cnn1d-depth4": CNN1dDepth4,
    "cnn2d": CNN2d,
    "resnet18": ResNet18,
    "resnet18-channels-last": ResNet18ChannelsLast,
}


def register(name: str, factory: Factory) -> None:
    """Give an architecture of your own a name that a ``TrainConfig`` can hold.

    Args:
        name: a new name.
        factory: ``factory(input_shape, num_classes)``, and ``width=`` where the configuration sets one, returns a
            module from (B, *input_shape) to (B, classes). It must give every sample the same logits alone as in a
            batch (no batch statistics) and draw nothing when called (no dropout).

    >>> register("linear", lambda shape, classes: nn.Sequential(nn.Flatten(), nn.Linear(shape[0], classes)))
    >>> build("linear", input_shape=(40,), num_classes=10)[1].weight.shape
    torch.Size([10, 40])
    >>> del ARCHITECTURES["linear"]
    """
    checks.word("name", name)
    checks.function("factory", factory)
    if name in ARCHITECTURES:
        raise ValueError(f"`name` must be new, got {name!r}, which is taken")
    ARCHITECTURES[name] = factory


def build(
    name: str,
    *,
    input_shape: tuple[int, ...],
    num_classes: int,
    width: int | None = None,
    init_gain: float = 1.0,
    seed: int = 0,
) -> nn.Module:
    """Return a fresh network.

    Args:
        name: ``"mlp"``, ``"cnn1d"`` (also ``"cnn1d-depth2"`` and ``"cnn1d-depth4"``), ``"cnn2d"``, ``"resnet18"`` (also
            ``"resnet18-channels-last"``), or a name given to :func:`register`.
        input_shape: shape of one input.
        num_classes: number of logits.
        width: hidden units or channels; None is the architecture's default.
        init_gain: every starting parameter (PyTorch's default draw) is multiplied by it.
        seed: the replicate; its weights do not depend on what else is drawn.

    >>> sum(p.numel() for p in build("cnn1d", input_shape=(40,), num_classes=10).parameters())
    5210
    """
    architecture = ARCHITECTURES[checks.one_of("network", name, ARCHITECTURES)]
    gain = checks.positive("init_gain", init_gain)
    shape = tuple(checks.integer("input_shape", n, minimum=1) for n in checks.sequence("input_shape", input_shape))
    checks.integer("num_classes", num_classes, minimum=1)
    options = {} if width is None else {"width": checks.integer("width", width, minimum=1)}
    with rng.torch_state(rng.integer_seed(seed, "network initialisation")):
        network = architecture(shape, num_classes, **options)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(gain)
    return network
