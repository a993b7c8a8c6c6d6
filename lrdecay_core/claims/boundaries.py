"""Evidence for B1 and B2: labels that can be memorised, and noise that stops; and the sections that judge nothing."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from lrdecay_core.claims.ledger import Control, Evidence, Row
from lrdecay_core.claims.statistics import Interval, mean_interval, profile_interval, thresholds
from lrdecay_core.experiments.model.label_noise_off import SilentModel
from lrdecay_core.experiments.networks.arms import Arms
from lrdecay_core.experiments.networks.boundaries import FRESH, SILENT

__all__ = ["MARGIN", "corruption", "gain", "gains", "persistence", "word_of_margin"]

MARGIN = 0.005
"""Changes of test error inside +- this share count as none."""
CARRIER, CLEAN = "20%", "0%"

Runs = Mapping[str, Arms]


def gain(arms: Arms, *, confidence: float | None = None) -> Interval:
    """Return the final test error of the first decay minus that of the last one, paired by seed."""
    level = thresholds().confidence if confidence is None else confidence
    return mean_interval(arms.final[0] - arms.final[-1], confidence=level)


def gains(runs: Runs) -> list[Row]:
    """Return the gain of every condition as rows, for the sections that are exploratory."""
    return [Row(name=name, interval=gain(arms), finding=_side(gain(arms))) for name, arms in runs.items()]


def corruption(runs: Runs) -> tuple[Evidence, Control]:
    """Judge B1: early minus late at every share of corrupted labels; the clean ones are the control."""
    found = {name: gain(arms) for name, arms in runs.items()}
    rows = [
        Row(name=f"{name} corrupted", interval=interval, finding=_side(interval))
        for name, interval in found.items()
        if name != CLEAN
    ]
    headline, clean = found[CARRIER], found[CLEAN]
    evidence = Evidence(
        statistic="final test error of the early decay minus that of the late one (share of test samples)",
        headline=headline,
        margin=-headline.high,
        rows=tuple(rows),
        verdict="reproduced" if headline.high < 0 else "not reproduced",
    )
    return evidence, Control(
        statistic="the same on clean labels",
        headline=clean,
        threshold="interval not below 0",
        rows=(Row(name="clean labels", interval=clean, finding=_side(clean)),),
        failed=bool(clean.high >= 0),
    )


def persistence(runs: Runs, model: SilentModel) -> tuple[Evidence, Control]:
    """Judge B2: change of the decayed test error from T to 4T without noise, on network and model.

    Two one-sided tests at 5 % are one interval at 90 % inside the margin. It must lie there for any verdict but "not
    reproduced"; "partly" is left where the trunk does not interpolate or the model breaks its bound.
    """
    level = 1 - 2 * (1 - thresholds().confidence)
    change, fresh = (gain(runs[name], confidence=level) for name in (SILENT, FRESH))
    silent = runs[SILENT]
    fitted = silent.at("train_error", -1, silent.decay_epochs[0])  # up to its fork the last arm is the trunk
    share = profile_interval(np.abs(model.change[1]) / model.bound)
    interpolates = bool((fitted == 0).all())
    bounded = bool((np.abs(model.change[1]) <= model.bound).all())
    rows = (
        Row(name="network, no persistent noise", interval=change, finding=_margin(change)),
        Row(
            name="its trunk at T: training samples missed",
            interval=mean_interval(fitted),
            finding="interpolates" if interpolates else "does not interpolate yet",
        ),
        Row(
            name="model, no label noise: change of log a over the bound of Theorem G",
            interval=share,
            finding="within the bound" if bounded else "BEYOND THE BOUND",
        ),
    )
    # without the network's margin nothing is learnt: the model's half is a theorem
    held = "reproduced" if interpolates and bounded else "partly"
    verdict = held if _inside(change) else "not reproduced"
    loud = profile_interval(model.change[0] / model.bound)
    evidence = Evidence(
        statistic=f"test error of a decay at T minus that of one at 4T, {level:.0%} interval (share of test samples)",
        headline=change,
        margin=MARGIN - max(abs(change.low), abs(change.high)),
        rows=rows,
        verdict=verdict,
    )
    return evidence, Control(
        statistic="the same with fresh label noise",
        headline=fresh,
        threshold=f"change outside the margin of {MARGIN:g}",
        rows=(
            Row(name="network, fresh label noise", interval=fresh, finding=_margin(fresh)),
            Row(
                name="model, label noise: change of log a over the bound", interval=loud, finding="no part of the test"
            ),
        ),
        failed=bool(fresh.low > MARGIN or fresh.high < -MARGIN),
    )


def word_of_margin(interval: Interval, inside: str, outside: str, otherwise: str) -> str:
    """Return the word for an interval that lies inside the margin, wholly outside it, or neither."""
    if _inside(interval):
        return inside
    return outside if interval.low > MARGIN or interval.high < -MARGIN else otherwise


def _inside(interval: Interval) -> bool:
    return bool(interval.low > -MARGIN and interval.high < MARGIN)


def _margin(interval: Interval) -> str:
    return word_of_margin(interval, f"no change beyond {MARGIN:g}", f"changes by more than {MARGIN:g}", "undecided")


def _side(interval: Interval) -> str:
    if not np.isfinite(interval.low):
        return "one pair only"
    return interval.word("late is better", "late is worse", "no clear difference")
