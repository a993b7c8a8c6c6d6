"""R networks of one architecture in one flat buffer, trained by SGD with a rate per run."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from lrdecay_core import networks
from lrdecay_core.data import Dataset, Split
from lrdecay_core.parameters import Layout
from lrdecay_core.training import objective
from lrdecay_core.training.config import TrainConfig

__all__ = ["METRICS", "Ensemble"]

METRICS = ("train_loss", "train_error", "test_loss", "test_error", "weight_norm")
BLOCK_ROWS, BLOCK_SAMPLES = 8, 256  # activations of one evaluation block stay within a few megabytes


class Ensemble:
    """The stack: ``weights`` (R, P) and ``momentum`` (R, P) of R independent runs.

    The gradient of the sum of the runs' losses is every run's own gradient, so one backward pass serves all.
    """

    def __init__(self, config: TrainConfig, dataset: Dataset, seeds: Sequence[int], device: torch.device) -> None:
        nets = [
            networks.build(
                config.network,
                input_shape=dataset.input_shape,
                num_classes=dataset.num_classes,
                width=config.width,
                init_gain=config.init_gain,
                seed=seed,
            )
            for seed in seeds
        ]
        self.config, self.device = config, device
        self.layout = Layout.of(nets[0])
        self.weights = torch.stack([self.layout.flatten(dict(n.named_parameters())) for n in nets]).detach().to(device)
        self.momentum = torch.zeros_like(self.weights)
        self._forward = networks.ARCHITECTURES[config.network].stacked
        self._means = objective.targets_table(
            dataset.num_classes,
            1 - (1 - config.label_noise) * (1 - config.label_smoothing),
            device,
        )

    def select(self, rows: Tensor) -> None:
        """Keep the given rows, in the given order; a repeated row is a fork."""
        self.weights, self.momentum = self.weights[rows], self.momentum[rows]

    def step(self, inputs: Tensor, targets: Tensor, rates: Tensor) -> Tensor:
        """Take one SGD step per run and return the batch losses before it.

        Args:
            inputs: (R, B, *input_shape).
            targets: (R, K, B), distributions over classes.
            rates: (R, 1).
        """
        weights = self.weights.requires_grad_()
        losses = objective.batch_loss(self.config.loss, self._forward(self.layout.unflatten(weights), inputs), targets)
        (gradient,) = torch.autograd.grad(losses.sum(), weights)
        self.weights = weights.detach()
        if self.config.weight_decay:
            gradient.add_(self.weights, alpha=self.config.weight_decay)
        if self.config.momentum:
            gradient = self.momentum.mul_(self.config.momentum).add_(gradient)
        self.weights.addcmul_(rates, gradient, value=-1.0)
        return losses.detach()

    @torch.no_grad()
    def logits(self, inputs: Tensor) -> Tensor:
        """Return the logits (R, K, N) of all runs on the same inputs (N, *input_shape)."""
        return torch.cat(
            [
                torch.cat(
                    [
                        self._forward(self.layout.unflatten(rows), chunk.expand(len(rows), *chunk.shape))
                        for chunk in inputs.split(BLOCK_SAMPLES)
                    ],
                    dim=-1,
                )
                for rows in self.weights.split(BLOCK_ROWS)
            ]
        )

    @torch.no_grad()
    def evaluate(self, inputs: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Return (excess loss, error) of each run on inputs (N, ...) and labels (N,) or (R, N): two (R,) tensors."""
        logits = self.logits(inputs)
        targets = self._means[labels].transpose(-1, -2).expand_as(logits)
        wrong = logits.argmax(dim=1) != labels
        loss = objective.excess_loss(self.config.loss, logits, targets)
        return loss, wrong.to(torch.float32).mean(dim=-1).where(loss.isfinite(), torch.nan)


def on_device(split: Split, device: torch.device, limit: int | None = None) -> tuple[Tensor, Tensor]:
    """Return the first ``limit`` inputs and labels of a split on the device."""
    return torch.as_tensor(split.inputs[:limit], device=device), torch.as_tensor(split.targets[:limit], device=device)
