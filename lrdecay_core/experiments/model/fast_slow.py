"""The speeds of one rate: motion across and along the valley, and the plateau."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lrdecay_core import model, schedules, theory
from lrdecay_core.experiments.model.valley import Setup, problem

__all__ = ["Motion", "Plateaus", "motion", "plateaus"]


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
