"""What batch normalisation does at a point where no batch was ever seen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

__all__ = ["POLICIES", "check_policy", "layers", "statistics"]

POLICIES = ("eval", "recompute")


def layers(net: nn.Module) -> dict[str, _BatchNorm]:
    """Return the layers of ``net`` that keep running statistics, by name."""
    return {n: m for n, m in net.named_modules() if isinstance(m, _BatchNorm) and m.running_mean is not None}


def check_policy(net: nn.Module, policy: str | None, statistics_inputs: object) -> None:
    """Raise unless ``policy`` says what the normalising layers of ``net`` do, and nothing more."""
    if not layers(net):
        if policy is not None or statistics_inputs is not None:
            raise ValueError("`batch_norm` and `statistics_inputs` must stay None: `net` keeps no running statistics")
        return
    if policy not in POLICIES:
        raise ValueError(
            "`batch_norm` must say what batch normalisation does away from `net`: 'eval' keeps its running statistics "
            f"everywhere, 'recompute' takes those of `statistics_inputs` at each point; got {policy!r}"
        )
    if (policy == "recompute") != (statistics_inputs is not None):
        raise ValueError(
            "`statistics_inputs` must hold the training inputs (for the testing loss too) with batch_norm='recompute', "
            f"and be None otherwise; got batch_norm={policy!r} with {type(statistics_inputs).__name__}"
        )


@torch.no_grad()
def statistics(
    net: nn.Module, forward: Callable[[Tensor, Mapping[str, Tensor]], object], chunks: Iterable[Tensor]
) -> dict[str, Tensor]:
    """Return the running statistics of ``net`` as the average over ``chunks`` of batch statistics, by buffer name.

    One chunk gives the statistics of the whole set exactly; more give what ``torch.optim.swa_utils.update_bn`` gives.
    ``net`` keeps its own: statistics are arguments of a call, and a call that changes them changes what it was given.

    Args:
        net: whose normalising layers are measured.
        forward: ``forward(chunk, statistics)`` runs ``net`` with these statistics in the place of its own.
        chunks: inputs, each (M, ...).
    """
    norms, found = layers(net), {}
    for name, norm in norms.items():
        for buffer, value in norm.named_buffers(prefix=name):
            found[buffer] = torch.ones_like(value) if buffer.endswith("running_var") else torch.zeros_like(value)
    momenta = [norm.momentum for norm in norms.values()]
    try:
        for norm in norms.values():
            norm.train()
        for count, chunk in enumerate(chunks, start=1):
            for norm in norms.values():
                norm.momentum = 1 / count  # the cumulative average, told rather than read from the device
            forward(chunk, found)
    finally:
        for norm, momentum in zip(norms.values(), momenta, strict=True):
            norm.eval()
            norm.momentum = momentum
    return found
