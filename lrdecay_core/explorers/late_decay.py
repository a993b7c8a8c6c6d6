"""The late-decay playground: SGD on the model, with the decay under the reader's hand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from lrdecay_core import checks, model, schedules
from lrdecay_core.experiments.model.setting import INIT_SCALE
from lrdecay_core.explorers.explorer import Explorer
from lrdecay_core.explorers.page import MARGINS, canvas, plain, rounded
from lrdecay_core.explorers.slow_table import SlowTable, mixing, tabulate
from lrdecay_core.explorers.view import Control
from lrdecay_core.figures.style import CONTROL, EARLY, LATE, NEVER, PREDICTED, TEST, TRAIN
from lrdecay_core.model import batches

__all__ = ["Playground", "late_decay"]

SEEDS = 20
READINGS = 500
NAMES = ("your decay", "early decay", "never decays")
SETTLED = 1.0  # rate times steps after the decay, from which on theory speaks of the end


@dataclass(frozen=True, kw_only=True, eq=False)
class Playground:
    """Three runs that differ in their decay step alone: the reader's, an early one, and one that never decays."""

    values: dict[str, Any]
    path: model.Path
    """(K, 3) losses and norms."""
    early: int
    """Decay step of the second run."""
    minimum: float
    """Least squared norm of weights with zero training loss."""
    expected: np.ndarray
    """(K,) test loss theory expects at the end of a run that decays at each recorded step; NaN where it says nothing.
    Where the decay lands, and the noise of the rate that goes on."""
    trusted: np.ndarray
    """(K,) where the first-order correction in it is small."""
    expected_norm: float
    """Squared norm at the end, for the reader's decay step."""
    reason: str
    """Why theory says nothing about the reader's decay step; empty if it does."""

    @property
    def decay_step(self) -> int:
        """The reader's decay step."""
        return int(self.values["decay_step"])


def late_decay(
    problem: model.Problem,
    *,
    num_steps: int = 5000,
    batch_size: int = 4,
    early: int = 200,
    batch_sizes: Sequence[int] = (),
    init_scales: Sequence[float] = (INIT_SCALE,),
) -> Explorer[Playground]:
    """Return the playground: drag the decay, and watch where the run ends.

    Batches and label noise are those of ``model.sgd`` for the same seed, on the page too: the script does the same
    arithmetic on the same random numbers, equal to rounding.

    Args:
        problem: with a truth, and with m (not ``positive``).
        num_steps: of each run.
        batch_size: B.
        early: decay step of the run it is compared with.
        batch_sizes: increasing, ``batch_size`` among them; if given, a slider chooses.
        init_scales: starts p = m = s; with two or more a slider chooses. Each costs a table of the slow flow, a second
            or, with ``batch_sizes``, three.

    Raises:
        ValueError: the problem has no truth or is positive, or a number is out of range.
    """
    if problem.positive or not np.isfinite(problem.beta_true).all():
        raise ValueError("`problem` must have weights p and m and a truth, or there is no test loss; give `beta_true`")
    checks.integer("num_steps", num_steps, minimum=READINGS)
    checks.integer("early", early, maximum=num_steps)
    checks.integer("batch_size", batch_size, minimum=1, maximum=problem.num_samples)
    for size in batch_sizes:
        checks.integer("batch_sizes", size, minimum=1, maximum=problem.num_samples)
    nodes = [problem.num_samples, 2, 1] if len(batch_sizes) else [batch_size]
    tables = [tabulate(problem, init_scale=scale, batch_sizes=nodes) for scale in init_scales]
    settings: dict[str, Any] = {
        "num_steps": num_steps,
        "batch_size": batch_size,
        "init_scales": [float(scale) for scale in init_scales],
        "early": early,
        "minimum": model.minimum_norm(problem).norm_squared,
    }
    return Explorer(
        name="late_decay",
        title="Drag the decay",
        caption=(
            "Two runs share everything but the step at which their learning rate drops. In training both fall to the "
            "same low level. In testing the early one (vermilion) stays high, and the late one (blue) does not. "
            "Drag in a panel, or use the sliders."
        ),
        alt=(
            "Four panels against the step. Training loss: both runs drop at their decay to one low level. Testing "
            "loss: the early run stays on a high shelf, the late run drops far below it. Squared norm: falls to its "
            "minimum until the decay. Last panel: the loss at the end falls with the decay step, along a dotted line."
        ),
        controls=(*_controls(num_steps), *_choices(batch_size, batch_sizes, settings["init_scales"])),
        data=_data(problem, tables, settings),
        compute=partial(_compute, problem, tables, settings),
        draw=_draw,
        read=_read,
    )


def _controls(num_steps: int) -> tuple[Control, ...]:
    return (
        Control(
            key="decay_step",
            label="decay step T",
            min=0,
            max=num_steps,
            step=num_steps // 100,
            value=num_steps // 2,
            whole=True,
        ),
        Control(key="rate", label="learning rate η", min=0.01, max=0.5, step=0.02, value=0.04, log=True),
        Control(key="decayed", label="rate after decay η′", min=0.0005, max=0.05, step=0.02, value=0.002, log=True),
        Control(key="noise", label="label noise σ", min=0.0, max=4.0, step=0.1, value=2.0),
        Control(key="seed", label="seed", min=0, max=SEEDS - 1, step=1, value=0, whole=True),
    )


def _choices(batch_size: int, batch_sizes: Sequence[int], init_scales: Sequence[float]) -> Iterator[Control]:
    if len(batch_sizes):
        yield Control.among("batch_size", "batch size B", batch_sizes, batch_size)
    if len(init_scales) > 1:
        start = init_scales.index(INIT_SCALE) if INIT_SCALE in init_scales else 0
        yield Control.named("scale", "initial scale p = m", [f"{scale:g}" for scale in init_scales], start)


