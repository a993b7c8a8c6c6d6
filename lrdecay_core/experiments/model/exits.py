"""Leaving the valley: decays drawn on problems of three features, and tails of finite rate beside the limit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lrdecay_core import model, schedules, theory
from lrdecay_core.experiments.model.decay_limit import gradient_flow
from lrdecay_core.experiments.model.setting import Setting
from lrdecay_core.experiments.model.space_curve import Setup, Sheet, on_chart, sheet, walk
from lrdecay_core.model import Problem

__all__ = ["NAMES", "Cut", "Exits", "Question", "exits", "question", "tails"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Exits:
    """One run on a drawable problem (three features, one free direction), and the decays that leave it."""

    trunk: np.ndarray
    """(K, 2) position along the valley and signed residual, at every step."""
    decay_steps: np.ndarray
    """(E,)"""
    flows: tuple[np.ndarray, ...]
    """(., 2) the same two numbers along gradient flow from each exit."""
    predicted: np.ndarray
    """(E,) position along the valley where Theorem D lands."""
    minimum: float
    """Position of the minimum-norm solution."""


def exits() -> Exits:
    """Run the drawable problem once and leave it at three times."""
    toy = model.Problem.three_dimensional()
    problem = model.Problem(toy.X, toy.y, toy.beta_true)  # with both signs: p and m
    steps = np.array([150, 3000, 9000])
    path = Setting(batch_size=1, label_noise=0.7, init_scale=0.9).run(problem, range(steps[-1] + 1), seeds=[3])
    kernel, across = theory.three_dimensional.KERNEL, np.array([1.0, 1.0]) / np.sqrt(2)

    def flat(beta: np.ndarray) -> np.ndarray:
        along = (beta - toy.beta_true) @ kernel / (kernel @ kernel)
        return np.stack([along, (beta @ toy.X.T - toy.y) @ across], axis=-1)

    w = path.weights
    end = theory.late_decay_limit(problem.X, problem.y, path.log_scale[steps, 0], path.centre[steps, 0])
    return Exits(
        trunk=flat(path.beta[:, 0]),
        decay_steps=steps,
        flows=tuple(flat(gradient_flow(problem, w.p[k, 0], w.m[k, 0])) for k in steps),
        predicted=flat(end)[:, 0],
        minimum=float(flat(model.minimum_norm(problem).beta)[0]),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Cut:
    """Tails of finite rate from one state, E of them."""

    rates: np.ndarray
    """(E,) decayed rates."""
    to_flow: np.ndarray
    """(E,) relative distance of the end from the limit of vanishing rate."""
    to_own: np.ndarray
    """(E,) relative distance from the projection with the tail's own scale and centre."""
    drift: np.ndarray
    """(E,) largest change of log a along the tail."""
    bound: np.ndarray
    """(E,) its bound."""


def tails(setting: Setting | None = None, *, decay_step: int = 200, seed: int = 0) -> Cut:
    """Decay to several finite rates, full batch without label noise, and go on until nothing moves."""
    setting = setting or Setting()
    problem = setting.problem(seed)
    rates = np.array([0.04, 0.02, 0.01, 0.005])
    before = setting.run(problem, [decay_step], seeds=[seed])
    start = model.Weights(before.weights.p[0, 0], before.weights.m[0, 0])
    speed = theory.tail_rate(problem.X, before.log_scale[0, 0])
    after = model.sgd(
        problem,
        schedule=schedules.constant(rates),
        num_steps=int(30 / (speed * rates[-1])),
        batch_size=problem.num_samples,
        weights=start,
        seeds=[seed] * len(rates),
    )
    end = after.beta[0]
    size = np.abs(end).max()
    flow = theory.late_decay_limit(problem.X, problem.y, before.log_scale[0], before.centre[0])
    own = theory.late_decay_limit(problem.X, problem.y, after.log_scale[0], after.centre[0])
    bounds = [theory.tail_drift_bound(before.train_loss[0, 0], speed, decayed_rate=rate) for rate in rates]
    return Cut(
        rates=rates,
        to_flow=np.abs(end - flow).max(axis=1) / size,
        to_own=np.abs(end - own).max(axis=1) / size,
        drift=np.abs(after.log_scale[0] - before.log_scale[0]).max(axis=1),
        bound=np.array(bounds, dtype=np.float64),
    )


NAMES = ("early", "middle", "late")


@dataclass(frozen=True, kw_only=True, eq=False)
class Question:
    """One run on the drawable instance and three decays from it, on the unrolled valley."""

    surface: Sheet
    """Both losses."""
    trunk: np.ndarray
    """(K, 2) arc length along the valley and offset across it, of the run at the large rate."""
    leaves: np.ndarray
    """(3, 2) where the rate is lowered."""
    ends: np.ndarray
    """(3, 2) where these runs end."""
    train_loss: np.ndarray
    """(3,) at the ends."""
    test_loss: np.ndarray
    """(3,) at the ends."""


def question(*, decay_steps: tuple[int, int, int] = (2000, 32_000, 72_000), num_recorded: int = 360) -> Question:
    """Run SGD on the drawable instance, lower its rate at three steps, and unroll the valley; about three seconds.

    Raises:
        ValueError: the decay steps do not increase.
    """
    if list(decay_steps) != sorted(set(decay_steps)):
        raise ValueError(f"`decay_steps` must be three increasing steps, got {decay_steps}")
    setup = Setup(
        learning_rate=0.01,
        num_steps=decay_steps[-1],
        decay_steps=decay_steps,
        decayed_rates=(0.005,),
        num_recorded=num_recorded,
    )
    result, problem = walk(setup), Problem.three_dimensional()
    ends = result.ends[-1]
    return Question(
        surface=sheet(),
        trunk=result.chart[:, :2],
        leaves=result.chart[np.searchsorted(result.steps, decay_steps), :2],
        ends=on_chart(ends)[:, :2],
        train_loss=problem.train_loss(ends**2),
        test_loss=problem.test_loss(ends**2),
    )
