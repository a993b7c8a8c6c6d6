"""Reading the map of the effect: a cell's gain, and what corruption and fresh noise do to it. Exploratory, no claim."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from lrdecay_core.claims.boundaries import gain
from lrdecay_core.claims.statistics import Interval, profile_interval
from lrdecay_core.experiments.networks.arms import Arms
from lrdecay_core.experiments.networks.boundary_map import LARGE, SMALL, cell, shares

__all__ = ["contrasts", "describe", "gain_map"]

Runs = Mapping[str, Arms]
"""Cell -> runs of one network, see :mod:`experiments.networks.boundary_map`."""


def gain_map(runs: Runs) -> list[list[Interval]]:
    """Return the gain of the late decay by fresh noise (rows) and corruption (columns)."""
    corruption, noise = shares()
    return [[gain(runs[cell(c, q)]) for c in corruption] for q in noise]


def contrasts(runs: Runs, rate: str = LARGE) -> dict[str, np.ndarray]:
    """Return what each kind of wrong label adds to the gain, per seed (S,): far corners minus near ones, averaged."""
    (clean, *_, corrupted), (still, *_, fresh) = shares()
    corners = {(c, q): runs[cell(c, q, rate)] for c in (clean, corrupted) for q in (still, fresh)}
    gains = {at: arms.final[0] - arms.final[-1] for at, arms in corners.items()}
    return {
        "corruption": np.asarray(sum(gains[corrupted, q] - gains[clean, q] for q in (still, fresh)) / 2),
        "fresh noise": np.asarray(sum(gains[c, fresh] - gains[c, still] for c in (clean, corrupted)) / 2),
    }


def describe(networks: Mapping[str, Runs]) -> str:
    """Return the exploratory verdict: how often late is better, and which effects the control does not share."""
    words = ["**Verdict (exploratory).**"]
    for name, runs in networks.items():
        cells = [interval for row in gain_map(runs) for interval in row]
        better, worse = sum(i.low > 0 for i in cells), sum(i.high < 0 for i in cells)
        words += ["", f"- *{name}*: of {len(cells)} cells, late is better in {better} and worse in {worse}."]
        main, control = contrasts(runs), contrasts(runs, SMALL)
        words += [f"  {_effect(kind, main[kind], control[kind])}" for kind in main]
    return "\n".join(words)


def _effect(kind: str, main: np.ndarray, control: np.ndarray) -> str:
    found, other, apart = map(profile_interval, (main, control, main - control))
    if not np.isfinite(found.low):
        return f"One seed cannot judge {kind}."
    verb = found.word("rises", "falls", "")
    words = f"From none to the most {kind} the gain {verb or 'shows no clear change'}: **{found}**; control: {other}"
    if not verb:
        return f"{words}."
    alone = apart.word("rises", "falls", "") == verb
    return f"{words}, {'which does not share it' if alone else 'which may do the same'}."
