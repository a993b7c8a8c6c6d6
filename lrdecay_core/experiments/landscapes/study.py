"""What this chapter runs: five networks, the planes and the ways between their solutions, their curvature.

Settings were chosen on pilot seeds (100 and up) and then run once on the seeds below.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lrdecay_core import environment, sweeps
from lrdecay_core.experiments.landscapes import planes, sharpness, valley_walk
from lrdecay_core.experiments.landscapes.planes import Picture
from lrdecay_core.experiments.landscapes.sharpness import Sharpness
from lrdecay_core.experiments.landscapes.solutions import Cell, Solutions
from lrdecay_core.experiments.landscapes.valley_walk import Paths, Walk
from lrdecay_core.experiments.networks.settings import (
    digits_cnn,
    digits_mlp,
    mnist1d_cnn,
    mnist1d_cnn_squared,
    mnist1d_mlp_squared,
)
from lrdecay_core.training import TrainConfig

__all__ = ["CARRIERS", "DRAWN", "MODEL", "Seen", "Study", "look", "study"]

CARRIERS = ("digits MLP", "MNIST-1D CNN, cross-entropy")
"""The cells that decide N3, named before the runs; the first has squared loss."""
DRAWN = ("digits MLP", "MNIST-1D CNN", "digits CNN", "MNIST-1D MLP")
"""The squared-loss cells: they are drawn, and they decide N4."""
MODEL = "the model"


@dataclass(frozen=True, kw_only=True)
class Study:
    """The settings of one profile."""

    cells: Mapping[str, Cell]
    controls: Mapping[str, Cell]
    """Trunk rate a tenth, decay epochs ten times later."""
    grid: int
    """Points per axis of the planes."""
    curve_steps: int
    """Of the descent that bends a connecting curve."""
    num_probes: int
    """Of the Hessian trace."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Seen:
    """What was found around the solutions."""

    pictures: Mapping[str, Picture]
    """The planes of the first seed of each of ``DRAWN``, and of the model."""
    walks: Mapping[str, Walk]
    """The valley walks of ``CARRIERS``."""
    paths: Paths
    """Lines and curves of the first seed of the second of ``CARRIERS``."""
    sharpness: Mapping[str, Sharpness]
    """Of ``CARRIERS``."""


def study(profile: str | None = None) -> Study:
    """Return the settings of a profile (None: the one in force)."""
    return _QUICK if environment.is_quick(profile) else _BOOK


def look(settings: Study, found: Mapping[str, Solutions], *, workers: int | None = None) -> Seen:
    """Measure everything around the solutions, side by side in local processes."""
    walks = {name: valley_walk.tasks(settings.cells[name], found[name]) for name in CARRIERS}
    drawn = {name: planes.task(settings.cells[name], found[name]) for name in DRAWN}
    drawn[MODEL] = planes.model_task()
    sharp = {name: sharpness.tasks(settings.cells[name], found[name]) for name in CARRIERS}
    specs = [{"look": "walk", "task": task} for name in CARRIERS for task in walks[name]]
    specs.append({"look": "paths", "task": walks[CARRIERS[1]][0], "steps": settings.curve_steps})
    specs += [{"look": "plane", "task": task, "num": settings.grid} for task in drawn.values()]
    specs += [
        {"look": "sharpness", "task": task, "num_probes": settings.num_probes} for n in CARRIERS for task in sharp[n]
    ]
    rows: Iterator[dict[str, Any]] = iter(sweeps.run_here(_look, specs, workers=workers, description="landscapes").rows)
    return Seen(
        walks={name: Walk.join(tasks[0], [next(rows) for _ in tasks]) for name, tasks in walks.items()},
        paths=Paths(**next(rows)),
        pictures={name: planes.picture(task, next(rows)) for name, task in drawn.items()},
        sharpness={name: Sharpness.join(tasks[0], [next(rows) for _ in tasks]) for name, tasks in sharp.items()},
    )


def _look(spec: Mapping[str, Any]) -> dict[str, Any]:
    how, task, options = spec["look"], spec["task"], {k: v for k, v in spec.items() if k not in ("look", "task")}
    if how == "paths":
        return vars(valley_walk.paths(task, **options))
    looks: Mapping[str, Any] = {"walk": valley_walk.walk, "plane": planes.look, "sharpness": sharpness.measure}
    return dict(looks[how](task, **options))


def _kept(decays: tuple[int, ...]) -> tuple[int, ...]:
    """Return the decay epochs, and a geometric grid of epochs up to the last."""
    grid = np.geomspace(1, decays[-1], 24).round().astype(int)
    return tuple(sorted({0, *grid.tolist(), *decays}))


def _cell(config: TrainConfig, decays: tuple[int, ...], seeds: int, *, probe_steps: int = 0) -> Cell:
    return Cell(
        config=config,
        decay_epochs=decays,
        trunk_epochs=_kept(decays),
        seeds=tuple(range(seeds)),
        probe_steps=probe_steps,
    )


_DIGITS_MLP = digits_mlp(1000)
_DIGITS_CNN = digits_cnn(400)
_MNIST1D_CNN = mnist1d_cnn_squared(150)
_MNIST1D_MLP = mnist1d_mlp_squared(60)
_CROSS_ENTROPY = mnist1d_cnn(300)
_TENTH = replace(_DIGITS_MLP, learning_rate=0.005, decayed_rate=0.0025)

_BOOK = Study(
    cells={
        "digits MLP": _cell(_DIGITS_MLP, (10, 30, 100, 200, 400, 800), 6, probe_steps=400),
        "MNIST-1D CNN": _cell(_MNIST1D_CNN, (10, 30, 60, 120), 5, probe_steps=400),
        "digits CNN": _cell(_DIGITS_CNN, (10, 30, 100, 300), 6, probe_steps=400),
        "MNIST-1D MLP": _cell(_MNIST1D_MLP, (3, 10, 20, 45), 5, probe_steps=400),
        "MNIST-1D CNN, cross-entropy": _cell(_CROSS_ENTROPY, (10, 30, 60, 120, 240), 5),
    },
    controls={
        "digits MLP, trunk rate a tenth": _cell(replace(_TENTH, epochs=2000), (100, 400, 1600), 6, probe_steps=400)
    },
    grid=41,
    curve_steps=40,
    num_probes=8,
)
_QUICK = Study(
    cells={
        "digits MLP": _cell(replace(_DIGITS_MLP, epochs=150), (3, 10, 40, 100), 3, probe_steps=60),
        "MNIST-1D CNN": _cell(replace(_MNIST1D_CNN, epochs=20), (1, 4, 14), 3, probe_steps=25),
        "digits CNN": _cell(replace(_DIGITS_CNN, epochs=40), (2, 8, 30), 3, probe_steps=60),
        "MNIST-1D MLP": _cell(replace(_MNIST1D_MLP, epochs=12), (1, 3, 9), 3, probe_steps=25),
        "MNIST-1D CNN, cross-entropy": _cell(replace(_CROSS_ENTROPY, epochs=30), (3, 8, 14, 22), 3),
    },
    controls={"digits MLP, trunk rate a tenth": _cell(replace(_TENTH, epochs=200), (20, 60, 160), 3, probe_steps=60)},
    grid=17,
    curve_steps=6,
    num_probes=4,
)
