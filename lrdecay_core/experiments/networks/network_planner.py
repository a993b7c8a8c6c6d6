"""When to decay, read off the trunk: pilot runs with features, a rule of two constants, and its fit.

The pilot runs stand in ``network_planner.json`` beside this file, with the rule that was fitted on them and where they
come from. ``python -m lrdecay_core.experiments.networks.network_planner`` runs them again and rewrites the file.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from lrdecay_core import environment, provenance, rng, sweeps
from lrdecay_core.experiments.networks.planner_table import Table
from lrdecay_core.experiments.networks.settings import digits_classifier, mnist1d_cnn
from lrdecay_core.experiments.networks.trunk_features import FEATURES, glance, watch
from lrdecay_core.training import TrainConfig

__all__ = [
    "HALF",
    "Rule",
    "Study",
    "Table",
    "choose",
    "familiar",
    "fit",
    "held_out",
    "kept",
    "pilot",
    "run",
    "shuffled",
    "write_pilot",
]

COMMAND = "python -m lrdecay_core.experiments.networks.network_planner"
DECAYS = (2, 4, 8, 16, 28, 40, 56, 72)
EPOCHS, HALF = 80, DECAYS.index(40)
FILE = "network_planner.json"
PROGRESS = (1.0, 0.95, 0.9, 0.8, 0.7, 0.6, 0.5)
KINDS: Mapping[str, Mapping[str, Any]] = {
    "fresh label noise": {"label_noise": 0.3},
    "corrupted labels": {"label_corruption": 0.2},
}


@dataclass(frozen=True, kw_only=True)
class Study:
    """Conditions over rates, batch sizes and kinds of label errors, each with the same seeds."""

    conditions: Mapping[str, TrainConfig]
    seeds: tuple[int, ...]
    decay_epochs: tuple[int, ...] = DECAYS


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Decay at the first candidate where the training loss has come down and a feature has crossed its threshold.

    If none qualifies, decay at the last candidate.
    """

    feature: str
    below: bool
    """True: the feature must lie below the threshold; False: above."""
    threshold: float
    progress: float
    """The training loss must be at most this share of its start."""


def pilot() -> Study:
    """Return the pilot study: 48 runs of the digits MLP, seeds 100 to 105."""
    config = digits_classifier(EPOCHS, batch_size=25)
    return _study(config, rates=(0.05, 0.15), sizes=(10, 25), seeds=tuple(range(100, 106)))


def held_out(profile: str | None = None) -> Study:
    """Return the held-out study of a profile: the MNIST-1D CNN, other rates, seeds from 0; 24 runs in the book."""
    config = mnist1d_cnn(EPOCHS, num_train=500, label_noise=0.0)
    if environment.is_quick(profile):
        return _study(config, rates=(0.3,), sizes=(25,), seeds=(0,))
    return _study(config, rates=(0.15, 0.3), sizes=(10, 25), seeds=(0, 1, 2))


def familiar(profile: str | None = None) -> Study:
    """Return the pilot's own conditions on seeds from 0: what carries over to new seeds alone."""
    conditions, quick = pilot().conditions, environment.is_quick(profile)
    chosen = {name: c for name, c in conditions.items() if not quick or (c.learning_rate, c.batch_size) == (0.15, 25)}
    return Study(conditions=chosen, seeds=(0,) if quick else (0, 1))


def _study(config: TrainConfig, *, rates: tuple[float, ...], sizes: tuple[int, ...], seeds: tuple[int, ...]) -> Study:
    conditions = {
        f"{kind}, rate {rate:g}, batch {size}": replace(
            config, learning_rate=rate, decayed_rate=rate / 10, batch_size=size, **fields
        )
        for (kind, fields), rate, size in itertools.product(KINDS.items(), rates, sizes)
    }
    return Study(conditions=conditions, seeds=seeds)


