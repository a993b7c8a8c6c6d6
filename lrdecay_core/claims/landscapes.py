"""Evidence for N3 and N4: training moves along one valley; the later the decay, the nearer a testing minimum."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from lrdecay_core.claims.ledger import Control, Evidence, Row
from lrdecay_core.claims.statistics import Interval, profile_interval, rank_trend, thresholds
from lrdecay_core.experiments.landscapes.solutions import Solutions
from lrdecay_core.experiments.landscapes.valley_walk import Walk

__all__ = [
    "along",
    "barrier",
    "describe",
    "describe_descents",
    "excess",
    "higher_barrier",
    "nearer",
    "one_valley",
    "share_of_fall",
    "trends",
]


BARRIER, RATIO = 0.05, 3.0
"""Largest relative barrier, and least motion along over excursion across, fixed before the runs."""


def excess(walk: Walk) -> Interval:
    """Return (a): training loss of the worst later end minus that of the earliest, past phase I; at most 0 holds."""
    return profile_interval((walk.train_loss[1:] - walk.train_loss[0]).max(axis=0))


def barrier(walk: Walk) -> Interval:
    """Return (b): the largest relative barrier on any line between ends; at most ``BARRIER`` holds."""
    return profile_interval(walk.barrier.max(axis=0))


def along(walk: Walk) -> Interval:
    """Return (c): distance between first and last end over the largest excursion; at least ``RATIO`` holds."""
    return profile_interval(walk.ratio)


def higher_barrier(walk: Walk, others: np.ndarray) -> Interval:
    """Return the relative barrier to ends ``others`` (S,) minus the largest one along the walk, paired by seed."""
    return profile_interval(others - walk.barrier.max(axis=0))


def one_valley(walks: Mapping[str, Walk]) -> tuple[Evidence, Control]:
    """Judge N3: three parts per network, each by its whole interval; and lines to siblings and to other seeds."""
    rows, margins = [], []
    for name, walk in walks.items():
        epochs = ", ".join(map(str, walk.decay_epochs))
        parts = (
            ("(a) training loss above the earliest end's", excess(walk), 0.0, -1),
            ("(b) relative barrier", barrier(walk), BARRIER, -1),
            ("(c) motion along over excursion across", along(walk), RATIO, 1),
        )
        for what, interval, bound, side in parts:
            margin = interval.low - bound if side > 0 else bound - interval.high
            finding = f"{'holds' if margin >= 0 else 'fails'}: {'at least' if side > 0 else 'at most'} {bound:g}"
            rows.append(Row(name=f"{name}, decays at {epochs}: {what}", interval=interval, finding=finding))
            margins.append(margin)
    holds = sum(margin >= 0 for margin in margins)
    verdict = "reproduced" if holds == len(margins) else "partly" if holds else "not reproduced"
    evidence = Evidence(
        statistic="(a) training loss, (b) rise on the line over the mean loss in random directions, (c) ratio of "
        "distances; each the worst over arms, mean over seeds; a part holds if its whole interval does",
        headline=rows[1].interval,
        margin=margins[1],
        rows=tuple(rows),
        verdict=verdict,
    )
    return evidence, _control(walks)


def describe(walks: Mapping[str, Walk]) -> str:
    """Return the rises themselves, and the distances, as a Markdown table."""
    lines = [
        "| | largest rise along the walk | rise to the sibling | rise to another seed, aligned | "
        "distance first to last end | largest excursion |",
        "|---|---|---|---|---|---|",
    ]
    for name, walk in walks.items():
        values = (walk.rise.max(axis=0), *walk.kin_rise, walk.between, walk.excursion.max(axis=0))
        lines.append(f"| {name} | " + " | ".join(f"{np.mean(v):.3g}" for v in values) + " |")
    return "\n".join(lines)


def _control(walks: Mapping[str, Walk]) -> Control:
    rows, unjudged = [], []
    for name, walk in walks.items():
        kin = (("siblings", walk.siblings), ("other seeds, aligned", walk.unrelated))
        for (what, others), rise in zip(kin, walk.kin_rise, strict=True):
            more, plain = higher_barrier(walk, others), profile_interval(rise - walk.rise.max(axis=0))
            finding = f"relative barrier {others.mean():.3f}: {_higher(more)}"
            rows.append(Row(name=f"{name}: {what}", interval=more, finding=finding))
            unjudged.append(
                Row(name=f"{name}: {what}, the rise itself (not judged)", interval=plain, finding=_higher(plain))
            )
    return Control(
        statistic="relative barrier between ends that share no valley walk, minus the largest one along the walk",
        headline=min((row.interval for row in rows), key=lambda i: -np.inf if np.isnan(i.low) else i.low),
        threshold="above 0 for siblings and for other seeds, in both networks",
        rows=(*rows, *unjudged),
        failed=all(row.interval.low > 0 for row in rows),
    )


def _higher(more: Interval) -> str:
    return "higher" if more.low > 0 else "not clearly higher"


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
    return evidence, _stays(cells, controls)


def share_of_fall(main: Solutions, control: Solutions) -> tuple[Interval, Interval]:
    """Return how far the distance falls, first decay minus last: the main run up to the control's travel, the control.

    Travel is rate times epochs. The main run's last arm is the latest whose travel is at most the control's.
    """

    def travel(found: Solutions) -> np.ndarray:
        return found.runs.config.learning_rate * np.array(found.runs.decay_epochs)

    last = int(np.flatnonzero(travel(main) <= travel(control)[-1] * (1 + 1e-9))[-1])
    ours, theirs = main.distance, control.distance
    return profile_interval(ours[0] - ours[last]), profile_interval(theirs[0] - theirs[-1])


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


def _stays(cells: Mapping[str, Solutions], controls: Mapping[str, Solutions]) -> Control:
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


def _listed(values: Iterable[float], form: str) -> str:
    return " / ".join(format(v, form) for v in values)
