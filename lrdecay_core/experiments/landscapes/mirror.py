"""The networks' landscapes beside the model's: the same three solutions, the same line, the same plane, both controls.

Networks train with squared loss, for which a testing minimum exists. Settings were chosen on pilot seeds (100 and up)
and then run once on the seeds below.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch

from lrdecay_core import environment, landscape, sweeps
from lrdecay_core.experiments.landscapes import solutions
from lrdecay_core.experiments.landscapes.model_ends import KINDS, Model, ends
from lrdecay_core.experiments.landscapes.solutions import Cell, Solutions
from lrdecay_core.experiments.landscapes.views import Ends, Views, look
from lrdecay_core.experiments.networks.settings import describe as describe_cells
from lrdecay_core.experiments.networks.settings import digits_mlp, mnist1d_cnn_squared
from lrdecay_core.training import TrainConfig

__all__ = ["MODEL", "Mirror", "Study", "describe", "describe_optima", "network_ends", "run", "study"]

MODEL = "model"
"""The subject that the networks are held against; the others are called as in ``Study.networks``."""

Subjects = Mapping[str, Mapping[str, Views]]
Anchors = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


@dataclass(frozen=True, kw_only=True)
class Study:
    """What is compared. Every network is decayed at two epochs, early and late, and so is its small-rate control."""

    problems: tuple[int, ...]
    """Problem seeds of the model."""
    networks: Mapping[str, Cell]
    """name -> the run at the large rate."""
    small_rate: Mapping[str, Cell]
    """The same names -> the control at a tenth of it, the same decay epochs."""
    model: Model = field(default_factory=Model)


@dataclass(frozen=True, kw_only=True, eq=False)
class Mirror:
    """Everything that was seen."""

    study: Study
    views: Subjects
    """subject -> kind -> views. Each has ``"main"``, ``"unrelated"`` and ``"small rate"``, the model two more."""
    reasons: Mapping[str, np.ndarray]
    """network -> (2, S) why each descent to its O stopped, from the early and from the late end."""
    seconds: float
    """Wall time of training, probing and looking, added up over processes."""


def study(profile: str | None = None) -> Study:
    """Return the study of a profile (None: the one in force)."""
    return _QUICK if environment.is_quick(profile) else _BOOK


def run(settings: Study, *, workers: int | None = None) -> Mirror:
    """Train the networks, find every O and look at every pair, side by side in local processes."""
    parts = {**settings.networks, **{f"{name}, small rate": cell for name, cell in settings.small_rate.items()}}
    found = solutions.run(parts, workers=workers)
    shards: list[tuple[str, str, dict[str, Any]]] = []
    for name, cell in settings.networks.items():
        pairs = network_ends(cell.config, found[name], found[f"{name}, small rate"])
        shards += [
            (name, kind, {"config": cell.config, "vectors": anchors})
            for kind, group in pairs.items()
            for anchors in group
        ]
    shards += [
        (MODEL, kind, {"settings": settings.model, "kind": kind, "seed": seed})
        for kind in KINDS
        for seed in settings.problems
    ]
    seen = sweeps.run_here(_look, [spec for *_, spec in shards], workers=workers, description="landscapes")
    views: dict[str, dict[str, list[Views]]] = {}
    for (subject, kind, _), row in zip(shards, seen.rows, strict=True):
        views.setdefault(subject, {}).setdefault(kind, []).append(Views.of(row))
    return Mirror(
        study=settings,
        views={
            subject: {kind: Views.join(views[subject][kind]) for kind in views[subject]}
            for subject in (MODEL, *settings.networks)
        },
        reasons={name: found[name].reason for name in settings.networks},
        seconds=sum(part.seconds for part in found.values()) + float(seen.seconds.sum()),
    )


def network_ends(config: TrainConfig, main: Solutions, small: Solutions) -> dict[str, list[Anchors]]:
    """Return kind -> per seed the weights (E, L, O from L, O from E) of a network and of its two controls.

    ``"main"`` and ``"small rate"`` are the early and the late end of one run. ``"unrelated"`` are the late small-rate
    ends of a seed and of the next one, hidden units of the latter permuted towards the former; a permutation moves
    the minimum found from a network with the network.
    """
    net, count = solutions.network(config), main.ends.shape[1]
    unrelated: list[Anchors] = []
    for s in range(count):
        other = (s + 1) % count
        aligned = landscape.align(net, small.ends[1, s], small.ends[1, other])
        optimum = landscape.permute(net, small.optimal[1, other], aligned.permutations)
        unrelated.append((small.ends[1, s], aligned.vector.numpy(), optimum.numpy(), small.optimal[1, s]))
    main_pairs, small_pairs = (
        [(one.ends[0, s], one.ends[1, s], one.optimal[1, s], one.optimal[0, s]) for s in range(count)]
        for one in (main, small)
    )
    return {"main": main_pairs, "unrelated": unrelated, "small rate": small_pairs}


def describe(settings: Study) -> str:
    """Return the settings as Markdown: networks in a table, the model in a sentence, and the profile."""
    table = describe_cells(
        {**settings.networks, **{f"{name}, small rate": cell for name, cell in settings.small_rate.items()}}
    )
    m = settings.model
    return (
        f"{table}\n\nThe model: {len(settings.problems)} problems with $n = {m.num_samples}$, $d = {m.num_features}$, "
        f"a truth of {m.sparsity} entries, $\\eta = {m.learning_rate:g}$, $B = {m.batch_size}$, label noise "
        f"$\\sigma = {m.label_noise:g}$, decay at step {m.early} and at step {m.late:,}; "
        f"the small rate is {m.small_rate:g}."
    )


def describe_optima(result: Mirror) -> str:
    """Return in one sentence per network how many of its descents to O ended by rule, not by running out of steps."""
    return " ".join(
        f"{name}: {int(np.isin(reason, ('loss', 'gradient')).sum())} of {reason.size} descents to $O$ ended by rule."
        for name, reason in result.reasons.items()
    )


def _look(spec: Mapping[str, Any]) -> dict[str, np.ndarray]:
    if "settings" in spec:
        return look(ends(**spec)).flat
    early, late, *optima = (torch.from_numpy(np.array(v)) for v in spec["vectors"])
    losses = solutions.losses(spec["config"])
    return look(Ends(early=early, late=late, optima=(optima[0], optima[1]), losses=losses)).flat


_EIGHT = tuple(range(8))

_DIGITS = Cell(config=digits_mlp(1500), decay_epochs=(15, 750), trunk_epochs=(), seeds=_EIGHT)
_MNIST1D = Cell(config=mnist1d_cnn_squared(120), decay_epochs=(2, 60), trunk_epochs=(), seeds=_EIGHT)


def _tenth(cell: Cell) -> Cell:
    """Return the control: a tenth of the rate, lowered to half of that at the same epochs."""
    rate = cell.config.learning_rate / 10
    return replace(cell, config=replace(cell.config, learning_rate=rate, decayed_rate=rate / 2))


def _study(networks: Mapping[str, Cell], problems: tuple[int, ...]) -> Study:
    return Study(
        problems=problems, networks=networks, small_rate={name: _tenth(cell) for name, cell in networks.items()}
    )


_BOOK = _study({"digits MLP": _DIGITS, "MNIST-1D CNN": _MNIST1D}, _EIGHT)
_QUICK = _study(
    {
        "digits MLP": replace(
            _DIGITS, config=replace(_DIGITS.config, epochs=300), decay_epochs=(5, 150), seeds=(0, 1, 2)
        )
    },
    _EIGHT[:4],
)
