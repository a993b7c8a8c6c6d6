"""Comparisons that carry no claim: shapes of the schedule on several scales, and clocks for the decay epoch."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from sklearn.isotonic import IsotonicRegression

from lrdecay_core.claims.ledger import Row
from lrdecay_core.claims.statistics import Interval, mean_interval, profile_interval, thresholds
from lrdecay_core.experiments.networks.arms import Arms
from lrdecay_core.experiments.networks.schedules import RULER, Shapes

__all__ = [
    "CLOCKS",
    "SCALES",
    "SQUARES",
    "SUM",
    "TIME",
    "clock_rows",
    "describe_clocks",
    "describe_gains",
    "describe_match",
    "describe_shapes",
    "describe_shares",
    "misfit",
    "off_ruler",
    "reading",
    "shape_rows",
    "shares",
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
SQUARES, SUM, TIME = "sum of squared rates", "sum of rates", "time at a large rate"
SCALES: Mapping[str, Callable[[np.ndarray], np.ndarray]] = {
    SQUARES: lambda rates: (rates**2).sum(axis=1),
    SUM: lambda rates: rates.sum(axis=1),
    TIME: lambda rates: (rates >= rates.max() / 2).sum(axis=1),
}
"""Name -> where schedules (A,) stand, from the rates (A, K) of all their steps: the model's scale, and two others.

A large rate is at least half of the largest.
"""


def off_ruler(found: Shapes, scale: str) -> np.ndarray:
    """Return test error minus that of the step decay at the same place on a scale (shapes off the ruler, S).

    The step decay is interpolated between those of the ruler, linearly in the scale.

    Args:
        found: the runs.
        scale: a key of :data:`SCALES`.
    """
    ruler, place = len(RULER), SCALES[scale](found.rates)
    lines = [np.interp(place[ruler:], place[:ruler], error) for error in found.test_error[:ruler].T]
    return np.asarray(found.test_error[ruler:] - np.stack(lines, axis=1))


def shape_rows(found: Shapes, scale: str = SQUARES) -> list[Row]:
    """Return how far each shape lies off the ruler on a scale, paired by seed."""
    intervals = [profile_interval(values) for values in off_ruler(found, scale)]
    return [Row(name=n, interval=i, finding=_off(i)) for n, i in zip(found.names[len(RULER) :], intervals, strict=True)]


def shares(found: Shapes, scale: str | None = None) -> list[Row]:
    """Return the gain of each shape over the first step decay, as a share of the mean gain of the last one.

    Args:
        found: the runs.
        scale: None; or a key of :data:`SCALES`: the share of the step decay at the shape's place on it.

    Raises:
        ValueError: on the mean the last step decay gains nothing.
    """
    steps, error = len(RULER), found.test_error
    whole = float((error[0] - error[steps - 1]).mean())
    if not whole > 0:
        raise ValueError(f"`found` must hold step decays of which the last gains over the first, got {whole:+.4f}")
    ends = error[steps:] if scale is None else error[steps:] - off_ruler(found, scale)
    intervals = [profile_interval((error[0] - values) / whole) for values in ends]
    return [Row(name=n, interval=i, finding="") for n, i in zip(found.names[steps:], intervals, strict=True)]


def describe_shapes(found: Shapes) -> str:
    """Return which scale puts the shapes closest to the step decays, and a table of how close every scale puts them.

    How far a scale leaves the shapes off the ruler is their root mean square distance, one number per seed.
    """
    far = {scale: np.sqrt((off_ruler(found, scale) ** 2).mean(axis=0)) for scale in SCALES}
    best = min(far, key=lambda scale: far[scale].mean())
    gaps = {scale: profile_interval(far[scale] - far[best]) for scale in SCALES if scale != best}
    rivals = [scale for scale, gap in gaps.items() if not gap.low > 0]
    said = "closest to the ruler, beyond the spread of seeds"
    if rivals:
        said = f"closest to the ruler, but these seeds cannot tell it from the {' and the '.join(rivals)}"
    lines = [
        f"| {scale} | {profile_interval(far[scale])} | {gaps.get(scale, 'closest')} | {_off_the_line(found, scale)} |"
        for scale in SCALES
    ]
    head = (
        "| scale | off the ruler, root mean square | more than the closest | shapes off the line |\n|---|---|---|---|"
    )
    return "\n".join([f"**Verdict (exploratory).** The {best} puts these shapes {said}.\n", head, *lines])


def describe_shares(found: Shapes) -> str:
    """Return what share of the gain each shape gets, and what share time at a large rate alone would give it."""
    gain = profile_interval(found.test_error[0] - found.test_error[len(RULER) - 1])
    if not gain.low > 0:
        return f"The last step decay has no clear gain over the first, {gain}: there is nothing to share."
    lines = [
        f"| {own.name} | {_percent(own.interval)} | {_percent(step.interval)} |"
        for own, step in zip(shares(found), shares(found, TIME), strict=True)
    ]
    head = "| shape | its share | share of a step decay with as much time at a large rate |\n|---|---|---|"
    return "\n".join([f"The last step decay gains over the first: {gain}.\n", head, *lines])


def describe_gains(rows: list[Row]) -> str:
    """Return in a sentence where a late decay helps, hurts, and makes no clear difference."""
    groups = {finding: [row.name for row in rows if row.finding == finding] for finding in FINDINGS}
    words = [f"{finding} with *{'*, *'.join(names)}*" for finding, names in groups.items() if names]
    sentence = "; ".join(words)
    return f"**Verdict (exploratory).** {sentence[:1].upper()}{sentence[1:]}."


def describe_match(runs: Mapping[str, Arms]) -> str:
    """Return whether momentum ends where SGD does at the matched rate, and SGD at the written one: late decays, paired.

    An interval that holds 0 does not show that two are equal: its width says how far apart they may be.
    """
    found = {}
    for name in ("momentum 0.9", "Nesterov 0.9", "SGD, tenth of the rate"):
        interval = profile_interval(runs[name].final[-1] - runs["SGD"].final[-1])
        side = interval.word("worse than it", "better than it", "not told apart from it")
        found[name] = f"{name} **{interval}**, {side if np.isfinite(interval.low) else 'one pair only'}"
    *matched, control = found.values()
    return (
        f"Test error of the late decay minus that of SGD's late decay, at the matched rate: "
        f"{'; '.join(matched)}. Control, at the written rate without momentum: {control}."
    )


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


def _off_the_line(found: Shapes, scale: str) -> str:
    return ", ".join(row.name for row in shape_rows(found, scale) if row.finding != "on the line") or "none"


def _percent(i: Interval) -> str:
    return f"{i.estimate:.0%} [{i.low:.0%}, {i.high:.0%}]"


def _off(interval: Interval) -> str:
    if not np.isfinite(interval.low):
        return "one seed only"
    return interval.word("above the line", "below the line", "on the line")
