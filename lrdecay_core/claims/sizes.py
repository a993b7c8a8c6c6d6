"""How the gain of waiting changes from size to size of network and data: exploratory, no claim."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from lrdecay_core.claims.boundaries import gain
from lrdecay_core.claims.ledger import Row
from lrdecay_core.claims.statistics import mean_interval, thresholds
from lrdecay_core.experiments.networks.arms import Arms
from lrdecay_core.experiments.networks.sizes import LARGE, SMALL

__all__ = ["describe", "gains", "slope_rows", "slopes"]

Runs = Mapping[str, Mapping[str, Arms]]
"""``"<axis> <size>"`` -> condition -> runs, see :mod:`experiments.networks.sizes`."""
Axes = Mapping[str, tuple[int, ...]]


def gains(runs: Runs, axis: str, sizes: tuple[int, ...]) -> dict[str, np.ndarray]:
    """Return condition -> (sizes, S) test error of the early decay minus that of the late one."""
    found = {}
    for condition in (LARGE, SMALL):
        arms = [runs[f"{axis} {size}"][condition] for size in sizes]
        found[condition] = np.stack([a.final[0] - a.final[-1] for a in arms])
    return found


def slopes(runs: Runs, axis: str, sizes: tuple[int, ...], condition: str = LARGE) -> np.ndarray:
    """Return, per seed (S,), what a doubling of the size adds to the gain: the least-squares slope in log2(size)."""
    x = np.log2(sizes)
    return np.asarray((x - x.mean()) @ gains(runs, axis, sizes)[condition] / ((x - x.mean()) ** 2).sum())


def slope_rows(runs: Runs, axes: Axes) -> list[Row]:
    """Return per axis what a doubling adds to the gain, the same for the control, and the difference, by seed."""
    level, rows = thresholds().confidence, []
    for axis, sizes in axes.items():
        large, small = (slopes(runs, axis, sizes, condition) for condition in (LARGE, SMALL))
        for name, values in ((LARGE, large), (SMALL, small), ("difference", large - small)):
            interval = mean_interval(values, confidence=level)
            rows.append(Row(name=f"{axis}, {name}", interval=interval, finding=_trend(interval.low, interval.high)))
    return rows


def describe(runs: Runs, axes: Axes) -> str:
    """Return the exploratory verdict: how often late is better, and which trends the control does not share."""
    rows = {row.name: row for row in slope_rows(runs, axes)}
    arms = [runs[f"{axis} {size}"][LARGE] for axis, sizes in axes.items() for size in sizes]
    found = {one.config.key: gain(one) for one in arms}
    better = sum(interval.low > 0 for interval in found.values())  # the size that the axes share counts once
    words = [f"The late decay is better in {better} of {len(found)} networks."]
    for axis in axes:
        main, other = rows[f"{axis}, {LARGE}"], rows[f"{axis}, difference"]
        words.append(f"With *{axis}* the gain {main.finding}: **{main.interval}** per doubling{_shared(main, other)}.")
    return "**Verdict (exploratory).** " + " ".join(words)


def _trend(low: float, high: float) -> str:
    if not np.isfinite(low):
        return "cannot be judged by one seed"
    return "grows" if low > 0 else "shrinks" if high < 0 else "shows no clear trend"


def _shared(main: Row, difference: Row) -> str:
    if main.finding not in ("grows", "shrinks"):
        return ""
    same = difference.finding == main.finding
    return ", more than the control's does" if same else "; the control's may change as much"
