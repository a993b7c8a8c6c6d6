"""A validated trial: decay for a moment at every candidate, and ask samples that the run does not train on.

The rule has no fitted constant. Its two choices, :data:`LENGTH` and the tie rule of :func:`choose`, were made on pilot
seeds (100 and up).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lrdecay_core import data, environment, rng, schedules, sweeps
from lrdecay_core.experiments.networks.network_planner import Study, held_out, pilot
from lrdecay_core.experiments.networks.settings import branched_epochs
from lrdecay_core.training import TrainConfig, Trials, branches, draws, errors, scheduled, trials

__all__ = [
    "FEW",
    "LENGTH",
    "Outcome",
    "choose",
    "epochs_spent",
    "held_back",
    "labels_as_given",
    "run",
    "studies",
    "validate",
]

LENGTH = 1
"""Epochs of a trial decay."""
FEW = 100
"""Held-back samples of the thrifty rule."""
FIRST_SEED, QUICK_SEED, PER_CONDITION = 10, 106, 2
SHOWN = (("digits", 0.15, 25), ("mnist1d", 0.3, 25))
"""Conditions of the quick profile, with both kinds of label errors."""
TASKS = {"digits": "digits MLP", "mnist1d": "MNIST-1D CNN"}
ARRAYS = (
    "test_error",
    "cosine",
    "all_samples",
    "trial",
    "trial_on_few",
    "trial_as_given",
    "tails",
    "progress",
    "plateau",
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Outcome:
    """N runs, D candidates."""

    names: tuple[str, ...]
    """(N,) condition and seed of each run."""
    tasks: tuple[str, ...]
    """(N,) network and data of each run."""
    test_error: np.ndarray
    """(N, D) at the end of the budget; no rule sees it."""
    cosine: np.ndarray
    """(N,) test error of the cosine schedule at the same budget."""
    all_samples: np.ndarray
    """(N,) test error of always-half where the held-back samples are trained on, too, at as many updates."""
    trial: np.ndarray
    """(N, D) error on the held-back samples after the trial decay at each candidate: what the rule reads."""
    trial_on_few: np.ndarray
    """(N, D) the same on :data:`FEW` of these samples."""
    trial_as_given: np.ndarray
    """(N, D) as ``trial``, where the held-back labels have the errors of the training labels."""
    tails: np.ndarray
    """(N, D) error on the held-back samples at the end of each tail: for the costlier rule."""
    progress: np.ndarray
    """(N, D) what P1's rule reads: training loss at each candidate over its start."""
    plateau: np.ndarray
    """(N, D) and log L(T/2) - log L(T)."""
    seconds: float

    @property
    def oracle(self) -> np.ndarray:
        """(N,) lowest test error among the candidates."""
        return np.asarray(self.test_error.min(axis=1))

    def at(self, where: np.ndarray) -> np.ndarray:
        """Return the test error (N,) of one candidate per run."""
        return np.asarray(self.test_error[np.arange(len(where)), where])


def studies(profile: str | None = None) -> dict[str, Study]:
    """Return condition -> its study: both tasks of P1 with both kinds of label errors, each run with its own seed.

    32 runs in the book. The quick profile looks at pilot seeds: those of the book are run once.
    """
    quick = environment.is_quick(profile)
    known = [*pilot().conditions.values(), *held_out("book").conditions.values()]
    chosen = [c for c in known if not quick or (c.dataset, c.learning_rate, c.batch_size) in SHOWN]
    count, first = (1, QUICK_SEED) if quick else (PER_CONDITION, FIRST_SEED)
    return {
        _name(c): Study(conditions={_name(c): c}, seeds=tuple(range(first + count * i, first + count * (i + 1))))
        for i, c in enumerate(chosen)
    }


def _name(config: TrainConfig) -> str:
    kind = "fresh label noise" if config.label_noise else "corrupted labels"
    return f"{TASKS[config.dataset]}, {kind}, rate {config.learning_rate:g}, batch {config.batch_size}"


def held_back(config: TrainConfig) -> data.Split:
    """Return training samples that the run does not use, as many as it uses, or all that are left; clean labels."""
    n, train = config.num_samples, data.load(config.dataset).train
    if len(train.targets) == n:
        raise ValueError(f"`config` must leave training samples over, got num_train={config.num_train} of {n}")
    return data.Split(train.inputs[n : 2 * n], train.targets[n : 2 * n])


def labels_as_given(config: TrainConfig, seed: int, samples: data.Split) -> data.Split:
    """Return samples whose labels have errors of the kind and share that training has, drawn once.

    Both kinds are uniform over classes, so the expected error is a + b e with b > 0, where e is the error on clean
    labels: the ranking stays in expectation. b = 1 - 10 p / 9 for a share p of labels moved to another of 10 classes,
    b = 1 - q for labels replaced by a uniform one with probability q.
    """
    classes, stream = data.load(config.dataset).num_classes, rng.stream(seed, "validation labels")
    moved = draws.corrupted_labels(config, seed, samples.targets, classes)
    replaced = stream.random(len(moved)) < config.label_noise
    return data.Split(samples.inputs, np.where(replaced, stream.integers(classes, size=len(moved)), moved))


