"""A map of the effect: the gain of waiting over labels that stay wrong and labels that are drawn wrong anew.

The corners are run at a tenth of the rates too: the control. Settings were chosen on pilot seeds (100 and up).
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import replace

from lrdecay_core import environment
from lrdecay_core.experiments.networks import arms, sizes
from lrdecay_core.experiments.networks.arms import Arms, Section
from lrdecay_core.experiments.networks.boundaries import CORRUPTION
from lrdecay_core.experiments.networks.settings import digits_classifier, mnist1d_cnn
from lrdecay_core.experiments.networks.sizes import LARGE, SMALL

__all__ = ["DIGITS", "SIGNALS", "cell", "describe", "run", "sections", "shares"]

DIGITS, SIGNALS = "MLP on digits", "CNN on MNIST-1D"
NOISE = (0.0, 0.15, 0.3)
"""Chances that a drawn label is replaced by a uniform one, anew at every draw."""


def shares(profile: str | None = None) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return the shares of corrupted and the chances of fresh wrong labels; ``quick`` has the corners alone."""
    if environment.is_quick(profile):
        return CORRUPTION[:: len(CORRUPTION) - 1], NOISE[:: len(NOISE) - 1]
    return CORRUPTION, NOISE


def cell(corruption: float, noise: float, rate: str = LARGE) -> str:
    """Return the name of a condition.

    >>> cell(0.2, 0.15)
    '20% corrupted, 15% fresh, large rate'
    """
    return f"{corruption:.0%} corrupted, {noise:.0%} fresh, {rate}"


def sections(profile: str | None = None) -> dict[str, Section]:
    """Return network -> its cells at the large rate, and its corners at a tenth of both rates."""
    quick = environment.is_quick(profile)
    epochs, decays = ((10, 12), ((1, 6), (3, 10))) if quick else ((100, 125), ((10, 60), (25, 100)))
    seeds = tuple(range(30, 32 if quick else 36))
    configs = {DIGITS: digits_classifier(epochs[0]), SIGNALS: mnist1d_cnn(epochs[1], num_train=500)}
    columns, rows = shares(profile)
    found = {}
    for (name, config), when in zip(configs.items(), decays, strict=True):
        small = replace(config, learning_rate=config.learning_rate / 10, decayed_rate=config.decayed_rate / 10)
        wanted = [(c, q, LARGE, config) for c, q in itertools.product(columns, rows)]
        wanted += [(c, q, SMALL, small) for c, q in itertools.product((columns[0], columns[-1]), (rows[0], rows[-1]))]
        cells = {cell(c, q, rate): replace(base, label_corruption=c, label_noise=q) for c, q, rate, base in wanted}
        found[name] = Section(conditions=cells, decay_epochs=when, seeds=seeds)
    return found


def run(
    parts: Mapping[str, Section], *, workers: int | None = None, store: str | None = None
) -> dict[str, dict[str, Arms]]:
    """Train every cell, and look at the ends alone; ``store`` makes it resumable."""
    return arms.run(parts, how=sizes.train, workers=workers, store=store)


def describe(profile: str | None = None) -> str:
    """Return the settings of a profile as a list, a network a line."""
    lines = []
    for name, part in sections(profile).items():
        c = next(iter(part.conditions.values()))
        early, late = part.decay_epochs
        lines.append(
            f"- **{name}**: {c.num_samples} samples, {c.loss.replace('_', ' ')}, batches of {c.batch_size}, rate "
            f"{c.learning_rate:g} and {c.decayed_rate:g} after the decay, {c.epochs} epochs; early decay at epoch "
            f"{early}, late at {late}; {len(part.seeds)} seeds."
        )
    return "\n".join([*lines, "", f"This page was computed in the `{profile or environment.profile()}` profile."])
