"""Evidence for P2: test error of the candidate that a validated trial picks, against other rules, paired by run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from lrdecay_core import rng
from lrdecay_core.claims.ledger import Control, Evidence, Row
from lrdecay_core.claims.statistics import profile_interval
from lrdecay_core.experiments.networks.network_planner import HALF, Rule, Study
from lrdecay_core.experiments.networks.network_planner import choose as read_trunk
from lrdecay_core.experiments.networks.validated_trial import FEW, Outcome, choose, epochs_spent

__all__ = ["DEALS", "dealt", "describe", "describe_costs", "picked", "regrets", "trial"]

DEALS = 20
"""Times the held-back errors are dealt out anew."""
OURS, BASE = "validated trial", "always half"


def picked(found: Outcome, rule: Rule) -> dict[str, np.ndarray]:
    """Return rule -> final test error (N,) of what it picks; ``rule`` is the one that P1 judges."""
    features = {"progress": found.progress, "plateau": found.plateau}
    return {
        OURS: found.at(choose(found.trial)),
        BASE: found.test_error[:, HALF],
        "cosine": found.cosine,
        "always last candidate": found.test_error[:, -1],
        "rule that reads the trunk": found.at(read_trunk(rule, features)),
        "validated tails": found.at(choose(found.tails)),
    }


def regrets(found: Outcome, rule: Rule, *, task: str | None = None) -> dict[str, np.ndarray]:
    """Return rule -> test error (N,) above that of the best candidate of each run; a cosine may lie below it.

    Args:
        found: the runs.
        rule: the one that P1 judges.
        task: one of ``found.tasks``, whose runs are wanted; None: all.
    """
    wanted = np.array([task in (None, name) for name in found.tasks])
    return {name: (error - found.oracle)[wanted] for name, error in picked(found, rule).items()}


def dealt(runs: np.ndarray, seed: int) -> np.ndarray:
    """Return for each of the runs (N,), which are positions, another one of them: one cycle, in random order."""
    order = rng.stream(seed, "held-back errors of another run").permutation(len(runs))
    other = np.empty_like(runs)
    other[order] = runs[np.roll(order, 1)]
    return other


def trial(found: Outcome, rule: Rule) -> tuple[Evidence, Control]:
    """Judge P2: test error of the trial's choice minus that of always-half, paired by run.

    In the control every run is given the held-back errors of another one; a run's number is the mean over ``DEALS``.
    """
    errors = picked(found, rule)
    difference = errors[OURS] - errors[BASE]
    headline = profile_interval(difference)
    rows = [_row(f"{OURS} minus {BASE}", difference)]
    for task in dict.fromkeys(found.tasks):
        rows.append(_row(f"the same, {task} alone", difference[np.array(found.tasks) == task]))
    rows += [_row(f"{OURS} minus {name}", errors[OURS] - errors[name]) for name in list(errors)[2:5]]
    wrong = found.at(choose(found.trial_as_given))
    rows.append(_row(f"held-back labels as wrong as the training ones: minus {BASE}", wrong - errors[BASE]))
    thrifty = found.at(choose(found.trial_on_few)) - errors[BASE]
    rows.append(_row(f"no part of the test, {FEW} held-back samples: minus {BASE}", thrifty))
    rows.append(_row(f"validated tails minus {BASE}", errors["validated tails"] - errors[BASE]))
    rows += [
        Row(name=f"regret of {name}", interval=profile_interval(values), finding="against the oracle")
        for name, values in regrets(found, rule).items()
    ]
    everyone, tasks = np.arange(len(found.names)), np.array(found.tasks)
    blind = _blind(found, [everyone]) - errors[BASE]
    related = _blind(found, [everyone[tasks == task] for task in dict.fromkeys(found.tasks)]) - errors[BASE]
    control = profile_interval(blind)
    evidence = Evidence(
        statistic="final test error of the trial's choice minus that of always-half, paired by run (share of test "
        "samples)",
        headline=headline,
        margin=-headline.high,
        rows=tuple(rows),
        verdict="reproduced" if headline.high < 0 else "not reproduced",
    )
    return evidence, Control(
        statistic=f"the same with the held-back errors of another run, mean of {DEALS} deals",
        headline=control,
        threshold="interval not below 0",
        rows=(
            _row(f"errors of another run, minus {BASE}", blind),
            _row(f"no part of the test, errors of another run of the same task, minus {BASE}", related),
        ),
        failed=bool(control.high >= 0),
    )


def describe(parts: Mapping[str, Study], found: Outcome) -> str:
    """Return what the runs share, in a sentence."""
    configs = [config for study in parts.values() for config in study.conditions.values()]
    held = sorted({config.num_samples for config in configs})
    return (
        f"{len(found.names)} runs, {len(configs)} conditions, seeds {_seeds(parts)}; {configs[0].epochs} epochs each, "
        f"{', '.join(map(str, held))} training samples and as many held back. Candidates: epochs "
        f"{', '.join(map(str, next(iter(parts.values())).decay_epochs))}."
    )


def describe_costs(parts: Mapping[str, Study], found: Outcome, rule: Rule) -> str:
    """Return a Markdown table: epochs that each rule takes, counted, and its mean regret.

    Epochs are those of a run that holds samples back; the last row makes as many updates, in fewer and longer epochs.
    """
    study = next(iter(parts.values()))
    spent = epochs_spent(next(iter(study.conditions.values())), study.decay_epochs, choose(found.trial))
    lines = ["| rule | epochs, mean | held-back samples | regret, mean |", "|---|---|---|---|"]
    for name, values in regrets(found, rule).items():
        cost = spent.get(name, spent["one run"]).mean()
        lines.append(f"| {name} | {cost:.0f} | {'looked at' if name in spent else 'not used'} | {values.mean():+.4f} |")
    fed = found.all_samples - found.oracle
    lines.append(f"| {BASE}, on more samples | {spent['one run'].mean():.0f} | trained on | {fed.mean():+.4f} |")
    gain = profile_interval(found.all_samples - picked(found, rule)[OURS])
    verdict = gain.word("higher error", "lower error", "no clear difference")
    words = f"{BASE.capitalize()}, on more samples, minus {OURS}, paired by run: **{gain}**, {verdict}."
    return "\n".join([*lines, "", words])


def _blind(found: Outcome, groups: Sequence[np.ndarray]) -> np.ndarray:
    """Return the test error (N,), mean of deals, where every run obeys the errors of another one of its group."""
    choice, total = choose(found.trial), np.zeros(len(found.names))
    for seed in range(DEALS):
        other = np.empty(len(found.names), dtype=int)
        for group in groups:
            other[group] = dealt(group, seed)
        total += found.at(choice[other])
    return total / DEALS


def _row(name: str, values: np.ndarray) -> Row:
    interval = profile_interval(values)
    return Row(
        name=name, interval=interval, finding=interval.word("higher error", "lower error", "no clear difference")
    )


def _seeds(parts: Mapping[str, Study]) -> str:
    seeds = [seed for study in parts.values() for seed in study.seeds]
    return f"{min(seeds)} to {max(seeds)}"
