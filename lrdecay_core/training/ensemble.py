"""R networks of one architecture, trained side by side by SGD with a rate per run."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from lrdecay_core import networks
from lrdecay_core.data import Dataset, Split
from lrdecay_core.parameters import Layout
from lrdecay_core.training import objective
from lrdecay_core.training.autograd import Autograd, Engine
from lrdecay_core.training.config import TrainConfig
from lrdecay_core.training.written_out import WrittenOut

__all__ = ["METRICS", "Ensemble", "fastest"]

METRICS = ("train_loss", "train_error", "test_loss", "test_error", "weight_norm")


def fastest(config: TrainConfig) -> type[Engine]:
    """Return the engine for a configuration: the backward pass that is written out where there is one."""
    chained = hasattr(networks.ARCHITECTURES[config.network], "layers")
    plain = config.optimiser == "sgd" and config.precision == "float32" and not config.compile
    return WrittenOut if chained and plain else Autograd


class Ensemble:
    """The stack: ``weights`` (R, P) and ``momentum`` (R, P or more) of R independent runs, moved by an engine.

    Args:
        config: architecture, loss, momentum, weight decay; rates come with every step.
        dataset: gives the shape of inputs and the number of classes.
        seeds: one per run, for its starting weights.
        device: where everything lives.
        engine: how steps are taken; None is :func:`fastest`.

    >>> config = TrainConfig(network="mlp", dataset="digits", loss="squared", learning_rate=0.1, decayed_rate=0.01,
    ...                      batch_size=20, epochs=4)
    >>> from lrdecay_core import data
    >>> ensemble = Ensemble(config, data.load("digits"), range(3), torch.device("cpu"))
    >>> inputs = ensemble.prepare(torch.rand(60, 8, 8))
    >>> ensemble.step(inputs.unflatten(0, (3, 20)), torch.full((3, 10, 20), 0.1), torch.full((3, 1), 0.05)).shape
    torch.Size([3])
    """

    def __init__(
        self,
        config: TrainConfig,
        dataset: Dataset,
        seeds: Sequence[int],
        device: torch.device,
        *,
        engine: type[Engine] | None = None,
    ) -> None:
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
        self.config, self.layout = config, Layout.of(nets[0])
        self.engine = (engine or fastest(config))(config, nets, dataset.input_shape, device)
        self._means = objective.targets_table(
            dataset.num_classes,
            1 - (1 - config.label_noise) * (1 - config.label_smoothing),
            device,
        )

    @property
    def weights(self) -> Tensor:
        """(R, P) parameters of every run."""
        return self.engine.weights

    @weights.setter
    def weights(self, flat: Tensor) -> None:
        self.engine.weights = flat

    @property
    def momentum(self) -> Tensor:
        """(R, P) momentum of every run; AdamW keeps more, see :class:`Engine`."""
        return self.engine.momentum

    @momentum.setter
    def momentum(self, flat: Tensor) -> None:
        self.engine.momentum = flat

    def select(self, rows: Tensor) -> None:
        """Keep the given rows, in the given order; a repeated row is a fork."""
        self.engine.select(rows)

    def prepare(self, inputs: Tensor) -> Tensor:
        """Return samples (N, *input_shape) in the form :meth:`step` reads, (N, ...): once per data set."""
        return self.engine.prepare(inputs)

    def step(self, inputs: Tensor, targets: Tensor, rates: Tensor) -> Tensor:
        """Take one SGD step per run and return the batch losses (R,) before it.

        Args:
            inputs: (G, B, ...), prepared samples; each batch is shared by R / G consecutive rows.
            targets: (G, K, B), distributions over classes.
            rates: (R, 1).
        """
        return self.engine.step(inputs, targets, rates)

    @torch.no_grad()
    def evaluate(self, inputs: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Return (excess loss, error) of each run on inputs (N, ...) and labels (N,) or (R, N): two (R,) tensors."""
        logits = self.engine.logits(inputs)
        targets = self._means[labels].mT
        wrong = logits.argmax(dim=1) != labels
        loss = objective.excess_loss(self.config.loss, logits, targets)
        return loss, wrong.to(torch.float32).mean(dim=-1).where(loss.isfinite(), torch.nan)


def on_device(split: Split, device: torch.device, limit: int | None = None) -> tuple[Tensor, Tensor]:
    """Return the first ``limit`` inputs and labels of a split on the device."""
    return torch.as_tensor(split.inputs[:limit], device=device), torch.as_tensor(split.targets[:limit], device=device)
