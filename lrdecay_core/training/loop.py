"""The training loop: epochs of one growing stack of rows.

Row i belongs to seed ``row_seed[i]`` and arm ``row_arm[i]``; arm -1 is the trunk. The trunk stands for every arm that
has not forked yet, and leaves the stack once no arm needs it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from lrdecay_core import data
from lrdecay_core.training import draws, objective
from lrdecay_core.training.config import TrainConfig
from lrdecay_core.training.ensemble import METRICS, Ensemble, on_device

__all__ = ["METRICS", "Loop", "record_gap", "record_steps"]

RECORDS = 50  # evenly spaced records per run; each costs two thirds of an epoch when test and training set are equal
TRUNK = -1


def record_gap(config: TrainConfig) -> int:
    """Return the steps between evenly spaced records: a whole number of epochs."""
    return max(1, config.epochs // RECORDS) * config.steps_per_epoch


def record_steps(config: TrainConfig, decay_epochs: Sequence[int]) -> np.ndarray:
    """Return the steps at which all arms are evaluated.

    Evenly spaced epochs, and after every fork 1, 2, 4, ... steps until the next evenly spaced one: just after a decay
    the loss falls within a fraction of an epoch.
    """
    per_epoch, gap = config.steps_per_epoch, record_gap(config)
    last = config.epochs * per_epoch
    steps = {*range(0, last, gap), last}
    for epoch in decay_epochs:
        offset = 1
        while offset < gap:
            steps.add(min(epoch * per_epoch + offset, last))
            offset *= 2
        steps.add(epoch * per_epoch)
    return np.array(sorted(steps), dtype=np.int64)


class Loop:
    """State of a branched experiment between epochs; ``state`` and ``restore`` make a resume exact."""

    def __init__(
        self, config: TrainConfig, decay_epochs: tuple[int, ...], seeds: tuple[int, ...], device: torch.device
    ) -> None:
        dataset = data.load(config.dataset)
        self.config, self.decay_epochs, self.seeds, self.device = config, decay_epochs, seeds, device
        self.dataset = dataset
        self.train_inputs, labels = on_device(dataset.train, device, config.num_samples)
        self.test_inputs, self.test_labels = on_device(dataset.test, device)
        self.given = np.stack(
            [draws.corrupted_labels(config, s, labels.cpu().numpy(), dataset.num_classes) for s in seeds]
        )
        self.given_on_device = torch.as_tensor(self.given, device=device)
        self.targets = objective.targets_table(dataset.num_classes, config.label_smoothing, device)
        self.ensemble = Ensemble(config, dataset, seeds, device)
        self.record_steps = record_steps(config, decay_epochs)
        shape = (len(decay_epochs), len(seeds), len(self.record_steps))
        self.records = {name: torch.full(shape, torch.nan) for name in METRICS}
        self.epoch = 0
        self.row_seed = torch.arange(len(seeds), device=device)
        self.row_arm = torch.full((len(seeds),), TRUNK, device=device)
        self.diverged = torch.full((len(seeds),), -1, device=device)
        self._fork()
        self._record(0)

    def _fork(self) -> None:
        """Add a tail for every arm that decays now, and drop the trunk when no later arm needs it."""
        trunk = (self.row_arm == TRUNK).nonzero().flatten()
        keep = torch.arange(len(self.row_arm), device=self.device)
        if self.epoch in self.decay_epochs:
            arm = self.decay_epochs.index(self.epoch)
            keep = torch.cat([keep, trunk])
            arms = torch.cat([self.row_arm, torch.full_like(trunk, arm)])
            if self.epoch == self.decay_epochs[-1]:
                keep, arms = keep[arms != TRUNK], arms[arms != TRUNK]
            self.ensemble.select(keep)
            self.row_seed, self.diverged, self.row_arm = self.row_seed[keep], self.diverged[keep], arms
        decayed = self.row_arm != TRUNK
        large = torch.full((len(decayed), 1), self.config.learning_rate, device=self.device)
        self.rates = large.masked_fill(decayed[:, None], self.config.decayed_rate)

    def arm_rows(self, values: Tensor) -> Tensor:
        """Return per-row values (rows, ...) as (D, S, ...): an arm that has not forked is its trunk."""
        arms = []
        for arm in range(len(self.decay_epochs)):
            rows = (self.row_arm == arm).nonzero().flatten()
            arms.append(values[rows if len(rows) else (self.row_arm == TRUNK).nonzero().flatten()])
        return torch.stack(arms)

    def _record(self, step: int) -> None:
        where = np.flatnonzero(self.record_steps == step)
        if not len(where):
            return
        train_loss, train_error = self.ensemble.evaluate(self.train_inputs, self.given_on_device[self.row_seed])
        test_loss, test_error = self.ensemble.evaluate(self.test_inputs, self.test_labels)
        values = (train_loss, train_error, test_loss, test_error, self.ensemble.weights.norm(dim=1))
        for name, value in zip(METRICS, values, strict=True):
            self.records[name][:, :, where[0]] = self.arm_rows(value).cpu()

    def run_epoch(self) -> None:
        """Train every row for one epoch, then fork what decays at its end."""
        config, size = self.config, self.config.batch_size
        draw = draws.draw_epoch(
            config, self.seeds, self.epoch, self.given, self.dataset.input_shape, self.dataset.num_classes, self.device
        )
        order = draw.order
        labels = draw.labels.gather(1, order)
        noise = None
        if draw.noise is not None:
            noise = draw.noise[torch.arange(len(order), device=self.device)[:, None], order]
        for i in range(config.steps_per_epoch):
            batch = slice(i * size, (i + 1) * size)
            inputs = self.train_inputs[order[:, batch]]
            if noise is not None:
                inputs = inputs + noise[:, batch]
            targets = self.targets[labels[:, batch]].transpose(1, 2)
            losses = self.ensemble.step(inputs[self.row_seed], targets[self.row_seed], self.rates)
            step = self.epoch * config.steps_per_epoch + i
            self.diverged = torch.where((self.diverged < 0) & ~losses.isfinite(), step, self.diverged)
            if i + 1 < config.steps_per_epoch:
                self._record(step + 1)
        self.epoch += 1
        self._fork()
        self._record(self.epoch * config.steps_per_epoch)

    def final_weights(self) -> np.ndarray:
        """Return the parameters of every arm: (D, S, P)."""
        return self.arm_rows(self.ensemble.weights).cpu().numpy()

    def state(self) -> dict[str, Tensor]:
        """Return everything that changes between epochs."""
        return {
            "epoch": torch.tensor(self.epoch),
            "weights": self.ensemble.weights,
            "momentum": self.ensemble.momentum,
            "row_seed": self.row_seed,
            "row_arm": self.row_arm,
            "diverged": self.diverged,
            **{f"records.{name}": self.records[name] for name in METRICS},
        }

    def restore(self, state: dict[str, Tensor]) -> None:
        """Continue from ``state``."""
        self.epoch = int(state["epoch"])
        self.ensemble.weights = state["weights"].to(self.device)
        self.ensemble.momentum = state["momentum"].to(self.device)
        self.row_seed, self.row_arm, self.diverged = (
            state[name].to(self.device) for name in ("row_seed", "row_arm", "diverged")
        )
        self.records = {name: state[f"records.{name}"] for name in METRICS}
        decayed = self.row_arm != TRUNK
        large = torch.full((len(decayed), 1), self.config.learning_rate, device=self.device)
        self.rates = large.masked_fill(decayed[:, None], self.config.decayed_rate)
