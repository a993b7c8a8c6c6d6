"""Networks at the boundary of the effect: corrupted labels, silent noise, other optimisers, other batches and rates.

Settings were chosen on pilot seeds (100 and up); the sections run on the seeds below.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from lrdecay_core import environment
from lrdecay_core.experiments.networks.arms import Section
from lrdecay_core.experiments.networks.settings import digits_classifier, mnist1d_cnn, mnist1d_cnn_squared

__all__ = ["CORRUPTION", "CROSS_ENTROPY", "FRESH", "SILENT", "SQUARED", "SQUARED_FRESH", "sections"]

CORRUPTION = (0.0, 0.1, 0.2, 0.4)
"""Shares of training labels moved once to another class."""
SILENT, FRESH = "no lasting noise", "fresh label noise"
"""The condition that carries B2, and its control."""
CROSS_ENTROPY, SQUARED, SQUARED_FRESH = "cross-entropy", "squared loss", "squared loss, fresh label noise"
"""A loss that stays above zero, one that can reach it, and the control."""


def sections(profile: str | None = None) -> dict[str, Section]:
    """Return the sections of a profile (None: the one in force)."""
    quick = environment.is_quick(profile)
    return {
        "corruption": _corruption(quick),
        "persistence": _persistence(quick),
        "other noise": _other_noise(quick),
        "optimisers": _optimisers(quick),
        "batch and rate": _batch_and_rate(quick),
        "rest": _rest(quick),
    }


_SAMPLES = 500
"""Training signals: half of what other chapters use, so that a section takes seconds."""


def _corruption(quick: bool) -> Section:
    config = digits_classifier(60 if quick else 100)
    return Section(
        conditions={f"{share:.0%}": replace(config, label_corruption=share) for share in CORRUPTION},
        decay_epochs=(2, 30) if quick else (2, 10, 50),
        seeds=tuple(range(2 if quick else 10)),
    )


def _persistence(quick: bool) -> Section:
    config = mnist1d_cnn(20 if quick else 260, num_train=_SAMPLES, label_noise=0.0)
    return Section(
        conditions={SILENT: config, FRESH: replace(config, label_noise=0.3)},
        decay_epochs=(4, 16) if quick else (60, 240),
        seeds=tuple(range(50, 52 if quick else 60)),  # fresh ones: B2's rule was tightened after seeds 0 to 9 had run
    )


def _other_noise(quick: bool) -> Section:
    part = _persistence(quick)
    config = part.conditions[SILENT]
    conditions = {
        # at rate 0.3 batches of 10 diverge
        "small batches": replace(config, batch_size=10, learning_rate=0.1, decayed_rate=0.01),
        "label smoothing": replace(config, label_smoothing=0.1),
        "input noise": replace(config, input_noise=0.3),
    }
    return replace(part, conditions=conditions, seeds=tuple(range(1 if quick else 4)))


def _rest(quick: bool) -> Section:
    # on 500 samples squared loss asks for 5,000 numbers of 5,210 weights: at epoch 240 they still learn
    squared = mnist1d_cnn_squared(
        20 if quick else 1250, num_train=150, learning_rate=0.3, decayed_rate=0.03, label_noise=0.0
    )
    conditions = {
        CROSS_ENTROPY: replace(squared, loss="cross_entropy"),
        SQUARED: squared,
        SQUARED_FRESH: replace(squared, label_noise=0.3),
    }
    decays = (4, 16) if quick else (300, 1200)
    return Section(conditions=conditions, decay_epochs=decays, seeds=tuple(range(2 if quick else 6)))


def _optimisers(quick: bool) -> Section:
    config = mnist1d_cnn(10 if quick else 100, num_train=_SAMPLES)
    tenth: dict[str, Any] = {
        "learning_rate": 0.03,
        "decayed_rate": 0.003,
    }  # times 1 / (1 - momentum): the rate of plain SGD
    return Section(
        conditions={
            "SGD": config,
            "momentum 0.9": replace(config, momentum=0.9, **tenth),
            "Nesterov 0.9": replace(config, optimiser="nesterov", momentum=0.9, **tenth),
            "SGD, weight decay 0.001": replace(config, weight_decay=1e-3),
            "AdamW": replace(
                config, optimiser="adamw", momentum=0.9, weight_decay=0.01, learning_rate=0.01, decayed_rate=0.001
            ),
            "SGD, tenth of the rate": replace(config, **tenth),
        },
        decay_epochs=(1, 5) if quick else (5, 50),
        seeds=tuple(range(2 if quick else 5)),
    )


def _batch_and_rate(quick: bool) -> Section:
    config = digits_classifier(10 if quick else 80, label_noise=0.3)
    rates, sizes = ((0.05, 0.2), (10, 20)) if quick else ((0.05, 0.1, 0.2), (5, 10, 20))
    return Section(
        conditions={
            f"rate {rate:g}, batch {size}": replace(config, learning_rate=rate, batch_size=size)
            for rate in rates
            for size in sizes
        },
        decay_epochs=(1, 2, 6) if quick else (2, 4, 8, 16, 32, 60),
        seeds=tuple(range(2 if quick else 3)),
    )
