"""The exponent on a slider: curves of several rates fold onto one where the clock counts eta^2 T."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import cycle
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from lrdecay_core.claims.decay_time import EXPONENTS, best_exponents, collapse_profile, collapse_spread
from lrdecay_core.experiments.model.decay_time import Curves
from lrdecay_core.explorers.explorer import Explorer
from lrdecay_core.explorers.page import MARGINS, canvas, plain, rounded
from lrdecay_core.explorers.view import Control
from lrdecay_core.figures.style import LATE, PREDICTED, arm_colours

__all__ = ["Folded", "collapse"]

LINES = ("-", "--", "-.", ":")  # as in js/collapse.js, apart without colour


@dataclass(frozen=True, kw_only=True, eq=False)
class Folded:
    """The curves of one problem on the clock eta^p T."""

    exponent: float
    rates: np.ndarray
    """(A,) learning rates."""
    clock: np.ndarray
    """(A, K) (eta / eta_0)^p T: steps of the smallest rate eta_0 that count the same."""
    test_loss: np.ndarray
    """(A, K) after decay."""
    spread: float
    """How far the curves are apart, in dex."""
    best: float
    """The p of least spread for this problem."""
    profile: np.ndarray
    """(E,) spread at each p of ``claims.decay_time.EXPONENTS``."""


def collapse(curves: Curves) -> Explorer[Folded]:
    """Return the explorer of a measured study: its curves on the clock eta^p T, p under the reader's hand.

    Args:
        curves: of ``experiments.model.decay_time.run``.
    """
    study = curves.study
    rates = np.array([arm.learning_rate for arm in study.rates])
    times = np.array(study.depths) * study.rates[0].batch_size / study.rates[0].label_noise ** 2
    loss, best, profile = curves.mean[:, : len(rates)], best_exponents(curves), collapse_profile(curves)
    return Explorer(
        name="collapse",
        title="Choose the clock",
        caption=(
            "Test loss that a decay at step T leads to, for several learning rates, on one clock. With time counted "
            "in η²T they tell one time. Any other power pulls them apart."
        ),
        alt=(
            "Left: falling curves, one for each learning rate, lie on top of one another at p = 2. Right: the "
            "distance between the curves against p, a valley with its floor near 2."
        ),
        controls=_controls(len(study.problems)),
        data={
            "rates": rates.tolist(),
            "times": rounded(times, 8),
            "test_loss": rounded(loss, 6),
            "exponents": rounded(EXPONENTS, 6),
            "profile": rounded(profile),
            "best": rounded(best),
        },
        compute=partial(_compute, rates, times, loss, best, profile),
        draw=_draw,
        read=_read,
    )


def _controls(problems: int) -> tuple[Control, ...]:
    exponent = Control(key="exponent", label="exponent p of ηᵖT", min=1.0, max=3.0, step=0.05, value=2.0)
    if problems == 1:
        return (exponent,)
    return exponent, Control(key="problem", label="problem", min=1, max=problems, step=1, value=1, whole=True)


def _compute(
    rates: np.ndarray,
    times: np.ndarray,
    loss: np.ndarray,
    best: np.ndarray,
    profile: np.ndarray,
    values: dict[str, Any],
) -> Folded:
    p, k = values["exponent"], values.get("problem", 1) - 1
    return Folded(
        exponent=p,
        rates=rates,
        clock=times * ((rates / rates.min()) ** p / rates**2)[:, None],
        test_loss=loss[k],
        spread=collapse_spread(loss[k], times, rates, p),
        best=float(best[k]),
        profile=profile[k],
    )


def _read(state: Folded) -> str:
    return (
        f"On the clock ηᵖT with p = {plain(state.exponent)} the {len(state.rates)} curves are {plain(state.spread)} "
        f"dex apart, a factor of {plain(10**state.spread)}. Left to themselves they choose p = {plain(state.best)}."
    )


def _draw(state: Folded) -> Figure:
    figure = canvas(9, 3.6)
    left, right = figure.subplots(1, 2, gridspec_kw=MARGINS[1])
    colours = arm_colours(tuple(range(len(state.rates))), len(state.rates) + 1)
    for x, y, rate, colour, line in zip(state.clock, state.test_loss, state.rates, colours, cycle(LINES), strict=False):
        left.plot(x, y, line, color=colour, linewidth=1.8, label=f"η = {rate:g}")
    left.set(xscale="log", yscale="log", xlabel="steps of the smallest rate that count the same")
    left.set(title="Test loss after decay")
    left.legend()
    right.plot(EXPONENTS, state.profile, color=PREDICTED)
    right.plot(state.exponent, state.spread, "o", color=LATE)
    right.set(xlabel="exponent p", title="Distance between the curves (dex)", ylim=(0, None))
    return figure
