"""Pictures of SGD in the valley: two zooms, two speeds, phases, plateaus, decays, and what is left without noise."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes

from lrdecay_core.claims.statistics import mean_interval
from lrdecay_core.experiments.model.fast_slow import Motion, Plateaus
from lrdecay_core.experiments.model.label_noise_off import Drift
from lrdecay_core.experiments.model.valley import Decays
from lrdecay_core.figures.style import (
    CONTROL,
    EARLY,
    GREEN,
    LATE,
    MEASURED,
    NEVER,
    ORANGE,
    PREDICTED,
    TEST,
    TRAIN,
    arm_colours,
    new_axes,
    plain_log,
)

__all__ = [
    "plot_decays",
    "plot_drift",
    "plot_final",
    "plot_phase_one",
    "plot_plateaus",
    "plot_scale",
    "plot_speeds",
    "plot_zoom",
]

ACROSS, ALONG = EARLY, MEASURED


def plot_zoom(result: Motion, *, view: str, ax: Axes | None = None) -> Axes:
    """Draw one run as a path, across the valley upwards and along it to the right; both views have the same axes.

    Args:
        result: one rate without decay.
        view: ``"near"`` for consecutive steps, ``"far"`` for the whole run.
        ax: where to draw; None makes a figure.
    """
    ax = new_axes(ax)
    path = result.near if view == "near" else result.far
    ax.plot(*path.T, color="#444444", linewidth=0.5, alpha=0.8, zorder=1)
    ax.scatter(path[:, 0], path[:, 1], c=np.arange(len(path)), cmap="viridis_r", s=7, zorder=2)
    reach = 1.05 * float(np.abs(result.far[:, 1]).max())
    margin = 0.03 * float(np.ptp(result.far[:, 0]))
    ax.set_xlim(result.far[0, 0] - margin, result.far[-1, 0] + margin)
    ax.set(xlabel="along: $\\log(a_0/a)$, mean", ylabel="across: $r_1$", ylim=(-reach, reach))
    return ax


def plot_speeds(result: Motion, *, ax: Axes | None = None) -> Axes:
    """Draw how far runs have moved across and along after a number of steps, mean over runs, with the predictions."""
    ax = new_axes(ax)
    across = np.sqrt((result.across**2).mean(axis=1))
    ax.plot(result.lags, across, color=ACROSS, label="across the valley")
    ax.plot(result.lags, result.along.mean(axis=1), color=ALONG, label="along it")
    ax.axhline(result.predicted_across, color=PREDICTED, linestyle=":", label="predicted plateau")
    ax.plot(result.lags, result.predicted_along, color=PREDICTED, linestyle="-.", linewidth=1, label="predicted drift")
    ax.set(xscale="log", yscale="log", xlabel="steps from the first one shown", ylabel="distance moved")
    ax.legend(ncols=2, loc="lower right")
    return ax


def plot_phase_one(result: Plateaus, *, ax: Axes | None = None) -> Axes:
    """Draw the training loss of every rate against eta k, the noise-free flow, and the predicted plateaus."""
    ax = new_axes(ax)
    shown = result.times < result.window[0]
    settled = shown & (result.times > result.window[0] / 10)
    for colour, rate, loss, level in zip(
        _rate_colours(len(result.rates)), result.rates, result.train_loss, result.level, strict=True
    ):
        ax.plot(result.times[shown], loss[shown].mean(axis=1), TRAIN, color=colour, label=f"$\\eta = {rate:g}$")
        ax.plot(result.times[settled], level[settled].mean(axis=1), ":", color=PREDICTED, linewidth=1.4)
    ax.plot(result.times, result.flow, color=PREDICTED, linewidth=1.2, label="no noise")
    ax.set(
        xscale="log", yscale="log", xlabel="$\\eta k$", ylabel="training loss", xlim=tuple(result.times[shown][[0, -1]])
    )
    ax.set_ylim(bottom=float(result.predicted.min()) / 4)
    ax.legend()
    return ax


def plot_plateaus(result: Plateaus, *, ax: Axes | None = None) -> Axes:
    """Draw measured over predicted plateau level against the rate, with 95 % intervals; the line is agreement."""
    ax = new_axes(ax)
    for rate, ratio in zip(result.rates, result.measured / result.predicted, strict=True):
        i = mean_interval(ratio)
        ax.errorbar(rate, i.estimate, [[i.estimate - i.low], [i.high - i.estimate]], fmt="o", color=ALONG, capsize=3)
    ax.axhline(1, color=PREDICTED, linestyle=":")
    ax.set(xscale="log", xlabel="learning rate $\\eta$", ylabel="measured / predicted")
    ax.set_xticks(result.rates, [f"{rate:g}" for rate in result.rates])
    ax.minorticks_off()
    return ax


def plot_decays(result: Decays, *, loss: str, shown: tuple[int, ...], ax: Axes | None = None) -> Axes:
    """Draw a loss against steps for several decay steps: thin lines are seeds, thick ones their mean.

    Args:
        result: runs that decay at several steps.
        loss: ``"train"``, with the predicted plateaus, or ``"test"``.
        shown: decay steps to draw besides never.
        ax: where to draw; None makes a figure.
    """
    ax = new_axes(ax)
    values, line = (result.train_loss, TRAIN) if loss == "train" else (result.test_loss, TEST)
    means = values.mean(axis=-1)
    decays = result.setup.decay_steps
    colours = arm_colours(decays, result.setup.num_steps)
    ax.plot(result.steps, means[:, -1], line, color=NEVER, linewidth=1.2, label="never decays")
    for d, T in enumerate(decays):
        if T not in shown:
            continue
        tail = result.steps >= T
        ax.plot(result.steps[tail], values[tail, d], line, color=colours[d], alpha=0.15, linewidth=0.6)
        ax.plot(result.steps[tail], means[tail, d], line, color=colours[d], label=f"decays at {T}")
    if loss == "train":
        for d, name in ((len(decays) - 1, "predicted plateau"), (decays.index(shown[-1]), None)):
            settled = result.steps >= max(500, decays[d] + 500) if d < len(decays) - 1 else result.steps >= 500
            ax.plot(result.steps[settled], result.plateau(d)[settled], ":", color=PREDICTED, linewidth=1.4, label=name)
    ax.set(yscale="log", xlabel="step", ylabel=f"{'training' if loss == 'train' else 'test'} loss")
    plain_log(ax.yaxis)
    return ax


def plot_scale(results: Mapping[str, Decays], *, ax: Axes | None = None) -> Axes:
    """Draw how much of log a is gone at decay against the decay step, one line per arm, and the slow-time law."""
    ax = new_axes(ax)
    for (name, found), (colour, marker) in zip(results.items(), _arm_looks(), strict=False):
        s = found.setup
        T = np.array(s.decay_steps)
        lost = found.lost[np.searchsorted(found.steps, T), np.arange(len(T))].mean(axis=1)
        ax.plot(T, lost, marker, color=colour, label=name)
        if s.label_noise:
            law = s.learning_rate**2 * s.label_noise**2 / s.batch_size * T
            ax.plot(T, law, ":", color=PREDICTED, linewidth=1.4)
    ax.set(xscale="log", yscale="log", xlabel="decay step $T$", ylabel="$\\log(a_0/a_T)$, mean")
    return ax


def plot_final(results: Mapping[str, Decays], *, ax: Axes | None = None) -> Axes:
    """Draw the final test loss against the decay step, one line per arm: geometric means with 95 % intervals."""
    ax = new_axes(ax)
    for (name, found), (colour, marker) in zip(results.items(), _arm_looks(), strict=False):
        logs = [mean_interval(v) for v in np.log(found.test_loss[-1])]
        mean, low, high = np.exp([[i.estimate, i.low, i.high] for i in logs]).T
        ax.errorbar(found.setup.decay_steps, mean, [mean - low, high - mean], fmt=marker, color=colour, label=name)
    ax.set(xscale="log", yscale="log", xlabel="decay step $T$", ylabel="final test loss")
    plain_log(ax.yaxis)
    return ax


def plot_drift(found: Drift, *, ax: Axes | None = None) -> Axes:
    """Draw what one rate takes off log a with and without label noise, and the bound on the latter if there is one."""
    ax = new_axes(ax)
    later = found.steps > 0
    ax.plot(found.steps[later], found.noisy[later].mean(axis=1), color=LATE, label="label noise")
    ax.plot(found.steps[later], found.quiet[later].max(axis=1), color=CONTROL, label="no label noise, largest")
    reach = np.array([1.0, max(1e6, float(found.steps[-1]))])
    ax.plot(reach, found.predicted[-1] / found.steps[-1] * reach, ":", color=PREDICTED, label="$\\eta^2 T\\sigma^2/B$")
    if np.isfinite(found.bound):
        ax.axhline(found.bound, color=CONTROL, linestyle="--", label="bound without label noise")
    else:
        ax.text(0.97, 0.06, "beyond the theorem: no bound", transform=ax.transAxes, ha="right", color=CONTROL)
    ax.set(xscale="log", yscale="log", xlabel="step $T$", ylabel="$\\log(a_0/a_T)$")
    ax.set_title(f"$\\eta = {found.setup.learning_rate:.2g}$")
    return ax


def _rate_colours(count: int) -> list[str]:
    return ([LATE, GREEN, ORANGE, EARLY] * count)[:count]


def _arm_looks() -> list[tuple[str, str]]:
    """Return colour and marker of the main arm and of two controls, apart without colour."""
    return [(LATE, "o-"), (CONTROL, "s-"), ("#555555", "^--")]
