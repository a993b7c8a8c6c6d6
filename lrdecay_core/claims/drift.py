"""Why a network without lasting noise drifts: does it stop where its loss can reach zero? Exploratory, no claim."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from lrdecay_core.claims.boundaries import word_of_margin
from lrdecay_core.claims.ledger import Row
from lrdecay_core.claims.statistics import profile_interval
from lrdecay_core.experiments.networks.arms import Arms
from lrdecay_core.experiments.networks.boundaries import CROSS_ENTROPY, SQUARED, SQUARED_FRESH

__all__ = ["describe_drift", "drift", "predictions"]

HELD, FAILED, OPEN = "held", "FAILED", "undecided"


def drift(arms: Arms, *, level: bool = True) -> np.ndarray:
    """Return the test error (S,) of a decay at T minus that of one at 4T.

    Args:
        arms: one condition.
        level: after tails of one length; False: at the end of the budget, where the early decay has the longer tail.
    """
    error = arms.level if level else arms.final
    return np.asarray(error[0] - error[-1])


def predictions(runs: Mapping[str, Arms]) -> list[Row]:
    """Return what must be so if the loss above zero is what moves the network, and whether it is: paired by seed."""
    loud, rest = runs[CROSS_ENTROPY], runs[SQUARED]
    way, left = profile_interval(loud.travel[-1] - rest.travel[-1]), profile_interval(drift(rest))
    less = profile_interval(drift(rest) - drift(loud))
    return [
        Row(name="the trunk moves less with squared loss", interval=way, finding=way.word(HELD, FAILED, OPEN)),
        Row(
            name="with squared loss the test error stays inside B2's margin",
            interval=left,
            finding=word_of_margin(left, HELD, FAILED, OPEN),
        ),
        Row(name="it rises less than with cross-entropy", interval=less, finding=less.word(HELD, FAILED, OPEN)),
    ]


def describe_drift(runs: Mapping[str, Arms]) -> str:
    """Return whether the explanation stands, prediction by prediction, what the control did, and a row per condition.

    Args:
        runs: the conditions that :func:`predictions` reads and the control; what else they hold has its row.
    """
    rows, rest, fresh = predictions(runs), runs[SQUARED], runs[SQUARED_FRESH]
    moves = profile_interval(fresh.travel[-1] - rest.travel[-1])
    if rest.at("train_error", -1, rest.decay_epochs[0]).any():  # up to its fork the last arm is the trunk
        said = "No answer: with squared loss the trunk does not fit every sample at T"
    elif not moves.low > 0:
        said = "No answer: the control does not move"
    else:
        said = _outcome([row.finding for row in rows])
    itself = profile_interval(drift(runs[CROSS_ENTROPY])).word("falls", "rises", "shows no clear drift")
    found = "; ".join(f"{row.name}: **{row.finding}** ({row.interval})" for row in rows)
    head = (
        "| condition | training loss at T | at 4T | way of the trunk | change at equal tails |\n|---|---|---|---|---|"
    )
    return "\n".join(
        [
            f"**Verdict (exploratory).** {said}. At equal tails, {found}. "
            f"With cross-entropy itself the test error {itself} on these samples. "
            f"Control: with fresh label noise the trunk moves by more of its norm than without, {moves}.\n",
            head,
            *(_line(name, arms) for name, arms in runs.items()),
        ]
    )


def _outcome(findings: list[str]) -> str:
    if FAILED in findings:
        return "The explanation is refuted here: a prediction failed"
    if OPEN in findings:
        held = f"{findings.count(HELD)} of {len(findings)} predictions held, the rest is undecided"
        return f"The explanation is neither confirmed nor refuted: {held}"
    return "The explanation is confirmed here: every prediction held"


def _line(name: str, arms: Arms) -> str:
    early, late = (arms.at("train_loss", -1, epoch).mean() for epoch in (arms.decay_epochs[0], arms.decay_epochs[-1]))
    way = profile_interval(arms.travel[-1])
    losses = f"{early:.1e} | {late:.1e}".replace("-", "−")  # no line breaks after this sign
    return f"| {name} | {losses} | {way} | {profile_interval(drift(arms))} |"
