"""How long to wait: a prediction for one setting, beside a run of exactly that setting."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lrdecay_core.experiments.model.decay_time import landing_curves, predicted_steps
from lrdecay_core.experiments.model.setting import INIT_SCALE, Arm
from lrdecay_core.model import Problem
from lrdecay_core.theory import kappa_star, slow_flow

__all__ = ["TRUSTED", "Plan", "describe", "describe_slope", "plan"]

TRUSTED = 0.1
"""Largest first-order correction, as a share of the leading order, up to which the expansion in eta is trusted."""
READINGS = 25
LONGEST = 400_000  # steps: some ten seconds


@dataclass(frozen=True, kw_only=True, eq=False)
class Plan:
    """A predicted decay time and what was measured."""

    arm: Arm
    target: float
    leading: float
    """Predicted steps, leading order."""
    first_order: float
    """Predicted steps, first order: the plan."""
    steps: np.ndarray
    """(K,) steps at which both curves are read, up to 1.5 times the plan."""
    predicted: np.ndarray
    """(K,) test loss after decay, first order."""
    measured: np.ndarray
    """(K, R) the same, measured."""

    @property
    def correction(self) -> float:
        """What the first order takes off the leading one, as a share of it."""
        return 1 - self.first_order / self.leading

    @property
    def measured_mean(self) -> np.ndarray:
        """(K,) geometric mean over replicas."""
        return np.asarray(np.exp(np.log(self.measured).mean(axis=1)))

    @property
    def crossing(self) -> float:
        """Step at which the measured mean first reaches the target, interpolated; NaN if it never does."""
        log_loss, target = np.log(self.measured_mean), np.log(self.target)
        below = np.flatnonzero(log_loss <= target)
        if not len(below) or not below[0]:
            return float("nan")
        k = below[0]
        share = (log_loss[k - 1] - target) / (log_loss[k - 1] - log_loss[k])
        return float(self.steps[k - 1] + share * (self.steps[k] - self.steps[k - 1]))


def plan(problem: Problem, arm: Arm, *, target: float, replicas: int = 4) -> Plan:
    """Predict after how many steps decay leads to test loss ``target``, and run SGD to see.

    Args:
        problem: with a truth, so that test losses are known.
        arm: learning rate, batch size, and label noise above 0.
        target: below the test loss that decay at once leads to.
        replicas: SGD seeds.

    Raises:
        ValueError: the target is met without waiting, no decay reaches it, or the run would be too long.
    """
    leading, first = (predicted_steps(problem, arm, target, first_order=order) for order in (False, True))
    if first == 0:
        raise ValueError(f"`target` must lie below the test loss of decay at once, got {target}")
    last = round(1.5 * first)
    if last > LONGEST:
        raise ValueError(
            f"`arm` must reach the target within {LONGEST / 1.5:,.0f} steps, the prediction is {first:,.0f}; raise the "
            "learning rate or the label noise, or ask for less"
        )
    steps = np.unique(np.rint(np.linspace(last / READINGS, last, READINGS)).astype(np.int64))
    beta = slow_flow(
        problem.X,
        problem.y,
        init_scale=INIT_SCALE,
        slow_times=arm.learning_rate**2 * steps,
        label_noise=arm.label_noise,
        batch_size=arm.batch_size,
        learning_rate=arm.learning_rate,
    )
    return Plan(
        arm=arm,
        target=target,
        leading=leading,
        first_order=first,
        steps=steps,
        predicted=problem.test_loss(beta),
        measured=landing_curves(problem, [arm], steps=steps, replicas=replicas)[0],
    )


def describe(found: Plan) -> str:
    """Return the plan, what was measured, and whether the prediction is inside its range, as Markdown."""
    inside = found.correction <= TRUSTED
    word = "inside" if inside else "**outside**"
    measured = f"{found.crossing:,.0f}" if np.isfinite(found.crossing) else "not reached in the run"
    return "\n".join(
        [
            f"| steps until a decay reaches test loss {found.target:g} | |",
            "|---|---|",
            f"| theory, leading order | {found.leading:,.0f} |",
            f"| theory, first order | **{found.first_order:,.0f}** |",
            f"| measured, {found.measured.shape[1]} runs | **{measured}** |",
            "",
            f"Range of validity: the first order takes {found.correction:.0%} off the leading one. An expansion is "
            f"trusted while its correction is small, and we draw the line at {TRUSTED:.0%}: this setting is {word}.",
        ]
    )


def describe_slope(problem: Problem, arm: Arm) -> str:
    """Return in a sentence how the predicted log(a_0 / a_target) grows with log(1 / target), against its limit."""
    first, second = 1e-16, 1e-18
    times = [predicted_steps(problem, arm, target, first_order=False) for target in (first, second)]
    drift = arm.label_noise**2 / arm.batch_size * arm.learning_rate**2
    slope = drift * (times[1] - times[0]) / np.log(first / second)
    kappa = kappa_star(problem.X, problem.beta_true).kappa
    return (
        f"Between targets $10^{{-16}}$ and $10^{{-18}}$, $\\log(a_0/a_\\epsilon)$ grows by **{slope:.3f}** per unit of "
        f"$\\log(1/\\epsilon)$; the limit for this problem, with $\\kappa_\\star = {kappa:.3f}$, is "
        f"$1/2(1 - \\kappa_\\star)$ = **{1 / (2 * (1 - kappa)):.3f}**."
    )
