"""SGD on the nonlinear model, batched over runs, and what it leaves behind."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lrdecay_core import checks, environment, schedules
from lrdecay_core.model import batches, inputs
from lrdecay_core.model.engine import SMALLEST, Engine, State
from lrdecay_core.model.problem import Problem
from lrdecay_core.model.weights import Weights

__all__ = ["Path", "sgd"]

STATE_BYTES = 2**21  # four (R, d) arrays of a block of runs: long enough rows for a kernel, still in a core's cache
LOOK_EVERY = 1024  # steps between two looks at whether a run has diverged; nothing else depends on it
BAR_FROM = 20_000_000  # steps times runs: around ten seconds


@dataclass(frozen=True, kw_only=True, eq=False)
class Path:
    """Recorded states of R runs; state k is the state after ``steps[k]`` updates. From divergence on, NaN."""

    steps: np.ndarray
    """(K,) recorded steps."""
    seeds: np.ndarray
    """(R,) seed of each run."""
    weights: Weights
    """(K, R, d) p and m."""
    log_scale: np.ndarray
    """(K, R, d) log a_T = log a_0 + sum_k log |1 - (eta_k g_k)^2|; -inf in a frozen coordinate, NaN for a positive
    problem."""
    centre: np.ndarray
    """(K, R, d) phi~_T = phi_0 + sum_k c(eta_k g_k), c(x) = log |(1 - x) / (1 + x)| + 2x: what, with ``log_scale``,
    decides where decay at this state would land. Infinite in a frozen coordinate, NaN for a positive
    problem."""
    train_loss: np.ndarray
    """(K, R) |X beta - y|^2 / 2n on all samples, without label noise."""
    test_loss: np.ndarray
    """(K, R) |beta - beta_true|^2 / 2."""
    final: Weights
    """(R, d) weights after the last update, ready for ``sgd(..., weights=path.final)``."""
    diverged_step: np.ndarray
    """(R,) first step whose training loss is not finite; NaN where none."""
    frozen_step: np.ndarray
    """(R,) first step with a weight at exactly 0, where it stays (eta |g| = 1, or less than 1e-300); NaN where none."""

    @property
    def beta(self) -> np.ndarray:
        """(K, R, d) coefficients."""
        return self.weights.beta

    @property
    def norm_squared(self) -> np.ndarray:
        """(K, R) |u|^2 + |v|^2."""
        return self.weights.norm_squared


def sgd(
    problem: Problem,
    *,
    schedule: schedules.Schedule,
    num_steps: int,
    batch_size: int,
    seeds: Iterable[int],
    label_noise: Any = 0.0,
    noise: str = "rademacher",
    replacement: bool = False,
    init_scale: float | None = None,
    weights: Weights | None = None,
    record: Iterable[int] | None = None,
    first_step: int = 0,
    device: str = "cpu",
) -> Path:
    r"""Run SGD on the training loss |X beta - y|^2 / 2n of the model, with fresh label noise at every step.

    One step, with r_B the residuals of a batch of B samples and xi its label noise:

        g = X_B^T (r_B - xi) / B,   p <- p (1 - eta g),   m <- m (1 + eta g),

    which is SGD of step eta in (u, v) = (p + m, p - m), written without cancellation. Exact, not an approximation.

    A run is a row. Its seed, its rate and its decay step are entries of aligned columns (``model.grid`` makes the
    product of several axes). Batches and noise are addressed by (seed, step) alone: runs that share a seed see the
    same ones whatever their rate, decay step or noise level, and a run is the same alone or among others.

    Args:
        problem: design, labels and truth; ``problem.positive`` keeps m = 0.
        schedule: step -> learning rate, one for all runs or one column per run; rates in (u, v).
        num_steps: number of updates, 0 or more.
        batch_size: B; at most n without replacement, and all samples at every step if equal to n.
        seeds: (R,) seed of each run, repeats allowed.
        label_noise: standard deviation of xi: a number, one per run (R,), or a schedule (0 switches it off).
        noise: ``"rademacher"`` (bounded: +-1 times the deviation) or ``"gaussian"``.
        replacement: draw the batch with replacement; by default it is a uniform subset, drawn anew at every step.
        init_scale: s, start at p = m = s (p = s for a positive problem), so beta = 0 and a = 2 s^2.
        weights: start here instead, (d,) or (R, d).
        record: increasing steps in [first_step, first_step + num_steps]; default: the last state only.
        first_step: number of the first update; schedule and noise are addressed with it, so a run in two stretches
            equals one. ``record`` and ``path.steps`` count from 0 too.
        device: ``"cpu"``, ``"cuda"``, ``"cuda:N"`` or ``"auto"``; all do the same arithmetic in float64, to rounding.

    Returns:
        The recorded states. Memory grows with ``record``, not with ``num_steps``. A run that diverges, or a weight
        that hits 0 or shrinks below 1e-300 (log a around -1380 if both do), is recorded with its step; others go on.

    Raises:
        ValueError: an argument is out of its range, or rates do not come one per run.
        RuntimeError: the device is absent.

    >>> problem = Problem.sparse(num_samples=20, num_features=40, sparsity=3, seed=2)
    >>> lr = schedules.step_decay(learning_rate=0.04, decay_step=300, decayed=0.004)
    >>> path = sgd(problem, schedule=lr, num_steps=400, batch_size=4, label_noise=0.5, init_scale=0.5,
    ...            seeds=range(3), record=[0, 300, 400])
    >>> path.beta.shape, bool((path.train_loss[2] < path.train_loss[1]).all())
    ((3, 3, 40), True)
    """
    checks.instance("problem", problem, Problem)
    checks.function("schedule", schedule)
    checks.boolean("replacement", replacement)
    listed = checks.sequence("seeds", seeds)
    seed_of = np.array([checks.integer(f"seeds[{i}]", s) for i, s in enumerate(listed)], dtype=np.int64)
    if not len(seed_of):
        raise ValueError("`seeds` must hold at least one seed, got none")
    runs, d = len(seed_of), problem.num_features
    first = checks.integer("first_step", first_step)
    last = first + checks.integer("num_steps", num_steps)
    checks.integer("batch_size", batch_size, minimum=1, maximum=None if replacement else problem.num_samples)
    checks.one_of("noise", noise, batches.NOISES)
    marks = (last,) if record is None else checks.increasing("record", record, minimum=first, maximum=last)
    start = inputs.start(problem, init_scale, weights, runs)
    place = checks.torch_device("device", device)
    noise_at = inputs.noise_schedule(label_noise)
    keys = batches.keys(seed_of, noise)
    engine = Engine(problem, batch_size=batch_size, replacement=replacement, noise=noise, device=place)

    slot = {mark: k for k, mark in enumerate(marks)}
    p, m, moved = (np.empty((len(marks) + 1, runs, d)) for _ in range(3))  # the last entry is the final state
    diverged, frozen = np.full(runs, np.nan), np.full(runs, np.nan)
    width = int(np.clip(STATE_BYTES // (32 * d), 16, 512))
    for low in range(0, runs, width):
        rows = slice(low, min(low + width, runs))
        state = State.start(start.p[rows], start.m[rows], problem.num_samples, place)
        _watch(engine, state, first, diverged[rows], frozen[rows])
        stops: Iterable[int] = _stops(first, last, marks)
        if num_steps * runs >= BAR_FROM:
            stops = environment.progress(stops, f"SGD, runs {low} to {rows.stop - 1} of {runs}")
        here = first
        for stop in stops:
            rates = inputs.columns("schedule", schedule, here, stop, runs, rows)
            std = None if noise_at is None else inputs.columns("label_noise", noise_at, here, stop, runs, rows)
            _stretch(engine, state, keys[:, rows], here, rates, std, diverged[rows], frozen[rows])
            here = stop
            if here in slot:
                k = slot[here]
                p[k, rows], m[k, rows] = state.p.cpu().numpy(), state.m.cpu().numpy()
                moved[k, rows] = (state.moved @ engine.X).cpu().numpy()
        p[-1, rows], m[-1, rows] = state.p.cpu().numpy(), state.m.cpu().numpy()

    found = Weights(p[:-1], m[:-1])
    missing = np.full(found.p.shape, np.nan)
    centre = found.phi + 2 * moved[:-1]  # since c(eta g) is the change of phi plus 2 eta g
    return Path(
        steps=np.array(marks),
        seeds=seed_of,
        weights=found,
        log_scale=missing if problem.positive else found.log_scale,
        centre=missing if problem.positive else centre,
        train_loss=problem.train_loss(found.beta),
        test_loss=problem.test_loss(found.beta),
        final=Weights(p[-1], m[-1]),
        diverged_step=diverged,
        frozen_step=frozen,
    )


def _stretch(
    engine: Engine,
    state: State,
    keys: Tensor,
    begin: int,
    rates: np.ndarray,
    std: np.ndarray | None,
    diverged: np.ndarray,
    frozen: np.ndarray,
) -> None:
    """Make len(rates) steps in place; if something happened on the way, make them again one by one to learn when."""
    if not len(rates):
        return
    before = state.clone()
    engine.run(state, keys, begin, rates, std)
    end = begin + len(rates)
    if _watch(engine, state, end, diverged.copy(), frozen.copy()):
        for k in range(len(rates)):
            now = slice(k, k + 1)
            engine.run(before, keys, begin + k, rates[now], None if std is None else std[now])
            _watch(engine, before, begin + k + 1, diverged, frozen)
        gone = torch.from_numpy(~np.isnan(diverged)).to(state.p.device)
        state.p[gone], state.m[gone], state.moved[gone] = torch.nan, torch.nan, torch.nan
    state.flush()


def _watch(engine: Engine, state: State, step: int, diverged: np.ndarray, frozen: np.ndarray) -> bool:
    """Note ``step`` for runs that have diverged or frozen by now and were not known to; return whether any has."""
    residual = (state.p**2 - state.m**2) @ engine.X.T - engine.y
    lost = ~torch.isfinite((residual**2).sum(1)).cpu().numpy() & np.isnan(diverged)
    smallest = state.p.abs() if engine.problem.positive else torch.minimum(state.p.abs(), state.m.abs())
    stuck = (smallest < SMALLEST).any(1).cpu().numpy() & np.isnan(frozen)
    diverged[lost], frozen[stuck] = step, step
    return bool(lost.any() or stuck.any())


def _stops(first: int, last: int, marks: tuple[int, ...]) -> list[int]:
    """Return where to pause: at recorded steps, at every ``LOOK_EVERY``, and at the end."""
    return sorted({*marks, *range(first + LOOK_EVERY, last, LOOK_EVERY), last})
