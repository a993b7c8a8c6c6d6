"""Pictures of the minimum norm: the way there, its rate, what it recovers, where it fails, and the model's variants."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from lrdecay_core.claims import Interval
from lrdecay_core.experiments.model.minimum_norm import ARMS, MAIN, SLOW_RATE, Norms
from lrdecay_core.experiments.model.recovery import ESTIMATORS, OtherTruth, Results
from lrdecay_core.experiments.model.variants import VARIANTS, VariantRuns, Weighted
from lrdecay_core.figures.style import CONTROL, EARLY, GREEN, LATE, MEASURED, NEVER, PREDICTED, new_axes, plain_log

__all__ = [
    "plot_label_errors",
    "plot_norm",
    "plot_other_truth",
    "plot_risks",
    "plot_samples",
    "plot_scale",
    "plot_success",
    "plot_variant",
    "plot_weighted",
]


LOOKS: dict[str, dict[str, Any]] = {
    "early": {"color": EARLY, "linestyle": "-", "marker": "o"},
    "late": {"color": LATE, "linestyle": "-", "marker": "o"},
    "minimum norm": {"color": PREDICTED, "linestyle": "--", "marker": "x"},
    "minimum l2": {"color": CONTROL, "linestyle": "-.", "marker": "s"},
    "lasso": {"color": GREEN, "linestyle": "-", "marker": "^"},
    "oracle": {"color": NEVER, "linestyle": ":", "marker": "d"},
}
"""How each estimator is drawn: decays in the book's colours, the minimum norm as a prediction, rivals apart."""


def plot_norm(found: Norms, *, ax: Axes | None = None) -> Axes:
    """Draw squared norm after decay over its minimum against T: a thin line per problem, and the arms without cause."""
    ax = new_axes(ax)
    x = np.maximum(found.decay_steps, 10)  # T = 0 at the left border of the log axis
    looks = {
        MAIN: (LATE, "-", "large rate"),
        SLOW_RATE: (EARLY, "-", "a tenth of it"),
        ARMS[2]: (CONTROL, "--", "large, no noise"),
        ARMS[3]: (CONTROL, ":", "a tenth, no noise"),
    }
    for arm in ARMS:
        colour, line, label = looks[arm]
        mean = found.ratio[arm].mean(axis=2)
        if arm == MAIN:
            ax.plot(x, mean.T, color=colour, linewidth=0.5, alpha=0.35)
        ax.plot(x, mean.mean(axis=0), line, color=colour, linewidth=2.0, label=label)
    ax.axhline(1, color=PREDICTED, linewidth=1.0)
    ax.text(x[0], 1.05, "minimum norm", va="bottom", fontsize="small")
    ax.set(xscale="log", yscale="log", xlabel="decay step T (left end: 0)", ylabel="squared norm over its minimum")
    plain_log(ax.yaxis)
    ax.legend(loc="lower left", bbox_to_anchor=(0.0, 0.1), fontsize="small")  # below the curve that falls
    return ax


def plot_scale(found: Norms, *, problem: int = 0, ax: Axes | None = None) -> Axes:
    """Draw test loss after decay against the scale for one problem, and a line of slope 2 (1 - kappa*) beside it."""
    ax = new_axes(ax)
    scale, loss = np.exp(found.log_scale[problem]), found.test_loss[problem]
    ax.loglog(scale, loss, "o", color=MEASURED, markersize=4)
    ax.plot([], [], "o", color=MEASURED, markersize=4, label="measured after decay")
    slope, last = 2 * (1 - found.kappa[problem]), np.array([scale[-1].mean(), loss[-1].mean()])
    reach = np.array([last[0], min(last[0] * 1e6, scale.max())])
    ax.loglog(reach, last[1] * (reach / last[0]) ** slope, color=PREDICTED, linewidth=1.2, label=f"slope {slope:.2f}")
    ax.invert_xaxis()
    ax.set(xlabel="scale $a_T$, smaller to the right", ylabel="test loss after decay")
    ax.legend()
    return ax


