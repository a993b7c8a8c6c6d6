"""Two landscapes: training and testing loss on one plane, with one cross-hair on both."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from lrdecay_core import checks
from lrdecay_core.experiments.landscapes.planes import Picture
from lrdecay_core.explorers import contours
from lrdecay_core.explorers.explorer import Explorer
from lrdecay_core.explorers.page import MARGINS, canvas, plain, rounded
from lrdecay_core.explorers.view import Control
from lrdecay_core.figures import landscapes

__all__ = ["Pair", "two_landscapes"]

NAMES = ("train", "test")


@dataclass(frozen=True, kw_only=True, eq=False)
class Pair:
    """Both maps with a decay, a moment of the trunk and a place on the plane picked out."""

    picture: Picture
    unit: str
    """``"epoch"`` or ``"step"``."""
    arm: int
    """Which of the decayed ends."""
    moment: int | None
    """Which of the kept moments of the trunk; None where there is no trunk."""
    cursor: np.ndarray
    """(2,) shares of the window, from the left and from below."""
    under: dict[str, float]
    """Both losses at the cursor, read off the maps."""
    apart: np.ndarray
    """(D,) distance of each decayed end to the test minimum."""


def two_landscapes(picture: Picture, *, unit: str = "epoch") -> Explorer[Pair]:
    """Return training and testing loss on one plane, to compare place by place and decay by decay.

    Args:
        picture: of ``experiments.landscapes.planes``: the plane through an early end, a late end and a test minimum.
        unit: of its decay times, ``"epoch"`` or ``"step"``.

    Raises:
        ValueError: the unit is another word.
    """
    checks.one_of("unit", unit, ("epoch", "step"))
    maps = {name: contours.logs(picture.surface[name]) for name in NAMES}
    apart = np.hypot(np.linalg.norm(picture.ends.coords - picture.anchors[2], axis=1), picture.ends.distance)
    return Explorer(
        name="two_landscapes",
        title="Two landscapes, one place",
        caption=(
            "Training loss and testing loss on one plane and one scale; light is low. Dots are decayed ends, early "
            "(vermilion) to late (blue); the star is a test minimum, an arrow if it lies above the map. The cross-hair "
            "marks one place on both maps. Change the decay, or point at either map."
        ),
        alt=(
            "Two contour maps of one plane, training loss and testing loss. On both, dots run from vermilion to blue, "
            f"and a star marks a test minimum. The cross-hair stands on the last dot, {_last(picture, unit)}."
        ),
        controls=_controls(picture, unit),
        data=_data(picture, maps, apart, unit),
        compute=partial(_compute, picture, maps, apart, unit),
        draw=_draw,
        read=_read,
    )


def _last(picture: Picture, unit: str) -> str:
    train, test = (plain(picture.end_losses[name][-1]) for name in NAMES)
    return f"a decay at {unit} {plain(picture.decay_times[-1])}: training loss {train}, testing loss {test}"


def _controls(picture: Picture, unit: str) -> tuple[Control, ...]:
    times, kept = picture.decay_times, picture.trunk_epochs
    place = (100 * _share(picture, picture.ends.coords[-1])).round(1)
    words = {"across": "cross-hair x, %", "up": "cross-hair y, %"}
    return (
        Control.among("decay", f"decay {unit} T", times, times[-1]),
        *([Control.among("moment", f"trunk, at {unit}", kept, kept[-1])] if len(kept) > 1 else []),
        *(
            Control(key=key, label=label, min=0.0, max=100.0, step=1.0, value=float(value))
            for (key, label), value in zip(words.items(), place, strict=True)
        ),
    )


def _share(picture: Picture, coords: np.ndarray) -> np.ndarray:
    """Return places on the plane (..., 2) as shares of the window, from the left and from below."""
    axes = picture.surface.alpha, picture.surface.beta
    low, high = np.array([a[0] for a in axes]), np.array([a[-1] for a in axes])
    return np.asarray((coords - low) / (high - low))


def _data(picture: Picture, maps: dict[str, np.ndarray], apart: np.ndarray, unit: str) -> dict[str, Any]:
    height = contours.UNITS * float(np.ptp(picture.surface.beta) / np.ptp(picture.surface.alpha))
    levels = np.log10(picture.levels)
    return {
        "unit": unit,
        "width": contours.UNITS,
        "height": round(height, 1),
        "levels": rounded(picture.levels, 3),
        "paths": {name: contours.paths(maps[name], levels, height=height) for name in NAMES},
        "values": {name: [[None if np.isnan(v) else v for v in row] for row in maps[name].tolist()] for name in NAMES},
        "decays": list(picture.decay_times),
        "ends": rounded(_share(picture, picture.ends.coords), 5),
        "off": rounded(picture.ends.distance, 6),
        "apart": rounded(apart, 6),
        "losses": {name: rounded(picture.end_losses[name], 6) for name in NAMES},
        "moments": list(picture.trunk_epochs),
        "trunk": rounded(_share(picture, picture.trunk.coords), 5),
        "trunk_off": rounded(picture.trunk.distance, 6),
        "star": rounded(_share(picture, picture.anchors[2]), 5),
    }


def _compute(
    picture: Picture, maps: dict[str, np.ndarray], apart: np.ndarray, unit: str, values: dict[str, Any]
) -> Pair:
    cursor = np.array([values["across"], values["up"]]) / 100
    return Pair(
        picture=picture,
        unit=unit,
        arm=picture.decay_times.index(values["decay"]),
        moment=picture.trunk_epochs.index(values["moment"]) if "moment" in values else None,
        cursor=cursor,
        under={name: float(contours.at(maps[name], *cursor)) for name in NAMES},
        apart=apart,
    )


def _read(state: Pair) -> str:
    p, k, ends = state.picture, state.arm, state.picture.end_losses
    told = (
        f"Decay at {state.unit} {plain(p.decay_times[k])}: training loss {plain(ends['train'][k])}, testing loss "
        f"{plain(ends['test'][k])}, {plain(state.apart[k])} from the test minimum."
    )
    if k:
        told += (
            f" Decay at {state.unit} {plain(p.decay_times[0])}: {plain(ends['train'][0])}, {plain(ends['test'][0])} "
            f"and {plain(state.apart[0])}."
        )
    if state.moment is not None:
        told += (
            f" At {state.unit} {plain(p.trunk_epochs[state.moment])} the trunk is "
            f"{plain(p.trunk.distance[state.moment])} off this plane."
        )
    return (
        f"{told} At the cross-hair: training loss {plain(state.under['train'])}, testing {plain(state.under['test'])}."
    )


def _draw(state: Pair) -> Figure:
    picture = state.picture
    figure = canvas(9, 4.2)
    axes = figure.subplots(1, 2, gridspec_kw=MARGINS[1])
    end = picture.ends.coords[state.arm]
    low = np.array([picture.surface.alpha[0], picture.surface.beta[0]])
    span = np.array([np.ptp(picture.surface.alpha), np.ptp(picture.surface.beta)])
    place = low + state.cursor * span
    for ax, name in zip(axes, NAMES, strict=True):
        landscapes.plot_plane(picture, loss=name, ax=ax)
        ax.plot(*end, "o", color="none", markersize=15, markeredgecolor="#0072B2", markeredgewidth=2)
        if state.moment is not None:
            ax.plot(*picture.trunk.coords[state.moment], "D", color="white", markersize=7, markeredgecolor="#222222")
        ax.axvline(place[0], color="#222222", linewidth=0.8)
        ax.axhline(place[1], color="#222222", linewidth=0.8)
        ax.set_title(f"{landscapes.NAMES[name]}, {plain(state.under[name])} at the cross-hair")
    return figure
