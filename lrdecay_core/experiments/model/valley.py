"""What SGD does in the valley: exact identities step by step, and decays at several times, with controls."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lrdecay_core import environment, model, schedules, theory
from lrdecay_core.model import batches

__all__ = [
    "Decays",
    "Setup",
    "arms",
    "decays",
    "describe_decays",
    "describe_identities",
    "identities",
    "problem",
    "setup",
]


@dataclass(frozen=True, kw_only=True)
class Setup:
    """A sparse problem, the noise, the large rate, and when it is lowered."""

    num_samples: int = 20
    num_features: int = 40
    sparsity: int = 3
    problem_seed: int = 0
    """Of 24 seeds, one whose exponent kappa* is the median; seed 2, tried first, has the largest of them."""
    batch_size: int = 4
    label_noise: float = 2.0
    init_scale: float = 0.5
    learning_rate: float = 0.04
    decayed: float = 0.1
    """The decayed rate is this share of the large one; label noise stays on."""
    num_steps: int = 8000
    decay_steps: tuple[int, ...] = (30, 300, 1000, 2000, 3000, 5000, 8000)
    """Increasing; ``num_steps`` itself is never decaying."""
    seeds: tuple[int, ...] = tuple(range(16))


def setup(profile: str | None = None) -> Setup:
    """Return the settings of a profile (None: the one in force)."""
    return Setup(seeds=tuple(range(6))) if environment.is_quick(profile) else Setup()


def arms(base: Setup) -> dict[str, Setup]:
    """Return the main arm and its two controls: a tenth of both rates, and no label noise."""
    return {
        "label noise, large rate": base,
        "label noise, a tenth of the rate": replace(base, learning_rate=base.learning_rate / 10),
        "no label noise, large rate": replace(base, label_noise=0.0),
    }


def problem(settings: Setup) -> model.Problem:
    """Return the regression problem of these settings."""
    return model.Problem.sparse(
        num_samples=settings.num_samples,
        num_features=settings.num_features,
        sparsity=settings.sparsity,
        seed=settings.problem_seed,
    )


def identities(settings: Setup, *, rates: tuple[float, ...], num_steps: int = 5000) -> dict[float, theory.Identities]:
    """Run one noisy path per rate and return the residuals (num_steps,) of the exact identities, per step.

    The step h = eta g is computed anew from batches, labels and noise, not read off the simulator.
    """
    task, B, seed = problem(settings), settings.batch_size, settings.seeds[0]
    path = model.sgd(
        task,
        schedule=schedules.constant(rates),
        num_steps=num_steps,
        batch_size=B,
        label_noise=settings.label_noise,
        init_scale=settings.init_scale,
        seeds=[seed] * len(rates),
        record=range(num_steps + 1),
    )
    p, m, beta = path.weights.p, path.weights.m, path.beta[:-1]
    rows, noise = batches.draws(seed, num_steps, num_samples=len(task.y), batch_size=B)
    xi = settings.label_noise * noise
    found = {}
    for k, rate in enumerate(rates):
        error = np.einsum("kbd,kd->kb", task.X[rows], beta[:, k]) - task.y[rows] - xi
        h = rate * np.einsum("kbd,kb->kd", task.X[rows], error) / B
        found[rate] = theory.identity_residuals(p[:-1, k], m[:-1, k], p[1:, k], m[1:, k], h)
    return found


def describe_identities(found: dict[float, theory.Identities]) -> str:
    """Return the largest residual of each identity at each rate as a Markdown table."""
    names = {
        "scale": "(C1) $\\log a' = \\log a + \\log \\lvert 1 - h^2 \\rvert$",
        "phi": "(C2) $\\phi' = \\phi + \\log \\lvert (1 - h)/(1 + h) \\rvert$",
        "beta": "(C3) $\\beta' = (1 + h^2)\\beta - 2hD$",
        "magnitude": "(C3) $D' = (1 + h^2)D - 2h\\beta$",
        "norm": "(C4) change of $\\lVert\\theta\\rVert^2$",
    }
    lines = [
        "| identity | " + " | ".join(f"$\\eta = {rate:g}$" for rate in found) + " |",
        "|---" * (len(found) + 1) + "|",
    ]
    for field, name in names.items():
        worst = [f"{float(getattr(residuals, field).max()):.1e}" for residuals in found.values()]
        lines.append(f"| {name} | " + " | ".join(worst) + " |")
    steps = min(len(residuals.scale) for residuals in found.values())
    lines += ["", f"Largest residual over {steps} noisy steps at each rate and all coordinates, relative or in logs."]
    return "\n".join(lines)


@dataclass(frozen=True, kw_only=True, eq=False)
class Decays:
    """Runs that lower the rate at each decay step, and what they lose on the way."""

    setup: Setup
    steps: np.ndarray
    """(K,) recorded steps."""
    train_loss: np.ndarray
    """(K, D, R)"""
    test_loss: np.ndarray
    """(K, D, R)"""
    norm_squared: np.ndarray
    """(K, D, R)"""
    lost: np.ndarray
    """(K, D, R) log(a_0 / a), mean over coordinates."""

    @property
    def gain(self) -> np.ndarray:
        """(R,) log of the final test loss of the earliest decay over that of the last but one decay step."""
        return np.asarray(np.log(self.test_loss[-1, 0] / self.test_loss[-1, -2]))

    def plateau(self, arm: int) -> np.ndarray:
        """Return the predicted training plateau (K,) of one arm, mean over runs; NaN where there is no label noise."""
        s = self.setup
        if not s.label_noise:
            return np.full(len(self.steps), np.nan)
        rate = np.where(self.steps <= s.decay_steps[arm], 1.0, s.decayed) * s.learning_rate
        unit = theory.plateau_level(1.0, learning_rate=1.0, label_noise=s.label_noise, batch_size=s.batch_size)
        return np.asarray(rate * unit * self.norm_squared[:, arm].mean(axis=1))


def decays(settings: Setup, *, num_recorded: int = 160) -> Decays:
    """Run every decay step with every seed; runs of one seed share batches and noise."""
    rows = model.grid(decay_step=settings.decay_steps, seed=settings.seeds)
    even = np.linspace(0, settings.num_steps, num_recorded // 2 + 1)
    early = np.geomspace(1, settings.num_steps, num_recorded // 2)
    marks = np.unique(np.concatenate([even, early, settings.decay_steps]).astype(int))
    path = model.sgd(
        problem(settings),
        schedule=schedules.step_decay(
            learning_rate=settings.learning_rate,
            decay_step=rows["decay_step"],
            decayed=settings.learning_rate * settings.decayed,
        ),
        num_steps=settings.num_steps,
        batch_size=settings.batch_size,
        label_noise=settings.label_noise,
        init_scale=settings.init_scale,
        seeds=rows["seed"],
        record=marks,
    )
    shape = (len(marks), len(settings.decay_steps), len(settings.seeds))
    lost = np.log(2 * settings.init_scale**2) - path.log_scale
    return Decays(
        setup=settings,
        steps=marks,
        train_loss=path.train_loss.reshape(shape),
        test_loss=path.test_loss.reshape(shape),
        norm_squared=path.norm_squared.reshape(shape),
        lost=lost.mean(axis=-1).reshape(shape),
    )


def describe_decays(found: Decays) -> str:
    """Return a Markdown table: scale lost at decay, plateau at the end and final test loss, predicted and measured.

    Scale and test loss come from the first-order slow flow at eta^2 T + eta'^2 (steps after T); the test loss adds the
    fluctuation that the decayed rate leaves. Needs label noise.
    """
    s, task = found.setup, problem(found.setup)
    T, small = np.array(s.decay_steps), s.learning_rate * s.decayed
    noise: dict[str, Any] = {"label_noise": s.label_noise, "batch_size": s.batch_size}
    flow: dict[str, Any] = {**noise, "init_scale": s.init_scale, "learning_rate": s.learning_rate}
    logs = theory.slow_log_scale(task.X, task.y, slow_times=s.learning_rate**2 * T, **flow)
    lost = np.log(2 * s.init_scale**2) - logs.mean(axis=1)
    late = s.learning_rate**2 * T + small**2 * (s.num_steps - T)
    beta = theory.slow_flow(task.X, task.y, slow_times=late, **flow)
    D = np.hypot(beta, np.exp(theory.slow_log_scale(task.X, task.y, slow_times=late, **flow)))
    lines = [
        "| decay step $T$ | $\\log(a_0/a_T)$ | training plateau | final test loss |",
        "|---|---|---|---|",
    ]
    at, last = np.searchsorted(found.steps, T), found.steps > 0.75 * s.num_steps
    for d, when in enumerate(s.decay_steps):
        rate = s.learning_rate if when == s.num_steps else small
        wobble = float(theory.fluctuation_test_loss(task.X, D[d], learning_rate=rate, **noise))
        lines.append(
            f"| {when} | {lost[d]:.3f} / {found.lost[at[d], d].mean():.3f} "
            f"| {found.plateau(d)[last].mean():.4f} / {found.train_loss[last, d].mean():.4f} "
            f"| {task.test_loss(beta[d]) + wobble:.4f} / {found.test_loss[last, d].mean():.4f} |"
        )
    note = f"Each cell: predicted / measured, means over {len(s.seeds)} runs; losses over the last quarter of "
    return "\n".join([*lines, "", f"{note}{s.num_steps} steps."])
