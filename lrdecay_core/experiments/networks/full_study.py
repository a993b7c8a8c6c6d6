"""What the full study would take: images counted, operations counted, seconds measured where it is asked for.

A step's operations come from PyTorch's own counter, which follows the library's step. It counts two a multiply-add, as
data sheets do.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from lrdecay_core import checks, data
from lrdecay_core.experiments.networks.scaling_up import STUDY, Study
from lrdecay_core.training import TrainConfig
from lrdecay_core.training.ensemble import Ensemble
from lrdecay_core.training.loop import record_steps

__all__ = ["CARDS", "SHARES", "Card", "PerImage", "count", "describe", "images", "measure", "on_cards"]

SHAPE, CLASSES = (3, 32, 32), 10
SHARES = 0.1, 0.2, 0.4


@dataclass(frozen=True, kw_only=True)
class Card:
    """A GPU by its data sheet."""

    name: str
    peak: float
    """Operations a second in bf16 (products summed in float32), without sparsity."""
    source: str


CARDS = (
    Card(name="A100", peak=312e12, source="NVIDIA A100 data sheet"),
    Card(name="H100 SXM", peak=989e12, source="NVIDIA H100 data sheet, half of its figure with sparsity"),
    Card(name="RTX 4090", peak=165e12, source="NVIDIA Ada architecture white paper"),
)


@dataclass(frozen=True, kw_only=True)
class PerImage:
    """What one image costs, in seconds or in operations."""

    trained: float
    """Forward, backward and update."""
    evaluated: float
    """Forward alone."""
    where: str = "counted"

    def total(self, study: Study) -> float:
        """Return what all of the study costs."""
        trained, evaluated = images(study)
        return trained * self.trained + evaluated * self.evaluated

    def hours(self, study: Study, workers: int) -> float:
        """Return the hours of ``workers`` at once, if these are seconds; a run is not divided among them."""
        return self.total(study) / study.trunks * math.ceil(study.trunks / workers) / 3600


def images(study: Study) -> tuple[int, int]:
    """Return the images (trained on, evaluated) in all runs: at every time, those of all networks that exist then."""
    forks, per_epoch = np.array(study.decay_epochs), study.steps_per_epoch

    def rows(epochs: np.ndarray) -> int:
        return int(((forks <= epochs[:, None]).sum(axis=1) + (epochs < forks[-1])).sum())

    trained = rows(np.arange(study.epochs)) * per_epoch * int(study.fields["batch_size"])
    recorded = rows(record_steps(study, study.decay_epochs) // per_epoch)
    return study.trunks * trained, study.trunks * recorded * (int(study.fields["num_train"]) + study.num_test)


def _ensemble(device: str, network: str, precision: str) -> Ensemble:
    """Return one network of the study at its start; no photograph is needed for that."""
    fields = {**STUDY.fields, "dataset": "digits", "num_train": None, "augment": False}
    config = TrainConfig(**{**fields, "network": network, "precision": precision}, learning_rate=0.1)
    split = data.Split(np.zeros((1, *SHAPE), dtype=np.float32), np.arange(1))
    return Ensemble(config, data.Dataset("photographs", split, split, CLASSES), [0], torch.device(device))


def _batch(ensemble: Ensemble, batch: int, device: str) -> tuple[Tensor, Tensor, Tensor]:
    inputs = ensemble.prepare(torch.rand(batch, *SHAPE, device=device)).unsqueeze(0)
    return inputs, torch.full((1, CLASSES, batch), 1 / CLASSES, device=device), torch.full((1, 1), 1e-3, device=device)


def count(batch: int = 1) -> PerImage:
    """Return the operations of one image in the study's step and evaluation; a batch has its size times as many."""
    ensemble = _ensemble("cpu", str(STUDY.fields["network"]), "float32")
    arguments, found = _batch(ensemble, batch, "cpu"), []
    for work in (lambda: ensemble.step(*arguments), lambda: ensemble.engine.logits(arguments[0][0])):
        with FlopCounterMode(display=False) as counter:
            work()
        found.append(counter.get_total_flops() / batch)
    return PerImage(trained=found[0], evaluated=found[1])


