"""Variants of the model: wrong labels, truths of other shapes, columns of unequal length.

Settings were chosen on problem seeds from 100 up and then run once on the seeds below.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lrdecay_core import checks, environment, rng, schedules, solvers, sweeps, theory
from lrdecay_core.experiments.model.setting import INIT_SCALE, Setting, landing
from lrdecay_core.model import Problem, sgd

__all__ = [
    "STRETCHED",
    "VARIANTS",
    "VariantRuns",
    "VariantStudy",
    "Weighted",
    "build",
    "describe",
    "run",
    "study",
    "weighted",
]

STRETCHED = "stretched columns"
VARIANTS = ("sparse truth", "label errors 0.3", "label errors 2", "dense truth", "power law", STRETCHED)
"""The first is the model of the other chapters. The truth of the last is the power law's."""


@dataclass(frozen=True, kw_only=True)
class VariantStudy:
    """Every variant on every problem, at the large rate and at a tenth of it."""

    problems: tuple[int, ...]
    """Problem seeds: the replicates."""
    replicas: int
    """SGD seeds per problem, averaged."""
    num_samples: int = 20
    num_features: int = 40
    sparsity: int = 3
    exponent: float = 1.0
    """Of the power law: entries of size j^-exponent."""
    learning_rate: float = 0.02
    batch_size: int = 4
    label_noise: float = 2.0
    depths: tuple[float, ...] = (0.0, 0.25, 0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0)
    """(sigma^2 / B) eta^2 T at which decay is tried; the control takes the same steps."""

    @property
    def steps(self) -> tuple[int, ...]:
        """Decay steps."""
        unit = self.batch_size / (self.label_noise * self.learning_rate) ** 2
        return tuple(round(depth * unit) for depth in self.depths)


@dataclass(frozen=True, kw_only=True, eq=False)
class VariantRuns:
    """What was measured after decay, by variant V, problem P, decay step K and replica R.

    Columns have chi_j = |X_j|^2 / n; the weighted norm is sum_j chi_j (p_j^2 + m_j^2), half the Hessian trace in
    (u, v), and at least sum_j chi_j |b_j|, whose least value is that of weighted basis pursuit.
    """

    study: VariantStudy
    norm_ratio: np.ndarray
    """(V, P, K, R) weighted norm over its least value."""
    control_ratio: np.ndarray
    """(V, P, K, R) the same at a tenth of the rate."""
    test_loss: np.ndarray
    """(V, P, K, R)"""
    predicted: np.ndarray
    """(V, P, K) test loss, first order."""
    limit_loss: np.ndarray
    """(V, P) of the solution of least weighted norm."""
    to_weighted: np.ndarray
    """(V, P, R) distance of the latest landing from that solution, over its length."""
    to_plain: np.ndarray
    """(V, P, R) the same to the solution of least sum of absolute values."""
    seconds: float
    """Wall time, added up over processes."""

    @property
    def mean(self) -> np.ndarray:
        """(V, P, K) test loss, geometric mean over replicas."""
        return np.asarray(np.exp(np.log(self.test_loss).mean(axis=-1)))


def study(profile: str | None = None) -> VariantStudy:
    """Return the study of a profile (None: the one in force)."""
    return _QUICK if environment.is_quick(profile) else _BOOK


def build(settings: VariantStudy, name: str, seed: int) -> tuple[Problem, np.ndarray]:
    """Return a variant's problem of that seed, and the standard deviation (d,) of its features.

    ``stretched columns`` multiplies every feature by a factor between 1/2 and 3/2. Its test loss counts errors in
    predictions, so a feature's error counts by its variance.
    """
    n, d = settings.num_samples, settings.num_features
    checks.one_of("name", name, VARIANTS)
    if name.startswith("label errors") or name == "sparse truth":
        level = float(name.removeprefix("label errors ")) if name.startswith("label") else 0.0
        given: dict[str, Any] = {"sparsity": settings.sparsity, "label_errors": level}
        return Problem.sparse(num_samples=n, num_features=d, seed=seed, **given), np.ones(d)
    shape: dict[str, Any] = {} if name == "dense truth" else {"magnitudes": "power", "exponent": settings.exponent}
    plain = Problem.dense(num_samples=n, num_features=d, seed=seed, norm_squared=settings.sparsity, **shape)
    factors = rng.stream(seed, "column factors").uniform(0.5, 1.5, d) if name == STRETCHED else np.ones(d)
    stretched = plain.X * factors
    return Problem(stretched, stretched @ plain.beta_true, plain.beta_true), factors


def run(settings: VariantStudy, *, workers: int | None = None) -> VariantRuns:
    """Run every variant on every problem, side by side in local processes."""
    specs = sweeps.grid(study=[settings], variant=VARIANTS, problem=settings.problems)
    found = sweeps.run_here(_one, specs, workers=workers, description="variants")
    names = ("norm_ratio", "control_ratio", "test_loss", "predicted", "limit_loss", "to_weighted", "to_plain")
    shape = (len(VARIANTS), len(settings.problems))
    columns = {name: (column := found.column(name)).reshape(*shape, *column.shape[1:]) for name in names}
    return VariantRuns(study=settings, seconds=float(found.seconds.sum()), **columns)