def plot_samples(found: Results, *, truth: str = "sparse", ax: Axes | None = None) -> Axes:
    """Draw median test loss over that of predicting 0 against n, for early and late decay and their references."""
    ax = new_axes(ax)
    losses = found.sparse if truth == "sparse" else found.dense
    size = found.plan.setting.sparsity / 2  # |beta_true|^2 / 2 for both truths
    last = "oracle" if truth == "sparse" else "minimum l2"
    for name in ("early", "late", "minimum norm", last):
        values = losses[:, :, ESTIMATORS.index(name)] / size
        low, middle, high = np.quantile(values, [0.25, 0.5, 0.75], axis=1)
        label = "knows the support" if name == "oracle" else {"minimum l2": "minimum $\\ell_2$"}.get(name, name)
        ax.plot(found.plan.samples, middle, label=label, markersize=5, **LOOKS[name])
        if name in ("early", "late"):
            ax.fill_between(found.plan.samples, low, high, color=LOOKS[name]["color"], alpha=0.15, linewidth=0)
    ax.set(xlabel="number of samples n", ylabel="test loss, 1 = predicting 0", ylim=(-0.03, 1.35))
    ax.legend()
    return ax


def plot_success(
    samples: Sequence[Sequence[int]],
    shares: Sequence[Sequence[Interval]],
    bounds: Sequence[int],
    labels: Sequence[str],
    *,
    ax: Axes | None = None,
) -> Axes:
    """Draw the share of designs that basis pursuit recovers against n, with intervals, and the sample bounds."""
    ax = new_axes(ax)
    for colour, n, row, bound, label in zip((LATE, GREEN), samples, shares, bounds, labels, strict=False):
        middle = np.array([i.estimate for i in row])
        spread = np.array([[i.estimate - i.low for i in row], [i.high - i.estimate for i in row]])
        ax.errorbar(n, middle, spread, fmt="o-", color=colour, capsize=3, markersize=4, label=label)
        ax.axvline(bound, color=colour, linestyle=":", linewidth=1.2)
        ax.text(bound, 0.03, f" bound {bound}", color=colour, fontsize="small")
    ax.axhline(0.9, color=PREDICTED, linewidth=0.8, linestyle="--")
    ax.set(xlabel="number of samples n", ylabel="share recovered", ylim=(0, 1.05))
    ax.legend(loc="center right")
    return ax


def plot_risks(found: Results, level: float, *, ax: Axes | None = None) -> Axes:
    """Draw the test losses of all estimators at one level of label errors: a dot per problem, a bar at the median."""
    ax = new_axes(ax)
    risks = found.noisy[found.plan.label_errors.index(level)]
    shift = np.random.default_rng(0).uniform(-0.18, 0.18, len(risks))
    for y, name in enumerate(ESTIMATORS):
        colour, values = LOOKS[name]["color"], risks[:, ESTIMATORS.index(name)]
        ax.semilogx(values, y + shift, ".", color=colour, alpha=0.45, markersize=4)
        ax.plot([np.median(values)] * 2, [y - 0.35, y + 0.35], color=colour, linewidth=3)
    ax.set_yticks(range(len(ESTIMATORS)), ["minimum $\\ell_2$" if e == "minimum l2" else e for e in ESTIMATORS])
    ax.invert_yaxis()
    ax.set(xlabel="test loss")
    ax.grid(axis="y", visible=False)
    return ax


