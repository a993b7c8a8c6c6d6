"""Comparisons that carry no claim: shapes of the schedule at equal sums of squares, and clocks for the decay epoch."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from sklearn.isotonic import IsotonicRegression

from lrdecay_core.claims.ledger import Row
from lrdecay_core.claims.statistics import Interval, mean_interval, profile_interval, thresholds
from lrdecay_core.experiments.networks.boundaries import Arms
from lrdecay_core.experiments.networks.schedules import RULER, Shapes

__all__ = [
    "CLOCKS",
    "clock_rows",
    "describe_clocks",
    "describe_gains",
    "describe_match",
    "describe_shapes",
    "misfit",
    "reading",
    "shape_rows",
]

FINDINGS = ("late is better", "no clear difference", "late is worse", "one pair only")
CLOCKS = {
    "steps": (0, 0),
    "ηT": (1, 0),
    "η²T": (2, 0),
    "ηT / B": (1, 1),
    "η²T / B": (2, 1),
}
"""Name -> powers (p, r) of the clock eta^p T / B^r, T in steps."""


def shape_rows(found: Shapes, *, power: int = 2) -> list[Row]:
    """Return, per shape, its test error minus that of the step decay with the same sum, paired by seed.

    The step decay is interpolated between those of the ruler, linearly in the sum.

    Args:
        found: the runs.
        power: of the rates in the sum: 2 is the model's; 1, the sum of the rates, is the control.
    """
    ruler, level = len(RULER), thresholds().confidence
    sums = (found.rates**power).sum(axis=1)
    rows = []
    for a in range(ruler, len(found.names)):
        line = [np.interp(sums[a], sums[:ruler], error) for error in found.test_error[:ruler].T]
        interval = mean_interval(found.test_error[a] - line, confidence=level)
        rows.append(Row(name=found.names[a], interval=interval, finding=_off(interval)))
    return rows


def describe_shapes(rows: list[Row], control: list[Row]) -> str:
    """Return in two sentences which shapes lie on the line of the step decays, and which at equal sums of the rates."""
    return (
        f"**Verdict (exploratory).** At equal sums of squared rates, {_on_the_line(rows)}. "
        f"Control, at equal sums of the rates: {_on_the_line(control)}."
    )


def describe_gains(rows: list[Row]) -> str:
    """Return in a sentence where a late decay helps, hurts, and makes no clear difference."""
    groups = {finding: [row.name for row in rows if row.finding == finding] for finding in FINDINGS}
    words = [f"{finding} with *{'*, *'.join(names)}*" for finding, names in groups.items() if names]
    sentence = "; ".join(words)
    return f"**Verdict (exploratory).** {sentence[:1].upper()}{sentence[1:]}."


def describe_match(runs: Mapping[str, Arms]) -> str:
    """Return how far momentum at the matched rate, and SGD at its written one, end from SGD: late decays, paired."""
    level, found = thresholds().confidence, {}
    for name in ("momentum 0.9", "Nesterov 0.9", "SGD, tenth of the rate"):
        found[name] = mean_interval(runs[name].final[-1] - runs["SGD"].final[-1], confidence=level)
    parts = ", ".join(f"{name} **{interval}**" for name, interval in found.items())
    return f"Test error of the late decay minus that of SGD's late decay: {parts}."


def reading(arms: Arms, powers: tuple[int, int]) -> np.ndarray:
    """Return eta^p T / B^r (D,) at the decay epochs of one condition."""
    config, (p, r) = arms.config, powers
    steps = np.array(arms.decay_epochs) * config.steps_per_epoch
    return np.asarray(config.learning_rate**p * steps / config.batch_size**r)


def misfit(runs: Mapping[str, Arms], powers: tuple[int, int]) -> np.ndarray:
    """Return, per seed (S,), how far the test errors lie from one falling curve in a clock.

    The root mean square distance of log test error from its best falling fit over all conditions and decay epochs.
    """
    x = np.concatenate([reading(arms, powers) for arms in runs.values()])
    y = np.log(np.concatenate([arms.final for arms in runs.values()]))
    fits = [IsotonicRegression(increasing=False).fit_transform(x, column) for column in y.T]
    return np.asarray(np.sqrt(np.mean((y - np.stack(fits, axis=1)) ** 2, axis=0)))


def clock_rows(runs: Mapping[str, Arms]) -> list[Row]:
    """Return the misfit of every clock; smaller is better."""
    found = {name: profile_interval(misfit(runs, powers)) for name, powers in CLOCKS.items()}
    best = min(found, key=lambda name: found[name].estimate)
    return [Row(name=name, interval=i, finding="smallest" if name == best else "") for name, i in found.items()]


def describe_clocks(runs: Mapping[str, Arms]) -> str:
    """Return which clock orders the runs best, and whether η²T / B is it, paired by seed."""
    best = next(row.name for row in clock_rows(runs) if row.finding)
    level, smallest = thresholds().confidence, misfit(runs, CLOCKS[best])
    gap = {name: mean_interval(misfit(runs, CLOCKS[name]) - smallest, confidence=level) for name in CLOCKS}
    words = "**Verdict (exploratory).** "
    if best == "η²T / B":
        words += "Of the clocks tried, η²T / B orders these runs best."
    else:
        ours = gap["η²T / B"]
        sure = "beyond the spread of seeds" if ours.low > 0 else "within the spread of seeds"
        words += f"η²T / B does not order these runs best: {best} does, {sure} (difference of the misfits {ours})."
    if best == "steps":
        return f"{words} That is the control: these runs show no clock."
    return f"{words} Control, the bare number of steps: its misfit is larger by {gap['steps']}."


def _on_the_line(rows: list[Row]) -> str:
    off = [row.name for row in rows if row.finding != "on the line"]
    words = f"{len(rows) - len(off)} of {len(rows)} shapes lie on the line of the step decays"
    return words + (f"; off it: {', '.join(off)}" if off else "")


def _off(interval: Interval) -> str:
    if not np.isfinite(interval.low):
        return "one seed only"
    return interval.word("above the line", "below the line", "on the line")
