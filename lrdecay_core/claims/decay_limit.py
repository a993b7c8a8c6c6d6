"""Evidence for M1 and M4: decay lands at an entropy projection, and the slow flow says which."""

from __future__ import annotations

import numpy as np

from lrdecay_core.claims.ledger import Control, Evidence, Row
from lrdecay_core.claims.statistics import Interval, profile_interval
from lrdecay_core.experiments.model.decay_limit import Landings
from lrdecay_core.experiments.model.exits import Cut
from lrdecay_core.experiments.model.setting import Setting
from lrdecay_core.experiments.model.slow_curves import Curves

__all__ = ["agreement", "departure", "describe_curves", "describe_cut", "describe_landings", "landing", "slow_flow"]

LARGEST_DEVIATION = 1e-9
"""M1: of the prediction from the solver, relative."""
SMALLEST_WITHOUT_CENTRE = 1e-5
"""M1's control: what setting the centre to 0 must cost in every case."""
FIRST_ORDER, LEADING = 0.05, 0.10
"""M4: the first-order curve stays within the one, the leading order must miss by more than the other."""


def landing(found: Landings) -> tuple[Evidence, Control]:
    """Judge M1: predicted against measured end points, and the prediction without its centre."""
    deviation, without = found.deviation, found.uncentred_deviation
    worst = float(deviation.max())
    good = float((deviation <= LARGEST_DEVIATION).mean())
    evidence = Evidence(
        statistic="log10 of the largest deviation of the predicted from the measured end point, relative to its "
        "largest coefficient; a maximum over cases, so no interval",
        headline=_largest(deviation),
        margin=float(np.log10(LARGEST_DEVIATION / worst)),
        rows=tuple(_rows(found, deviation, "largest")),
        verdict="reproduced" if good == 1 else "partly" if good >= 0.5 else "not reproduced",
    )
    least = float(without.min())
    control = Control(
        statistic="log10 of the smallest such deviation with the centre set to 0",
        headline=Interval(float(np.log10(least)), np.nan, np.nan, len(without)),
        threshold=f"without the centre every case deviates by more than {SMALLEST_WITHOUT_CENTRE:g}",
        rows=tuple(_rows(found, without, "smallest")),
        failed=least > SMALLEST_WITHOUT_CENTRE,
    )
    return evidence, control


def _rows(found: Landings, deviation: np.ndarray, which: str) -> list[Row]:
    rows = []
    for setting in dict.fromkeys(found.settings):
        mine = deviation[[s == setting for s in found.settings]]
        value = float(mine.max() if which == "largest" else mine.min())
        interval = Interval(float(np.log10(value)), np.nan, np.nan, len(mine))
        rows.append(Row(name=_name(setting), interval=interval, finding=f"{which} {value:.1e} of {len(mine)} cases"))
    return rows


def _name(s: Setting) -> str:
    return (
        f"n {s.num_samples}, d {s.num_features}, B {s.batch_size}, label noise {s.label_noise:g}, "
        f"rate {s.learning_rate:g}"
    )


def _largest(deviation: np.ndarray) -> Interval:
    return Interval(float(np.log10(deviation.max())), np.nan, np.nan, len(deviation))


def departure(measured: np.ndarray, predicted: np.ndarray) -> list[Interval]:
    """Return measured over predicted minus 1 at each slow time: geometric mean over runs with its interval.

    Args:
        measured: (K, R) test losses after decay.
        predicted: (K,).
    """
    logs = np.log(measured / predicted[:, None])
    means = [profile_interval(row) for row in logs]
    return [Interval(float(np.expm1(i.estimate)), float(np.expm1(i.low)), float(np.expm1(i.high)), i.n) for i in means]


def slow_flow(found: Curves) -> tuple[Evidence, Control]:
    """Judge M4: the first-order curve against the measured one, and the leading order as control."""
    first = [_worst(found, p, found.first_order[p], "within") for p in range(len(found.measured))]
    leading = [_worst(found, p, found.leading[p], "misses by") for p in range(len(found.measured))]
    misses = np.array([abs(row.interval.estimate) for row in first])
    good = float((misses <= FIRST_ORDER).mean())
    evidence = Evidence(
        statistic="test loss after decay, measured over predicted minus 1, at the slow time where it is largest; "
        "geometric mean over runs",
        headline=first[int(misses.argmax())].interval,
        margin=FIRST_ORDER - float(misses.max()),
        rows=tuple(first),
        verdict="reproduced" if good == 1 else "partly" if good >= 0.5 else "not reproduced",
    )
    failures = np.array([abs(row.interval.estimate) for row in leading])
    mean = profile_interval(failures)
    beyond = int((failures > LEADING).sum())
    control = Control(
        statistic="the same for the leading-order curve; its size, averaged over problems",
        headline=mean,
        threshold=f"on average over problems the leading order misses by more than {LEADING:.0%}",
        rows=(
            *leading,
            Row(
                name="size of the miss, mean over problems",
                interval=mean,
                finding=f"above {LEADING:.0%} in {beyond} of {len(failures)} problems",
            ),
        ),
        failed=mean.estimate > LEADING,
    )
    return evidence, control


def _worst(found: Curves, problem: int, predicted: np.ndarray, verb: str) -> Row:
    gaps = departure(found.measured[problem], predicted)
    k = int(np.argmax([abs(gap.estimate) for gap in gaps]))
    name = f"problem {problem + 1}, slow time {found.slow_times[k]:.2f}"
    return Row(name=name, interval=gaps[k], finding=f"{verb} {abs(gaps[k].estimate):.1%}")


def agreement(found: Curves) -> float:
    """Return the largest relative difference between the two ways to land, over the runs that took both."""
    return float(np.abs(found.solver / found.measured[:, :, 0] - 1).max())


def describe_landings(found: Landings) -> str:
    """Return in Markdown how far prediction and measurement are apart."""
    count = sum(len(beta) for beta in found.measured)
    return (
        f"{len(found.measured)} end points, {count} coefficients. The largest relative deviation is "
        f"**{found.deviation.max():.1e}**. The solver's own residual is at most {found.residual.max():.1e}. "
        f"With the centre set to 0, the smallest deviation is {found.uncentred_deviation.min():.1e}."
    )


def describe_cut(found: Cut) -> str:
    """Return in Markdown what a finite decayed rate changes."""
    slope = np.polyfit(np.log(found.rates), np.log(found.to_flow), 1)[0]
    return (
        f"The distance to the limit of vanishing rate is proportional to the rate to the power {slope:.3f}. "
        f"With the sums continued along the tail the prediction holds to {found.to_own.max():.1e} at every rate. "
        f"The largest drift of $\\log a$ is {found.drift.max():.1e}; its bound is {found.bound.max():.1e}."
    )


def describe_curves(found: Curves) -> str:
    """Return in Markdown how large the landing's own error is."""
    return (
        f"Measured means: {found.measured.shape[2]} runs of SGD per problem, each landed by the theorem. "
        f"The ODE solver landed one run per problem as well, at every slow time: "
        f"{found.solver.size} test losses, which agree to {agreement(found):.1e}."
    )
