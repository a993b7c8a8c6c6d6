"""The planner of a budget: where the test loss at its end is least, for a family of schedules."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from lrdecay_core import solvers
from lrdecay_core.experiments.model.budget_planner import FAMILIES, SLACK, in_range
from lrdecay_core.experiments.model.setting import INIT_SCALE
from lrdecay_core.explorers.explorer import Explorer
from lrdecay_core.explorers.page import MARGINS, canvas, plain, rounded
from lrdecay_core.explorers.slow_table import RATES, SlowTable, mixing, tabulate
from lrdecay_core.explorers.view import Control
from lrdecay_core.figures.style import CONTROL, LATE, PREDICTED
from lrdecay_core.model import Problem

__all__ = ["Budgeted", "budget"]

SHARES = np.arange(50) / 50
"""Decay steps that are tried, as shares of the budget."""
HALF = 25
WARM, TAIL = 10, 60
"""Pieces of constant rate for a warm-up and for a tail."""
FINAL = 0.1
"""Rate at the end, as a share of the large one."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Budgeted:
    """The predicted end of one budget under one family, for every decay step."""

    values: dict[str, Any]
    decay_steps: np.ndarray
    """(C,)"""
    predicted: np.ndarray
    """(C,) test loss at the end; NaN where the run goes deeper than the table."""
    trusted: np.ndarray
    """(C,) where the first-order correction in it is small."""
    lengths: np.ndarray
    """(C, S) pieces of constant rate of every schedule, in steps."""
    rates: np.ndarray
    """(C, S) their rates."""

    @property
    def plan(self) -> int | None:
        """Position of the plan; None if the table does not cover every decay step."""
        return None if np.isnan(self.predicted).any() else int(self.predicted.argmin())

    def shape(self, candidate: int) -> np.ndarray:
        """Return steps and rates (2, K) at both ends of every piece that has a length."""
        last = np.cumsum(self.lengths[candidate])
        ends, kept = np.stack([last - self.lengths[candidate], last], axis=1), self.lengths[candidate] > 0
        return np.stack([ends[kept].ravel(), np.repeat(self.rates[candidate][kept], 2)])

    @property
    def ends(self) -> np.ndarray:
        """(2,) first and last decay step of the plan's range."""
        return self.decay_steps[in_range(self.predicted)][[0, -1]]


def budget(problem: Problem) -> Explorer[Budgeted]:
    """Return the planner of a problem's budget: given E, a family, eta, B and sigma, when to decay.

    Predictions are those of ``theory.budget_test_loss``, with schedules cut into pieces of constant rate and the slow
    flow read off a table, which costs them some percent; ``experiments.model.budget_planner`` computes them afresh and
    runs SGD to see.

    Args:
        problem: with a truth, three samples or more.

    Raises:
        ValueError: there is no truth, or fewer samples.
    """
    n = problem.num_samples
    if n < 3 or not np.isfinite(problem.beta_true).all():
        raise ValueError(f"`problem` must have a truth and three samples or more, got {n} samples")
    table = tabulate(problem, init_scale=INIT_SCALE, batch_sizes=[n, 2, 1])
    modes = _modes(problem, table.depths)
    return Explorer(
        name="budget",
        title="Plan a budget",
        caption=(
            "Left: the test loss at the end of the budget, in theory, for every decay step. Too early, and the scale "
            "is still large; too late, and the noise of the large rate is still there. Right: the planned schedule, "
            "and the one that decays at half."
        ),
        alt=(
            "Left: a curve falls with the decay step, is flat around a marked minimum, and rises at the end; a square "
            "marks the decay at half. Right: two schedules of the learning rate, flat and then low."
        ),
        controls=(
            Control(key="budget", label="budget E (steps)", min=500, max=20_000, step=500, value=4000, whole=True),
            Control.named("family", "family", FAMILIES, 0),
            Control(key="rate", label="learning rate η", min=0.005, max=RATES[-1], step=0.02, value=0.04, log=True),
            Control(key="batch_size", label="batch size B", min=1, max=n, step=1, value=min(4, n), whole=True),
            Control(key="noise", label="label noise σ", min=0.5, max=4.0, step=0.1, value=2.0),
        ),
        data={
            "slow": table.json(),
            "relaxation": rounded(np.log(modes[0]), 6),
            "reach": rounded(np.log(modes[1]), 6),
            "num_samples": n,
            "families": FAMILIES,
            "slack": SLACK,
            "pieces": [WARM, TAIL],
            "final": FINAL,
            "shares": SHARES.tolist(),
            "half": HALF,
        },
        compute=partial(_compute, table, modes, n),
        draw=_draw,
        read=_read,
    )