def _data(problem: model.Problem, tables: list[SlowTable], settings: dict[str, Any]) -> dict[str, Any]:
    pairs = batches.keys(range(SEEDS), "rademacher").numpy().astype(np.uint64).T
    return {
        **settings,
        "problem": {"X": problem.X.tolist(), "y": problem.y.tolist(), "truth": problem.beta_true.tolist()},
        "keys": [[f"{int(key):016x}" for key in pair] for pair in pairs],
        "readings": READINGS,
        "settled": SETTLED,
        "minimum": rounded(settings["minimum"], 12),
        "slow": [table.json() for table in tables],
    }


def _compute(
    problem: model.Problem, tables: list[SlowTable], settings: dict[str, Any], values: dict[str, Any]
) -> Playground:
    steps, B, scale = settings["num_steps"], values.get("batch_size", settings["batch_size"]), values.get("scale", 0)
    table = tables[scale]
    mixed = mixing(problem.num_samples, B) if len(table.mixings) > 1 else None
    record = np.rint(np.linspace(0, steps, READINGS + 1)).astype(int)
    path = model.sgd(
        problem,
        schedule=schedules.step_decay(
            learning_rate=values["rate"],
            decay_step=np.array([values["decay_step"], settings["early"], steps]),
            decayed=values["decayed"],
        ),
        num_steps=steps,
        batch_size=B,
        label_noise=values["noise"],
        init_scale=settings["init_scales"][scale],
        seeds=[values["seed"]] * 3,
        record=np.union1d(record, [values["decay_step"]]),
    )
    rate, low, drift = values["rate"], values["decayed"], values["noise"] ** 2 / B
    left = steps - path.steps
    depth = drift * (rate**2 * path.steps + low**2 * left)
    here = np.searchsorted(path.steps, values["decay_step"])
    valid = (low * left >= SETTLED) & (drift > 0)
    ends = {name: table.at(name, rate, depth, mixing=mixed) for name in ("test_loss", "fluctuation", "norm_squared")}
    expected = ends["test_loss"] + low * drift * ends["fluctuation"]
    return Playground(
        values=values,
        path=path,
        early=settings["early"],
        minimum=settings["minimum"],
        expected=np.where(valid, expected, np.nan),
        trusted=table.trusted(rate, depth, mixing=mixed),
        expected_norm=float(ends["norm_squared"][here]) if valid[here] else float("nan"),
        reason=_reason(table, values, float(depth[here]), low * float(left[here])),
    )


def _reason(table: SlowTable, values: dict[str, Any], depth: float, time_left: float) -> str:
    if not values["noise"]:
        return "without label noise nothing carries the run along the valley"
    if time_left < SETTLED:
        return "fewer than 1/η′ steps are left to settle"
    if depth > table.depths[-1]:
        return "the run has gone deeper than theory was tabulated"
    return "the first-order correction is too large at this rate" if values["rate"] > table.rates[-1] else ""


def _read(state: Playground) -> str:
    gone, T = state.path.diverged_step[0], state.decay_step
    if np.isfinite(gone):
        return f"This run diverged at step {plain(gone)}: its training loss is no longer finite. Lower a rate."
    train, test = state.path.train_loss[-1], state.path.test_loss[-1]
    k = int(np.searchsorted(state.path.steps, T))
    doubt = "" if state.trusted[k] else ", a rough guess, since its correction exceeds a tenth"
    theory = f"No prediction: {state.reason}" if state.reason else f"Theory expects {plain(state.expected[k])}{doubt}"
    return (
        f"Decay at step {plain(T)}: testing loss {plain(test[0])} at the end, against {plain(test[1])} for decay at "
        f"step {plain(state.early)}. Training loss {plain(train[0])} against {plain(train[1])}. Squared norm "
        f"{plain(state.path.norm_squared[-1, 0])}, minimum {plain(state.minimum)}. {theory}."
    )


def _draw(state: Playground) -> Figure:
    figure, path = canvas(9, 5.8), state.path
    axes = figure.subplots(2, 2, gridspec_kw=MARGINS[2])
    panels = (
        ("Training loss", path.train_loss, TRAIN),
        ("Testing loss", path.test_loss, TEST),
        ("Squared norm of the weights", path.norm_squared, TEST),
    )
    for ax, (title, values, style) in zip(axes.flat, panels, strict=False):
        for run, colour, width in ((2, NEVER, 0.6), (1, EARLY, 1.0), (0, LATE, 1.3)):
            ax.plot(path.steps, values[:, run], style, color=colour, linewidth=width, label=NAMES[run])
        ax.axvline(state.decay_step, color=LATE, linestyle=":", linewidth=1.0)
        ax.set(title=title, xlabel="step", yscale="log")
    axes[0, 1].sharey(axes[0, 0])
    axes[1, 0].axhline(state.minimum, color=PREDICTED, linestyle=":")
    last = axes[1, 1]
    last.plot(path.steps, state.expected, ":", color=CONTROL)
    last.plot(path.steps, np.where(state.trusted, state.expected, np.nan), ":", color=PREDICTED, label="theory")
    last.plot(state.early, path.test_loss[-1, 1], "o", color=EARLY)
    last.plot(state.decay_step, path.test_loss[-1, 0], "o", color=LATE)
    last.set(title="Testing loss at the end", xlabel="decay step T", yscale="log")
    axes[0, 1].legend(loc="lower left", fontsize=8)
    last.legend(loc="upper right", fontsize=8)
    for ax in axes.flat:
        ax.minorticks_off()
    return figure
