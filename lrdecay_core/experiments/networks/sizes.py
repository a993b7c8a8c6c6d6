"""One network made wider, deeper, or given more data: conditions for the question how the gain of waiting scales.

All runs make the same number of updates at the same rate and batch size, so that time on the model's clock,
eta^2 T / B, is the same at every size. Every size is run at a tenth of the large rate too: the control.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from lrdecay_core import environment, schedules
from lrdecay_core.experiments.networks import arms
from lrdecay_core.experiments.networks.arms import Arms, Section
from lrdecay_core.experiments.networks.settings import mnist1d_cnn
from lrdecay_core.training import TrainConfig, scheduled

__all__ = ["LARGE", "SMALL", "axes", "describe", "run", "sections", "train"]

LARGE, SMALL = "large rate", "tenth of the rate"
WIDTH, DEPTH, SAMPLES = 12, 3, 1000
"""What the sizes that are not varied stand at."""
NETWORKS = {2: "cnn1d-depth2", 3: "cnn1d", 4: "cnn1d-depth4"}


def axes(profile: str | None = None) -> Mapping[str, tuple[int, ...]]:
    """Return axis -> sizes of a profile (None: the one in force): channels, convolutions, training samples."""
    if environment.is_quick(profile):
        return {"width": (6, 12), "depth": (2, 3), "samples": (250, 1000)}
    return {"width": (6, 12, 24), "depth": (2, 3, 4), "samples": (250, 1000, 4000)}


def sections(profile: str | None = None) -> dict[str, Section]:
    """Return ``"<axis> <size>"`` -> the section of one size: the large rate and its control.

    The early decay comes after a twentieth of the budget (quick: a tenth), the late one after half of it.

    >>> [*sections("quick")]
    ['width 6', 'width 12', 'depth 2', 'depth 3', 'samples 250', 'samples 1000']
    """
    quick = environment.is_quick(profile)
    updates, share, seeds = (400, 10, 2) if quick else (6400, 20, 5)
    found = {}
    for axis, sizes in axes(profile).items():
        for size in sizes:
            config = _config(updates, **{axis: size})
            decays = (config.epochs // share, config.epochs // 2)
            small = replace(config, learning_rate=config.learning_rate / 10, decayed_rate=config.decayed_rate / 2)
            conditions = {LARGE: config, SMALL: small}
            found[f"{axis} {size}"] = Section(conditions=conditions, decay_epochs=decays, seeds=tuple(range(seeds)))
    return found


def train(spec: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Train one condition as :func:`arms.train` does, and look at its end alone: a third cheaper.

    Neither the training error nor the way of the trunk is measured: NaN.
    """
    config, decays = spec["config"], spec["decay_epochs"]
    rates = {"learning_rate": config.learning_rate, "decayed": config.decayed_rate}
    steps = {str(t): schedules.step_decay(decay_step=t * config.steps_per_epoch, **rates) for t in decays}
    runs = scheduled(config, schedules=steps, seeds=spec["seeds"])
    unknown = np.full_like(runs.test_error, np.nan)
    found = {"train_loss": runs.train_loss, "test_error": runs.test_error, "train_error": unknown}
    ends = {name: value[:, :, None] for name, value in found.items()}
    return {"epochs": np.array([float(config.epochs)]), "travel": unknown, **ends}


def run(parts: Mapping[str, Section], *, workers: int | None = None) -> dict[str, dict[str, Arms]]:
    """Train every size of :func:`sections`."""
    return arms.run(parts, how=train, workers=workers)


def describe(profile: str | None = None) -> str:
    """Return the settings of a profile in a sentence."""
    name = profile or environment.profile()
    part = sections(name)[f"width {WIDTH}"]
    c, early = part.conditions[LARGE], part.decay_epochs[0]
    return (
        f"Shared by all: {c.dataset}, {c.loss.replace('_', ' ')}, label noise {c.label_noise:g}, "
        f"{c.epochs * c.steps_per_epoch:,} updates on batches of {c.batch_size}, decays after {early / c.epochs:.0%} "
        f"and 50% of them, {len(part.seeds)} seeds. What is not varied stands at width {WIDTH}, depth {DEPTH} and "
        f"{SAMPLES:,} samples. This page was computed in the `{name}` profile."
    )


def _config(updates: int, *, width: int = WIDTH, depth: int = DEPTH, samples: int = SAMPLES) -> TrainConfig:
    batch = 25
    return mnist1d_cnn(
        updates * batch // samples, network=NETWORKS[depth], width=width, num_train=samples, batch_size=batch
    )
