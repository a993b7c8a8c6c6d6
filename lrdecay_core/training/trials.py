"""Trial decays: at every candidate the rate is lowered for a moment, the network is kept, and the trunk goes on."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch

from lrdecay_core import checks, data, environment
from lrdecay_core.training.config import TrainConfig
from lrdecay_core.training.ensemble import Ensemble
from lrdecay_core.training.loop import Loop

__all__ = ["Trials", "errors", "trials"]


@dataclass(frozen=True, kw_only=True)
class Trials:
    """D candidates, S seeds: the networks that a decay at each candidate has made a few epochs later."""

    config: TrainConfig
    decay_epochs: tuple[int, ...]
    """(D,) candidates."""
    seeds: tuple[int, ...]
    """(S,) replicates, as in :class:`Branches`."""
    length: int
    """Epochs of each trial."""
    weights: np.ndarray
    """(D, S, P) parameters at the end of each trial."""
    train_loss: np.ndarray
    """(D, S) excess training loss there, on the labels the run was given."""
    trunk_epochs: np.ndarray
    """(K,) times at which the trunk was measured, in epochs; the last one is the last candidate."""
    trunk_loss: np.ndarray
    """(S, K) excess training loss of the trunk at these times."""
    seconds: float
    """Wall time."""


def trials(
    config: TrainConfig,
    *,
    decay_epochs: Iterable[int],
    seeds: Iterable[int],
    length: int = 1,
    device: str = "auto",
) -> Trials:
    """Train a trunk per seed up to the last candidate, and from each candidate try ``length`` epochs of decay.

    A trial sees the batches and the noise that the tail of :func:`branches` sees in the same epochs: it is the
    beginning of that tail. All trials together take ``decay_epochs[-1] + D * length`` epochs.

    Args:
        config: the run, see :class:`TrainConfig`.
        decay_epochs: candidates, increasing, each in [0, config.epochs - length].
        seeds: distinct replicates.
        length: epochs of each trial, at least 1.
        device: ``"auto"`` (CUDA where there is one), ``"cpu"``, ``"cuda"``, ``"cuda:N"``.

    Raises:
        ValueError: an argument is out of its range.
        RuntimeError: the device is absent.

    >>> config = TrainConfig(network="mlp", dataset="digits", loss="squared", learning_rate=0.1, decayed_rate=0.01,
    ...                      batch_size=20, epochs=4, num_train=100)
    >>> trials(config, decay_epochs=[1, 3], seeds=range(3)).train_loss.shape
    (2, 3)
    """
    checks.instance("config", config, TrainConfig)
    epochs = checks.integer("length", length, minimum=1, maximum=config.epochs)
    arms = checks.increasing("decay_epochs", decay_epochs, minimum=0, maximum=config.epochs - epochs)
    replicates = checks.distinct_integers("seeds", seeds)
    place = checks.torch_device("device", device)
    started, found = time.perf_counter(), []
    trunk = Loop(config, arms[-1:], replicates, place)
    for t in environment.progress(arms, "trials"):
        while trunk.epoch < t:
            trunk.run_epoch()
        found.append(_tail(trunk, t, epochs))
    weights, losses = zip(*found, strict=True)
    measured = trunk.record_steps <= arms[-1] * config.steps_per_epoch
    return Trials(
        config=config,
        decay_epochs=arms,
        seeds=replicates,
        length=epochs,
        weights=np.stack(weights),
        train_loss=np.stack(losses),
        trunk_epochs=trunk.record_steps[measured] / config.steps_per_epoch,
        trunk_loss=trunk.records["train_loss"][0].numpy()[:, measured],
        seconds=time.perf_counter() - started,
    )


def _tail(trunk: Loop, decay_epoch: int, epochs: int) -> tuple[np.ndarray, np.ndarray]:
    """Return weights (S, P) and training loss (S,) of a tail that leaves the trunk now; the trunk is not touched."""
    tail = Loop(trunk.config, (decay_epoch,), trunk.seeds, trunk.device)
    now = {name: value.clone() for name, value in trunk.state().items() if not name.startswith("records")}
    tail.restore({**tail.state(), **now, "arms": torch.tensor([0])})
    for _ in range(epochs):
        tail.run_epoch()
    loss, _ = tail.ensemble.evaluate(tail.train_inputs, tail.given_on_device)
    return tail.final_weights()[0], loss.cpu().numpy()


def errors(config: TrainConfig, weights: np.ndarray, samples: data.Split) -> np.ndarray:
    """Return the share of samples (...) that networks with parameters ``weights`` (..., P) put into another class.

    Args:
        config: what the networks are, see :class:`TrainConfig`.
        weights: of one network or of many, such as ``Trials.weights``.
        samples: inputs and labels, such as those that the run does not train on. NaN where a network has diverged.

    Raises:
        ValueError: the numbers do not fit the network.
    """
    checks.instance("config", config, TrainConfig)
    checks.instance("samples", samples, data.Split)
    checks.instance("weights", weights, np.ndarray)
    cpu, dataset = torch.device("cpu"), data.load(config.dataset)
    ensemble = Ensemble(config, dataset, [0], cpu)
    size = ensemble.weights.shape[1]
    if weights.dtype != np.float32 or not weights.size or weights.shape[-1:] != (size,):
        raise ValueError(
            f"`weights` must be float32 of shape (..., {size}), the parameters of {config.network}, got "
            f"{weights.dtype} of shape {weights.shape}"
        )
    if samples.inputs.shape[1:] != dataset.input_shape or samples.targets.max() >= dataset.num_classes:
        raise ValueError(
            f"`samples` must have inputs of shape {dataset.input_shape} and classes below {dataset.num_classes}, got "
            f"{samples.inputs.shape[1:]} and class {samples.targets.max()}"
        )
    rows = torch.as_tensor(weights).reshape(-1, size)
    ensemble.select(torch.zeros(len(rows), dtype=torch.int64))
    ensemble.weights = rows
    _, wrong = ensemble.evaluate(torch.as_tensor(samples.inputs), torch.as_tensor(samples.targets))
    return np.asarray(wrong.numpy().reshape(weights.shape[:-1]))
