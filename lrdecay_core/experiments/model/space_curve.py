"""The model one can draw: SGD around the closed curve of minima in space, and where its decays end.

The drawable instance is f = <w^2, x>, the model with u = v = w, on two samples of three features.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lrdecay_core import environment, model, schedules
from lrdecay_core.theory import three_dimensional as exact

__all__ = [
    "Setup",
    "Sheet",
    "Walk",
    "describe_ends",
    "on_chart",
    "setup",
    "sheet",
    "walk",
]


@dataclass(frozen=True, kw_only=True)
class Setup:
    """One run of SGD on the drawable instance, and when its rate is lowered."""

    learning_rate: float
    """eta, the step in (u, v)."""
    num_steps: int
    decay_steps: tuple[int, ...]
    """Increasing, the last at most ``num_steps``."""
    decayed_rates: tuple[float, ...] = (0.01, 0.005)
    """Every decay is made once at each of these rates, without label noise, until it stops."""
    tail_steps: int = 10_000
    label_noise: float = 2.0
    batch_size: int = 2
    position: float = 0.95
    """t of the interpolator beta(t) near which the run starts; 0 is the minimum norm, 1 the far end of the valley."""
    push: tuple[float, float, float] = (1.25, 1.25, 0.8)
    """Factors on the weights of that interpolator, so that the run starts off the curve."""
    seed: int = 0
    num_recorded: int = 1000


def setup(profile: str | None = None) -> Setup:
    """Return the settings of a profile (None: the one in force); both travel the same slow time eta^2 T."""
    if environment.is_quick(profile):
        return Setup(
            learning_rate=0.02,
            num_steps=20_000,
            decay_steps=(0, 2000, 4000, 6000, 8000, 10_000, 14_000, 20_000),
        )
    return Setup(
        learning_rate=0.01,
        num_steps=80_000,
        decay_steps=(0, 8000, 16_000, 24_000, 32_000, 40_000, 56_000, 80_000),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Walk:
    """A run at the large rate, and where decays from it end."""

    setup: Setup
    steps: np.ndarray
    """(K,) recorded steps of the large-rate run."""
    weights: np.ndarray
    """(K, 3) w."""
    chart: np.ndarray
    """(K, 3) arc length along the valley, offset across it on the sheet, and distance from the sheet."""
    train_loss: np.ndarray
    """(K,)"""
    test_loss: np.ndarray
    """(K,)"""
    ends: np.ndarray
    """(E, D, 3) weights after decay at each decayed rate and decay step."""
    predicted: np.ndarray
    """(D,) t where the exact law says that decay lands, from the weights at the decay step alone."""
    slow: np.ndarray
    """(D,) t of the slow law, which knows eta, sigma, B and the start but no noise."""

    @property
    def measured(self) -> np.ndarray:
        """(E, D) t of the decayed ends: the third coefficient."""
        return np.asarray(self.ends[..., 2] ** 2)

    @property
    def distance(self) -> float:
        """Root mean squared distance of the run from the curve, second half."""
        half = self.chart[len(self.chart) // 2 :]
        return float(np.sqrt((half[:, 1:] ** 2).sum(axis=1).mean()))

    @property
    def predicted_distance(self) -> float:
        """sqrt(n eta sigma^2 / 4 B): each of n = 2 directions across has the variance eta sigma^2 / 4 B."""
        s = self.setup
        return float(np.sqrt(2 * s.learning_rate * s.label_noise**2 / (4 * s.batch_size)))


def walk(setup: Setup) -> Walk:
    """Run SGD around the curve of minima, and decay it at every decay step."""
    problem = model.Problem.three_dimensional()
    start = np.sqrt(exact.coefficients(setup.position)) * np.array(setup.push)
    marks = np.union1d(np.linspace(0, setup.num_steps, setup.num_recorded + 1).astype(int), setup.decay_steps)
    path = model.sgd(
        problem,
        schedule=schedules.constant(setup.learning_rate),
        num_steps=setup.num_steps,
        batch_size=setup.batch_size,
        label_noise=setup.label_noise,
        weights=model.Weights(start, np.zeros(3)),
        seeds=[setup.seed],
        record=marks,
    )
    w = path.weights.p[:, 0]
    at = w[np.searchsorted(marks, setup.decay_steps)]
    rates = np.repeat(setup.decayed_rates, len(at))
    tails = model.sgd(
        problem,
        schedule=schedules.constant(rates),
        num_steps=setup.tail_steps,
        batch_size=problem.num_samples,
        weights=model.Weights(np.tile(at, (len(setup.decayed_rates), 1)), np.zeros((len(rates), 3))),
        seeds=[setup.seed] * len(rates),
    )
    predicted = exact.decay_position(at)
    begin = float(exact.decay_position(w[0]))
    times = setup.learning_rate**2 * np.array(setup.decay_steps)
    return Walk(
        setup=setup,
        steps=marks,
        weights=w,
        chart=on_chart(w),
        train_loss=path.train_loss[:, 0],
        test_loss=path.test_loss[:, 0],
        ends=tails.final.p.reshape(len(setup.decayed_rates), len(at), 3),
        predicted=predicted,
        slow=exact.slow_position(begin, times, label_noise=setup.label_noise, batch_size=setup.batch_size),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Sheet:
    """Both losses on a sheet through the valley floor, unrolled."""

    along: np.ndarray
    """(C,) arc length from the test minimum."""
    across: np.ndarray
    """(V,) offset from the floor in the direction in which the training loss is steepest."""
    train_loss: np.ndarray
    """(V, C)"""
    test_loss: np.ndarray
    """(V, C)"""


def sheet(*, columns: int = 241, rows: int = 61, reach: float = 0.45) -> Sheet:
    """Evaluate both losses on the half of the sheet from one far end of the valley (t = 1) to the other."""
    problem = model.Problem.three_dimensional()
    angle, across = np.linspace(-np.pi / 2, np.pi / 2, columns), np.linspace(-reach, reach, rows)
    beta = exact.chart(np.tile(angle, (rows, 1)), np.tile(across[:, None], columns)) ** 2
    return Sheet(
        along=exact.arc_length(angle),
        across=across,
        train_loss=problem.train_loss(beta),
        test_loss=problem.test_loss(beta),
    )


def on_chart(weights: np.ndarray) -> np.ndarray:
    """Return (..., 3): arc length of the nearest point of the curve, offset on the sheet, distance from the sheet.

    The nearest point is found on a grid of angles and then by Newton's method on the derivative of the squared
    distance, taken by central differences. Weights are those with w_1, w_2 > 0.
    """
    flat = np.reshape(weights, (-1, 3))
    grid = np.linspace(-np.pi / 2, np.pi / 2, 721)
    angle = grid[((flat[:, None] - exact.curve(grid)) ** 2).sum(axis=-1).argmin(axis=1)]
    gap = 1e-4  # rounding in the second difference is 1e-16 / 1e-8, so angles are good to about 1e-9
    for _ in range(4):
        low, mid, high = (((flat - exact.curve(angle + shift)) ** 2).sum(axis=-1) for shift in (-gap, 0.0, gap))
        angle = angle - gap * (high - low) / (2 * (high - 2 * mid + low))
    foot = exact.curve(angle)
    across = exact.chart(angle, np.ones(len(angle))) - foot
    offset = ((flat - foot) * across).sum(axis=1)
    rest = np.linalg.norm(flat - foot - offset[:, None] * across, axis=1)
    return np.stack([exact.arc_length(angle), offset, rest], axis=-1).reshape(np.shape(weights))


def describe_ends(result: Walk) -> str:
    """Return a Markdown table: where each decay lands, by the exact law, by the runs, and by the slow law."""
    fast, slow = result.setup.decayed_rates[0], result.setup.decayed_rates[-1]
    lines = [
        f"| decay step $T$ | exact law $t_\\infty$ | measured, $\\eta' = {fast:g}$ | measured, $\\eta' = {slow:g}$ "
        "| slow law | test loss after decay |",
        "|---|---|---|---|---|---|",
    ]
    rows = zip(
        result.setup.decay_steps, result.predicted, result.measured[0], result.measured[-1], result.slow, strict=True
    )
    lines += [f"| {T} | {t:.4f} | {a:.4f} | {b:.4f} | {law:.4f} | {2 * b**2:.2g} |" for T, t, a, b, law in rows]
    gaps = [float(np.abs(t - result.predicted).max()) for t in (result.measured[0], result.measured[-1])]
    return "\n".join(
        [
            *lines,
            "",
            f"Largest deviation from the exact law: **{gaps[0]:.1e}** at $\\eta' = {fast:g}$ and **{gaps[1]:.1e}** at "
            f"$\\eta' = {slow:g}$, a ratio of {gaps[0] / gaps[1]:.2f} for rates {fast / slow:.3g} to 1.",
        ]
    )
