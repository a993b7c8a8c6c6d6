"""Evidence for M2 and M5: waiting leads to the minimum norm, and what the minimum norm is worth."""

from __future__ import annotations

import math

import numpy as np
from scipy import stats

from lrdecay_core import theory
from lrdecay_core.claims.ledger import Control, Evidence, Row
from lrdecay_core.claims.statistics import Interval, mean_interval, thresholds
from lrdecay_core.experiments.model.minimum_norm import MAIN, QUIET, SLOW_RATE, SMALL_QUIET, Norms
from lrdecay_core.experiments.model.recovery import ESTIMATORS, Results

__all__ = [
    "describe_bounds",
    "describe_results",
    "near_optimal",
    "proportion",
    "ratio_of_medians",
    "towards_minimum",
    "width_bound",
]

END_RATIO, EXPONENT = 1.01, 0.02
"""M2: the norm ratio in the end, and how far the exponent may be from 1 - kappa*."""
STAYS = 0.8
"""M2's control: at a tenth of the rate the ratio keeps at least this share of its start."""
FROZEN = 1e-3
"""M2's control: without label noise the ratio changes by at most this share once phase I is over."""
RECOVERED, OF_LASSO, OF_L2 = 0.9, 1.5, 1 / 3
"""M5: share of designs, and the excess risk as a multiple of that of the tuned lasso and of minimum l2."""


def towards_minimum(found: Norms) -> tuple[Evidence, Control]:
    """Judge M2: the norm ratio after decay against T, the exponent, and three arms without the cause."""
    level = thresholds().confidence
    mean = found.ratio[MAIN].mean(axis=2)
    falls = (np.diff(mean, axis=1) < 0).all(axis=1)
    end = mean_interval(mean[:, -1], confidence=level)
    off = found.slope - (1 - found.kappa)
    worst = float(np.abs(off).max())
    rows = (
        Row(
            name=f"squared norm over its minimum, decay at T = {found.decay_steps[0]}",
            interval=mean_interval(mean[:, 0], confidence=level),
            finding="start",
        ),
        Row(
            name=f"the same, decay at T = {found.decay_steps[-1]}",
            interval=end,
            finding=f"falls at every T in {falls.sum()} of {len(falls)} problems, largest end {mean[:, -1].max():.4f}",
        ),
        Row(
            name="exponent of the distance minus (1 - kappa*)",
            interval=mean_interval(off, confidence=level),
            finding=f"largest deviation {worst:.4f}",
        ),
    )
    parts = [bool(falls.all() and end.estimate <= END_RATIO), worst <= EXPONENT]
    evidence = Evidence(
        statistic="squared norm after decay over its minimum on the manifold; replicas averaged, problems are the n",
        headline=end,
        margin=END_RATIO - end.estimate,
        rows=rows,
        verdict="reproduced" if all(parts) else "partly" if any(parts) else "not reproduced",
    )
    return evidence, _no_cause(found, level)


def _no_cause(found: Norms, level: float) -> Control:
    kept = (found.ratio[SLOW_RATE][:, -1] / found.ratio[SLOW_RATE][:, 0]).mean(axis=1)
    settled = int(np.searchsorted(found.decay_steps, 1000))
    moved = [
        np.abs(found.ratio[arm][:, -1] / found.ratio[arm][:, settled] - 1).max(axis=1) for arm in (QUIET, SMALL_QUIET)
    ]
    share = found.taken[SMALL_QUIET].max(axis=(1, 2)) / found.bound
    rows = [
        Row(
            name=f"{SLOW_RATE}: end over start",
            interval=mean_interval(kept, confidence=level),
            finding=f"smallest {kept.min():.3f}",
        )
    ]
    for arm, change in zip((QUIET, SMALL_QUIET), moved, strict=True):
        name = f"{arm}: change of the ratio after T = {found.decay_steps[settled]}"
        rows.append(
            Row(name=name, interval=mean_interval(change, confidence=level), finding=f"largest {change.max():.1e}")
        )
    rows.append(
        Row(
            name=f"{SMALL_QUIET}: log(a_0 / a_T) over Theorem G's bound",
            interval=mean_interval(share, confidence=level),
            finding=f"largest {share.max():.4f}",
        )
    )
    frozen = all(bool((change <= FROZEN).all()) for change in moved)
    return Control(
        statistic="squared norm after decay over its minimum",
        headline=rows[0].interval,
        threshold=f"a tenth of the rate keeps at least {STAYS:.0%} of the start; without label noise the ratio moves "
        f"by at most {FROZEN:.1%} and the scale stays within Theorem G's bound",
        rows=tuple(rows),
        failed=bool((kept >= STAYS).all()) and frozen and bool((share <= 1).all()),
    )


def width_bound(num_features: int, sparsity: int) -> int:
    """Return the Gaussian-width bound on the number of samples in closed form, 2s log(d/s) + 1.16 s, rounded up."""
    return math.ceil(2 * sparsity * math.log(num_features / sparsity) + 1.16 * sparsity)