def choose(error: np.ndarray) -> np.ndarray:
    """Return the position (N,) of the candidate with the lowest error (N, D); of several, the latest.

    NaN, a trial that diverged, is never the lowest.

    >>> choose(np.array([[0.3, 0.1, 0.1, 0.2]])).tolist()
    [2]
    """
    known = np.where(np.isnan(error), np.inf, error)
    return np.asarray(known.shape[1] - 1 - known[:, ::-1].argmin(axis=1))


def epochs_spent(config: TrainConfig, decay_epochs: tuple[int, ...], where: np.ndarray) -> dict[str, np.ndarray]:
    """Return rule -> epochs of training (N,) that it takes in all, where the trial chose the candidates ``where`` (N,).

    The trial's trunk runs to the last candidate, a decay is tried at each, and the run goes back to a checkpoint.

    >>> from lrdecay_core.experiments.networks.settings import digits_classifier
    >>> {rule: n.tolist() for rule, n in epochs_spent(digits_classifier(80), (2, 40, 72), np.array([1])).items()}
    {'one run': [80], 'validated trial': [115], 'validated tails': [198]}
    """
    tail = config.epochs - np.array(decay_epochs)[where]
    return {
        "one run": np.full_like(tail, config.epochs),
        "validated trial": decay_epochs[-1] + LENGTH * len(decay_epochs) + tail,
        "validated tails": np.full_like(tail, branched_epochs(config, decay_epochs)),
    }


def validate(spec: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Train ``config`` on ``seeds`` at all ``decay_epochs`` and by a cosine, and try a decay at each: Outcome's arrays.

    All are (D, S); ``cosine`` and ``all_samples`` are (S,).
    """
    config, decays, seeds = spec["config"], spec["decay_epochs"], spec["seeds"]
    rates = {"learning_rate": config.learning_rate, "decayed": config.decayed_rate}
    shapes = {str(t): schedules.step_decay(decay_step=t * config.steps_per_epoch, **rates) for t in decays}
    steps = config.epochs * config.steps_per_epoch
    shapes["cosine"] = schedules.cosine(learning_rate=config.learning_rate, num_steps=steps, final=config.decayed_rate)
    runs = scheduled(config, schedules=shapes, seeds=seeds)
    tried = trials(config, decay_epochs=decays, seeds=seeds, length=LENGTH)
    clean = held_back(config)
    given = [errors(config, tried.weights[:, s], labels_as_given(config, seed, clean)) for s, seed in enumerate(seeds)]
    return {
        "test_error": runs.test_error[:-1],
        "cosine": runs.test_error[-1],
        "all_samples": _on_all(config, len(clean.targets), seeds),
        "trial": errors(config, tried.weights, clean),
        "trial_on_few": errors(config, tried.weights, data.Split(clean.inputs[:FEW], clean.targets[:FEW])),
        "trial_as_given": np.stack(given, axis=1),
        "tails": errors(config, runs.weights[:-1], clean),
        **_trunk(tried),
    }


def _on_all(config: TrainConfig, more: int, seeds: Sequence[int]) -> np.ndarray:
    """Return the test error (S,) of a decay at half of a run on ``more`` samples, shorter by the same factor."""
    n = config.num_samples
    fed = replace(config, num_train=n + more, epochs=config.epochs * n // (n + more))
    return branches(fed, decay_epochs=[fed.epochs // 2], seeds=seeds).test_error[0, :, -1]


def _trunk(tried: Trials) -> dict[str, np.ndarray]:
    """Return progress and plateau (D, S), as :func:`trunk_features.read` defines them."""

    def loss(epoch: float) -> np.ndarray:
        return np.asarray(tried.trunk_loss[:, int(np.searchsorted(tried.trunk_epochs, epoch, side="right")) - 1])

    now = np.stack([loss(t) for t in tried.decay_epochs])
    before = np.stack([loss(t / 2) for t in tried.decay_epochs])
    return {"progress": now / loss(0), "plateau": np.log(before / now)}


def run(parts: Mapping[str, Study], *, workers: int | None = None, store: str | None = None) -> Outcome:
    """Train every part at every candidate; ``store`` makes it resumable."""
    specs: list[dict[str, Any]] = []
    names, tasks = [], []
    for study in parts.values():
        for name, config in study.conditions.items():
            specs.append({"config": config, "decay_epochs": study.decay_epochs, "seeds": study.seeds})
            names += [f"{name}, seed {seed}" for seed in study.seeds]
            tasks += [TASKS[config.dataset]] * len(study.seeds)
    order = sorted(range(len(specs)), key=lambda i: _work(specs[i]["config"]), reverse=True)  # the longest first
    done = sweeps.run_here(validate, [specs[i] for i in order], workers=workers, store=store)
    found = [dict(done.results[order.index(i)] or {}) for i in range(len(specs))]
    return Outcome(
        names=tuple(names),
        tasks=tuple(tasks),
        seconds=float(done.seconds.sum()),
        **{name: np.concatenate([r[name].T for r in found]) for name in ARRAYS},
    )


def _work(config: TrainConfig) -> tuple[bool, int]:
    return config.network != "mlp", config.steps_per_epoch
