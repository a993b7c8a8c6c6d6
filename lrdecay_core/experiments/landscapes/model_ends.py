"""Early and late ends of runs on the model, and its controls: the counterparts of what is done with networks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from lrdecay_core import checks, rng, schedules
from lrdecay_core.experiments.landscapes.views import Ends
from lrdecay_core.landscape.evaluate import Objective
from lrdecay_core.model import Problem, Weights, sgd
from lrdecay_core.theory import late_decay_limit

__all__ = ["KINDS", "Model", "ends", "flat", "losses"]

KINDS = ("main", "unrelated", "small rate", "dense truth", "no label noise")
"""The run itself, and four controls."""


@dataclass(frozen=True, kw_only=True)
class Model:
    """One run on the model, decayed early and decayed late."""

    num_samples: int = 20
    num_features: int = 40
    sparsity: int = 3
    init_scale: float = 0.5
    learning_rate: float = 0.04
    small_rate: float = 0.004
    """Of the control at a small rate, with the same decay steps."""
    batch_size: int = 4
    label_noise: float = 2.0
    early: int = 30
    """Step of the early decay."""
    late: int = 1500
    """Step of the late one."""
    spread: float = 0.5
    """Standard deviation of log p and log m at the start of the unrelated solutions."""

    def problem(self, kind: str, seed: int) -> Problem:
        """Return the problem of that seed, with a dense truth of the same norm for that control."""
        n, d = self.num_samples, self.num_features
        if kind == "dense truth":
            return Problem.dense(num_samples=n, num_features=d, seed=seed, norm_squared=self.sparsity)
        return Problem.sparse(num_samples=n, num_features=d, seed=seed, sparsity=self.sparsity)


def ends(settings: Model, kind: str, seed: int) -> Ends:
    """Return E, L and both O for one problem, in the weights (u, v) that are trained.

    E and L are where a decay to vanishing rate lands (``theory.late_decay_limit``). O is where the flow down the
    testing loss |beta - beta_true|^2 / 2 ends: like every flow in beta it keeps the scale a, so O has
    beta = beta_true and the a of its start.

    Args:
        settings: the run.
        kind: one of ``KINDS``. ``"unrelated"``: two solutions that vanishing rates reach from two random starts,
            without noise.
        seed: of problem and run.

    Raises:
        ValueError: ``kind`` is unknown.
    """
    checks.one_of("kind", kind, KINDS)
    problem = settings.problem(kind, seed)
    pair = _unrelated(problem, settings, seed) if kind == "unrelated" else _decayed(problem, settings, kind, seed)
    early, late = pair
    optima = [Weights.from_scale(w.log_scale, _angle(problem.beta_true, w.log_scale)) for w in (late, early)]
    return Ends(early=flat(early), late=flat(late), optima=(flat(optima[0]), flat(optima[1])), losses=losses(problem))


def losses(problem: Problem) -> Mapping[str, Objective]:
    """Return training and testing loss of the flat weights (u, v), (2d,)."""
    X, y, truth = (torch.from_numpy(np.array(a)) for a in (problem.X, problem.y, problem.beta_true))
    d = problem.num_features

    def train(theta: Tensor) -> Tensor:
        return ((theta[:d] * theta[d:]) @ X.T - y).square().mean() / 2

    def test(theta: Tensor) -> Tensor:
        return (theta[:d] * theta[d:] - truth).square().sum() / 2

    return {"train": train, "test": test}


def flat(weights: Weights) -> Tensor:
    """Return (u, v) as one vector (2d,)."""
    return torch.from_numpy(np.concatenate([weights.u, weights.v], axis=-1))


def _decayed(problem: Problem, settings: Model, kind: str, seed: int) -> list[Weights]:
    path = sgd(
        problem,
        schedule=schedules.constant(settings.small_rate if kind == "small rate" else settings.learning_rate),
        num_steps=settings.late,
        batch_size=settings.batch_size,
        label_noise=0.0 if kind == "no label noise" else settings.label_noise,
        init_scale=settings.init_scale,
        seeds=[seed],
        record=[settings.early, settings.late],
    )
    return [_landed(problem, path.log_scale[k, 0], path.centre[k, 0]) for k in range(2)]


def _unrelated(problem: Problem, settings: Model, seed: int) -> list[Weights]:
    found = []
    for k in range(2):
        draw = rng.stream(seed, "unrelated start on the model", k).standard_normal((2, problem.num_features))
        start = Weights(*(settings.init_scale * np.exp(settings.spread * draw)))
        found.append(_landed(problem, start.log_scale, start.phi))
    return found


def _landed(problem: Problem, log_scale: np.ndarray, centre: np.ndarray) -> Weights:
    return Weights.from_scale(log_scale, _angle(late_decay_limit(problem.X, problem.y, log_scale, centre), log_scale))


def _angle(beta: np.ndarray, log_scale: np.ndarray) -> np.ndarray:
    return np.asarray(np.arcsinh(beta / np.exp(log_scale)))
