"""The curve in space: training minima, SGD around them, and where a decay would land, to turn by hand."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from lrdecay_core.experiments.model.space_curve import Walk
from lrdecay_core.explorers.explorer import Explorer
from lrdecay_core.explorers.page import MARGINS, canvas, plain, rounded
from lrdecay_core.explorers.view import Control
from lrdecay_core.figures.style import GREEN, LATE, NEVER, PREDICTED
from lrdecay_core.theory import three_dimensional as exact

__all__ = ["View", "space_curve"]


@dataclass(frozen=True, kw_only=True, eq=False)
class View:
    """The run up to a step, where a decay then would land, and the direction one looks from."""

    turn: float
    """Azimuth of the viewer, degrees."""
    tilt: float
    """Elevation of the viewer, degrees."""
    step: int
    """The recorded step nearest to the one asked for."""
    steps: np.ndarray
    """(K,) all recorded steps."""
    weights: np.ndarray
    """(k, 3) the run until ``step``."""
    landing: np.ndarray
    """(3,) where gradient flow from there ends."""
    positions: np.ndarray
    """(K,) t where a decay at each step lands; its test loss is 2 t^2."""

    @property
    def position(self) -> float:
        """Where a decay at ``step`` lands."""
        return float(self.positions[len(self.weights) - 1])


def space_curve(walk: Walk) -> Explorer[View]:
    """Return the curve of minima in space with a run of SGD, rotatable, and the landing of a decay at each step.

    Args:
        walk: of ``experiments.model.space_curve.walk``.
    """
    positions = exact.decay_position(walk.weights)
    last = int(walk.steps[-1])
    return Explorer(
        name="space_curve",
        title="The curve of minima, in space",
        caption=(
            "Every point of the closed curve has training loss zero; the two stars have test loss zero, too. SGD "
            "(grey) wanders around the curve towards a star. Move the step: a decay there drops to the blue dot. "
            "Drag to turn."
        ),
        alt=(
            "A closed curve in space with two stars on it. A grey thread winds along one part of the curve towards a "
            "star, and a blue dot on the curve marks where a decay from its end lands. Beside it, the test loss of "
            "that dot falls with the decay step."
        ),
        controls=(
            Control(key="step", label="decay step T", min=0, max=last, step=last // 100, value=last // 2, whole=True),
            Control(key="turn", label="turn (degrees)", min=-180, max=180, step=5, value=30, whole=True),
            Control(key="tilt", label="tilt (degrees)", min=-90, max=90, step=5, value=20, whole=True),
        ),
        data={
            "steps": walk.steps.tolist(),
            "weights": rounded(walk.weights),
            "landings": rounded(_on_curve(positions, walk.weights)),
            "positions": rounded(positions, 8),
            "loop": rounded(exact.curve(np.linspace(0, 2 * np.pi, 121))),
            "stars": rounded(exact.curve(np.array([0.0, np.pi]))),
        },
        compute=partial(_compute, walk, positions),
        draw=_draw,
        read=_read,
    )


def _on_curve(positions: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the minima (..., 3) at t with the signs of the weights, which gradient flow keeps."""
    return np.asarray(np.sign(weights) * np.sqrt(exact.coefficients(positions)))


def _compute(walk: Walk, positions: np.ndarray, values: dict[str, Any]) -> View:
    k = int(np.abs(walk.steps - values["step"]).argmin())
    return View(
        turn=values["turn"],
        tilt=values["tilt"],
        step=int(walk.steps[k]),
        steps=walk.steps,
        weights=walk.weights[: k + 1],
        landing=_on_curve(positions[k], walk.weights[k]),
        positions=positions,
    )


def _read(state: View) -> str:
    return (
        f"A decay at step {plain(state.step)} lands at position {plain(state.position)} of the curve, where 0 is a "
        f"star: training loss 0, test loss {plain(2 * state.position**2)}."
    )


def _draw(state: View) -> Figure:
    figure = canvas(9, 4.2)
    figure.subplots_adjust(**MARGINS[1])
    space = figure.add_subplot(1, 2, 1, projection="3d", computed_zorder=False)
    space.plot(*exact.curve(np.linspace(0, 2 * np.pi, 121)).T, color=PREDICTED, linewidth=2)
    space.plot(*state.weights.T, color=NEVER, linewidth=0.5)
    space.plot(*exact.curve(np.array([0.0, np.pi])).T, "*", color=GREEN, markersize=15)
    space.plot(*np.stack([state.weights[-1], state.landing]).T, color=LATE, linewidth=1)
    space.plot(*state.landing[:, None], "o", color=LATE, markersize=7)
    space.view_init(elev=state.tilt, azim=state.turn)
    space.set(xlabel="$w_1$", ylabel="$w_2$", zlabel="$w_3$", aspect="equal")
    beside = figure.add_subplot(1, 2, 2)
    beside.plot(state.steps, 2 * state.positions**2, color=PREDICTED)
    beside.plot(state.step, 2 * state.position**2, "o", color=LATE)
    beside.set(yscale="log", xlabel="decay step T", title="Test loss after decay")
    return figure
