"""When the minimum norm generalises: sparse and dense truths, exact and wrong labels, and the rivals it must face."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import lars_path

from lrdecay_core import environment, model, rng, solvers, sweeps, theory
from lrdecay_core.experiments.model.setting import Setting, landing

__all__ = [
    "ESTIMATORS",
    "OtherTruth",
    "Plan",
    "Results",
    "estimate",
    "lasso_on_fresh_data",
    "other_truth",
    "plan",
    "run",
    "share_recovered",
]

ESTIMATORS = ("early", "late", "minimum norm", "lasso", "minimum l2", "oracle")
"""SGD decayed early and late; then the minimum-norm solution and its rivals. The oracle knows the support."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is estimated from which data; the SGD is that of ``setting``."""

    setting: Setting
    decay_steps: tuple[int, ...]
    """The first is "early", the last "late"."""
    sizes: tuple[tuple[int, int], ...]
    """(d, s) of the success curves of basis pursuit."""
    size_samples: tuple[tuple[int, ...], ...]
    """n for each of them."""
    num_designs: int
    """Designs per point of a success curve."""
    samples: tuple[int, ...]
    """n of the comparison of sparse and dense truths."""
    problem_seeds: tuple[int, ...]
    """Of that comparison."""
    label_errors: tuple[float, ...]
    """Standard deviations of errors made once in the labels."""
    error_seeds: tuple[int, ...]
    """Of the comparison with wrong labels."""
    num_fresh: int
    """Fresh samples on which the lasso is tuned."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Results:
    """Test losses |b - beta_true|^2 / 2 with N sample sizes, L levels of label errors, K decay steps, E estimators."""

    plan: Plan
    success: tuple[np.ndarray, ...]
    """For each (d, s): (N',) designs out of ``num_designs`` whose truth basis pursuit recovers."""
    sparse: np.ndarray
    """(N, P, E)"""
    dense: np.ndarray
    """(N, P, E), truth with equal entries everywhere and the norm of the sparse one."""
    noisy: np.ndarray
    """(L, Q, E), sparse truth and wrong labels."""
    noisy_path: np.ndarray
    """(L, Q, K) after decay at each step."""
    seconds: float
    """Wall time, added up over processes."""


def plan(profile: str | None = None) -> Plan:
    """Return the comparisons of claim M5."""
    quick = environment.is_quick(profile)
    return Plan(
        setting=Setting(),
        decay_steps=(100, 1000, 4000) if quick else (100, 300, 600, 1000, 1500, 2000, 3000, 4000, 6000),
        sizes=((40, 3),) if quick else ((40, 3), (100, 4)),
        size_samples=((8, 12, 16, 20),)
        if quick
        else ((6, 8, 10, 12, 14, 16, 18, 20, 24), (12, 16, 20, 24, 28, 31, 36)),
        num_designs=40 if quick else 100,
        samples=(8, 14, 20) if quick else (6, 9, 12, 15, 18, 22, 26, 30),
        problem_seeds=tuple(range(3 if quick else 10)),
        label_errors=(0.1, 0.3) if quick else (0.1, 0.3, 1.0, 2.0),
        error_seeds=tuple(range(8 if quick else 24)),
        num_fresh=1000,
    )


def run(chosen: Plan, *, workers: int | None = None) -> Results:
    """Make every comparison of a plan, side by side in local processes."""
    p = chosen
    truths = sweeps.grid(plan=[p], dense=[False, True], n=p.samples, level=[0.0], seed=p.problem_seeds)
    errors = sweeps.grid(plan=[p], dense=[False], n=[p.setting.num_samples], level=p.label_errors, seed=p.error_seeds)
    curves = [
        {"n": n, "d": d, "sparsity": s, "num_designs": p.num_designs}
        for (d, s), ns in zip(p.sizes, p.size_samples, strict=True)
        for n in ns
    ]
    found = sweeps.run_here(_work, [*truths, *errors, *curves], workers=workers, description="estimates")
    values = [row["found"] for row in found.rows]
    counts = iter(values[len(truths) + len(errors) :])
    losses = np.array([v[: len(ESTIMATORS)] for v in values[: len(truths)]])
    sparse, dense = losses.reshape(2, len(p.samples), len(p.problem_seeds), -1)
    noisy = np.array(values[len(truths) : len(truths) + len(errors)])
    noisy = noisy.reshape(len(p.label_errors), len(p.error_seeds), -1)
    return Results(
        plan=p,
        success=tuple(np.array([next(counts) for _ in ns]) for ns in p.size_samples),
        sparse=sparse,
        dense=dense,
        noisy=noisy[:, :, : len(ESTIMATORS)],
        noisy_path=noisy[:, :, len(ESTIMATORS) :],
        seconds=float(found.seconds.sum()),
    )


def _work(spec: Mapping[str, Any]) -> dict[str, Any]:
    if "plan" not in spec:
        n, d, sparsity, num_designs = (spec[name] for name in ("n", "d", "sparsity", "num_designs"))
        return {"found": share_recovered(n, d, sparsity, num_designs=num_designs) * num_designs}
    s, level, seed = spec["plan"].setting, spec["level"], spec["seed"]
    size: dict[str, Any] = {"num_samples": spec["n"], "num_features": s.num_features, "seed": seed}
    if spec["dense"]:
        problem = model.Problem.dense(**size, norm_squared=s.sparsity)
    else:
        problem = model.Problem.sparse(**size, sparsity=s.sparsity, label_errors=level)
    return {"found": estimate(problem, spec["plan"], level=level, seed=seed)}


def estimate(problem: model.Problem, chosen: Plan, *, level: float, seed: int) -> np.ndarray:
    """Return the test losses of the six estimators, and then of decay at every step, (E + K,)."""
    path = chosen.setting.run(problem, chosen.decay_steps, seeds=[seed])
    landed = landing(problem, path)[:, 0]
    support = np.flatnonzero(problem.beta_true)
    oracle = np.zeros(problem.num_features)
    oracle[support] = np.linalg.lstsq(problem.X[:, support], problem.y, rcond=None)[0]
    betas = [
        landed[0],
        landed[-1],
        solvers.basis_pursuit(problem.X, problem.y).solution,
        lasso_on_fresh_data(problem, level=level, num_fresh=chosen.num_fresh, seed=seed),
        np.linalg.pinv(problem.X) @ problem.y,
        oracle,
    ]
    return problem.test_loss(np.array([*betas, *landed]))


def lasso_on_fresh_data(problem: model.Problem, *, level: float, num_fresh: int, seed: int) -> np.ndarray:
    """Return the lasso solution whose penalty does best on fresh samples with label errors of the same size.

    The whole path comes from scikit-learn's LARS, which is exact between its knots.
    """
    with warnings.catch_warnings():  # it says so when it drops a nearly dependent column, at the path's very end
        warnings.simplefilter("ignore", ConvergenceWarning)
        alphas, _, knots = lars_path(problem.X, problem.y, method="lasso")
    grid = np.append(np.geomspace(alphas[0], max(alphas[-1], 1e-6 * alphas[0]), 400), alphas[-1])
    betas = np.array([np.interp(grid, alphas[::-1], row[::-1]) for row in knots]).T
    draw = rng.stream(seed, "fresh data")
    X = draw.standard_normal((num_fresh, problem.num_features))
    y = X @ problem.beta_true + level * draw.standard_normal(num_fresh)
    return np.asarray(betas[((betas @ X.T - y) ** 2).mean(axis=1).argmin()])


def share_recovered(num_samples: int, num_features: int, sparsity: int, *, num_designs: int) -> float:
    """Return the share of normalised Gaussian designs from which basis pursuit recovers the sparse truth to 1e-6."""
    hits = 0
    for seed in range(num_designs):
        problem = model.Problem.sparse(num_samples=num_samples, num_features=num_features, sparsity=sparsity, seed=seed)
        found = solvers.basis_pursuit(problem.X, problem.y).solution
        hits += bool(np.abs(found - problem.beta_true).max() < 1e-6)
    return hits / num_designs


@dataclass(frozen=True, kw_only=True, eq=False)
class OtherTruth:
    """One run on the drawable instance, scored against two truths that give the same data."""

    decay_steps: np.ndarray
    """(K,)"""
    test_loss: np.ndarray
    """(K,) against the sparse truth (1, sqrt 2, 0)."""
    other_loss: np.ndarray
    """(K,) against (2, 0, 1), which has the same labels."""


def other_truth(decay_steps: Sequence[int] = range(0, 20001, 500)) -> OtherTruth:
    """Run SGD on the drawable instance and land from every step."""
    problem, exact = model.Problem.three_dimensional(), theory.three_dimensional
    start = np.sqrt(exact.coefficients(0.95)) * np.array([1.25, 1.25, 0.8])
    path = model.sgd(
        problem,
        schedule=lambda step: np.full(np.shape(step), 0.02),
        num_steps=max(decay_steps),
        batch_size=2,
        label_noise=2.0,
        weights=model.Weights(start, np.zeros(3)),
        seeds=[0],
        record=decay_steps,
    )
    landed = exact.coefficients(exact.decay_position(path.weights.p[:, 0]))
    other = np.array([2.0, 0.0, 1.0])
    return OtherTruth(
        decay_steps=np.array(decay_steps),
        test_loss=problem.test_loss(landed),
        other_loss=((landed - other) ** 2).sum(axis=1) / 2,
    )
