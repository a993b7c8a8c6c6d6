"""Evidence for M6: at one budget of steps, later decay gives lower test loss on the model."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy import stats

from lrdecay_core.claims.ledger import Control, Evidence, Row
from lrdecay_core.claims.statistics import Interval, profile_interval, thresholds
from lrdecay_core.experiments.model.equal_budget import DENSE, MAIN, NO_NOISE_AFTER, TENTH, BudgetRuns
from lrdecay_core.experiments.model.setting import sparse_problem
from lrdecay_core.theory import kappa_star

__all__ = [
    "NEEDED",
    "describe_budget",
    "describe_hardest",
    "equal_budget",
    "falls_throughout",
    "log_ratio",
    "share_interval",
]

Runs = Mapping[str, BudgetRuns]
NEEDED = 0.9
"""Share of problems in which the test loss is to fall at every step of T, up to 5/8 of the budget."""
LEVEL = (0.8, 1.25)
"""Late over early at a tenth of both rates: within this, waiting does nothing."""


def falls_throughout(runs: BudgetRuns) -> np.ndarray:
    """Return for each problem (P,) whether the final test loss falls at every step of T up to the late decay."""
    upto = runs.budget.arm(runs.budget.late) + 1
    return np.asarray((np.diff(runs.final[:, :upto], axis=1) < 0).all(axis=1))


def share_interval(hits: np.ndarray, *, confidence: float = 0.95) -> Interval:
    """Return the share of True in ``hits`` (n,) with its Clopper-Pearson interval.

    >>> str(share_interval(np.array([True] * 20)))
    '+1.0000 [+0.8316, +1.0000], n = 20'
    """
    bounds = stats.binomtest(int(hits.sum()), len(hits)).proportion_ci(confidence, method="exact")
    return Interval(float(hits.mean()), float(bounds.low), float(bounds.high), len(hits))


def log_ratio(runs: BudgetRuns, over: int, under: int) -> Interval:
    """Return the mean over problems of log10(final loss with decay at ``over`` / with decay at ``under``)."""
    final, arm = np.log10(runs.final), runs.budget.arm
    return profile_interval(final[:, arm(over)] - final[:, arm(under)])


def equal_budget(runs: Runs) -> tuple[Evidence, Control]:
    """Judge M6: the share of problems in which later is always better, and the controls."""
    main, level = runs[MAIN], thresholds().confidence
    share = share_interval(falls_throughout(main), confidence=level)
    early, late, budget = main.budget.early, main.budget.late, main.budget.num_steps
    gain = log_ratio(main, early, late)
    rows = [
        Row(name="share of problems with a fall at every step of T", interval=share, finding=_enough(share)),
        Row(name=f"log10 test loss, decay at {early} minus at {late}", interval=gain, finding=_sign(gain)),
    ]
    for after in [t for t in main.budget.decay_steps if t > late]:
        name = f"decay at {after}" if after < budget else "never decaying"
        found = log_ratio(main, after, late)
        rows.append(Row(name=f"log10 test loss, {name} minus at {late}", interval=found, finding=_sign(found)))
    off = share_interval(falls_throughout(runs[NO_NOISE_AFTER]), confidence=level)
    rows.append(Row(name=f"{NO_NOISE_AFTER}: the same share", interval=off, finding=_enough(off)))
    partly = "partly" if gain.low > 0 else "not reproduced"
    evidence = Evidence(
        statistic="share of problems; and differences of log10 final test loss, paired by problem",
        headline=share,
        margin=share.estimate - NEEDED,
        rows=tuple(rows),
        verdict="reproduced" if share.estimate >= NEEDED and gain.low > 0 else partly,
    )
    return evidence, _controls(runs)


def describe_budget(runs: BudgetRuns) -> str:
    """Return in one sentence the final test losses of the main arms, geometric means over problems."""
    final, b = np.exp(np.log(runs.final).mean(axis=0)), runs.budget
    best = int(np.argmin(final))
    return (
        f"Final test loss, geometric mean over {len(b.problems)} problems: **{final[b.arm(b.early)]:.3f}** with a "
        f"decay at {b.early}, **{final[b.arm(b.late)]:.4f}** at {b.late}, **{final[-1]:.3f}** without decay. "
        f"The best of all decays shown is at {b.decay_steps[best]}."
    )


def describe_hardest(runs: BudgetRuns) -> str:
    """Return in two sentences which sparse problem gains least between the early and the late decay, and its kappa*."""
    b, final = runs.budget, runs.final
    gain = final[:, b.arm(b.early)] / final[:, b.arm(b.late)]
    problems = [sparse_problem(seed) for seed in b.problems]
    kappa = np.array([kappa_star(problem.X, problem.beta_true).kappa for problem in problems])
    worst = int(np.argmin(gain))
    return (
        f"The problem that gains least, a factor of {gain[worst]:.1f} from {b.early} to {b.late}, has "
        f"$\\kappa_\\star = {kappa[worst]:.2f}$. Over all problems the median gain is {np.median(gain):.0f}, and "
        f"$\\kappa_\\star$ has the median {np.median(kappa):.2f} and the maximum {kappa.max():.2f}."
    )


def _controls(runs: Runs) -> Control:
    """Return late over early at a tenth of both rates, and with a dense truth, as log10 ratios."""
    found = {name: log_ratio(runs[name], runs[name].budget.late, runs[name].budget.early) for name in (TENTH, DENSE)}
    low, high = np.log10(LEVEL)
    level = low <= found[TENTH].low and found[TENTH].high <= high
    rises = found[DENSE].low > 0
    rows = (
        Row(name=f"{TENTH}: log10, late over early", interval=found[TENTH], finding="level" if level else "not level"),
        Row(name=f"{DENSE}: log10, late over early", interval=found[DENSE], finding=_sign(found[DENSE])),
    )
    return Control(
        statistic="log10 of the final test loss of the late decay over that of the early one, paired by problem",
        headline=found[TENTH],
        threshold=f"late over early within [{LEVEL[0]:g}, {LEVEL[1]:g}], that is log10 within [{low:.4f}, {high:.4f}], "
        "at a tenth of both rates; above 1 with a dense truth",
        rows=rows,
        failed=bool(level and rises),
    )


def _enough(share: Interval) -> str:
    return f"{round(share.estimate * share.n)} of {share.n}, {'enough' if share.estimate >= NEEDED else 'too few'}"


def _sign(found: Interval) -> str:
    return found.word("higher", "lower", "no clear difference")
