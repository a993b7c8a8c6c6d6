"""What a trunk shows as it runs: progress, plateau, noise, distance, the gain of a cheap trial decay, sharpness."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lrdecay_core import data, landscape, networks, schedules
from lrdecay_core.training import Branches, Ensemble, branches, draws, objective, scheduled
from lrdecay_core.training.autograd import Autograd

__all__ = ["FEATURES", "glance", "noise_scale", "read", "sharpness", "watch"]

FEATURES = ("progress", "plateau", "trial drop", "distance", "noise scale")
"""What the registered rule may choose from. Sharpness came after the rule had been judged: no rule uses it."""
TRIAL = 1  # epochs of the trial decay
BATCHES = 16  # whose gradients are compared
ACCURACY = 1e-2  # of the top eigenvalue, relative; runs differ by far more


def watch(spec: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Train ``config`` on ``seeds`` at all ``decay_epochs`` and by a cosine.

    Returns:
        ``test_error`` and the features (D, S), ``cosine`` (S,), and ``sharpness`` (S,) at the :func:`glance`.
    """
    config, decays, seeds = spec["config"], spec["decay_epochs"], spec["seeds"]
    runs = branches(config, decay_epochs=decays, seeds=seeds, trunk_epochs=(0, *decays))
    steps = config.epochs * config.steps_per_epoch
    shape = schedules.cosine(learning_rate=config.learning_rate, num_steps=steps, final=config.decayed_rate)
    cosine = scheduled(config, schedules={"cosine": shape}, seeds=seeds)
    sharp = sharpness(runs, glance(decays, config.epochs) + 1)
    return {"test_error": runs.test_error[:, :, -1], "cosine": cosine.test_error[0], "sharpness": sharp, **read(runs)}


def glance(decay_epochs: Sequence[int], epochs: int) -> int:
    """Return the position of the last candidate within a tenth of the budget, or of the first: early enough to act on.

    >>> glance((2, 4, 8, 16, 40), 80)
    2
    """
    return max(0, sum(t <= epochs / 10 for t in decay_epochs) - 1)


def read(runs: Branches) -> dict[str, np.ndarray]:
    """Return the features (D, S) of a trunk at each decay epoch T, from what it did before T and one trial epoch.

    ``progress``: training loss L(T) / L(0). ``plateau``: log L(T/2) - log L(T), 0 on a plateau. ``trial drop``:
    log L(T) minus the log of the loss one epoch into a decay at T. ``distance``: log of |w_T - w_0| / |w_0|.
    ``noise scale``: log10 of :func:`noise_scale`.

    Args:
        runs: with ``trunk_epochs`` equal to 0 and the decay epochs.
    """
    loss = {t: _loss(runs, -1, t) for t in (0, *runs.decay_epochs)}
    start = runs.trunk[0]
    found: dict[str, list[np.ndarray]] = {name: [] for name in FEATURES}
    for d, t in enumerate(runs.decay_epochs):
        found["progress"].append(loss[t] / loss[0])
        found["plateau"].append(np.log(_loss(runs, -1, t / 2) / loss[t]))
        found["trial drop"].append(np.log(loss[t] / _loss(runs, d, t + TRIAL)))
        moved = np.linalg.norm(runs.trunk[d + 1] - start, axis=1)
        found["distance"].append(np.log(moved / np.linalg.norm(start, axis=1)))
        found["noise scale"].append(np.log10(noise_scale(runs, d + 1)))
    return {name: np.stack(values) for name, values in found.items()}


def _loss(runs: Branches, arm: int, epoch: float) -> np.ndarray:
    """Return the training loss (S,) of the last record up to ``epoch``; up to its fork, the last arm is the trunk."""
    return np.asarray(runs.train_loss[arm][:, int(np.searchsorted(runs.epochs, epoch, side="right")) - 1])


def noise_scale(runs: Branches, kept: int) -> np.ndarray:
    """Return B tr Cov(g) / |E g|^2 (S,) of batch gradients at a kept state of the trunk, over 16 batches.

    The labels carry the noise that training would draw. The squared mean is freed from its bias tr Cov / 16, down to a
    hundredth of its raw value.
    """
    config, cpu = runs.config, torch.device("cpu")
    dataset = data.load(config.dataset)
    n, size = config.num_samples, config.batch_size
    inputs, labels = torch.as_tensor(dataset.train.inputs[:n]), dataset.train.targets[:n]
    targets = objective.targets_table(dataset.num_classes, config.label_smoothing, cpu)
    given = np.stack([draws.corrupted_labels(config, s, labels, dataset.num_classes) for s in runs.seeds])
    drawn = draws.draw_epoch(
        config, runs.seeds, runs.trunk_epochs[kept], given, dataset.input_shape, dataset.num_classes, cpu
    )
    found = []
    for s, seed in enumerate(runs.seeds):
        ensemble = Ensemble(config, dataset, [seed] * BATCHES, cpu, engine=Autograd)
        ensemble.weights = torch.as_tensor(runs.trunk[kept, s]).repeat(BATCHES, 1)
        batch = drawn.order[s, torch.arange(BATCHES * size) % n].unflatten(0, (BATCHES, size))
        before = ensemble.weights.clone()
        ensemble.momentum.zero_()
        ensemble.step(inputs[batch], targets[drawn.labels[s][batch]].mT, torch.ones(BATCHES, 1))
        gradients = (before - ensemble.weights).double()
        trace = float(gradients.var(dim=0).sum())
        mean = float(gradients.mean(dim=0).square().sum())
        found.append(size * trace / max(mean - trace / BATCHES, mean / 100))
    return np.array(found)


def sharpness(runs: Branches, kept: int) -> np.ndarray:
    """Return rate * lambda (S,), lambda the largest Hessian eigenvalue of the training loss at a kept trunk state.

    The loss is the mean over the noise that training would draw. Gradient descent on a quadratic is stable below 2.
    NaN where the trunk has diverged.
    """
    config = runs.config
    dataset = data.load(config.dataset)
    n, classes = config.num_samples, dataset.num_classes
    net = networks.build(config.network, input_shape=dataset.input_shape, num_classes=classes, width=config.width)
    uniform = 1 - (1 - config.label_noise) * (1 - config.label_smoothing)
    means = objective.targets_table(classes, uniform, torch.device("cpu"))

    def criterion(logits: Tensor, targets: Tensor) -> Tensor:
        return objective.batch_loss(config.loss, logits.T[None], targets.T[None])[0]

    found = np.full(len(runs.seeds), np.nan)
    for s, seed in enumerate(runs.seeds):
        if np.isfinite(runs.trunk[kept, s]).all():
            labels = draws.corrupted_labels(config, seed, dataset.train.targets[:n], classes)
            loss = landscape.loss_of(net, criterion, dataset.train.inputs[:n], means[torch.as_tensor(labels)])
            top = landscape.top_eigenvalues(loss, runs.trunk[kept, s], tolerance=ACCURACY)
            found[s] = config.learning_rate * top.values[0]
    return found
