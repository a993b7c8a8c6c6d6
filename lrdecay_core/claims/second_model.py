"""Evidence for M8: on a product of matrices, too, later decay lands closer to minimum norm, and generalises better."""

from __future__ import annotations

import numpy as np

from lrdecay_core.claims.ledger import Control, Evidence, Row
from lrdecay_core.claims.statistics import profile_interval, rank_trend, thresholds
from lrdecay_core.experiments.model.second_model import FULL_RANK, HALF, MAIN, SILENT, TENTH, MatrixRuns

__all__ = ["NEAR", "SHARE", "STAYS", "describe_clock", "describe_landing", "excess_left", "second_model"]

NEAR = 1.05
"""Largest squared norm after the latest decay, over the least one."""
SHARE = 0.2
"""Largest share of the earliest decay's test loss that the latest may leave."""
STAYS = 0.8
"""Least share of the excess norm that the controls keep."""


def excess_left(runs: MatrixRuns, arm: str) -> np.ndarray:
    """Return the norm ratio less 1 after the latest decay, over that after the earliest, per problem (P,)."""
    ratio = runs.of("norm_ratio", arm) - 1
    return np.asarray(ratio[:, -1] / ratio[:, 0])


def second_model(runs: MatrixRuns) -> tuple[Evidence, Control]:
    """Judge M8: norm and test loss against the decay step, and the controls."""
    level = thresholds().confidence
    trend = rank_trend(runs.of("norm_ratio", MAIN).T, confidence=level)
    end = profile_interval(runs.of("norm_ratio", MAIN)[:, -1])
    left = profile_interval(_left(runs, MAIN))
    falls, near, gains = trend.high < 0, end.high <= NEAR, left.high <= SHARE
    rows = (
        Row(name="norm ratio against T, rank correlation", interval=trend, finding="falls" if falls else "no trend"),
        Row(name="norm ratio at the latest decay", interval=end, finding="near" if near else "not near"),
        Row(name="test loss, latest over earliest", interval=left, finding="enough" if gains else "too little"),
    )
    evidence = Evidence(
        statistic="squared norm after decay over its minimum, per problem",
        headline=end,
        margin=NEAR - end.high,
        rows=rows,
        verdict="reproduced" if falls and near and gains else "partly" if falls else "not reproduced",
    )
    kept = {arm: profile_interval(excess_left(runs, arm)) for arm in (TENTH, SILENT)}
    rise = profile_interval(_left(runs, FULL_RANK))
    stays = {arm: found.low >= STAYS for arm, found in kept.items()}
    shown = [
        Row(
            name=f"{arm}: share of the excess norm left", interval=kept[arm], finding="stays" if stays[arm] else "falls"
        )
        for arm in kept
    ]
    shown.append(
        Row(
            name=f"{FULL_RANK}: test loss, latest over earliest",
            interval=rise,
            finding="rises" if rise.low > 1 else "does not rise",
        )
    )
    control = Control(
        statistic="shares, per problem",
        headline=kept[TENTH],
        threshold=f"at least {STAYS:.0%} of the excess norm left at a tenth of the rate and without label noise; "
        "test loss above its start for a truth of full rank",
        rows=tuple(shown),
        failed=bool(all(stays.values()) and rise.low > 1),
    )
    return evidence, control


def describe_landing(runs: MatrixRuns) -> str:
    """Return norm and test loss after the earliest and the latest decay, and how exact the minimum is, in words."""
    ratio, loss = runs.of("norm_ratio", MAIN).mean(axis=0), runs.of("test_loss", MAIN).mean(axis=0)
    steps = runs.study.steps(MAIN)
    return (
        f"Mean over {len(runs.study.problems)} problems: with a decay at {steps[0]:,} the squared norm is "
        f"**{ratio[0]:.2f}** times its minimum and the test loss **{loss[0]:.3f}**; with one at {steps[-1]:,}, "
        f"**{ratio[-1]:.3f}** times and **{loss[-1]:.3f}**. The solution of least norm has test loss "
        f"{runs.least_test_loss[0].max():.0e} at most; its norm is certified to "
        f"{runs.least_gap.max():.0e}. The largest training loss left after decay is {runs.train_loss[0].max():.0e}."
    )


def describe_clock(runs: MatrixRuns) -> str:
    """Return how the imbalance compares with its law, and two rates with one another, as one sentence each."""
    at = runs.study.depths.index(1.0)
    shrunk = runs.of("imbalance", MAIN)[:, at].mean()
    half = runs.of("imbalance", HALF)[:, at].mean()
    ratio = [runs.of("norm_ratio", arm)[:, at].mean() for arm in (MAIN, HALF)]
    return (
        f"At $(\\sigma^2/B)\\,\\eta^2T = 1$ the imbalance has shrunk to **{shrunk:.3f}** of its start, at half the "
        f"rate to **{half:.3f}**; the law says {np.exp(-1):.3f}. The norm ratio there is {ratio[0]:.3f} and "
        f"{ratio[1]:.3f}, with {runs.study.steps(MAIN)[at]:,} and {runs.study.steps(HALF)[at]:,} steps."
    )


def _left(runs: MatrixRuns, arm: str) -> np.ndarray:
    loss = runs.of("test_loss", arm)
    return np.asarray(loss[:, -1] / loss[:, 0])
