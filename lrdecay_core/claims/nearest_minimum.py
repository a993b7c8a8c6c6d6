"""Evidence for N4: the later the decay, the nearer it ends to a minimum of the testing loss."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from lrdecay_core.claims.ledger import Control, Evidence, Row
from lrdecay_core.claims.statistics import Interval, profile_interval, rank_trend, thresholds
from lrdecay_core.experiments.landscapes.solutions import Solutions

__all__ = ["describe_descents", "nearer", "share_of_fall", "trends"]


def trends(found: Solutions) -> dict[str, Interval]:
    """Return rank correlations with T: of the distance to the test-optimal solution, and of the test loss to gain."""
    return {
        "distance": rank_trend(found.distance, confidence=thresholds().confidence),
        "testing loss to gain": rank_trend(found.gain, confidence=thresholds().confidence),
    }


def nearer(cells: Mapping[str, Solutions], controls: Mapping[str, Solutions]) -> tuple[Evidence, Control]:
    """Judge N4: in every squared-loss network both distance and loss to gain must fall with T; in the control not."""
    rows, falls = [], []
    for name, found in cells.items():
        both = trends(found)
        for what, trend in both.items():
            rows.append(Row(name=f"{name}: {what}", interval=trend, finding=_finding(trend)))
        per_root = rank_trend(found.distance / np.sqrt(found.gain), confidence=thresholds().confidence)
        rows.append(
            Row(
                name=f"{name}: distance over the root of the loss to gain (not judged)",
                interval=per_root,
                finding=_finding(per_root),
            )
        )
        falls.append(max(trend.high for trend in both.values()))
    holds = sum(high < 0 for high in falls)
    verdict = "not reproduced" if holds == 0 else "reproduced" if holds == len(falls) else "partly"
    evidence = Evidence(
        statistic="rank correlation with the decay epoch, mean over seeds",
        headline=rows[0].interval,
        margin=-max(falls),
        rows=tuple(rows),
        verdict=verdict,
    )
    return evidence, _control(cells, controls)


def share_of_fall(main: Solutions, control: Solutions) -> tuple[Interval, Interval]:
    """Return how far the distance falls, first decay minus last: the main run up to the control's travel, the control.

    Travel is rate times epochs. The main run's last arm is the latest whose travel is at most the control's.
    """

    def travel(found: Solutions) -> np.ndarray:
        return found.runs.config.learning_rate * np.array(found.runs.decay_epochs)

    last = int(np.flatnonzero(travel(main) <= travel(control)[-1] * (1 + 1e-9))[-1])
    return tuple(  # type: ignore[return-value]
        profile_interval(d[0] - d[k]) for d, k in ((main.distance, last), (control.distance, -1))
    )


def describe_descents(cells: Mapping[str, Solutions]) -> str:
    """Return where the descents on the testing loss began and ended, as a Markdown table."""
    lines = [
        "| | decay epochs | distance to the test-optimal solution | testing loss to gain | ended by rule |",
        "|---|---|---|---|---|",
    ]
    for name, found in cells.items():
        ended = np.isin(found.reason, ("loss", "gradient"))
        lines.append(
            f"| {name} | {_listed(found.runs.decay_epochs, 'd')} | {_listed(found.distance.mean(axis=1), '.2f')} | "
            f"{_listed(found.gain.mean(axis=1), '.3f')} | {ended.sum()} of {ended.size} |"
        )
    return "\n".join(lines)


def _control(cells: Mapping[str, Solutions], controls: Mapping[str, Solutions]) -> Control:
    rows, failed = [], []
    main = next(iter(cells.values()))
    for name, found in controls.items():
        both = trends(found)
        for what, trend in both.items():
            rows.append(Row(name=f"{name}: {what}", interval=trend, finding=_finding(trend)))
        large, small = share_of_fall(main, found)
        finding = f"against {large.estimate:.2f} in the main run over no more travel"
        rows.append(Row(name=f"{name}: fall of the distance, first to last", interval=small, finding=finding))
        failed.append(any(not trend.high < 0 for trend in both.values()) and all(t.n >= 2 for t in both.values()))
    return Control(
        statistic="rank correlation with the decay epoch, mean over seeds",
        headline=rows[0].interval,
        threshold="distance and testing loss to gain do not both fall with T",
        rows=tuple(rows),
        failed=all(failed) and bool(failed),
    )


def _finding(trend: Interval) -> str:
    if not trend.n:
        return "not measured"
    return trend.word("rises with T", "falls with T", "no clear trend")


def _listed(values: object, form: str) -> str:
    return " / ".join(format(v, form) for v in values)  # type: ignore[attr-defined]
