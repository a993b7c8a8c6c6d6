"""Evidence for P1: regret of a rule that reads the trunk, against always-half, a cosine and the oracle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from scipy import stats

from lrdecay_core.claims.ledger import Control, Evidence, Row
from lrdecay_core.claims.statistics import Interval, mean_interval, profile_interval, thresholds
from lrdecay_core.experiments.networks.network_planner import HALF, Rule, Table, choose, fit, shuffled

__all__ = ["SHUFFLES", "describe_features", "describe_follow_up", "describe_rule", "foretells", "planner", "regrets"]

SHUFFLES = 20
"""Pilot tables with their features dealt out anew."""


def regrets(table: Table, rule: Rule) -> dict[str, np.ndarray]:
    """Return planner -> (N,) test error above that of the best candidate of each run; a cosine may lie below it."""
    where = choose(rule, table.features)
    picked = table.test_error[np.arange(len(where)), where]
    found = {"planner": picked, "always half": table.test_error[:, HALF], "cosine": table.cosine}
    found["always last candidate"] = table.test_error[:, -1]
    return {name: error - table.oracle for name, error in found.items()}


def planner(pilot: Table, rule: Rule, held_out: Table, familiar: Table) -> tuple[Evidence, Control]:
    """Judge P1: the planner's regret minus that of always-half, paired by run.

    The control is fitted on pilots with shuffled features; its regret is the mean over ``SHUFFLES`` of them. New seeds
    of the pilot's own data set are shown beside it and carry no verdict.
    """
    level = thresholds().confidence
    found = regrets(held_out, rule)
    headline = mean_interval(found["planner"] - found["always half"], confidence=level)
    rows = [Row(name="planner minus always half", interval=headline, finding=_verb(headline.low, headline.high))]
    for other in ("cosine", "always last candidate"):
        interval = mean_interval(found["planner"] - found[other], confidence=level)
        rows.append(Row(name=f"planner minus {other}", interval=interval, finding=_verb(interval.low, interval.high)))
    rows += [
        Row(name=f"regret of {name}", interval=mean_interval(values, confidence=level), finding="against the oracle")
        for name, values in found.items()
    ]
    known = regrets(familiar, rule)
    same = mean_interval(known["planner"] - known["always half"], confidence=level)
    rows.append(
        Row(
            name="no part of the test, the pilot's data set on new seeds: planner minus always half",
            interval=same,
            finding=_verb(same.low, same.high),
        )
    )
    blind = np.mean([regrets(held_out, fit(shuffled(pilot, s)))["planner"] for s in range(SHUFFLES)], axis=0)
    control = mean_interval(blind - found["always half"], confidence=level)
    evidence = Evidence(
        statistic="regret of the planner minus that of always-half, paired by run (share of test samples)",
        headline=headline,
        margin=-headline.high,
        rows=tuple(rows),
        verdict="reproduced" if headline.high < 0 else "not reproduced",
    )
    return evidence, Control(
        statistic=f"the same for rules fitted on {SHUFFLES} pilots with shuffled features, mean",
        headline=control,
        threshold="interval not below 0",
        rows=(
            Row(name="shuffled planner minus always half", interval=control, finding=_verb(control.low, control.high)),
        ),
        failed=bool(control.high >= 0),
    )


def describe_rule(rule: Rule, pilot: Table, origin: dict[str, object]) -> str:
    """Return the fitted rule in words, its regret on the pilot, and where its constants come from."""
    found = regrets(pilot, rule)
    side = "below" if rule.below else "above"
    return (
        f"**The fitted rule.** Decay at the first candidate where the training loss is at most **{rule.progress:.0%}** "
        f"of its start and the *{rule.feature}* is {side} **{rule.threshold:.3f}**; if there is none, at the last "
        f"one. On its own {len(pilot.names)} pilot runs its mean regret is {found['planner'].mean():.4f}, that of "
        f"always-half {found['always half'].mean():.4f}. The constants were written by `{origin['command']}` "
        f"(settings `{origin['config_key']}`, commit `{origin['commit']}`)."
    )


def foretells(table: Table) -> dict[str, Interval]:
    """Return feature -> rank correlation of what the trunk shows at the glance with the best candidate.

    Spearman's, over the conditions of one seed; mean and interval over seeds. It says how sure the number is for these
    conditions, not for others. Candidates that share the lowest error share the place; a column without spread counts
    as 0. Where every run has a seed of its own, the correlation is taken over all runs, with Bonett and Wright's
    interval (Psychometrika, 2000): Fisher's z with variance (1 + r^2 / 2) / (n - 3).
    """
    best = _best(table)
    shown = {name: values[:, table.glance] for name, values in table.features.items()}
    shown["learning rate x sharpness"] = table.sharpness
    if len(set(table.names)) == len({name.rsplit(", seed ", 1)[-1] for name in table.names}):
        return {name: _independent(values, best) for name, values in shown.items()}
    seeds = np.array([name.rsplit(", seed ", 1)[-1] for name in table.names])
    found = {}
    for name, values in shown.items():
        groups = [(values[seeds == seed], best[seeds == seed]) for seed in dict.fromkeys(seeds)]
        ranks = np.array([_rank_correlation(*group) for group in groups])
        interval = profile_interval(ranks)
        found[name] = replace(
            interval, low=float(np.maximum(interval.low, -1)), high=float(np.minimum(interval.high, 1))
        )
    return found


def describe_features(tables: Mapping[str, Table]) -> str:
    """Return the correlations of :func:`foretells` as a Markdown table, and which features carry over.

    Args:
        tables: name -> runs; the first is the pilot, whose features are dealt out anew for the last column.
    """
    names, pilot = list(tables), next(iter(tables.values()))
    columns = {**{name: foretells(table) for name, table in tables.items()}, "control": foretells(shuffled(pilot, 0))}
    heads = [f"{name}, n = {next(iter(column.values())).n}" for name, column in columns.items()]
    lines = ["| feature | " + " | ".join(heads) + " |", "|---|" + "---|" * len(columns)]
    for feature in columns[names[0]]:
        lines.append(f"| {feature} | " + " | ".join(_short(column[feature]) for column in columns.values()) + " |")
    clear = [
        feature
        for feature in columns[names[0]]
        if len({_sign(columns[name][feature]) for name in names}) == 1 and _sign(columns[names[0]][feature])
    ]
    stray = [feature for feature, interval in columns["control"].items() if _sign(interval)]
    words = (
        f"**Verdict (exploratory).** Clear and of one sign in all columns of runs: {', '.join(clear) or 'none'}. "
        f"Clear where features were dealt out anew: {', '.join(stray) or 'none'}."
    )
    return "\n".join([*lines, "", words])


def _best(table: Table) -> np.ndarray:
    """Return the position (N,) of the lowest test error, the mean of all that share it."""
    lowest = table.test_error == table.oracle[:, None]
    return np.asarray((lowest * np.arange(lowest.shape[1])).sum(axis=1) / lowest.sum(axis=1))


def _rank_correlation(values: np.ndarray, best: np.ndarray) -> float:
    known = np.isfinite(values)
    values, best = values[known], best[known]
    if len(values) < 3 or np.ptp(values) == 0 or np.ptp(best) == 0:
        return 0.0 if len(values) > 2 else np.nan
    return float(stats.spearmanr(values, best).statistic)


def _independent(values: np.ndarray, best: np.ndarray) -> Interval:
    n, r = int(np.isfinite(values).sum()), _rank_correlation(values, best)
    if n < 4:
        return Interval(r, np.nan, np.nan, n)
    half = float(stats.norm.ppf((1 + thresholds().confidence) / 2)) * np.sqrt((1 + r**2 / 2) / (n - 3))
    with np.errstate(divide="ignore"):  # a perfect correlation has z infinite, and bounds 1
        z = np.arctanh(r)
    return Interval(r, float(np.tanh(z - half)), float(np.tanh(z + half)), n)


def describe_follow_up(pilot: Table, rule: Rule, table: Table, origin: Mapping[str, object]) -> str:
    """Return how the fitted rule and its shuffled control do on runs that are no part of the registered evidence."""
    level, found = thresholds().confidence, regrets(table, rule)
    ours = mean_interval(found["planner"] - found["always half"], confidence=level)
    blind = np.mean([regrets(table, fit(shuffled(pilot, s)))["planner"] for s in range(SHUFFLES)], axis=0)
    control = mean_interval(blind - found["always half"], confidence=level)
    last = mean_interval(found["always last candidate"] - found["always half"], confidence=level)
    return (
        f"**Follow-up, no part of the registered evidence.** On {len(table.names)} conditions, each with a seed of its "
        f"own, the planner's regret minus that of always-half is **{ours}**: {_verb(ours.low, ours.high)}. "
        f"Control, rules fitted on shuffled pilots: {control}, {_verb(control.low, control.high)}. "
        f"Always the last candidate: {last}, {_verb(last.low, last.high)}. "
        f"These runs were written by `{origin['command']}` (settings `{origin['config_key']}`, commit "
        f"`{origin['commit']}`)."
    )


def _short(interval: Interval) -> str:
    return f"{interval.estimate:+.2f} [{interval.low:+.2f}, {interval.high:+.2f}]"


def _sign(interval: Interval) -> int:
    """Return 1 or -1 where the interval leaves out 0, and 0 where it does not or is not known."""
    return int(interval.low > 0) - int(interval.high < 0)


def _verb(low: float, high: float) -> str:
    return "smaller regret" if high < 0 else "larger regret" if low > 0 else "no clear difference"