def measure(device: str = "auto", *, network: str = "resnet18", batch: int | None = None, steps: int = 2) -> PerImage:
    """Return the seconds an image takes here: the fastest of ``steps`` steps, and of as many evaluations.

    On CUDA in bf16, in batches of the study's size; on a CPU in float32, on one core and in batches of 8.

    Args:
        device: as in :func:`lrdecay_core.training.branches`.
        network: ``"resnet18"`` or ``"resnet18-channels-last"``.
        batch: images per step.
        steps: how many are measured, after one that is not.
    """
    place = checks.torch_device("device", device)
    cuda = place.type == "cuda"
    usual = int(STUDY.fields["batch_size"]) if cuda else 8
    size = usual if batch is None else checks.integer("batch", batch, minimum=1)
    ensemble = _ensemble(str(place), network, "bf16" if cuda else "float32")
    arguments = _batch(ensemble, size, str(place))
    with _one_thread():
        trained = _fastest(lambda: ensemble.step(*arguments), steps, cuda)
        evaluated = _fastest(lambda: ensemble.engine.logits(arguments[0][0]), steps, cuda)
    where = torch.cuda.get_device_name(place) if cuda else "one core of this machine"
    return PerImage(trained=trained / size, evaluated=evaluated / size, where=where)


@contextmanager
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _fastest(work: Any, steps: int, cuda: bool) -> float:
    work()
    seconds = []
    for _ in range(steps):
        started = time.perf_counter()
        work()
        if cuda:
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - started)
    return min(seconds)


def describe(speed: PerImage, *, workers: Sequence[int] = (1, 4, 20), study: Study = STUDY) -> str:
    """Return the hours of the study at a measured speed, in words and as a Markdown table."""
    trained, evaluated = images(study)
    lines = [f"| {n} | {_hours(speed.hours(study, n))} |" for n in workers]
    return (
        f"The study: {len(study.rates)} rates and {len(study.seeds)} seeds make {study.trunks} trunks of "
        f"{study.epochs} epochs, each with {len(study.decay_epochs)} tails. Together they train on "
        f"{trained / 1e6:,.0f} million images and evaluate {evaluated / 1e6:,.0f} million. Measured on {speed.where}: "
        f"{1000 * speed.trained:.3g} ms an image trained on, {1000 * speed.evaluated:.3g} ms an image evaluated.\n\n"
        "| workers like this | hours |\n|---:|---:|\n" + "\n".join(lines) + f"\n\nMore than {study.trunks} "
        "workers find nothing to do, since a trunk is one run."
    )


def _hours(hours: float) -> str:
    return f"{float(f'{hours:.2g}'):,.0f}" if hours >= 10 else f"{hours:.2g}"


def on_cards(operations: PerImage, *, study: Study = STUDY) -> str:
    """Return the hours on one GPU by arithmetic, as a Markdown table: operations / (peak x share)."""
    total = operations.total(study)
    head = " | ".join(f"at {100 * share:.0f} %" for share in SHARES)
    lines = [
        f"| {card.name} | {card.peak / 1e12:.0f} | "
        + " | ".join(f"{_hours(total / (card.peak * share) / 3600)}" for share in SHARES)
        + f" | {card.source} |"
        for card in CARDS
    ]
    return (
        f"Counted: {operations.trained / 1e9:.2f} thousand million operations an image trained on, "
        f"{operations.evaluated / 1e9:.2f} an image evaluated, {total:.1e} in all. "
        "Hours on one GPU at three shares of its peak:\n\n"
        f"| not measured | peak (10^12 operations/s) | {head} | peak from |\n"
        f"|---|---:|{'---:|' * len(SHARES)}---|\n" + "\n".join(lines)
    )
