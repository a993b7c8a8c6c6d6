"""Where decay lands: SGD, then gradient flow by an ODE solver that knows no theory, beside the predictions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.integrate import solve_ivp

from lrdecay_core import environment, model, sweeps, theory
from lrdecay_core.experiments.model.setting import Setting, landing

__all__ = [
    "Landings",
    "Limits",
    "describe",
    "gradient_flow",
    "land",
    "limits",
]


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Which end points are predicted and measured: every setting, problem seed and decay step."""

    settings: tuple[Setting, ...]
    decay_steps: tuple[int, ...]
    problem_seeds: tuple[int, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Landings:
    """C end points; coefficients come one array per case, since settings differ in their number of features."""

    settings: tuple[Setting, ...]
    """(C,)"""
    decay_steps: np.ndarray
    """(C,)"""
    measured: tuple[np.ndarray, ...]
    """Where the ODE solver ends."""
    predicted: tuple[np.ndarray, ...]
    """Theorem D."""
    uncentred: tuple[np.ndarray, ...]
    """The control: the same projection with its centre set to 0."""
    residual: np.ndarray
    """(C,) max |X beta - y| where the solver stopped: how far it was from its own end."""
    seconds: float
    """Wall time, added up over processes."""

    @property
    def deviation(self) -> np.ndarray:
        """(C,) max |predicted - measured| / max |measured|."""
        return _deviations(self.predicted, self.measured)

    @property
    def uncentred_deviation(self) -> np.ndarray:
        """(C,) the same for the control."""
        return _deviations(self.uncentred, self.measured)


def limits(profile: str | None = None) -> Limits:
    """Return the cases of claim M1."""
    quick = environment.is_quick(profile)
    base = Setting()
    settings = (
        base,
        replace(base, label_noise=0.5),
        replace(base, label_noise=0.0, batch_size=1, learning_rate=0.05),
        replace(base, num_samples=12, num_features=30, label_noise=1.0, batch_size=2, learning_rate=0.05),
        replace(base, num_samples=6, num_features=12, sparsity=2, batch_size=6, label_noise=1.0),
    )
    return Limits(
        settings=settings[:3] if quick else settings,
        decay_steps=(100, 1000) if quick else (100, 1000, 4000),
        problem_seeds=(0,) if quick else (0, 1, 2),
    )


def land(plan: Limits, *, workers: int | None = 1) -> Landings:
    """Run SGD to every decay step, then land twice: by the ODE solver, and by Theorem D.

    A landing takes milliseconds, so new processes (``workers``) pay from some thousand on.
    """
    specs = sweeps.grid(setting=plan.settings, decay_steps=[plan.decay_steps], seed=plan.problem_seeds)
    found = sweeps.run_here(_land, specs, workers=workers, description="landings")
    cases: dict[str, Any] = {
        name: tuple(case for row in found.rows for case in row[name]) for name in ("measured", "predicted", "uncentred")
    }
    return Landings(
        settings=tuple(spec["setting"] for spec in specs for _ in spec["decay_steps"]),
        decay_steps=np.tile(plan.decay_steps, len(specs)),
        residual=np.concatenate([row["residual"] for row in found.rows]),
        seconds=float(found.seconds.sum()),
        **cases,
    )


def _land(spec: Mapping[str, Any]) -> dict[str, np.ndarray]:
    setting, steps, seed = spec["setting"], spec["decay_steps"], spec["seed"]
    problem = setting.problem(seed)
    path = setting.run(problem, steps, seeds=[seed])
    predicted = landing(problem, path)[:, 0]
    uncentred = theory.late_decay_limit(problem.X, problem.y, path.log_scale, 0 * path.centre)[:, 0]
    p, m = path.weights.p[:, 0], path.weights.m[:, 0]
    measured = np.array([gradient_flow(problem, p[k], m[k])[-1] for k in range(len(steps))])
    residual = np.array([np.abs(problem.X @ beta - problem.y).max() for beta in measured])
    return {"measured": measured, "predicted": predicted, "uncentred": uncentred, "residual": residual}


def gradient_flow(problem: model.Problem, p: np.ndarray, m: np.ndarray, *, residual: float = 3e-12) -> np.ndarray:
    """Return the coefficients (K, d) along gradient flow dp/dt = -p g, dm/dt = m g, the last one at its end.

    LSODA on the 2d weights with their exact Jacobian, until max |X beta - y| is below ``residual``. It knows neither
    scale nor centre: this is the measurement that Theorem D is held against.
    """
    X, y, n, d = problem.X, problem.y, problem.num_samples, problem.num_features
    K = X.T @ X / n

    def velocity(_: float, w: np.ndarray) -> np.ndarray:
        g = (X @ (w[:d] ** 2 - w[d:] ** 2) - y) @ X / n
        return np.concatenate([-w[:d] * g, w[d:] * g])

    def jacobian(_: float, w: np.ndarray) -> np.ndarray:
        p, m = w[:d], w[d:]
        g = (X @ (p**2 - m**2) - y) @ X / n
        top = np.hstack([-2 * p[:, None] * K * p, 2 * p[:, None] * K * m])
        bottom = np.hstack([2 * m[:, None] * K * p, -2 * m[:, None] * K * m])
        return np.vstack([top, bottom]) + np.diag(np.concatenate([-g, g]))

    w, span, betas = np.concatenate([p, m]), 20.0, []
    for _ in range(14):  # 20 * 2^14 units of time; the smallest tolerance LSODA takes, none of it absolute
        done = solve_ivp(velocity, (0, span), w, method="LSODA", jac=jacobian, rtol=3e-14, atol=1e-30)
        betas.append((done.y[:d] ** 2 - done.y[d:] ** 2).T)
        w = done.y[:, -1]
        if np.abs(X @ betas[-1][-1] - y).max() < residual:
            break
        span *= 2
    return np.concatenate(betas)


def describe(settings: Sequence[Setting]) -> str:
    """Return the settings as a Markdown table, and the profile they belong to."""
    lines = ["| $n$ | $d$ | $s$ | $B$ | $\\sigma$ | $\\eta$ |", "|---|---|---|---|---|---|"]
    for c in settings:
        lines.append(
            f"| {c.num_samples} | {c.num_features} | {c.sparsity} | {c.batch_size} | {c.label_noise:g} | "
            f"{c.learning_rate:g} |"
        )
    return "\n".join([*lines, "", f"This page was computed in the `{environment.profile()}` profile."])


def _deviations(found: tuple[np.ndarray, ...], truth: tuple[np.ndarray, ...]) -> np.ndarray:
    return np.array([np.abs(a - b).max() / np.abs(b).max() for a, b in zip(found, truth, strict=True)])
