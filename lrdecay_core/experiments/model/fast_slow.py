"""The speeds of one rate: motion across and along the valley, the plateau, the drift with and without label noise."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from lrdecay_core import model, schedules, theory
from lrdecay_core.experiments.model.valley import Setup, problem

__all__ = ["Drift", "Motion", "Plateaus", "describe_drift", "drift", "motion", "plateaus"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Motion:
    """One rate without decay: a path at two zooms, and how far runs move across and along in a number of steps."""

    setup: Setup
    every: tuple[int, int]
    """Steps between the points of the near and of the far view."""
    near: np.ndarray
    """(P, 2) depth and residual at consecutive steps; depth is the mean of log(a_0 / a) over coordinates."""
    far: np.ndarray
    """(P, 2) depth and residual of the whole run; the residual is that of the first sample."""
    lags: np.ndarray
    """(K,) numbers of steps from the start of the near view."""
    across: np.ndarray
    """(K, R) |r - r_start| / sqrt(n)."""
    along: np.ndarray
    """(K, R) mean over coordinates of log(a_start / a)."""
    predicted_across: float
    """sqrt(4 L) with L the predicted plateau: two independent states of the plateau are that far apart."""
    predicted_along: np.ndarray
    """(K,) eta^2 sigma^2 / B per step."""


def motion(settings: Setup, *, settle: int = 2000, near: int = 300, points: int = 1500) -> Motion:
    """Run to the plateau, then follow the run at two zooms.

    Args:
        settings: ``num_steps`` is the whole length; decay steps are not used.
        settle: steps of phase I, left out.
        near: consecutive steps of the near view.
        points: of the far view.
    """
    task = problem(settings)
    lags = np.unique(np.geomspace(1, settings.num_steps - settle, 60).astype(int))
    far = np.unique(np.linspace(settle, settings.num_steps, points).astype(int))
    close = np.arange(settle, settle + near + 1)
    marks = np.unique(np.concatenate([close, far, settle + lags]))
    path = model.sgd(
        task,
        schedule=schedules.constant(settings.learning_rate),
        num_steps=settings.num_steps,
        batch_size=settings.batch_size,
        label_noise=settings.label_noise,
        init_scale=settings.init_scale,
        seeds=settings.seeds,
        record=marks,
    )
    r = path.beta @ task.X.T - task.y
    depth = np.log(2 * settings.init_scale**2) - path.log_scale.mean(axis=-1)
    start, at = 0, np.searchsorted(marks, settle + lags)
    B, sigma, eta = settings.batch_size, settings.label_noise, settings.learning_rate
    level = theory.plateau_level(path.norm_squared[start].mean(), learning_rate=eta, label_noise=sigma, batch_size=B)
    path_0 = np.stack([depth[:, 0], r[:, 0, 0]], axis=1)
    return Motion(
        setup=settings,
        every=(1, int(far[1] - far[0])),
        near=path_0[np.searchsorted(marks, close)],
        far=path_0[np.searchsorted(marks, far)],
        lags=lags,
        across=np.linalg.norm(r[at] - r[start], axis=-1) / np.sqrt(len(task.y)),
        along=depth[at] - depth[start],
        predicted_across=float(np.sqrt(4 * level)),
        predicted_along=eta**2 * sigma**2 / B * lags,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Plateaus:
    """Training loss against eta k for several rates, and the level at which it settles."""

    rates: np.ndarray
    """(E,)"""
    times: np.ndarray
    """(K,) eta k, the time of gradient flow."""
    train_loss: np.ndarray
    """(E, K, R)"""
    flow: np.ndarray
    """(K,) training loss of full-batch descent at half the smallest rate, without noise."""
    level: np.ndarray
    """(E, K, R) predicted plateau (eta sigma^2 / 4B) |theta|^2 at every time."""
    measured: np.ndarray
    """(E, R) mean training loss over ``window``."""
    predicted: np.ndarray
    """(E, R) mean of ``level`` over ``window``."""
    window: tuple[float, float]
    """In eta k."""


def plateaus(
    settings: Setup,
    *,
    rates: tuple[float, ...] = (0.04, 0.02, 0.01, 0.005),
    window: tuple[float, float] = (40.0, 120.0),
) -> Plateaus:
    """Run each rate from the start over the same stretch of eta k, with the same seeds."""
    task = problem(settings)
    times = np.concatenate([np.geomspace(0.04, window[0], 60)[:-1], np.linspace(*window, 400)])
    inside = times >= window[0]

    def run(rate: float, sigma: float, batch: int, seeds: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
        marks, index = np.unique(np.rint(times / rate).astype(int), return_inverse=True)
        path = model.sgd(
            task,
            schedule=schedules.constant(rate),
            num_steps=int(marks[-1]),
            batch_size=batch,
            label_noise=sigma,
            init_scale=settings.init_scale,
            seeds=seeds,
            record=marks,
        )
        return path.train_loss[index], path.norm_squared[index]

    noisy = [run(rate, settings.label_noise, settings.batch_size, settings.seeds) for rate in rates]
    flow, _ = run(min(rates) / 2, 0.0, settings.num_samples, settings.seeds[:1])
    unit = theory.plateau_level(
        1.0, learning_rate=1.0, label_noise=settings.label_noise, batch_size=settings.batch_size
    )
    losses = np.array([loss for loss, _ in noisy])
    level = np.array([rate * unit * norm for rate, (_, norm) in zip(rates, noisy, strict=True)])
    return Plateaus(
        rates=np.array(rates),
        times=times,
        train_loss=losses,
        flow=flow[:, 0],
        level=level,
        measured=losses[:, inside].mean(axis=1),
        predicted=level[:, inside].mean(axis=1),
        window=window,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Drift:
    """How much of log a one constant rate takes off, with label noise and without."""

    setup: Setup
    """With the rate in force."""
    steps: np.ndarray
    """(K,)"""
    noisy: np.ndarray
    """(K, R) log(a_0 / a) with label noise, mean over coordinates."""
    quiet: np.ndarray
    """(K, R) the same without, largest over coordinates."""
    predicted: np.ndarray
    """(K,) eta^2 T sigma^2 / B."""
    bound: float
    """The most that SGD without label noise can take off at this rate; NaN if the rate is beyond the theorem."""
    rise: float
    """Largest step up of the divergence U without label noise, between recorded states; at most rounding."""


def drift(settings: Setup, *, learning_rate: float | None = None) -> Drift:
    """Run one rate with and without label noise.

    Args:
        settings: its rate and decay steps are not used.
        learning_rate: None takes the largest rate that the theorem allows for this problem and start.
    """
    task, scale = problem(settings), settings.init_scale
    best = model.minimum_norm(task).beta
    allowed = theory.largest_rate(task.X, best, init_scale=scale) * (1 - 1e-12)
    eta = allowed if learning_rate is None else learning_rate
    marks = np.unique(
        np.concatenate([np.arange(min(500, settings.num_steps)), np.geomspace(1, settings.num_steps, 40)]).astype(int)
    )
    runs = {
        sigma: model.sgd(
            task,
            schedule=schedules.constant(eta),
            num_steps=settings.num_steps,
            batch_size=settings.batch_size,
            label_noise=sigma,
            init_scale=scale,
            seeds=settings.seeds,
            record=marks,
        )
        for sigma in (settings.label_noise, 0.0)
    }
    lost = {sigma: np.log(2 * scale**2) - run.log_scale for sigma, run in runs.items()}
    quiet = runs[0.0].weights
    U = theory.divergence(quiet.p, quiet.m, best)
    return Drift(
        setup=replace(settings, learning_rate=eta),
        steps=marks,
        noisy=lost[settings.label_noise].mean(axis=-1),
        quiet=lost[0.0].max(axis=-1),
        predicted=eta**2 * settings.label_noise**2 / settings.batch_size * marks,
        bound=theory.waiting_bound(task.X, best, init_scale=scale, learning_rate=eta) if eta <= allowed else np.nan,
        rise=float(np.diff(U, axis=0).max()),
    )


def describe_drift(found: Drift) -> str:
    """Return in words what the bound allows and what was lost."""
    s, last = found.setup, found.steps[-1]
    tenth = int(np.searchsorted(found.steps, last / 10))
    return (
        f"At $\\eta = {s.learning_rate:.2g}$, the largest rate that the theorem covers here, it allows "
        f"**{found.bound:.3f}** for every $T$. Measured without label noise, largest over coordinates and "
        f"{len(s.seeds)} runs: {found.quiet[tenth].max():.5f} after {found.steps[tenth]} steps and "
        f"**{found.quiet[-1].max():.5f}** after {last}. The divergence $U$ never rises between recorded states: its "
        f"largest change is {found.rise:.1e}. With label noise the loss of scale is {found.noisy[-1].mean():.4f} after "
        f"{last} steps, predicted {found.predicted[-1]:.4f}, and it goes on."
    )