def run(studies: Mapping[str, Study], *, workers: int | None = None, store: str | None = None) -> dict[str, Table]:
    """Train every condition at every candidate, and read the features off its trunk; ``store`` makes it resumable."""
    specs = [
        {"config": config, "decay_epochs": study.decay_epochs, "seeds": study.seeds}
        for study in studies.values()
        for config in sorted(study.conditions.values(), key=lambda c: c.batch_size)
    ]
    done = sweeps.run_here(watch, specs, workers=workers, store=store)
    where = {provenance.config_key(spec): i for i, spec in enumerate(specs)}
    return {name: _table(study, done, where) for name, study in studies.items()}


def _table(study: Study, done: sweeps.Sweep, where: Mapping[str, int]) -> Table:
    shared = {"decay_epochs": study.decay_epochs, "seeds": study.seeds}
    rows = [where[provenance.config_key({"config": config, **shared})] for config in study.conditions.values()]
    found = [done.rows[i] for i in rows]
    return Table(
        names=tuple(f"{name}, seed {seed}" for name in study.conditions for seed in study.seeds),
        test_error=np.concatenate([r["test_error"].T for r in found]),
        cosine=np.concatenate([r["cosine"] for r in found]),
        features={name: np.concatenate([r[name].T for r in found]) for name in FEATURES},
        sharpness=np.concatenate([r["sharpness"] for r in found]),
        glance=glance(study.decay_epochs, next(iter(study.conditions.values())).epochs),
        seconds=float(done.seconds[rows].sum()),
    )


def choose(rule: Rule, features: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return the position (N,) of the decay epoch that a rule picks from features (N, D).

    >>> features = {"progress": np.array([[0.9, 0.5, 0.1]]), "plateau": np.array([[0.0, 0.6, 0.1]])}
    >>> choose(Rule(feature="plateau", below=True, threshold=0.2, progress=0.7), features).tolist()
    [2]
    """
    value = features[rule.feature]
    crossed = value < rule.threshold if rule.below else value > rule.threshold
    ready = crossed & (features["progress"] <= rule.progress)
    return np.where(ready.any(axis=1), ready.argmax(axis=1), value.shape[1] - 1)


def fit(table: Table) -> Rule:
    """Return the rule with the lowest mean test error on a table, over features, directions and both constants.

    Thresholds tried are the vigintiles of the feature over all runs and candidates.
    """
    best, lowest = None, np.inf
    for name in FEATURES[1:]:
        cuts = np.quantile(table.features[name], np.linspace(0.05, 0.95, 19))
        for below, cut, progress in itertools.product((True, False), cuts, PROGRESS):
            rule = Rule(feature=name, below=below, threshold=float(cut), progress=progress)
            error = _picked(table, choose(rule, table.features)).mean()
            if error < lowest - 1e-12:
                best, lowest = rule, error
    if best is None:
        raise ValueError(f"`table` must hold finite test errors, got {table.test_error}")
    return best


def shuffled(table: Table, seed: int) -> Table:
    """Return the table with the features of whole runs dealt out anew: the control's pilot."""
    order = rng.stream(seed, "shuffled pilot features").permutation(len(table.names))
    dealt = {name: values[order] for name, values in table.features.items()}
    return replace(table, features=dealt, sharpness=table.sharpness[order])


def _picked(table: Table, where: np.ndarray) -> np.ndarray:
    return np.asarray(table.test_error[np.arange(len(where)), where])


def kept() -> tuple[Table, Rule, dict[str, Any]]:
    """Return the pilot table that is kept with the library, the rule fitted on it, and where both come from."""
    raw = json.loads((files("lrdecay_core.experiments.networks") / FILE).read_text(encoding="utf8"))
    return Table.from_plain(raw), Rule(**raw["rule"]), raw["origin"]


def write_pilot(path: str | Path, *, store: str | None = None) -> Rule:
    """Run the pilot, fit the rule, and write both to ``path`` with the command, the settings' key and versions."""
    study = pilot()
    table = run({"pilot": study}, store=store)["pilot"].rounded()
    rule = fit(table)
    content = {
        "origin": {"command": COMMAND, "config_key": provenance.config_key(study), **provenance.collect()},
        "rule": asdict(rule),
        **table.plain(),
    }
    Path(path).write_text(json.dumps(content, indent=0) + "\n", encoding="utf8")
    return rule


if __name__ == "__main__":
    print(write_pilot(Path(__file__).with_name(FILE)))
