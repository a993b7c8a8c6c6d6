"""Conditions that differ in one thing, each trained with the same decay epochs and seeds, and what is kept of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from lrdecay_core import environment, provenance, sweeps
from lrdecay_core.experiments.networks.settings import branched_epochs, halves
from lrdecay_core.training import TrainConfig, branches

__all__ = ["Arms", "Section", "describe", "run", "train"]

MEASURES = ("train_loss", "train_error", "test_error", "travel")


@dataclass(frozen=True, kw_only=True)
class Section:
    """Conditions that differ in one thing."""

    conditions: Mapping[str, TrainConfig]
    decay_epochs: tuple[int, ...]
    """Increasing."""
    seeds: tuple[int, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Arms:
    """One condition: D decay epochs, S seeds, K recorded epochs."""

    config: TrainConfig
    decay_epochs: tuple[int, ...]
    epochs: np.ndarray
    """(K,) recorded times; the last one is the end."""
    train_loss: np.ndarray
    """(D, S, K) excess training loss, on the labels the run was given."""
    train_error: np.ndarray
    """(D, S, K)"""
    test_error: np.ndarray
    """(D, S, K)"""
    travel: np.ndarray
    """(D, S) how far the trunk is, at each decay epoch, from where it was at the first, over its norm there."""
    seconds: float

    @property
    def final(self) -> np.ndarray:
        """(D, S) test error at the end."""
        return self.test_error[:, :, -1]

    @property
    def stopped(self) -> np.ndarray:
        """(D, S) lowest recorded test error: stopping that was told the answer, which no rule can beat."""
        return np.asarray(np.nanmin(self.test_error, axis=2))

    def at(self, name: str, arm: int, epoch: float) -> np.ndarray:
        """Return a measure (S,) of one arm at a recorded epoch."""
        return np.asarray(getattr(self, name)[arm][:, int(np.searchsorted(self.epochs, epoch))])

    @property
    def level(self) -> np.ndarray:
        """(D, S) test error of every arm after a tail as long as that of the last one.

        Raises:
            ValueError: the end of such a tail was not recorded.
        """
        ends = np.array(self.decay_epochs) + self.epochs[-1] - self.decay_epochs[-1]
        if not np.isin(ends, self.epochs).all():
            raise ValueError(f"`epochs` must hold the ends of equal tails, {ends.tolist()}, got {self.epochs.tolist()}")
        return np.stack([self.at("test_error", arm, end) for arm, end in enumerate(ends)])


def train(spec: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Train one condition on some seeds: ``config``, ``decay_epochs``, ``seeds`` -> what :class:`Arms` holds."""
    decays = spec["decay_epochs"]
    runs = branches(spec["config"], decay_epochs=decays, seeds=spec["seeds"], trunk_epochs=decays)
    with np.errstate(all="ignore"):  # a run that diverged has no distance, and says so by itself
        way = np.linalg.norm(runs.trunk - runs.trunk[0], axis=2) / np.linalg.norm(runs.trunk[0], axis=1)
    records = {name: getattr(runs, name) for name in ("train_loss", "train_error", "test_error")}
    return {"epochs": runs.epochs, "travel": way, **records}


def run(
    parts: Mapping[str, Section],
    *,
    how: Callable[[Mapping[str, Any]], Mapping[str, np.ndarray]] = train,
    workers: int | None = None,
    store: str | None = None,
) -> dict[str, dict[str, Arms]]:
    """Train every condition of every section, halves of the seeds side by side.

    Args:
        parts: name -> section; conditions that sections share are trained once.
        how: what trains one condition: :func:`train`, or a function that takes and returns the same.
        workers: processes; None: one per core.
        store: a folder that makes it resumable.
    """
    specs: dict[str, dict[str, Any]] = {}
    where: dict[tuple[str, str], list[str]] = {}
    for name, part in parts.items():
        for condition, config in part.conditions.items():
            for half in halves(part.seeds):
                spec = {"config": config, "decay_epochs": part.decay_epochs, "seeds": half}
                specs.setdefault(provenance.config_key(spec), spec)
                where.setdefault((name, condition), []).append(provenance.config_key(spec))
    names = sorted(specs, key=lambda name: -_work(specs[name]))
    done = sweeps.run_here(how, [specs[name] for name in names], workers=workers, store=store)
    found = {name: (done.rows[i], float(done.seconds[i])) for i, name in enumerate(names)}
    result: dict[str, dict[str, Arms]] = {name: {} for name in parts}
    for (name, condition), keys in where.items():
        part, parted = parts[name], [found[key][0] for key in keys]
        result[name][condition] = Arms(
            config=part.conditions[condition],
            decay_epochs=part.decay_epochs,
            epochs=np.asarray(parted[0]["epochs"]),
            seconds=sum(found[key][1] for key in keys),
            **{m: np.concatenate([half[m] for half in parted], axis=1) for m in MEASURES},
        )
    return result


def describe(part: Section) -> str:
    """Return what a section's conditions share, in a sentence."""
    c = next(iter(part.conditions.values()))
    one_loss = all(config.loss == c.loss for config in part.conditions.values())
    loss = [c.loss.replace("_", " ")] if one_loss else []
    shared = ", ".join([f"{c.network} on {c.dataset}", f"{c.num_samples} samples", *loss, f"{c.epochs} epochs"])
    return (
        f"Shared by all: {shared}, decays at epochs {', '.join(map(str, part.decay_epochs))}, {len(part.seeds)} seeds. "
        f"This page was computed in the `{environment.profile()}` profile."
    )


def _work(spec: Mapping[str, Any]) -> float:
    """Return the updates of all rows, counted as samples and as steps."""
    config, epochs = spec["config"], branched_epochs(spec["config"], spec["decay_epochs"])
    return float(len(spec["seeds"]) * epochs * (config.num_samples + 5 * config.steps_per_epoch))
