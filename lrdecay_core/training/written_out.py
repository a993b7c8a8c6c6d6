"""SGD steps of an ensemble with the backward pass written out: the fast engine for chains of linear maps and ReLU."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from lrdecay_core.networks import chain
from lrdecay_core.training import objective
from lrdecay_core.training.autograd import EVALUATED, Engine
from lrdecay_core.training.config import TrainConfig

__all__ = ["WrittenOut"]

STEPPED = 256  # samples of all rows in one block of a convolutional step on a CPU: its activations stay near the core


class WrittenOut(Engine):
    """One buffer [W b] per layer; a layer's gradient d x^T is added to a buffer as it is formed.

    Without momentum and weight decay the rates scale the gradient at the logits, and the products land in the weights
    themselves: the gradient is never stored.
    """

    def __init__(
        self, config: TrainConfig, nets: Sequence[nn.Module], input_shape: tuple[int, ...], device: torch.device
    ) -> None:
        if config.optimiser != "sgd":
            raise ValueError(
                f"`optimiser` must be 'sgd' for the written-out engine, got {config.optimiser!r}; use Autograd"
            )
        super().__init__(config, nets, input_shape, device)

    @property
    def weights(self) -> Tensor:
        """(R, P), put together on demand."""
        return self._flat(self.blocks)

    @weights.setter
    def weights(self, flat: Tensor) -> None:
        self.blocks = self._blocks(flat)
        self._chains: dict[tuple[int, int, int], chain.Chain] = {}

    @property
    def momentum(self) -> Tensor:
        """(R, P), put together on demand."""
        return self._flat(self.velocity)

    @momentum.setter
    def momentum(self, flat: Tensor) -> None:
        self.velocity = self._blocks(flat)

    def _flat(self, blocks: Sequence[Tensor]) -> Tensor:
        return self._layout.flatten(chain.from_blocks(self._layers, blocks))

    def _blocks(self, flat: Tensor) -> list[Tensor]:
        return chain.to_blocks(self._layers, self._layout.unflatten(flat))

    def select(self, rows: Tensor) -> None:
        """Keep the given rows, in the given order."""
        self.blocks, self.velocity = [b[rows] for b in self.blocks], [v[rows] for v in self.velocity]
        self._chains.clear()

    def prepare(self, inputs: Tensor) -> Tensor:
        """Return what the first layer multiplies, (N, in + 1, sites)."""
        return chain.unfold(self._layers, inputs)

    def step(self, inputs: Tensor, targets: Tensor, rates: Tensor) -> Tensor:
        """Take one step and return the batch losses (R,) before it."""
        groups, share = len(inputs), len(rates) // len(inputs)
        whole = inputs.device.type != "cpu" or not any(self._layers.values())
        size = groups if whole else max(1, STEPPED // (share * targets.shape[2]))
        losses = []
        for first in range(0, groups, size):
            batches, rows = slice(first, first + size), slice(first * share, (first + size) * share)
            losses.append(self._step(rows, inputs[batches], targets[batches], rates[rows].unsqueeze(2)))
        return losses[0] if len(losses) == 1 else torch.cat(losses)

    def _step(self, rows: slice, inputs: Tensor, targets: Tensor, rates: Tensor) -> Tensor:
        config, batch, inputs = self._config, targets.shape[2], chain.columns(inputs)
        blocks, velocity = [b[rows] for b in self.blocks], [v[rows] for v in self.velocity]
        net = self._chain(blocks, len(inputs), batch)
        losses, gradient = objective.loss_and_gradient(config.loss, net.forward(blocks, inputs), targets)
        plain = not (config.momentum or config.weight_decay)
        if plain:
            gradient.mul_(rates)
        into, keep, factor = (blocks, 1.0, -1 / batch) if plain else (velocity, config.momentum, 1 / batch)

        def use(i: int, d: Tensor, x: Tensor) -> None:
            into[i].view(len(d), -1, x.shape[1]).baddbmm_(d, x.mT, beta=keep, alpha=factor)
            if not plain:
                velocity[i].add_(blocks[i], alpha=config.weight_decay)
                blocks[i].addcmul_(rates, velocity[i], value=-1.0)

        net.backward(blocks, inputs, gradient, use)
        return losses

    def logits(self, inputs: Tensor) -> Tensor:
        """Return the logits (R, K, N) of all runs on the same inputs (N, *input_shape)."""
        rows, samples = EVALUATED
        found = inputs.new_empty(len(self.blocks[0]), self.blocks[-1].shape[1], len(inputs))
        for part, place in zip(self.prepare(inputs).split(samples), found.split(samples, dim=2), strict=True):
            x = chain.columns(part.unsqueeze(0))
            for first in range(0, len(found), rows):
                blocks = [b[first : first + rows] for b in self.blocks]
                place[first : first + rows] = self._chain(blocks, 1, len(part)).forward(blocks, x)
        return found

    def _chain(self, blocks: Sequence[Tensor], groups: int, batch: int) -> chain.Chain:
        """Return the buffers for these sizes, made once."""
        sizes = (len(blocks[0]), groups, batch)
        if sizes not in self._chains:
            self._chains[sizes] = chain.Chain(self._layers, self._input_shape, blocks, groups=groups, batch=batch)
        return self._chains[sizes]
