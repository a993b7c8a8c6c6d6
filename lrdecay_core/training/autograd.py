"""SGD steps of an ensemble by autograd, through any network: the plain engine, and what every engine offers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from lrdecay_core import networks
from lrdecay_core.networks import stacked
from lrdecay_core.networks.stacked import Layers
from lrdecay_core.parameters import Layout
from lrdecay_core.training import objective
from lrdecay_core.training.config import TrainConfig

__all__ = ["EVALUATED", "Autograd", "Engine"]

SQUARES, EPSILON = 0.999, 1e-8  # AdamW: memory of the mean square, and what keeps its root from 0
EVALUATED = 2, 256  # rows and samples of one evaluation block: its activations stay near the core


class Engine(ABC):
    """R networks that take one SGD step at a time, without a wait for the device.

    Args:
        config: architecture, loss, momentum, weight decay, precision.
        nets: the R networks at their start.
        input_shape: shape of one input.
        device: where everything lives.
    """

    weights: Tensor
    """(R, P)"""
    momentum: Tensor
    """(R, P); AdamW: (R, 2 P + 1), both moments and the number of steps behind them"""

    def __init__(
        self, config: TrainConfig, nets: Sequence[nn.Module], input_shape: tuple[int, ...], device: torch.device
    ) -> None:
        self._config, self._input_shape, self._device = config, input_shape, device
        architecture = networks.ARCHITECTURES[config.network]
        self._stacked = getattr(architecture, "stacked", None) or stacked.mapped(nets, device)
        self._layers: Layers = getattr(architecture, "layers", {})
        self._layout = Layout.of(nets[0])
        start = torch.stack([self._layout.flatten(dict(net.named_parameters())) for net in nets])
        self.weights = start.detach().to(device)
        self.momentum = torch.zeros_like(self.weights)

    @abstractmethod
    def select(self, rows: Tensor) -> None:
        """Keep the given rows, in the given order."""

    @abstractmethod
    def prepare(self, inputs: Tensor) -> Tensor:
        """Return samples (N, *input_shape) in the form :meth:`step` reads, N first."""

    @abstractmethod
    def step(self, inputs: Tensor, targets: Tensor, rates: Tensor) -> Tensor:
        """Take one step and return the batch losses (R,) before it: see :meth:`Ensemble.step`."""

    @abstractmethod
    def logits(self, inputs: Tensor) -> Tensor:
        """Return the logits (R, K, N) of all runs on the same inputs (N, *input_shape)."""


class Autograd(Engine):
    """One flat buffer. The gradient of the sum of the runs' losses is every run's own: one backward pass serves all."""

    def __init__(
        self, config: TrainConfig, nets: Sequence[nn.Module], input_shape: tuple[int, ...], device: torch.device
    ) -> None:
        super().__init__(config, nets, input_shape, device)
        if config.optimiser == "adamw":
            self.momentum = self.weights.new_zeros(len(self.weights), 2 * self.weights.shape[1] + 1)
        self._losses: Callable[..., Tensor] = (
            torch.compile(self._batch_losses) if config.compile else self._batch_losses
        )

    def select(self, rows: Tensor) -> None:
        """Keep the given rows, in the given order."""
        self.weights, self.momentum = self.weights[rows], self.momentum[rows]

    def prepare(self, inputs: Tensor) -> Tensor:
        """Return the inputs."""
        return inputs

    def _forward(self, weights: Tensor, inputs: Tensor) -> Tensor:
        with torch.autocast(self._device.type, dtype=torch.bfloat16, enabled=self._config.precision == "bf16"):
            return self._stacked(self._layout.unflatten(weights), inputs).to(weights.dtype)

    def _batch_losses(self, weights: Tensor, inputs: Tensor, targets: Tensor) -> Tensor:
        return objective.batch_loss(self._config.loss, self._forward(weights, inputs), targets)

    def step(self, inputs: Tensor, targets: Tensor, rates: Tensor) -> Tensor:
        """Take one step and return the batch losses (R,) before it."""
        share = len(self.weights) // len(inputs)
        if share > 1:
            inputs, targets = inputs.repeat_interleave(share, dim=0), targets.repeat_interleave(share, dim=0)
        weights = self.weights.requires_grad_()
        losses = self._losses(weights, inputs, targets)
        (gradient,) = torch.autograd.grad(losses.sum(), weights)
        self.weights = weights.detach()
        if self._config.optimiser == "adamw":
            self.weights.mul_(1 - rates * self._config.weight_decay)
            gradient = self._adam_direction(gradient)
        else:
            if self._config.weight_decay:
                gradient.add_(self.weights, alpha=self._config.weight_decay)
            if self._config.momentum:
                raw, gradient = gradient, self.momentum.mul_(self._config.momentum).add_(gradient)
                if self._config.optimiser == "nesterov":
                    gradient = raw.add(self.momentum, alpha=self._config.momentum)
        self.weights.addcmul_(rates, gradient, value=-1.0)
        return losses.detach()

    def _adam_direction(self, gradient: Tensor) -> Tensor:
        """Return the mean gradient over the root of the mean square, both freed from their start at 0."""
        size, first = gradient.shape[1], self._config.momentum
        mean, square, steps = self.momentum[:, :size], self.momentum[:, size:-1], self.momentum[:, -1:].add_(1)
        mean.mul_(first).add_(gradient, alpha=1 - first)
        square.mul_(SQUARES).addcmul_(gradient, gradient, value=1 - SQUARES)
        root = (square / (1 - SQUARES**steps)).sqrt_().add_(EPSILON)
        return mean / (1 - first**steps) / root

    @torch.no_grad()
    def logits(self, inputs: Tensor) -> Tensor:
        """Return the logits (R, K, N) of all runs on the same inputs (N, *input_shape)."""
        rows, samples = EVALUATED
        blocks = [
            [self._forward(weights, part.expand(len(weights), *part.shape)) for part in inputs.split(samples)]
            for weights in self.weights.split(rows)
        ]
        return torch.cat([torch.cat(parts, dim=-1) for parts in blocks])
