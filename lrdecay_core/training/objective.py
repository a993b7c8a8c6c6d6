"""Losses of stacked networks, per run, and their floor under label noise.

A target is a distribution over classes. With label noise q and smoothing s the drawn target has the mean
t = (1 - q)(1 - s) onehot(y) + (q + s - q s) / K. The *excess* loss is the mean loss at t less its smallest value: the
Kullback-Leibler divergence KL(t || softmax f) for cross-entropy, |f - t|^2 / 2 for the squared loss. It is 0 exactly
where the network fits what can be fitted, so training losses can be compared across noise levels.
"""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["batch_loss", "excess_loss", "loss_and_gradient", "targets_table"]


def targets_table(num_classes: int, uniform: float, device: torch.device) -> Tensor:
    """Return the (K, K) table whose row y is the target (1 - uniform) onehot(y) + uniform / K."""
    eye = torch.eye(num_classes, device=device)
    return (1 - uniform) * eye + uniform / num_classes


def batch_loss(loss: str, logits: Tensor, targets: Tensor) -> Tensor:
    """Return the mean loss over the batch of each run: logits and targets (R, K, B) -> (R,)."""
    if loss == "cross_entropy":
        return -(targets * logits.log_softmax(dim=1)).sum(dim=1).mean(dim=-1)
    return 0.5 * (logits - targets).square().sum(dim=1).mean(dim=-1)


def loss_and_gradient(loss: str, logits: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Return the mean losses (R,), and the gradient (R, K, B) of each sample's loss with respect to its logits.

    The gradient is softmax f - t for cross-entropy, f - t for the squared loss.

    Args:
        loss: ``"cross_entropy"`` or ``"squared"``.
        logits: (R, K, B).
        targets: (G, K, B), distributions over classes, each row shared by R / G consecutive runs.
    """
    shared = targets.unsqueeze(1)
    if loss == "cross_entropy":
        logs = logits.log_softmax(dim=1).unflatten(0, (len(targets), -1))
        total, gradient = (shared * logs).sum(dim=(2, 3)).neg(), logs.exp() - shared
    else:
        gradient = logits.unflatten(0, (len(targets), -1)) - shared
        total = gradient.square().sum(dim=(2, 3)) / 2
    return total.flatten() / logits.shape[2], gradient.flatten(0, 1)


def excess_loss(loss: str, logits: Tensor, targets: Tensor) -> Tensor:
    """Return the loss of each run above the smallest value that any logits reach: (R, K, B) -> (R,).

    Targets that all runs share may be (K, B).
    """
    value = batch_loss(loss, logits, targets)
    if loss == "cross_entropy":
        value = value + torch.special.xlogy(targets, targets).sum(dim=-2).mean(dim=-1)
    return value
