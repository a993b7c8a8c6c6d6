"""The networks that several chapters train, each written once, and how their runs are shared out.

A chapter gives its budget in epochs and changes what its question asks for. Settings were chosen on pilot seeds
(100 and up).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol

from lrdecay_core import environment
from lrdecay_core.training import TrainConfig

__all__ = [
    "Trained",
    "branched_epochs",
    "describe",
    "digits_classifier",
    "digits_cnn",
    "digits_mlp",
    "halves",
    "mnist1d_cnn",
    "mnist1d_cnn_squared",
    "mnist1d_mlp_squared",
]


def mnist1d_cnn(epochs: int, **changes: Any) -> TrainConfig:
    """Return the MNIST-1D CNN with cross-entropy and fresh label noise: where late decay helps most.

    Args:
        epochs: the budget.
        **changes: fields of :class:`TrainConfig` that differ, here and in the other functions.

    >>> mnist1d_cnn(600, num_train=500).steps_per_epoch
    20
    """
    config = TrainConfig(
        network="cnn1d", dataset="mnist1d", loss="cross_entropy", learning_rate=0.3, decayed_rate=0.03, batch_size=25,
        num_train=1000, label_noise=0.3, epochs=epochs,
    )  # fmt: skip
    return replace(config, **changes)


def mnist1d_cnn_squared(epochs: int, **changes: Any) -> TrainConfig:
    """Return the MNIST-1D CNN with squared loss, for which a minimum of the testing loss exists."""
    squared: dict[str, Any] = {"loss": "squared", "learning_rate": 0.4, "decayed_rate": 0.05, "batch_size": 10}
    return mnist1d_cnn(epochs, **{**squared, **changes})


def mnist1d_mlp_squared(epochs: int, **changes: Any) -> TrainConfig:
    """Return the MNIST-1D MLP with squared loss; it stands a lower rate and less noise than the CNN."""
    lower: dict[str, Any] = {"network": "mlp", "learning_rate": 0.1, "decayed_rate": 0.02, "label_noise": 0.1}
    return mnist1d_cnn_squared(epochs, **{**lower, **changes})


def digits_mlp(epochs: int, **changes: Any) -> TrainConfig:
    """Return the digits MLP with squared loss and fresh label noise, from three times the usual start."""
    config = TrainConfig(
        network="mlp", dataset="digits", loss="squared", learning_rate=0.05, decayed_rate=0.005, batch_size=5,
        num_train=100, label_noise=0.3, init_gain=3.0, epochs=epochs,
    )  # fmt: skip
    return replace(config, **changes)


def digits_cnn(epochs: int, **changes: Any) -> TrainConfig:
    """Return the digits CNN: as the digits MLP, from the usual start."""
    return digits_mlp(epochs, **{"network": "cnn2d", "init_gain": 1.0, **changes})


def digits_classifier(epochs: int, **changes: Any) -> TrainConfig:
    """Return the digits MLP with cross-entropy on 500 scans and no noise beyond its batches."""
    config = TrainConfig(
        network="mlp", dataset="digits", loss="cross_entropy", learning_rate=0.1, decayed_rate=0.01, batch_size=10,
        num_train=500, epochs=epochs,
    )  # fmt: skip
    return replace(config, **changes)


def halves(seeds: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Return the seeds as one shard for each of two processes, without empty ones.

    >>> halves((0, 1, 2))
    [(0, 1), (2,)]
    """
    middle = (len(seeds) + 1) // 2
    return [half for half in (seeds[:middle], seeds[middle:]) if half]


def branched_epochs(config: TrainConfig, decay_epochs: tuple[int, ...]) -> int:
    """Return the epochs that one seed takes: the trunk up to its last fork, and the tails.

    >>> branched_epochs(mnist1d_cnn(10), (2, 5))
    18
    """
    return decay_epochs[-1] + sum(config.epochs - t for t in decay_epochs)


class Trained(Protocol):
    """One network, and when its rate is lowered: what the chapters call a cell."""

    @property
    def config(self) -> TrainConfig:
        """The run."""

    @property
    def decay_epochs(self) -> tuple[int, ...]:
        """When the rate is lowered."""

    @property
    def seeds(self) -> tuple[int, ...]:
        """The replicates."""


def describe(cells: Mapping[str, Trained]) -> str:
    """Return the settings as a Markdown table, one row per cell, and the profile they belong to."""
    lines = [
        "| | loss | samples | batch | rate | noise $q$ | decay epochs | epochs | seeds |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, cell in cells.items():
        c = cell.config
        lines.append(
            f"| {name} | {c.loss.replace('_', ' ')} | {c.num_samples} | {c.batch_size} | "
            f"{c.learning_rate:g} → {c.decayed_rate:g} | {c.label_noise:g} | "
            f"{', '.join(map(str, cell.decay_epochs))} | {c.epochs} | {len(cell.seeds)} |"
        )
    return "\n".join([*lines, "", f"This page was computed in the `{environment.profile()}` profile."])
