"""The slow flow along the valley: test loss after decay at every slow time, beside two predictions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.integrate import solve_ivp

from lrdecay_core import environment, model, sweeps, theory
from lrdecay_core.experiments.model.decay_limit import gradient_flow
from lrdecay_core.experiments.model.setting import Setting, landing

__all__ = ["Curves", "SlowPlan", "curves", "effective_ode", "plan"]


@dataclass(frozen=True, kw_only=True)
class SlowPlan:
    """Which curves of test loss after decay are predicted and measured."""

    setting: Setting
    slow_times: tuple[float, ...]
    """eta^2 T, increasing."""
    problem_seeds: tuple[int, ...]
    num_replicas: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Curves:
    """Test loss after decay of P problems at K slow times."""

    slow_times: np.ndarray
    """(K,) eta^2 T at the whole steps T."""
    measured: np.ndarray
    """(P, K, R) of R runs each; the landing by Theorem D."""
    first_order: np.ndarray
    """(P, K)"""
    leading: np.ndarray
    """(P, K)"""
    solver: np.ndarray
    """(P, K) of the first run, by the ODE solver: checks the landing."""
    seconds: float
    """Wall time, added up over processes."""


def plan(profile: str | None = None) -> SlowPlan:
    """Return the curves of claim M4."""
    quick = environment.is_quick(profile)
    return SlowPlan(
        setting=Setting(learning_rate=0.02),
        slow_times=(0.5, 1.0, 2.0, 3.0, 4.0, 5.0)
        if quick
        else (0.25, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0),
        problem_seeds=(0, 1) if quick else tuple(range(8)),
        num_replicas=8 if quick else 32,
    )


def curves(settings: SlowPlan, *, workers: int | None = 1) -> Curves:
    """Run every problem, land at every slow time, and predict the same losses."""
    specs = sweeps.grid(plan=[settings], problem=settings.problem_seeds)
    found = sweeps.run_here(_slow_curve, specs, workers=workers, description="slow curves")
    return Curves(
        slow_times=settings.setting.learning_rate**2 * _steps(settings),
        **{name: found.column(name) for name in ("measured", "first_order", "leading", "solver")},
        seconds=float(found.seconds.sum()),
    )


def _steps(settings: SlowPlan) -> np.ndarray:
    return np.rint(np.array(settings.slow_times) / settings.setting.learning_rate**2).astype(int)


def _slow_curve(spec: Mapping[str, Any]) -> dict[str, np.ndarray]:
    settings, setting, steps = spec["plan"], spec["plan"].setting, _steps(spec["plan"])
    problem = setting.problem(spec["problem"])
    path = setting.run(problem, steps.tolist(), seeds=range(settings.num_replicas))
    landed = landing(problem, path)
    w = path.weights
    solved = [gradient_flow(problem, w.p[k, 0], w.m[k, 0], residual=1e-9)[-1] for k in range(len(steps))]
    leading, first = (
        theory.slow_flow(
            problem.X,
            problem.y,
            init_scale=setting.init_scale,
            slow_times=setting.learning_rate**2 * steps,
            label_noise=setting.label_noise,
            batch_size=setting.batch_size,
            learning_rate=rate,
        )
        for rate in (None, setting.learning_rate)
    )
    betas = {"measured": landed, "first_order": first, "leading": leading, "solver": np.array(solved)}
    return {name: problem.test_loss(beta) for name, beta in betas.items()}


def effective_ode(problem: model.Problem, setting: Setting, slow_times: Sequence[float]) -> np.ndarray:
    """Return the coefficients (K, d) of the slow flow from its ODE, dw/dtau = -(sigma^2 / 2B) P_tangent w.

    An independent route to the closed form: DOP853 in the 2d weights, from the point of the valley that has the
    scale of the start.
    """
    d, drift = problem.num_features, setting.label_noise**2 / setting.batch_size
    log_scale = np.full(d, np.log(2 * setting.init_scale**2))
    beta = theory.late_decay_limit(problem.X, problem.y, log_scale, np.zeros(d))
    start = model.Weights.from_scale(log_scale, np.arcsinh(beta / np.exp(log_scale)))

    def velocity(_: float, w: np.ndarray) -> np.ndarray:
        here = model.Weights(w[:d], w[d:])
        along = model.manifold.tangent_part(problem, here, here)
        return -drift / 2 * np.concatenate([along.p, along.m])

    at = np.concatenate([start.p, start.m])
    done = solve_ivp(velocity, (0, slow_times[-1]), at, "DOP853", t_eval=slow_times, rtol=1e-10, atol=1e-12)
    return np.asarray((done.y[:d] ** 2 - done.y[d:] ** 2).T)