def plot_label_errors(found: Results, *, ax: Axes | None = None) -> Axes:
    """Draw median test loss after decay against T at every level of label errors; bars mark the minimum norm."""
    ax = new_axes(ax)
    steps, levels = np.array(found.plan.decay_steps), found.plan.label_errors
    at_norm = np.median(found.noisy[:, :, ESTIMATORS.index("minimum norm")], axis=1)
    for level, path, end, grey in zip(
        levels, np.median(found.noisy_path, axis=1), at_norm, np.linspace(0.65, 0.0, len(levels)), strict=True
    ):
        colour = (grey * 0.3, grey * 0.7 + 0.2, 0.7)
        ax.loglog(steps, path, "o-", color=colour, markersize=4, label=f"label errors {level:g}")
        ax.plot([steps[-1] * 1.25, steps[-1] * 1.8], [end] * 2, color=colour, linewidth=3)
    ax.text(steps[-1] * 1.9, at_norm.min(), "minimum\nnorm", fontsize="small", va="center")
    ax.set_xticks(steps[:: max(1, len(steps) // 4)], [str(s) for s in steps[:: max(1, len(steps) // 4)]])
    ax.minorticks_off()
    plain_log(ax.yaxis)
    ax.set(xlabel="decay step T", ylabel="test loss after decay", xlim=(steps[0] * 0.85, steps[-1] * 4))
    ax.legend(loc="lower left")
    return ax


def plot_other_truth(found: OtherTruth, *, ax: Axes | None = None) -> Axes:
    """Draw one run's test loss after decay against T, for the sparse truth and for another with the same data."""
    ax = new_axes(ax)
    ax.plot(found.decay_steps, found.test_loss, color=LATE, label="truth (1, √2, 0): sparse")
    ax.plot(found.decay_steps, found.other_loss, color=EARLY, linestyle="--", label="truth (2, 0, 1): same data")
    ax.set(xlabel="decay step T", ylabel="test loss after decay")
    ax.legend(loc="center right")
    return ax


def plot_variant(runs: VariantRuns, name: str, *, ax: Axes | None = None) -> Axes:
    """Draw the test loss after decay against the decay step: runs, theory, and the least weighted norm.

    Dots and lines are medians over problems, the band holds the middle half of the problems. The limit is dashed; it is
    left out where it is 0, as for a truth that is recovered. The loss is on a log scale if it falls by two decades.

    Args:
        runs: what was measured.
        name: one of ``experiments.model.variants.VARIANTS``.
        ax: where to draw; None makes a figure.
    """
    ax = new_axes(ax)
    v, depths = VARIANTS.index(name), np.array(runs.study.depths)
    low, middle, high = np.quantile(runs.mean[v], [0.25, 0.5, 0.75], axis=0)
    ax.fill_between(depths, low, high, color=MEASURED, alpha=0.15, linewidth=0)
    ax.plot(depths, np.median(runs.predicted[v], axis=0), color=PREDICTED, linewidth=1.2, label="predicted")
    ax.plot(depths, middle, "o", color=MEASURED, markersize=4, label="measured")
    limit = float(np.median(runs.limit_loss[v]))
    if limit > 1e-9:  # a recovered truth leaves what the linear programme's tolerance leaves
        ax.axhline(limit, color=PREDICTED, linestyle="--", linewidth=1, label="least weighted norm")
    if middle.max() > 100 * middle.min():
        ax.set_yscale("log")
    else:
        ax.set_ylim(bottom=0)
    ax.set_title(name)
    ticks = [depth for depth in depths if depth in (0, 4, 8, 12, 16)]
    ax.set_xticks(ticks)
    per_unit = runs.study.steps[-1] / depths[-1]
    ax.xaxis.set_major_formatter(FuncFormatter(lambda depth, _: f"{depth * per_unit / 1000:g}"))
    ax.set_xlabel("decay step $T$ (thousands)")
    return ax


def plot_weighted(found: Weighted, *, ax: Axes | None = None) -> Axes:
    """Draw how fast each coordinate's scale shrinks against the squared length of its column."""
    ax = new_axes(ax)
    span = np.array([0.0, found.column_weights.max()])
    ax.plot(span, span, color=PREDICTED, linewidth=1.0, label="predicted")
    ax.plot(found.column_weights, found.taken, ".", color=MEASURED, markersize=8, label="measured")
    ax.set(xlabel="$\\chi_j$: squared length of a column over n", ylabel="rate at which log $a_j$ falls")
    ax.legend()
    return ax