def _modes(problem: Problem, depths: np.ndarray) -> np.ndarray:
    """Return gamma and rho of ``theory.budget_test_loss`` for every mode, (2, D, n), along the leading order."""
    log_scale = np.log(2 * INIT_SCALE**2) - depths[:, None] * problem.column_weights
    beta = solvers.entropy_projection(problem.X, problem.y, log_scale, np.zeros_like(log_scale)).solution
    D = np.hypot(beta, np.exp(log_scale))
    _, roots, directions = np.linalg.svd(problem.X * np.sqrt(D)[:, None, :], full_matrices=False)
    reach = (directions**2 * D[:, None, :]).sum(axis=2)
    return np.stack([4 * roots**2 / problem.num_samples, reach])


def pieces(name: str, decay_steps: np.ndarray, num_steps: float) -> tuple[np.ndarray, np.ndarray]:
    """Return a family's schedules as pieces of constant rate: lengths in steps and rates as shares, (C, S) each."""
    T = decay_steps[:, None]
    warm = np.minimum(num_steps / 20, T) if name == "warmup" else 0 * T
    at = (np.arange(TAIL) + 0.5) / TAIL
    down = {"step": np.ones(TAIL), "cosine": (1 - np.cos(np.pi * at)) / 2}.get(name, at)
    rates = np.concatenate([(np.arange(WARM) + 0.5) / WARM, [1.0], 1 + (FINAL - 1) * down])
    lengths = np.concatenate(
        [np.repeat(warm / WARM, WARM, 1), T - warm, np.repeat((num_steps - T) / TAIL, TAIL, 1)], axis=1
    )
    return lengths, np.broadcast_to(rates, lengths.shape)


def _compute(table: SlowTable, modes: np.ndarray, n: int, values: dict[str, Any]) -> Budgeted:
    rate, E, drift = values["rate"], values["budget"], values["noise"] ** 2 / values["batch_size"]
    mixed, decay_steps = mixing(n, values["batch_size"]), SHARES * E
    lengths, shares = pieces(FAMILIES[values["family"]], decay_steps, E)
    squares, cubes = ((lengths * (rate * shares) ** power).sum(axis=1) for power in (2, 3))
    predicted, sure = np.empty(len(SHARES)), np.empty(len(SHARES), dtype=bool)
    for c, (mean_rate, depth) in enumerate(zip(cubes / squares, drift * squares, strict=True)):
        at = depth + table.at("shift", mean_rate, depth, mixing=mixed)
        gamma, reach = (_row(table.depths, at, mode) for mode in modes)
        remembered = np.zeros(n)
        for length, eta in zip(lengths[c], rate * shares[c], strict=True):
            remembered = eta + (remembered - eta) * np.exp(-gamma * eta * length)
        slow = table.at("test_loss", mean_rate, depth, mixing=mixed)
        predicted[c] = slow + drift / 2 * (remembered * reach).sum()
        sure[c] = table.trusted(mean_rate, depth, mixing=mixed)
    return Budgeted(
        values=values,
        decay_steps=decay_steps,
        predicted=predicted,
        trusted=sure,
        lengths=lengths,
        rates=rate * shares,
    )


def _row(depths: np.ndarray, at: float, table: np.ndarray) -> np.ndarray:
    """Return a row (n,) of ``table`` (D, n), interpolated in its logarithm; beyond the last depth the last one."""
    return np.array([np.exp(np.interp(at, depths, np.log(column))) for column in table.T])


def _read(state: Budgeted) -> str:
    v, plan = state.values, state.plan
    head = f"Family {FAMILIES[v['family']]}, {plain(v['budget'])} steps"
    if plan is None:
        return f"{head}: no plan. These runs go deeper than theory was tabulated; lower the rate or the noise."
    low, high = (plain(T) for T in state.ends)
    sure = "" if state.trusted[plan] else " A rough guess: its first-order correction exceeds a tenth."
    return (
        f"{head}: decay at step {plain(state.decay_steps[plan])}, or anywhere from {low} to {high}. Theory expects a "
        f"test loss of {plain(state.predicted[plan])} at the end, against {plain(state.predicted[HALF])} for a decay "
        f"at half.{sure}"
    )


def _draw(state: Budgeted) -> Figure:
    figure, plan = canvas(9, 3.6), state.plan
    left, right = figure.subplots(1, 2, gridspec_kw=MARGINS[1])
    left.plot(state.decay_steps, state.predicted, color=PREDICTED)
    left.plot(state.decay_steps[HALF], state.predicted[HALF], "s", color=CONTROL, label="at half")
    right.plot(*state.shape(HALF), color=CONTROL, label="at half")
    if plan is not None:
        left.axvspan(*state.ends, color=LATE, alpha=0.1, linewidth=0)
        left.plot(state.decay_steps[plan], state.predicted[plan], "o", color=LATE, label="plan")
        right.plot(*state.shape(plan), color=LATE, label="plan")
    left.set(yscale="log", xlabel="decay step T", title="Test loss at the end")
    left.minorticks_off()
    right.set(xlabel="step", title="Learning rate")
    left.legend()
    return figure
