"""The decay planner: how long to wait for a given test loss, and when to believe the answer."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from lrdecay_core.experiments.model.decay_planner import TRUSTED
from lrdecay_core.experiments.model.setting import INIT_SCALE
from lrdecay_core.explorers.explorer import Explorer
from lrdecay_core.explorers.page import MARGINS, canvas, plain, rounded
from lrdecay_core.explorers.slow_table import RATES, SlowTable, mixing, tabulate
from lrdecay_core.explorers.view import Control
from lrdecay_core.figures.style import CONTROL, LATE, PREDICTED
from lrdecay_core.model import Problem

__all__ = ["Planned", "planner"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Planned:
    """Predicted decay times of one setting, and the curves they are read from."""

    values: dict[str, Any]
    leading: float
    """Steps until a decay reaches the target, leading order; 0 if no wait is needed, NaN if out of reach."""
    first_order: float
    """The same, first order: the plan."""
    steps: np.ndarray
    """(D,) decay steps at which the curves are read."""
    curves: np.ndarray
    """(2, D) test loss after decay, leading and first order."""

    @property
    def correction(self) -> float:
        """What the first order takes off the leading one, as a share of it."""
        return 1 - self.first_order / self.leading if self.leading > 0 else float("nan")


def planner(problem: Problem) -> Explorer[Planned]:
    """Return the planner of a problem: given eta, B, sigma and a target loss, when to decay.

    Decay times are those of ``theory.decay_time``, read off a table of the slow flow, which costs them up to a percent
    or two; ``experiments.model.decay_planner.plan`` computes them afresh and runs SGD to see.

    Args:
        problem: with a truth, three samples or more.

    Raises:
        ValueError: there is no truth, or fewer samples.
    """
    n = problem.num_samples
    if n < 3 or not np.isfinite(problem.beta_true).all():
        raise ValueError(f"`problem` must have a truth and three samples or more, got {n} samples")
    table = tabulate(problem, init_scale=INIT_SCALE, batch_sizes=[n, 2, 1])
    return Explorer(
        name="planner",
        title="Plan a decay",
        caption=(
            "Left: the test loss that a decay at step T leads to, in theory; where it meets the target is the time to "
            "decay. Right: the same time for every learning rate. Half the rate, four times the wait."
        ),
        alt=(
            "Left: a curve falls through a horizontal line, the target, at a marked step; a dotted curve, the leading "
            "order, runs close to it. Right: the decay time falls along a straight line as the learning rate grows."
        ),
        controls=(
            Control(key="rate", label="learning rate η", min=0.005, max=RATES[-1], step=0.02, value=0.02, log=True),
            Control(key="batch_size", label="batch size B", min=1, max=n, step=1, value=min(4, n), whole=True),
            Control(key="noise", label="label noise σ", min=0.5, max=4.0, step=0.1, value=2.0),
            Control(key="target", label="target test loss", min=0.001, max=0.5, step=0.05, value=0.03, log=True),
        ),
        data={"slow": table.json(), "num_samples": n, "start": rounded(table.test_loss[0, 0, 0], 6)},
        compute=partial(_compute, table, n),
        draw=_draw,
        read=_read,
    )


def _compute(table: SlowTable, n: int, values: dict[str, Any]) -> Planned:
    rate, B, mixed = values["rate"], values["batch_size"], mixing(n, values["batch_size"])
    unit = B / (values["noise"] * rate) ** 2
    curves = np.array([table.at("test_loss", order, table.depths, mixing=mixed) for order in (0.0, rate)])
    leading, first = (unit * _crossing(table.depths, curve, values["target"]) for curve in curves)
    return Planned(values=values, leading=leading, first_order=first, steps=unit * table.depths, curves=curves)


def _crossing(depths: np.ndarray, loss: np.ndarray, target: float) -> float:
    """Return the depth at which the loss first falls to the target, on the line in its logarithm; NaN if never."""
    below = np.flatnonzero(loss <= target)
    if not len(below) or not below[0]:
        return float("nan") if not len(below) else 0.0
    k = below[0]
    share = np.log(loss[k - 1] / target) / np.log(loss[k - 1] / loss[k])
    return float(depths[k - 1] + share * (depths[k] - depths[k - 1]))


def _read(state: Planned) -> str:
    target = plain(state.values["target"])
    if state.first_order == 0:
        return f"No need to wait: a decay at once leads to a test loss below {target}."
    if not np.isfinite(state.first_order):
        return f"No decay within the tabulated times leads to a test loss of {target}."
    inside = "inside" if abs(state.correction) <= TRUSTED else "outside"
    return (
        f"Decay after {plain(state.first_order)} steps to reach a test loss of {target}. The first order changes the "
        f"leading order, {plain(state.leading)} steps, by {plain(100 * abs(state.correction))} %: {inside} the range "
        f"where the expansion is trusted, up to {plain(100 * TRUSTED)} %."
    )


def _draw(state: Planned) -> Figure:
    figure = canvas(9, 3.6)
    left, right = figure.subplots(1, 2, gridspec_kw=MARGINS[1])
    left.plot(state.steps, state.curves[0], ":", color=CONTROL, label="leading order")
    left.plot(state.steps, state.curves[1], color=PREDICTED, label="first order")
    left.axhline(state.values["target"], color=LATE, linewidth=1)
    left.plot(state.first_order, state.values["target"], "o", color=LATE)
    left.set(xscale="symlog", yscale="log", xlabel="decay step T", title="Test loss after decay")
    left.legend()
    rates = np.geomspace(0.005, RATES[-1], 50)
    right.plot(rates, state.leading * (state.values["rate"] / rates) ** 2, ":", color=CONTROL)
    right.plot(state.values["rate"], state.first_order, "o", color=LATE)
    right.set(xscale="log", yscale="log", xlabel="learning rate η", title="Time to decay")
    return figure
