"""The training loop: epochs of one growing stack of rows.

Rows are ordered by seed, and within a seed as ``arms`` says; arm -1 is the trunk. The trunk stands for every arm that
has not forked yet, and leaves the stack once no arm needs it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from lrdecay_core import data
from lrdecay_core.training import checkpoint, draws, objective
from lrdecay_core.training.autograd import Engine
from lrdecay_core.training.config import TrainConfig
from lrdecay_core.training.ensemble import METRICS, Ensemble, on_device

__all__ = ["METRICS", "Loop", "record_gap", "record_steps"]

RECORDS = 50  # evenly spaced records per run; each costs two thirds of an epoch when test and training set are equal
TRUNK = -1
CHUNK = 512  # samples per seed that are gathered at once


class Lengths(Protocol):
    """What the times of a run depend on: a :class:`TrainConfig`, or less."""

    @property
    def epochs(self) -> int:
        """Length of the run."""

    @property
    def steps_per_epoch(self) -> int:
        """Updates per epoch."""


def record_gap(config: Lengths) -> int:
    """Return the steps between evenly spaced records: a whole number of epochs."""
    return max(1, config.epochs // RECORDS) * config.steps_per_epoch


def record_steps(config: Lengths, decay_epochs: Sequence[int]) -> np.ndarray:
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
        self,
        config: TrainConfig,
        decay_epochs: tuple[int, ...],
        seeds: tuple[int, ...],
        device: torch.device,
        *,
        engine: type[Engine] | None = None,
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
        self.ensemble = Ensemble(config, dataset, seeds, device, engine=engine)
        self.prepared = self.ensemble.prepare(self.train_inputs)
        self.record_steps = record_steps(config, decay_epochs)
        shape = (len(decay_epochs), len(seeds), len(self.record_steps))
        self.records = {name: torch.full(shape, torch.nan) for name in METRICS}
        self.epoch = 0
        self.arms = [TRUNK]
        self.diverged = torch.full((len(seeds),), -1, device=device)
        self._fork()
        self._record(0)

    def _fork(self) -> None:
        """Add a tail for every arm that decays now, and drop the trunk when no later arm needs it."""
        if self.epoch in self.decay_epochs:
            trunk = self.arms.index(TRUNK)
            source = [*range(len(self.arms)), trunk]
            self.arms = [*self.arms, self.decay_epochs.index(self.epoch)]
            if self.epoch == self.decay_epochs[-1]:
                del source[trunk], self.arms[trunk]
            width = len(self.diverged) // len(self.seeds)
            first = torch.arange(len(self.seeds), device=self.device).unsqueeze(1) * width
            rows = (first + torch.tensor(source, device=self.device)).flatten()
            self.ensemble.select(rows)
            self.diverged = self.diverged[rows]
        self._set_rates()

    def _set_rates(self) -> None:
        rates = [self.config.learning_rate if arm == TRUNK else self.config.decayed_rate for arm in self.arms]
        self.rates = torch.tensor(rates, device=self.device).repeat(len(self.seeds)).unsqueeze(1)

    def arm_rows(self, values: Tensor) -> Tensor:
        """Return per-row values (rows, ...) as (D, S, ...): an arm that has not forked is its trunk."""
        held = [arm if arm in self.arms else TRUNK for arm in range(len(self.decay_epochs))]
        by_seed = values.unflatten(0, (len(self.seeds), -1))
        return torch.stack([by_seed[:, self.arms.index(arm)] for arm in held])

    def _record(self, step: int) -> None:
        where = np.flatnonzero(self.record_steps == step)
        if not len(where):
            return
        given = self.given_on_device.repeat_interleave(len(self.arms), dim=0)
        train_loss, train_error = self.ensemble.evaluate(self.train_inputs, given)
        test_loss, test_error = self.ensemble.evaluate(self.test_inputs, self.test_labels)
        values = (train_loss, train_error, test_loss, test_error, self.ensemble.weights.norm(dim=1))
        for name, value in zip(METRICS, values, strict=True):
            self.records[name][:, :, where[0]] = self.arm_rows(value).cpu()

    def run_epoch(self) -> None:
        """Train every row for one epoch, then fork what decays at its end."""
        per_epoch = self.config.steps_per_epoch
        draw = draws.draw_epoch(
            self.config,
            self.seeds,
            self.epoch,
            self.given,
            self.dataset.input_shape,
            self.dataset.num_classes,
            self.device,
        )
        chunk = max(1, CHUNK // self.config.batch_size)
        for start in range(0, per_epoch, chunk):
            inputs, targets = self._batches(draw, range(start, min(start + chunk, per_epoch)))
            losses = []
            for i in range(len(inputs)):
                losses.append(self.ensemble.step(inputs[i], targets[i], self.rates))
                if start + i + 1 < per_epoch:
                    self._record(self.epoch * per_epoch + start + i + 1)
            self._note_divergence(self.epoch * per_epoch + start, torch.stack(losses))
        self.epoch += 1
        self._fork()
        self._record(self.epoch * per_epoch)

    def _batches(self, draw: draws.Epoch, steps: range) -> tuple[Tensor, Tensor]:
        return draws.batches(
            draw,
            steps,
            self.config.batch_size,
            inputs=self.train_inputs,
            prepared=self.prepared,
            targets=self.targets,
            prepare=self.ensemble.prepare,
        )

    def _note_divergence(self, start: int, losses: Tensor) -> None:
        """Keep the first step, counted from ``start``, whose loss (steps, R) is not finite."""
        bad = ~losses.isfinite()
        first = start + bad.to(torch.uint8).argmax(dim=0)
        self.diverged = torch.where((self.diverged < 0) & bad.any(dim=0), first, self.diverged)

    def final_weights(self) -> np.ndarray:
        """Return the parameters of every arm: (D, S, P)."""
        return self.arm_rows(self.ensemble.weights).cpu().numpy()

    def state(self) -> dict[str, Tensor]:
        """Return everything that changes between epochs."""
        return {
            "epoch": torch.tensor(self.epoch),
            "weights": self.ensemble.weights,
            "momentum": self.ensemble.momentum,
            "arms": torch.tensor(self.arms),
            "diverged": self.diverged,
            **{f"records.{name}": self.records[name] for name in METRICS},
        }

    def check(self, state: dict[str, Tensor]) -> None:
        """Raise ValueError unless ``state`` is what :meth:`state` returns after some epoch: names, types, shapes."""
        epoch = state.get("epoch")
        if epoch is None or epoch.shape or epoch.dtype != torch.int64 or not 0 <= int(epoch) <= self.config.epochs:
            raise ValueError(f"`epoch` must be a whole number in [0, {self.config.epochs}], got {epoch}")
        arms = [TRUNK] if int(epoch) < self.decay_epochs[-1] else []
        arms += [i for i, decay in enumerate(self.decay_epochs) if decay <= int(epoch)]
        needed, rows = self.state(), len(arms) * len(self.seeds)
        for name in ("weights", "momentum", "diverged"):
            needed[name] = needed[name][:1].expand(rows, *needed[name].shape[1:])
        checkpoint.same_form({**needed, "arms": torch.tensor(arms)}, state)
        if state["arms"].tolist() != arms:
            raise ValueError(f"`arms` must be {arms} after {int(epoch)} epochs, got {state['arms'].tolist()}")

    def restore(self, state: dict[str, Tensor]) -> None:
        """Continue from ``state``.

        Raises:
            ValueError: it is no state of this run.
        """
        self.check(state)
        self.epoch = int(state["epoch"])
        self.ensemble.weights = state["weights"].to(self.device)
        self.ensemble.momentum = state["momentum"].to(self.device)
        self.diverged = state["diverged"].to(self.device)
        self.arms = state["arms"].tolist()
        self.records = {name: state[f"records.{name}"] for name in METRICS}
        self._set_rates()
