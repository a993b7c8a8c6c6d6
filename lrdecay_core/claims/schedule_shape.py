"""Evidence for M7: of a schedule only the sum of squared rates counts."""

from __future__ import annotations

import numpy as np

from lrdecay_core.claims.ledger import Control, Evidence, Row
from lrdecay_core.claims.statistics import Interval, profile_interval
from lrdecay_core.experiments.model.schedule_shape import EQUAL, SHAPES, ShapeRuns

__all__ = ["AGREE", "DIFFER", "JUDGED", "describe_prediction", "shape_law", "spread", "to_constant"]

JUDGED = ("constant", "cosine", "linear", "cyclic")
"""The shapes the claim names; the fifth is shown beside them."""
AGREE, DIFFER = 0.05, 0.20
"""Largest difference at one sum of squares, and least difference at one sum of rates."""


def to_constant(runs: ShapeRuns, equal: str, shape: str) -> np.ndarray:
    """Return the final test loss after decay over that of the constant rate, less 1, per problem (P,)."""
    final = runs.mean[EQUAL.index(equal), :, :, -1]
    return np.asarray(final[SHAPES.index(shape)] / final[SHAPES.index("constant")] - 1)


def spread(runs: ShapeRuns, equal: str) -> np.ndarray:
    """Return the largest over the smallest final test loss of the judged shapes, less 1, per problem (P,)."""
    final = runs.mean[EQUAL.index(equal), [SHAPES.index(shape) for shape in JUDGED], :, -1]
    return np.asarray(final.max(axis=0) / final.min(axis=0) - 1)


def shape_law(runs: ShapeRuns) -> tuple[Evidence, Control]:
    """Judge M7: shapes of one sum of squares agree, shapes of one sum of rates do not."""
    headline = profile_interval(spread(runs, "squares"))
    rows = [Row(name="largest over smallest of the four, less 1", interval=headline, finding=_within(headline))]
    near = {shape: profile_interval(to_constant(runs, "squares", shape)) for shape in SHAPES[1:]}
    rows += [Row(name=f"{shape} over constant, less 1", interval=i, finding=_within(i)) for shape, i in near.items()]
    each = all(_within(near[shape]).startswith("within") for shape in JUDGED[1:])
    evidence = Evidence(
        statistic="relative difference of the test loss after decay at one sum of η², per problem",
        headline=headline,
        margin=AGREE - headline.high,
        rows=tuple(rows),
        verdict="reproduced" if headline.high <= AGREE else "partly" if each else "not reproduced",
    )
    far = {shape: profile_interval(to_constant(runs, "rates", shape)) for shape in SHAPES[1:]}
    apart = {shape: bool(i.low > DIFFER or i.high < -DIFFER) for shape, i in far.items()}
    control = Control(
        statistic="the same at one sum of eta",
        headline=far["linear"],
        threshold=f"cosine, linear and cyclic each more than {DIFFER:.0%} from constant, the whole interval",
        rows=tuple(
            Row(name=f"{shape} over constant, less 1", interval=i, finding="apart" if apart[shape] else "not apart")
            for shape, i in far.items()
        ),
        failed=all(apart[shape] for shape in JUDGED[1:]),
    )
    return evidence, control


def describe_prediction(runs: ShapeRuns) -> str:
    """Return how far predicted end points are from measured ones over all shapes, and one difference of shapes."""
    off = runs.predicted[..., -1, :] / runs.mean[..., -1, None] - 1
    leading, first = (np.abs(off[..., order].mean(axis=2)).max() for order in (0, 1))
    names = [f"{s}, one sum of {'squares' if e == 'squares' else 'rates'}" for e in EQUAL for s in SHAPES]
    worst = names[int(np.abs(off[..., 1].mean(axis=2)).argmax())]
    end = runs.predicted[0, :, :, -1, 1]
    expected = (end[SHAPES.index("cosine")] / end[SHAPES.index("constant")]).mean() - 1
    measured = to_constant(runs, "squares", "cosine").mean()
    return (
        f"Predicted end points, mean over {runs.mean.shape[2]} problems: to first order the worst of the "
        f"{len(names)} schedules ({worst}) is **{first:.1%}** off the measured one, to leading order the worst is "
        f"{leading:.1%} off. At one sum of squares, cosine over constant differs by {measured:+.1%}, predicted "
        f"{expected:+.1%}."
    )


def _within(found: Interval) -> str:
    inside = found.low >= -AGREE and found.high <= AGREE
    return f"within {AGREE:.0%}" if inside else f"not within {AGREE:.0%}"
