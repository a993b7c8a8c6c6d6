"""The second model under the reader's hand: what a decay at T leaves of the singular values."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from lrdecay_core.experiments.model.second_model import ARMS, FULL_RANK, MAIN, SILENT, TENTH, MatrixRuns, problem
from lrdecay_core.explorers.explorer import Explorer
from lrdecay_core.explorers.page import MARGINS, canvas, plain, rounded
from lrdecay_core.explorers.view import Control
from lrdecay_core.figures.style import LATE, PREDICTED

__all__ = ["Spectrum", "spectra"]

SHOWN = (MAIN, TENTH, SILENT, FULL_RANK)
NAMES = ("large rate", "a tenth", "no noise", "full rank")
SMALL = 0.1
"""Singular values above this are counted."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Spectrum:
    """One problem of one arm, and one decay step in it."""

    values: dict[str, Any]
    steps: np.ndarray
    """(K,) decay steps."""
    here: int
    """Position of the reader's."""
    spectrum: np.ndarray
    """(m,) singular values after decay there, in falling order."""
    truth: np.ndarray
    """(m,) of the hidden matrix."""
    norm_ratio: np.ndarray
    """(K,) squared norm after decay over its minimum."""
    test_loss: np.ndarray
    """(K,)"""


def spectra(runs: MatrixRuns) -> Explorer[Spectrum]:
    """Return the explorer of the second model's runs: decay step, arm and problem on sliders.

    It shows what was measured and computes nothing: the runs are those of ``experiments.model.second_model.run``.
    """
    study, rows = runs.study, [ARMS.index(arm) for arm in SHOWN]
    steps = study.steps(MAIN)
    hidden = [problem(study, study.problems[0], full_rank=arm == FULL_RANK).truth for arm in SHOWN]
    kept = {
        "spectrum": runs.spectrum[rows],
        "truth": np.linalg.svd(hidden, compute_uv=False),
        "norm_ratio": runs.norm_ratio[rows].mean(axis=-1),
        "test_loss": runs.test_loss[rows].mean(axis=-1),
    }
    controls = [
        Control.among("decay", "decay step T", steps, steps[-1]),
        Control.named("arm", "run", NAMES, 0),
    ]
    if len(study.problems) > 1:
        controls.append(
            Control(key="problem", label="problem", min=1, max=len(study.problems), step=1, value=1, whole=True)
        )
    return Explorer(
        name="spectra",
        title="Which singular values stay?",
        caption=(
            "Singular values of the matrix a decay at T settles to (blue), and of the hidden one. A late decay keeps "
            "two and loses the rest. At a tenth of the rate, or without label noise, all of them stay."
        ),
        alt=(
            "Left: ten blue dots, two of them on black dots near one, the others near zero. Middle and right: squared "
            "norm and test loss fall with the decay step."
        ),
        controls=tuple(controls),
        data={"steps": list(steps), "names": NAMES, "small": SMALL, **{k: rounded(v, 6) for k, v in kept.items()}},
        compute=partial(_compute, np.array(steps), kept),
        draw=_draw,
        read=_read,
    )


def _compute(steps: np.ndarray, kept: dict[str, np.ndarray], values: dict[str, Any]) -> Spectrum:
    arm, k, here = values["arm"], values.get("problem", 1) - 1, int(np.searchsorted(steps, values["decay"]))
    return Spectrum(
        values=values,
        steps=steps,
        here=here,
        spectrum=kept["spectrum"][arm, k, here],
        truth=kept["truth"][arm],
        norm_ratio=kept["norm_ratio"][arm, k],
        test_loss=kept["test_loss"][arm, k],
    )


def _read(state: Spectrum) -> str:
    return (
        f"Decay at step {plain(state.steps[state.here])}, {NAMES[state.values['arm']]}: squared norm "
        f"{plain(state.norm_ratio[state.here])} times its minimum, test loss {plain(state.test_loss[state.here])}. "
        f"Singular values above {SMALL:g}: {(state.spectrum > SMALL).sum()}, in the hidden matrix "
        f"{(state.truth > SMALL).sum()}."
    )


def _draw(state: Spectrum) -> Figure:
    figure = canvas(9, 3.4)
    left, middle, right = figure.subplots(1, 3, gridspec_kw={**MARGINS[1], "wspace": 0.3})
    rank = np.arange(1, len(state.truth) + 1)
    left.plot(rank, state.truth, "x", color=PREDICTED, label="hidden matrix")
    left.plot(rank, state.spectrum, "o-", color=LATE, markersize=4, label="after decay")
    left.set(title="Singular values", xlabel="by size")
    left.legend(fontsize=8)
    for ax, values, title in (
        (middle, state.norm_ratio, "Squared norm / minimum"),
        (right, state.test_loss, "Test loss"),
    ):
        ax.plot(state.steps, values, color=PREDICTED)
        ax.plot(state.steps[state.here], values[state.here], "o", color=LATE)
        ax.set(title=title, xlabel="decay step T", ylim=(0, None))
    return figure
