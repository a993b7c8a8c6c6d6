"""Evidence for N1 and N2: late decay at equal epochs, and at matched training loss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from lrdecay_core.claims.ledger import Control, Evidence, Row
from lrdecay_core.claims.statistics import Interval, profile_interval, rank_trend, thresholds
from lrdecay_core.experiments.networks.late_decay import MAIN, Cell
from lrdecay_core.training import Branches, at_training_loss

__all__ = [
    "describe_match",
    "equal_epochs",
    "gain_at_equal_epochs",
    "gain_at_matched_loss",
    "late_trend",
    "matched_loss",
]

Runs = Mapping[str, Branches]
Cells = Mapping[str, Cell]
N2_CARRIERS = (MAIN, "digits MLP")
"""The cells whose intervals decide N2, named before the runs."""


def gain_at_equal_epochs(cell: Cell, runs: Branches) -> Interval:
    """Return the final test error of the early decay minus that of the late one, paired by seed."""
    error = runs.test_error[:, :, -1]
    return profile_interval(error[cell.arm(cell.early)] - error[cell.arm(cell.late)])


def gain_at_matched_loss(cell: Cell, runs: Branches, level: float) -> tuple[Interval, str]:
    """Return the same difference where both tails cross training loss ``level``, and which pairs are lost."""
    matched = at_training_loss(runs, level)
    early, late = cell.arm(cell.early), cell.arm(cell.matched_late)
    gain = profile_interval(matched.test_error[early] - matched.test_error[late])
    below = int((matched.already_below[early] | matched.already_below[late]).sum())
    never = int((matched.never_reached[early] | matched.never_reached[late]).sum())
    lost = [
        f"{count} pair{'s' * (count > 1)} {why}"
        for count, why in ((below, "already below"), (never, "never reached"))
        if count
    ]
    return gain, ", ".join(lost)


def describe_match(cell: Cell, runs: Branches, level: float) -> str:
    """Return in one sentence where the early and the late arm cross ``level``, and with which test error."""
    matched = at_training_loss(runs, level)
    early, late = cell.arm(cell.early), cell.arm(cell.matched_late)
    pairs = ~np.isnan(matched.epoch[early] + matched.epoch[late])
    if not pairs.any():
        return f"No seed crosses training loss {level:g} in both tails."
    error, epoch = matched.test_error[:, pairs].mean(axis=1), matched.epoch[:, pairs].mean(axis=1)
    return (
        f"At training loss {level:g}, over {pairs.sum()} seeds: the decay at epoch {cell.early} gets there at epoch "
        f"{epoch[early]:.0f} with mean test error **{error[early]:.3f}**, the decay at epoch {cell.matched_late} at "
        f"epoch {epoch[late]:.0f} with **{error[late]:.3f}**."
    )


def late_trend(runs: Branches) -> tuple[Interval, tuple[int, ...]]:
    """Return Spearman's correlation of final test error with the decay epoch, among decays after phase I; and those.

    ``Branches.past_phase_one`` says which; arms that never decay are left out.
    """
    arms = [d for d in runs.past_phase_one if runs.decay_epochs[d] < runs.config.epochs]
    decays = tuple(runs.decay_epochs[d] for d in arms)
    if len(arms) < 3:
        return Interval(np.nan, np.nan, np.nan, 0), decays
    return rank_trend(runs.test_error[arms, :, -1], confidence=thresholds().confidence), decays


def equal_epochs(cells: Cells, runs: Runs, controls: Cells, control_runs: Runs) -> tuple[Evidence, Control]:
    """Judge N1: early minus late in every cell, the trend among late decays, and the controls."""
    gains = {name: gain_at_equal_epochs(cell, runs[name]) for name, cell in cells.items()}
    trend, decays = late_trend(runs[MAIN])
    rows = [Row(name=name, interval=gain, finding=_finding(gain)) for name, gain in gains.items()]
    falling = trend.high < 0
    rows.append(
        Row(
            name=f"{MAIN}: rank correlation with T, decays {', '.join(map(str, decays))}",
            interval=trend,
            finding="falls with T" if falling else "no clear trend",
        )
    )
    holds = sum(gain.low > 0 for gain in gains.values())
    verdict = "not reproduced" if holds == 0 else "reproduced" if holds == len(gains) and falling else "partly"
    evidence = Evidence(
        statistic="final test error of the early decay minus that of the late one (share of test samples)",
        headline=gains[MAIN],
        margin=min(gain.low for gain in gains.values()),
        rows=tuple(rows),
        verdict=verdict,
    )
    return evidence, small_rate_control(cells, runs, controls, control_runs)


def matched_loss(cells: Cells, runs: Runs, controls: Cells, control_runs: Runs) -> tuple[Evidence, Control]:
    """Judge N2: the same gain where both arms have the same training loss, at two levels per cell."""
    rows, carried = [], []
    for name, cell in cells.items():
        whole = gain_at_equal_epochs(cell, runs[name]).estimate
        for level in cell.levels:
            gain, lost = gain_at_matched_loss(cell, runs[name], level)
            share = f"{gain.estimate / whole:.0%} of N1's gain" if whole > 0 and gain.n else ""
            rows.append(
                Row(
                    name=f"{name}, training loss {level:g}, decay {cell.early} against {cell.matched_late}",
                    interval=gain,
                    finding="; ".join(part for part in (_finding(gain), share, lost) if part),
                )
            )
            if name in N2_CARRIERS:
                carried.append(gain)
    holds = sum(gain.low > 0 for gain in carried)
    verdict = "not reproduced" if holds == 0 else "reproduced" if holds == len(carried) else "partly"
    evidence = Evidence(
        statistic="test error of the early decay minus that of the late one at equal training loss "
        "(share of test samples)",
        headline=carried[0],
        margin=min(gain.low for gain in carried),
        rows=tuple(rows),
        verdict=verdict,
    )
    return evidence, small_rate_control(cells, runs, controls, control_runs)


def small_rate_control(cells: Cells, runs: Runs, controls: Cells, control_runs: Runs) -> Control:
    """Return the gain at matched training loss at a tenth of the rate, held against a share of the main one."""
    main, _ = gain_at_matched_loss(cells[MAIN], runs[MAIN], cells[MAIN].levels[0])
    bound = thresholds().control_share * main.estimate
    rows = []
    for name, cell in controls.items():
        gain, lost = gain_at_matched_loss(cell, control_runs[name], cell.levels[0])
        share = f"{gain.estimate / main.estimate:.0%} of the main gain" if gain.n else "no pair"
        finding = "; ".join(part for part in (share, lost) if part)
        pair = f"training loss {cell.levels[0]:g}, decay {cell.early} against {cell.matched_late}"
        rows.append(Row(name=f"{name}, {pair}", interval=gain, finding=finding))
    worst = max((row.interval for row in rows), key=lambda i: -np.inf if np.isnan(i.estimate) else i.estimate)
    return Control(
        statistic="gain in test error at matched training loss",
        headline=worst,
        threshold=f"at most {thresholds().control_share:.0%} of the main gain {main.estimate:+.4f}, "
        f"that is {bound:+.4f}",
        rows=tuple(rows),
        failed=_all_within(rows, bound),
    )


def _all_within(rows: Sequence[Row], bound: float) -> bool:
    """Return True if every row was measured and stays at or below the bound: a control without data has not failed."""
    return all(row.interval.n >= 2 and row.interval.estimate <= bound for row in rows)


def _finding(gain: Interval) -> str:
    if gain.n == 0:
        return "not comparable"
    if not np.isfinite(gain.low):
        return "one pair only"
    return gain.word("late is better", "late is worse", "no clear difference")
