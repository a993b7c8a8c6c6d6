"""Regret of the budget planner against other rules; exploratory, no threshold stands in the registry.

Fixed before the run on the book's problems: the planner beats always-half if the paired difference of their regrets has
its interval above 0, and its control, told the wrong noise, does worse than the planner if the same holds for it.
"""

from __future__ import annotations

import numpy as np

from lrdecay_core.claims.statistics import Interval, profile_interval, thresholds
from lrdecay_core.experiments.model.budget_planner import FAMILIES, SHARES, in_range
from lrdecay_core.experiments.model.budget_study import BudgetTrial

__all__ = ["HALF", "describe_best", "describe_regrets", "picks", "regrets", "verdict"]

HALF, COSINE, REHEARSAL = "always half", "cosine over the whole budget", "best of as many other runs"


def picks(trial: BudgetTrial) -> dict[str, np.ndarray]:
    """Return rule -> (F, E, P) position of the candidate it decays at; the cosine's is in its own family."""
    shape = trial.mean.shape[:3]
    found = {name: trial.predicted[k].argmin(axis=-1) for k, (name, _) in enumerate(trial.study.told)}
    found[HALF] = np.full(shape, SHARES.index(0.5))
    found[REHEARSAL] = trial.rehearsed.mean(axis=-1).argmin(axis=-1)
    return found


def regrets(trial: BudgetTrial) -> dict[str, np.ndarray]:
    """Return rule -> (F, E, P): log10 of the measured loss of its pick over the least one of the family.

    The least one, the oracle, is picked on the runs it is measured on, so even a perfect rule has some regret; a cosine
    belongs to one family and may lie below the oracle of another.
    """
    loss = np.log10(trial.mean)
    least = loss.min(axis=-1)
    found = {
        name: np.take_along_axis(loss, where[..., None], axis=-1)[..., 0] - least
        for name, where in picks(trial).items()
    }
    found[COSINE] = loss[FAMILIES.index("cosine"), ..., SHARES.index(0.0)] - least
    return found


def verdict(trial: BudgetTrial) -> tuple[bool, bool]:
    """Return whether the planner beats always-half, and whether every control does worse than the planner."""
    extra = {name: _mean(values - regrets(trial)["planner"]) for name, values in regrets(trial).items()}
    controls = [name for name, _ in trial.study.told[1:]]
    return extra[HALF].low > 0, all(extra[name].low > 0 for name in controls)


def describe_regrets(trial: BudgetTrial) -> str:
    """Return the regret of every rule, and how much of it the planner saves, as a Markdown table with the verdict."""
    found = regrets(trial)
    lines = ["| rule | regret, log10 | minus the planner's | |", "|---|---|---|---|"]
    for name, values in found.items():
        extra, control = _mean(values - found["planner"]), name in dict(trial.study.told[1:])
        cells = [f"planner, {name}: control" if control else name, _short(_mean(values))]
        cells += ["", ""] if name == "planner" else [_short(extra), _side(extra)]
        lines.append(f"| {' | '.join(cells)} |")
    beats, fails = verdict(trial)
    return "\n".join(
        [
            *lines,
            "",
            f"Regret is $\\log_{{10}}$ of the test loss over that of the oracle, the best candidate of the same runs: "
            f"mean over {len(FAMILIES)} families and {len(trial.study.budgets)} budgets, with its "
            f"{thresholds().confidence:.0%} interval over {len(trial.study.problems)} problems.",
            "",
            f"**Verdict (exploratory).** The planner {'beats' if beats else 'does not clearly beat'} always-half; "
            f"{'told the wrong noise, it does worse, as it should' if fails else 'its control does NOT do worse'}.",
        ]
    )


def describe_best(trial: BudgetTrial) -> str:
    """Return where the best decay is and where the planner puts it, per family and budget, as a Markdown table."""
    share, found = np.array(SHARES), regrets(trial)
    planned, best = share[picks(trial)["planner"]], share[trial.mean.argmin(axis=-1)]
    lines = [
        "| family | budget | best decay | planned | regret: planner | always half |",
        "|---|---|---|---|---|---|",
    ]
    for f, name in enumerate(FAMILIES):
        for e, budget in enumerate(trial.study.budgets):
            rule = " | ".join(f"{found[rule][f, e].mean():.3f}" for rule in ("planner", HALF))
            lines.append(
                f"| {name} | {budget:,} | {np.median(best[f, e]):.0%} | {np.median(planned[f, e]):.0%} | {rule} |"
            )
    inside = np.take_along_axis(in_range(trial.predicted[0]), trial.mean.argmin(axis=-1)[..., None], axis=-1)
    width = in_range(trial.predicted[0]).sum(axis=-1).mean()
    return "\n".join(
        [
            *lines,
            "",
            f"Shares of the budget, medians over problems. The measured best lies in the plan's range in "
            f"{inside.sum()} of {inside.size} cases; the range holds {width:.1f} of {len(SHARES)} candidates "
            "on average.",
        ]
    )


def _mean(values: np.ndarray) -> Interval:
    """Return the mean over families and budgets, with the interval over problems."""
    return profile_interval(values.mean(axis=(0, 1)))


def _short(found: Interval) -> str:
    return f"{found.estimate:.3f} [{found.low:.3f}, {found.high:.3f}]"


def _side(extra: Interval) -> str:
    return extra.word("worse", "better", "no clear difference")