def _one(spec: Mapping[str, Any]) -> dict[str, Any]:
    settings = spec["study"]
    problem, spread = build(settings, spec["variant"], spec["problem"])
    X, y, weights = problem.X, problem.y, problem.column_weights
    least, plain = (solvers.basis_pursuit(X, y, weights=w) for w in (weights, None))
    steps, rate = settings.steps, settings.learning_rate
    noise: dict[str, Any] = {"batch_size": settings.batch_size, "label_noise": settings.label_noise}
    noise["init_scale"] = INIT_SCALE
    path = sgd(
        problem,
        schedule=schedules.constant(np.repeat([rate, rate / 10], settings.replicas)),
        num_steps=steps[-1],
        seeds=[*range(settings.replicas)] * 2,
        record=steps,
        **noise,
    )
    beta = landing(problem, path)
    ratio = np.hypot(beta, np.exp(path.log_scale)) @ weights / least.value
    main = beta[:, : settings.replicas]
    predicted = theory.slow_flow(X, y, slow_times=rate**2 * np.array(steps), learning_rate=rate, **noise)

    def loss(b: np.ndarray) -> np.ndarray:
        return np.asarray((((b - problem.beta_true) * spread) ** 2).sum(axis=-1) / 2)

    def apart(goal: np.ndarray) -> np.ndarray:
        return np.asarray(np.linalg.norm(main[-1] - goal, axis=-1) / np.linalg.norm(goal))

    return {
        "norm_ratio": ratio[:, : settings.replicas],
        "control_ratio": ratio[:, settings.replicas :],
        "test_loss": loss(main),
        "predicted": loss(predicted),
        "limit_loss": loss(least.solution),
        "to_weighted": apart(least.solution),
        "to_plain": apart(plain.solution),
    }


def describe(settings: VariantStudy) -> str:
    """Return the settings in words, and the profile they belong to."""
    return (
        f"{len(settings.problems)} problems of $n = {settings.num_samples}$, $d = {settings.num_features}$ each, "
        f"{settings.replicas} runs; $\\eta = {settings.learning_rate:g}$, $B = {settings.batch_size}$, "
        f"$\\sigma = {settings.label_noise:g}$, decays up to step {settings.steps[-1]:,}. "
        f"This page was computed in the `{environment.profile()}` profile."
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Weighted:
    """What happens when columns have unequal lengths."""

    column_weights: np.ndarray
    """(d,) chi_j = |X_j|^2 / n."""
    taken: np.ndarray
    """(d,) of the first problem, measured: mean over runs of log(a_0 / a_T) in units of eta^2 sigma^2 T / B."""
    to_weighted: np.ndarray
    """(P,) distance of the slow flow's end to the minimiser of sum chi_j |b_j|, over its largest entry."""
    to_plain: np.ndarray
    """(P,) the same to the minimiser of |b|_1."""


def weighted(*, problem_seeds: Sequence[int] = range(6), decay_step: int = 4000) -> Weighted:
    """Stretch columns by random factors in [1/2, 3/2]; the truth is dense, so that the two limits differ."""
    s, drawn = Setting(learning_rate=0.02), {}
    near: list[float] = []
    far: list[float] = []
    for seed in problem_seeds:
        plain = Problem.dense(num_samples=s.num_samples, num_features=s.num_features, seed=seed)
        factor = rng.stream(seed, "column factors").uniform(0.5, 1.5, s.num_features)
        problem = Problem(plain.X * factor, plain.y)
        drawn[seed] = problem
        deep = theory.slow_flow(
            problem.X,
            problem.y,
            init_scale=s.init_scale,
            slow_times=[400.0],
            label_noise=s.label_noise,
            batch_size=s.batch_size,
        )[0]
        for distances, weight in ((near, problem.column_weights), (far, None)):
            goal = solvers.basis_pursuit(problem.X, problem.y, weights=weight).solution
            distances.append(float(np.abs(deep - goal).max() / np.abs(goal).max()))
    first = next(iter(drawn.values()))
    path = s.run(first, [decay_step], seeds=range(4))
    unit = s.learning_rate**2 * s.label_noise**2 * decay_step / s.batch_size
    taken = (np.log(2 * s.init_scale**2) - path.log_scale[0]).mean(axis=0) / unit
    weights = first.column_weights
    return Weighted(
        column_weights=np.asarray(weights),
        taken=np.asarray(taken),
        to_weighted=np.array(near),
        to_plain=np.array(far),
    )


_BOOK = VariantStudy(problems=tuple(range(10)), replicas=4)
_QUICK = replace(_BOOK, problems=(0, 1), replicas=2, depths=(0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0))
