"""What batch normalisation does at a point where no batch was ever seen."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

__all__ = ["POLICIES", "check_policy", "layers", "recompute"]

POLICIES = ("eval", "recompute")


def layers(net: nn.Module) -> list[_BatchNorm]:
    """Return the layers of ``net`` that keep running statistics."""
    return [m for m in net.modules() if isinstance(m, _BatchNorm) and m.running_mean is not None]


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
def recompute(norms: Iterable[_BatchNorm], forward: Callable[[Tensor], object], chunks: Iterable[Tensor]) -> None:
    """Set running statistics to the average over ``chunks`` of batch statistics.

    One chunk gives the statistics of the whole set exactly; more give what ``torch.optim.swa_utils.update_bn`` gives.
    """
    norms = list(norms)
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # cumulative average
        norm.train()
    try:
        for chunk in chunks:
            forward(chunk)
    finally:
        for norm in norms:
            norm.eval()
