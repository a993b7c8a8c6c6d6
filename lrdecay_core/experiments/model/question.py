"""The question of the book in one picture: a run along a valley, left early, halfway and late."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lrdecay_core.experiments.model.space_curve import Setup, Sheet, on_chart, sheet, walk
from lrdecay_core.model import Problem

__all__ = ["NAMES", "Question", "question"]

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
