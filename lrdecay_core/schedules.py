"""Learning-rate schedules: pure functions of the step.

A schedule maps a step (an int, or an int array of shape (K,)) to the rate of the update that starts there.
Its parameters are scalars, or arrays of shape (R,) with one value per run; the result then has shape (K, R).
Steps count updates, from 0.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from lrdecay_core import checks

__all__ = ["Schedule", "constant", "cosine", "cyclic", "linear", "step_decay", "switched_off", "warmup_stable_decay"]

Schedule = Callable[[Any], np.ndarray]
"""A step, or an array of steps, to a rate, or an array of rates."""


def _rate(name: str, value: Any, *, zero: bool = False) -> np.ndarray:
    rate = checks.array(name, value)
    low = rate >= 0 if zero else rate > 0
    if rate.ndim > 1 or not np.isfinite(rate).all() or not low.all():
        bound = "0 or above" if zero else "above 0"
        raise ValueError(
            f"`{name}` must be {bound} and finite, a scalar or one value per run, got {checks.shown(value)}"
        )
    return rate


def _steps(name: str, value: Any, *, minimum: int = 0) -> np.ndarray:
    steps = checks.array(name, value, dtype=None)
    if steps.ndim > 1 or steps.dtype.kind not in "iu" or (steps < minimum).any():
        raise ValueError(
            f"`{name}` must be whole steps, {minimum} or above, a scalar or one per run, got {checks.shown(value)}"
        )
    return steps


def _same_runs(**values: np.ndarray) -> int:
    shapes = {name: v.shape for name, v in values.items() if v.ndim}
    if len(set(shapes.values())) > 1:
        raise ValueError(f"per-run values must have one length, got {shapes}")
    return 1 if shapes else 0


def _at(step: Any, runs: int) -> np.ndarray:
    step = np.asarray(step)
    return step.reshape(step.shape + (1,) * runs)


def constant(learning_rate: Any) -> Schedule:
    """Return the schedule lr(k) = learning_rate.

    >>> float(constant(0.1)(7))
    0.1
    """
    rate = _rate("learning_rate", learning_rate)
    return partial(_constant, learning_rate=rate)


def _constant(step: Any, *, learning_rate: np.ndarray) -> np.ndarray:
    return np.broadcast_to(learning_rate, np.shape(step) + learning_rate.shape)


def step_decay(*, learning_rate: Any, decay_step: Any, decayed: Any) -> Schedule:
    """Return lr(k) = learning_rate for k < decay_step, and decayed from then on.

    ``decay_step = 0`` never uses the large rate. Nothing is swapped or clipped: a decayed rate above the large
    one is taken as given.

    >>> step_decay(learning_rate=0.1, decay_step=2, decayed=0.01)(np.arange(4)).tolist()
    [0.1, 0.1, 0.01, 0.01]
    """
    rate, low = _rate("learning_rate", learning_rate), _rate("decayed", decayed)
    when = _steps("decay_step", decay_step)
    runs = _same_runs(learning_rate=rate, decay_step=when, decayed=low)
    return partial(_step_decay, learning_rate=rate, decay_step=when, decayed=low, runs=runs)


def _step_decay(
    step: Any, *, learning_rate: np.ndarray, decay_step: np.ndarray, decayed: np.ndarray, runs: int
) -> np.ndarray:
    return np.where(_at(step, runs) < decay_step, learning_rate, decayed)


def switched_off(value: Any, *, step: Any) -> Schedule:
    """Return value for k < step and exactly 0 from then on; meant for label noise that ends with the decay.

    >>> switched_off(2.0, step=np.array([1, 3]))(np.arange(3)).tolist()
    [[2.0, 2.0], [0.0, 2.0], [0.0, 2.0]]
    """
    level, when = _rate("value", value, zero=True), _steps("step", step)
    runs = _same_runs(value=level, step=when)
    return partial(_step_decay, learning_rate=level, decay_step=when, decayed=np.zeros(()), runs=runs)


def _ramp(step: Any, *, start: np.ndarray, end: np.ndarray, num_steps: np.ndarray, runs: int, shape: str) -> np.ndarray:
    """Go from start at step 0 to end at num_steps and stay there, along a line or half a cosine."""
    return start + (end - start) * _weight(np.minimum(_at(step, runs) / num_steps, 1.0), shape)


def _weight(share: np.ndarray, shape: str) -> np.ndarray:
    return share if shape == "linear" else (1 - np.cos(np.pi * share)) / 2


def linear(*, learning_rate: Any, num_steps: Any, final: Any = 0.0) -> Schedule:
    """Return lr(k) on the line from learning_rate at k = 0 to final at k = num_steps, then final."""
    return _ramped("linear", learning_rate, num_steps, final)


def cosine(*, learning_rate: Any, num_steps: Any, final: Any = 0.0) -> Schedule:
    """Return lr(k) = final + (learning_rate - final)(1 + cos(pi k / num_steps)) / 2 up to num_steps, then final."""
    return _ramped("cosine", learning_rate, num_steps, final)


def _ramped(shape: str, learning_rate: Any, num_steps: Any, final: Any) -> Schedule:
    start, end = _rate("learning_rate", learning_rate), _rate("final", final, zero=True)
    length = _steps("num_steps", num_steps, minimum=1)
    runs = _same_runs(learning_rate=start, num_steps=length, final=end)
    return partial(_ramp, start=start, end=end, num_steps=length, runs=runs, shape=shape)


def cyclic(*, low: Any, high: Any, period: Any) -> Schedule:
    """Return the triangle wave that starts at low, reaches high after half a period, and is back at low after one."""
    bottom, top = _rate("low", low), _rate("high", high)
    length = _steps("period", period, minimum=2)
    runs = _same_runs(low=bottom, high=top, period=length)
    return partial(_cyclic, low=bottom, high=top, period=length, runs=runs)


def _cyclic(step: Any, *, low: np.ndarray, high: np.ndarray, period: np.ndarray, runs: int) -> np.ndarray:
    phase = (_at(step, runs) % period) / period
    return low + (high - low) * (1 - np.abs(2 * phase - 1))


def warmup_stable_decay(
    *, learning_rate: Any, warmup_steps: Any, decay_step: Any, num_steps: Any, final: Any = 0.0, tail: str = "linear"
) -> Schedule:
    """Return a linear warm-up to learning_rate, a plateau until decay_step, and a tail that reaches final at num_steps.

    The tail is a line, or half a cosine (``tail="cosine"``).
    """
    checks.one_of("tail", tail, ("linear", "cosine"))
    rate, end = _rate("learning_rate", learning_rate), _rate("final", final, zero=True)
    warm, when, last = (
        _steps("warmup_steps", warmup_steps),
        _steps("decay_step", decay_step),
        _steps("num_steps", num_steps, minimum=1),
    )
    runs = _same_runs(learning_rate=rate, warmup_steps=warm, decay_step=when, num_steps=last, final=end)
    if (warm > when).any() or (when >= last).any():
        raise ValueError(
            "`warmup_steps` <= `decay_step` < `num_steps` is needed, got "
            f"{warm.tolist()}, {when.tolist()}, {last.tolist()}"
        )
    return partial(
        _warmup_stable_decay, rate=rate, warmup_steps=warm, decay_step=when, num_steps=last, final=end, runs=runs,
        shape=tail,
    )  # fmt: skip


def _warmup_stable_decay(
    step: Any,
    *,
    rate: np.ndarray,
    warmup_steps: np.ndarray,
    decay_step: np.ndarray,
    num_steps: np.ndarray,
    final: np.ndarray,
    runs: int,
    shape: str,
) -> np.ndarray:
    k = _at(step, runs)
    rising = rate * np.minimum((k + 1) / np.maximum(warmup_steps, 1), 1.0)
    falling = rate + (final - rate) * _weight(np.clip((k - decay_step) / (num_steps - decay_step), 0.0, 1.0), shape)
    return np.where(k < warmup_steps, rising, falling)
