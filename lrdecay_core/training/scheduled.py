"""Runs that differ in their schedule alone: any shape of the rate, paired by seed."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import torch

from lrdecay_core import checks, data, environment
from lrdecay_core.schedules import Schedule
from lrdecay_core.training import draws, objective
from lrdecay_core.training.config import TrainConfig
from lrdecay_core.training.ensemble import Ensemble, on_device

__all__ = ["Scheduled", "scheduled"]


@dataclass(frozen=True, kw_only=True)
class Scheduled:
    """A schedules and S seeds; every value is that of the last state."""

    names: tuple[str, ...]
    """(A,) names of the schedules."""
    seeds: tuple[int, ...]
    """(S,) replicates: starting weights, batch order and noise."""
    rates: np.ndarray
    """(A, K) rate of every step."""
    train_loss: np.ndarray
    """(A, S) excess training loss, on the labels the run was given."""
    test_loss: np.ndarray
    """(A, S) the same loss on the test split."""
    test_error: np.ndarray
    """(A, S) share of test samples that are misclassified."""
    weights: np.ndarray
    """(A, S, P) parameters."""
    seconds: float
    """Wall time."""

    @property
    def squares(self) -> np.ndarray:
        """(A,) sum of the squared rates: the time that the model's slow flow would count."""
        return np.asarray((self.rates**2).sum(axis=1))


def scheduled(
    config: TrainConfig, *, schedules: Mapping[str, Schedule], seeds: Iterable[int], device: str = "auto"
) -> Scheduled:
    """Train one run per schedule and seed. All runs of a seed see the same batches and noise.

    ``learning_rate`` and ``decayed_rate`` of ``config`` are not used: the rate of step k is ``schedule(k)``.

    Args:
        config: the run, see :class:`TrainConfig`.
        schedules: name -> one rate for every step, 0 or above and finite.
        seeds: distinct replicates.
        device: ``"auto"`` (CUDA where there is one), ``"cpu"``, ``"cuda"``, ``"cuda:N"``.

    Raises:
        ValueError: no schedule, or one with another shape or such a rate.
        RuntimeError: the device is absent.

    >>> from lrdecay_core.schedules import constant, cosine
    >>> config = TrainConfig(network="mlp", dataset="digits", loss="squared", learning_rate=0.1, decayed_rate=0.01,
    ...                      batch_size=20, epochs=4, num_train=100)
    >>> shapes = {"constant": constant(0.1), "cosine": cosine(learning_rate=0.1, num_steps=20)}
    >>> scheduled(config, schedules=shapes, seeds=range(3)).test_error.shape
    (2, 3)
    """
    checks.instance("config", config, TrainConfig)
    replicates, started = checks.distinct_integers("seeds", seeds), time.perf_counter()
    table, place = _table(config, schedules), checks.torch_device("device", device)
    dataset = data.load(config.dataset)
    inputs, labels = on_device(dataset.train, place, config.num_samples)
    test_inputs, test_labels = on_device(dataset.test, place)
    given = np.stack([draws.corrupted_labels(config, s, labels.cpu().numpy(), dataset.num_classes) for s in replicates])
    ensemble = Ensemble(config, dataset, replicates, place)
    ensemble.select(torch.arange(len(replicates), device=place).repeat_interleave(len(table)))
    columns = torch.as_tensor(table.astype(np.float32), device=place).repeat(len(replicates), 1)
    prepared = ensemble.prepare(inputs)
    targets = objective.targets_table(dataset.num_classes, config.label_smoothing, place)
    for epoch in environment.progress(range(config.epochs), "epochs"):
        draw = draws.draw_epoch(config, replicates, epoch, given, dataset.input_shape, dataset.num_classes, place)
        for k in range(config.steps_per_epoch):
            batch, aims = draws.batches(
                draw,
                range(k, k + 1),
                config.batch_size,
                inputs=inputs,
                prepared=prepared,
                targets=targets,
                prepare=ensemble.prepare,
            )
            step = epoch * config.steps_per_epoch + k
            ensemble.step(batch[0], aims[0], columns[:, step : step + 1])
    rows = torch.as_tensor(given, device=place).repeat_interleave(len(table), dim=0)
    train_loss, _ = ensemble.evaluate(inputs, rows)
    test_loss, test_error = ensemble.evaluate(test_inputs, test_labels)
    shape = (len(replicates), len(table))
    final = {
        name: value.reshape(shape).T.cpu().numpy()
        for name, value in (("train_loss", train_loss), ("test_loss", test_loss), ("test_error", test_error))
    }
    final["weights"] = ensemble.weights.unflatten(0, shape).transpose(0, 1).cpu().numpy()
    seconds = time.perf_counter() - started
    return Scheduled(names=tuple(schedules), seeds=replicates, rates=table, seconds=seconds, **final)


def _table(config: TrainConfig, schedules: Mapping[str, Schedule]) -> np.ndarray:
    """Return the rate of every schedule at every step, (A, K)."""
    steps = np.arange(config.epochs * config.steps_per_epoch)
    checks.instance("schedules", schedules, Mapping)
    if not schedules:
        raise ValueError("`schedules` must hold at least one schedule, got none; such as {'cosine': cosine(...)}")
    for schedule in schedules.values():
        checks.function("schedules", schedule)
    rates = {name: checks.finite_array("schedules", schedule(steps)) for name, schedule in schedules.items()}
    for name, values in rates.items():
        if values.shape != steps.shape or (values < 0).any():
            raise ValueError(
                f"`schedules` must give one rate, 0 or above, for every step, got {name!r}: {values.shape}"
            )
    return np.stack(list(rates.values()))
