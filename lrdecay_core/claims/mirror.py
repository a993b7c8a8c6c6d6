"""Evidence for N5: five statistics of how the testing loss lies over the training valley, for networks and model.

Rules that the claim left open, fixed before the runs. *In a seed*: the testing loss falls from E to L, on at least 0.9
of the line. *Elongated*: at least twice as long as wide (1 would be no condition, the longer side is never the
shorter), on the plane with O found from L and on that with O found from E. *Outside*: the median over seeds is not
between the quartiles of either control of the claim, each taken by itself. The model's two further controls are shown
and do not decide: without label noise E and L all but coincide, and then t* is anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from lrdecay_core.claims.ledger import Control, Evidence, Row
from lrdecay_core.claims.likeness import STATISTICS, Values, plane_correlations, table
from lrdecay_core.claims.statistics import Interval, profile_interval
from lrdecay_core.experiments.landscapes.mirror import MODEL, Mirror

__all__ = [
    "BOUNDS",
    "CONTROLS",
    "Finding",
    "criterion",
    "describe_findings",
    "describe_planes",
    "describe_verdict",
    "findings",
    "judge",
    "mirrored",
]

CONTROLS = ("unrelated", "small rate")
"""Those that the claim names, for networks and model alike."""
SEEDS_SHARE = 0.8
BOUNDS = {
    "test drop": 0.0,
    "falling share": 0.9,
    "t*": 1.0,
    "nearer by": 0.0,
    "aspect, O from L": 2.0,
    "aspect, O from E": 2.0,
}
"""What each must exceed; the falling share may equal it."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One statistic of one subject, held to its criterion and against its controls."""

    subject: str
    statistic: str
    interval: Interval
    """Mean over seeds, at the confidence of the profile in force."""
    holds: bool
    """The criterion."""
    inside: tuple[str, ...]
    """Controls between whose quartiles the median falls."""

    @property
    def passes(self) -> bool:
        """The criterion holds and the value is outside both controls."""
        return self.holds and not self.inside


def criterion(statistic: str, values: np.ndarray) -> bool:
    """Return whether S values meet the criterion of that statistic.

    Test drop and falling share: in at least 80 % of the seeds. The others: the whole interval of the mean.
    """
    bound = BOUNDS[statistic]
    if statistic == "test drop":
        return bool((values > bound).mean() >= SEEDS_SHARE)
    if statistic == "falling share":
        return bool((values >= bound).mean() >= SEEDS_SHARE)
    return bool(profile_interval(values).low > bound)


def findings(numbers: Mapping[str, Mapping[str, Values]]) -> list[Finding]:
    """Return one finding per subject and statistic; ``numbers`` as :func:`table` returns them."""
    return [
        Finding(
            subject=subject,
            statistic=name,
            interval=profile_interval(kinds["main"][name]),
            holds=criterion(name, kinds["main"][name]),
            inside=tuple(k for k in CONTROLS if _between(kinds["main"][name], kinds[k][name])),
        )
        for subject, kinds in numbers.items()
        for name in STATISTICS
    ]


def mirrored(found: list[Finding]) -> dict[tuple[str, str], bool]:
    """Return (network, one of the five) -> whether it passes for the network and for the model alike."""
    passed: dict[tuple[str, str], bool] = {}
    for f in found:
        place = f.subject, f.statistic.split(",")[0]
        passed[place] = passed.get(place, True) and f.passes
    return {(subject, name): ok and passed[MODEL, name] for (subject, name), ok in passed.items() if subject != MODEL}


def judge(result: Mirror) -> tuple[Evidence, Control]:
    """Judge N5: all five statistics in every network: reproduced; none in any: not reproduced; else partly."""
    numbers = table(result)
    found = findings(numbers)
    passed = mirrored(found)
    first = next(f for f in found if f.subject != MODEL and f.statistic == "t*")
    evidence = Evidence(
        statistic="mean over seeds of the statistic named in the row; the headline is t* of the first network",
        headline=first.interval,
        margin=first.interval.low - 1,
        rows=tuple(Row(name=f"{f.subject}: {f.statistic}", interval=f.interval, finding=_words(f)) for f in found),
        verdict="reproduced" if all(passed.values()) else "partly" if any(passed.values()) else "not reproduced",
    )
    return evidence, _control(numbers)


def describe_findings(result: Mirror) -> str:
    """Return the mirror table as Markdown: medians with quartiles over seeds, subject by subject, controls below."""
    lines = ["| " + " | ".join(["", *STATISTICS]) + " |", "|---" * (1 + len(STATISTICS)) + "|"]
    for subject, kinds in table(result).items():
        for kind, values in kinds.items():
            name = f"**{subject}**, {len(values['t*'])} pairs" if kind == "main" else kind
            lines.append("| " + " | ".join([name, *(_quartiles(values[n]) for n in STATISTICS)]) + " |")
    return "\n".join(lines)


def describe_verdict(result: Mirror) -> str:
    """Return two Markdown paragraphs per network: what it shares with the model, and what not, with the reason."""
    found = findings(table(result))
    passed, lines = mirrored(found), []
    for network in result.study.networks:
        common = [name for (subject, name), ok in passed.items() if subject == network and ok]
        reasons = [
            f"{f.statistic} ({f.subject}: {_words(f)})"
            for f in found
            if f.subject in (network, MODEL) and not f.passes and f.statistic.split(",")[0] not in common
        ]
        lines += [
            f"**{network}, what holds:** {', '.join(common) or 'none of the five'}.",
            f"**{network}, what does not:** {'; '.join(reasons) or 'nothing of the five'}.",
        ]
    return "\n\n".join(lines)


def describe_planes(result: Mirror) -> str:
    """Return in one sentence per network how its whole testing plane correlates with the model's, and its control's."""
    numbers = plane_correlations(result)
    return " ".join(
        f"{network}: median rank correlation of the testing plane with the model's "
        f"**{np.median(numbers[network]['main']['test']):.2f}**; of two unrelated solutions of the same network "
        f"**{np.median(numbers[network]['unrelated']['test']):.2f}**."
        for network in result.study.networks
    )


def _control(numbers: Mapping[str, Mapping[str, Values]]) -> Control:
    """Hold every control to the same five criteria: none may meet them all."""
    rows, whole = [], []
    for subject, kinds in numbers.items():
        for kind, values in kinds.items():
            if kind == "main":
                continue
            met = {name: criterion(name, values[name]) for name in STATISTICS}
            five = {name.split(",")[0] for name in met} - {name.split(",")[0] for name, ok in met.items() if not ok}
            whole.append(len(five) == len({name.split(",")[0] for name in met}))
            rows.append(
                Row(
                    name=f"{subject}: {kind}, t*",
                    interval=profile_interval(values["t*"]),
                    finding=f"meets {len(five)} of 5 criteria" + (f": {', '.join(sorted(five))}" if five else ""),
                )
            )
    return Control(
        statistic="mean over pairs of t*, and which of the five criteria the control meets",
        headline=rows[int(np.argmax(whole))].interval,
        threshold="no control meets all five criteria",
        rows=tuple(rows),
        failed=not any(whole),
    )


def _between(main: np.ndarray, control: np.ndarray) -> bool:
    low, high = np.quantile(control, [0.25, 0.75])
    return bool(low <= np.median(main) <= high)


def _words(found: Finding) -> str:
    where = "outside both controls" if not found.inside else f"not told from {', '.join(found.inside)}"
    return f"{'meets its criterion' if found.holds else 'misses its criterion'}; {where}"


def _quartiles(values: np.ndarray) -> str:
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
    return f"{middle:.2f} [{low:.2f}, {high:.2f}]"