def proportion(hits: int, n: int) -> Interval:
    """Return hits / n with its Clopper-Pearson interval."""
    found = stats.binomtest(hits, n).proportion_ci(confidence_level=thresholds().confidence)
    return Interval(hits / n, float(found.low), float(found.high), n)


def ratio_of_medians(first: np.ndarray, second: np.ndarray) -> Interval:
    """Return median(first) / median(second) over problems (P,), with a percentile bootstrap interval, paired.

    Problems are drawn with replacement, 4,000 times, the same for both.
    """
    draws = np.random.default_rng(0).integers(len(first), size=(4000, len(first)))
    ratios = np.median(first[draws], axis=1) / np.median(second[draws], axis=1)
    tail = (1 - thresholds().confidence) / 2
    low, high = np.quantile(ratios, [tail, 1 - tail])
    return Interval(float(np.median(first) / np.median(second)), float(low), float(high), len(first))


def near_optimal(found: Results) -> tuple[Evidence, Control]:
    """Judge M5: recovery from the Gaussian-width bound on, rivals under label errors, and the dense truth."""
    plan = found.plan
    rows: list[Row] = []
    parts: list[bool] = []
    for (d, s), samples, hits in zip(plan.sizes, plan.size_samples, found.success, strict=True):
        bound = width_bound(d, s)
        reached = [round(float(h)) for n, h in zip(samples, hits, strict=True) if n >= bound]
        least = proportion(min(reached), plan.num_designs)
        rows.append(Row(name=f"d {d}, s {s}: share recovered, n from {bound} on", interval=least, finding="smallest"))
        parts.append(least.estimate >= RECOVERED)
    for level in (0.1, 0.3):
        risk = found.noisy[plan.label_errors.index(level)]
        for rival, most in (("lasso", OF_LASSO), ("minimum l2", OF_L2), ("oracle", None)):
            ratio = ratio_of_medians(_of(risk, "minimum norm"), _of(risk, rival))
            holds = None if most is None else ratio.estimate <= most
            finding = "beside it" if holds is None else f"{'at most' if holds else 'above'} {most:.3g}"
            rows.append(Row(name=f"label errors {level:g}: minimum norm over {rival}", interval=ratio, finding=finding))
            if holds is not None:
                parts.append(holds)
    share = sum(parts) / len(parts)
    evidence = Evidence(
        statistic="share of designs recovered; ratios of median excess risks over problems",
        headline=rows[len(plan.sizes)].interval,
        margin=OF_LASSO - rows[len(plan.sizes)].interval.estimate,
        rows=tuple(rows),
        verdict="reproduced" if share == 1 else "partly" if share >= 0.5 else "not reproduced",
    )
    return evidence, _dense(found)


def _dense(found: Results) -> Control:
    at = found.plan.samples.index(max(n for n in found.plan.samples if n <= found.plan.setting.num_samples))
    sparse, dense = found.sparse[at], found.dense[at]
    rows = []
    for name, first, second in (("minimum norm over minimum l2", 2, 4), ("late over early", 1, 0)):
        for truth, risk in (("sparse", sparse), ("dense", dense)):
            ratio = ratio_of_medians(risk[:, first], risk[:, second])
            rows.append(
                Row(
                    name=f"{truth} truth, n {found.plan.samples[at]}: {name}",
                    interval=ratio,
                    finding="better" if ratio.estimate < 1 else "worse",
                )
            )
    return Control(
        statistic="ratio of median test losses",
        headline=rows[1].interval,
        threshold="with a dense truth both ratios exceed 1, where they are below 1 with the sparse one",
        rows=tuple(rows),
        failed=all((row.interval.estimate > 1) == row.name.startswith("dense") for row in rows),
    )


def _of(risk: np.ndarray, estimator: str) -> np.ndarray:
    return np.asarray(risk[..., ESTIMATORS.index(estimator)])


def describe_results(found: Results) -> str:
    """Return the median excess risks as a Markdown table."""
    lines = ["| label errors | " + " | ".join(ESTIMATORS) + " |", "|---|" + "---|" * len(ESTIMATORS)]
    for level, risk in zip(found.plan.label_errors, found.noisy, strict=True):
        values = " | ".join(f"{v:.2g}" for v in np.median(risk, axis=0))
        lines.append(f"| {level:g} | {values} |")
    count = len(found.plan.error_seeds)
    return "\n".join([*lines, "", f"Median test loss over {count} problems; the noise of new labels is left out."])


def describe_bounds(found: Results) -> str:
    """Return in Markdown three readings of how many samples the theory asks for."""
    lines = ["| $d$ | $s$ | squared width | closed form | promises 95 % |", "|---|---|---|---|---|"]
    for d, s in found.plan.sizes:
        lines.append(
            f"| {d} | {s} | {theory.width_squared(d, s):.1f} | {width_bound(d, s)} | {theory.sample_size(d, s)} |"
        )
    return "\n".join(lines)
