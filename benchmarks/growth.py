"""How cost grows: CPU seconds and peak memory against one size at a time, and the slope of seconds on log scales.

Every size runs in a process of its own, whose peak resident memory is then the job's.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchmarks import ratio  # noqa: F401  (first: it pins the process)

import numpy as np  # isort: skip
import torch  # isort: skip

from benchmarks.alone import alone  # isort: skip
from benchmarks.statistics import quartiles  # isort: skip
from lrdecay_core import data, landscape, model, networks, schedules, training  # isort: skip


@dataclass(frozen=True)
class Axis:
    """One size of a job, and the sizes it takes while the others stay at their base."""

    job: str
    size: str
    values: tuple[int, ...]


MODEL = {"runs": 128, "steps": 1024, "features": 100, "batch size": 4}
NETWORKS = {"runs": 8, "batch size": 25}
SURFACE = {"points per axis": 10, "samples": 1000}
AXES = (
    Axis("model", "runs", (64, 256, 1024, 4096)),
    Axis("model", "steps", (1024, 4096, 16384, 65536)),
    Axis("model", "features", (100, 200, 400, 800)),
    Axis("model", "batch size", (4, 8, 16, 32)),
    Axis("networks", "runs", (4, 16, 64, 256)),
    Axis("networks", "batch size", (5, 25, 100, 400)),
    Axis("surface", "points per axis", (5, 10, 20, 40)),
    Axis("surface", "samples", (500, 1000, 2000, 4000)),
)


def sgd_on_the_model(sizes: dict[str, int]) -> Callable[[], object]:
    """Return SGD on the model, n = 40, ready to run."""
    problem = model.Problem.sparse(num_samples=40, num_features=sizes["features"], sparsity=3, seed=2)
    return lambda: model.sgd(
        problem,
        schedule=schedules.constant(0.005),
        num_steps=sizes["steps"],
        batch_size=sizes["batch size"],
        label_noise=0.1,
        init_scale=0.3,
        seeds=range(sizes["runs"]),
    )


def steps_of_networks(sizes: dict[str, int]) -> Callable[[], object]:
    """Return ten steps of an ensemble of MLPs, ready to run."""
    dataset, batch = data.load("mnist1d"), sizes["batch size"]
    config = training.TrainConfig(
        network="mlp",
        dataset="mnist1d",
        loss="cross_entropy",
        learning_rate=0.05,
        decayed_rate=0.05,
        batch_size=batch,
        epochs=1,
    )
    ensemble = training.Ensemble(config, dataset, range(sizes["runs"]), torch.device("cpu"))
    inputs = ensemble.prepare(torch.as_tensor(dataset.train.inputs[:batch])).unsqueeze(0)  # one batch for all runs
    targets = torch.eye(dataset.num_classes)[torch.as_tensor(dataset.train.targets[:batch])].T.unsqueeze(0)
    rates = torch.full((sizes["runs"], 1), 0.05)
    return lambda: [ensemble.step(inputs, targets, rates) for _ in range(10)]


def losses_on_a_plane(sizes: dict[str, int]) -> Callable[[], object]:
    """Return the training loss of an MLP on a grid, point by point, ready to run."""
    split = data.load("mnist1d").train
    net = networks.build("mlp", input_shape=(40,), num_classes=10)
    inputs, targets = (torch.as_tensor(a[: sizes["samples"]]) for a in (split.inputs, split.targets))
    losses = {"train": landscape.loss_of(net, torch.nn.functional.cross_entropy, inputs, targets)}
    start = losses["train"].vector(net)
    plane = landscape.plane_along(start, *landscape.random_directions(start))
    return lambda: landscape.surface(plane, losses, num=sizes["points per axis"], sampling="grid")


JOBS = {
    "model": (MODEL, sgd_on_the_model),
    "networks": (NETWORKS, steps_of_networks),
    "surface": (SURFACE, losses_on_a_plane),
}


def measure(axis: Axis, value: int, rounds: int) -> tuple[list[float], float]:
    """Return the CPU seconds of each round, and the peak resident memory in MiB, of one size."""
    base, make = JOBS[axis.job]
    run = make({**base, axis.size: value})
    run()
    seconds = []
    for _ in range(rounds):
        start = time.process_time()
        run()
        seconds.append(time.process_time() - start)
    return seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def compare(rounds: int) -> list[dict[str, Any]]:
    """Return one entry per axis: sizes, median seconds, quartiles over rounds of the slope, peak memory."""
    found = []
    for axis in AXES:
        seconds, memory = zip(*(alone(__name__, "measure", axis, value, rounds) for value in axis.values), strict=True)
        slopes = [np.polyfit(np.log(axis.values), np.log(turn), 1)[0] for turn in np.transpose(seconds)]
        found.append(
            {
                "job": axis.job,
                "size": axis.size,
                "values": axis.values,
                "seconds": np.median(seconds, axis=1).tolist(),
                "exponent": quartiles(slopes),
                "peak_mib": memory,
            }
        )
    return found
